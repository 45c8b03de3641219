//! What goes first because it may as well loses no outcome: random programs of both layers, explored
//! with and without it.

use atropos::plan::{Conditions, Delivery, TimerRule};
use atropos_scenarios::program::{
    explore::{Bounds, explore, explore_all},
    random::{Layer, nth_of},
};

/// Compares programs of a layer until enough of them are small enough to be explored whole; says
/// how many runs were needed with and without.
fn compare(layer: Layer, programs: u64, enough: u64) -> [u64; 2] {
    let bounds = Bounds { runs: 800, ..Bounds::default() };
    let (mut compared, mut runs) = (0, [0, 0]);
    for index in 0..programs {
        let program = nth_of(layer, 11, index);
        for (delivery, timers) in [
            (Delivery::Pairwise, TimerRule::Idle),
            (Delivery::Pairwise, TimerRule::Any),
            (Delivery::Instant, TimerRule::Idle),
        ] {
            let conditions = Conditions { delivery, timers, faults: 0, ..Conditions::PLAIN };
            let all = explore_all(&program, &conditions, bounds);
            if !all.closed {
                continue;
            }
            let ends = explore(&program, &conditions, bounds);
            let text = || format!("program {index} of {layer:?}, {conditions}");
            assert!(ends.closed, "{} closes with fewer moves as well", text());
            assert_eq!(ends.outcomes, all.outcomes, "{} comes to the same", text());
            runs = [runs[0] + ends.runs, runs[1] + all.runs];
            compared += 1;
        }
    }
    assert!(compared >= enough, "only {compared} spaces were small enough to compare");
    runs
}

#[test]
fn no_outcome_of_processes_is_lost() {
    let [ends, all] = compare(Layer::Processes, 40, 20);
    assert!(ends < all, "{ends} runs for the ends, {all} for all schedules");
}

#[test]
fn no_outcome_of_servers_agents_and_tasks_is_lost() {
    let [ends, all] = compare(Layer::Otp, 40, 20);
    assert!(2 * ends < all, "{ends} runs for the ends, {all} for all schedules");
}

#[test]
#[ignore = "long; `make soak` runs it"]
fn no_outcome_of_many_programs_is_lost() {
    compare(Layer::Processes, 3_000, 1_500);
    compare(Layer::Otp, 3_000, 1_500);
}
