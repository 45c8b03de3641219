//! The task world inside of campaigns, on random programs of all primitives: footprints tell the
//! truth under both schedulers, and the same plan gives the same bytes.

mod common;

use atropos::{
    check::audit::{Audit, audit},
    decisions::{Draws, Purpose, RunIndex, Seeded},
    invariant::Invariants,
    plan::{Budget, Conditions, Plan, Scheduler, Spec, Tasks, TimerRule},
    scheduler::{self, Record},
    task::{PROFILES, TaskWorld, invariants},
    trace::Digest,
    world::World,
};
use common::{
    random_tasks::{Program, random_program, start},
    swaps,
};

fn random_conditions(draws: &mut Draws, scheduler: Scheduler) -> Conditions {
    Conditions {
        timers: [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize],
        faults: draws.below(3),
        tasks: Some(Tasks {
            scheduler,
            budget: [Budget::Full, Budget::Drawn, Budget::Asked][draws.below(3) as usize],
        }),
        ..Conditions::default()
    }
}

/// A program, and the plan of its run.
fn drawn(number: u64, scheduler: Scheduler) -> (Program, Plan) {
    let index = RunIndex::nth(number);
    let mut draws = Draws::new(11, index, Purpose::Workload);
    let tasks = 2 + draws.below(3);
    let program = random_program(&mut draws, tasks, 6);
    let mut plan: Plan = Spec::default().block(index.block)[index.run as usize];
    plan.conditions = random_conditions(&mut draws, scheduler);
    (program, plan)
}

fn begin(world: &mut TaskWorld, program: &Program, plan: &Plan, arrivals: bool) {
    world.reset(&plan.conditions, arrivals);
    start(world, program);
}

/// Audits random programs, one run each. Every other run ends where an invariant is violated.
fn audited(scheduler: Scheduler, programs: u64) -> Audit {
    let mut all = Audit::default();
    let mut worlds = PROFILES.map(TaskWorld::new);
    let few = || vec![invariants::one_attempt_per_key()];
    let more = || vec![invariants::no_panic(), invariants::no_lost_message()];
    let rules = [few(), few().into_iter().chain(more()).collect()].map(Invariants::new);
    for number in 0..programs {
        let (program, plan) = drawn(number, scheduler);
        let world = &mut worlds[number as usize % 2];
        let rules = &rules[number as usize / 2 % 2];
        let arrivals = plan.strategy.wants_arrivals();
        match audit(world, rules, &plan, |world| begin(world, &program, &plan, arrivals)) {
            Ok(Audit { steps, swapped }) => {
                all.steps += steps;
                all.swapped += swapped;
            }
            Err(lie) => panic!("{number}: {plan}, {program:?}: {lie:#?}"),
        }
    }
    all
}

#[test]
fn footprints_do_not_lie_on_many_threads() {
    let Audit { steps, swapped } = audited(Scheduler::MultiThread, 20_000);
    assert!(swapped > 20_000, "only {swapped} pairs of {steps} steps were swapped");
}

/// Whoever is polled there may put somebody into the one queue.
#[test]
fn on_one_thread_nothing_is_independent() {
    let Audit { steps, swapped } = audited(Scheduler::CurrentThread, 5_000);
    assert!(steps > 20_000 && swapped == 0, "{swapped} pairs of {steps} steps were swapped");
}

#[test]
fn a_swap_of_what_is_independent_changes_nothing_that_comes_later() {
    let mut swapped = 0;
    for number in 1_000_000..1_005_000 {
        let (program, plan) = drawn(number, Scheduler::MultiThread);
        let mut world = TaskWorld::new(PROFILES[number as usize % 2]);
        swapped += swaps::change_nothing(&mut world, &plan, &program, |world, arrivals| {
            begin(world, &program, &plan, arrivals);
        });
    }
    assert!(swapped > 5_000, "only {swapped} pairs were swapped");
}

/// What a run came to: its events and its last state.
fn played(world: &mut TaskWorld, number: u64, scheduler: Scheduler) -> (Digest, Digest) {
    let (program, plan) = drawn(number, scheduler);
    begin(world, &program, &plan, plan.strategy.wants_arrivals());
    let mut seeded = Seeded::new(plan.seed);
    seeded.start(plan.index, plan.strategy, 32, plan.step_limit);
    let mut record = Record::default();
    let rules = Invariants::new(invariants::basics());
    scheduler::run(world, &mut seeded, &rules, plan.step_limit, &mut record);
    (record.trace.digest(), world.state())
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for scheduler in [Scheduler::CurrentThread, Scheduler::MultiThread] {
        for profile in PROFILES {
            let mut used = TaskWorld::new(profile);
            for number in 0..2_000 {
                let first = played(&mut used, number, scheduler);
                let again = played(&mut TaskWorld::new(profile), number, scheduler);
                assert_eq!(first, again, "{number}, {scheduler}, {}", profile.name);
            }
        }
    }
}
