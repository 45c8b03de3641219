//! Exhaustive checks of the task world against every schedule, on random programs.

mod common;

use atropos::{
    check::{
        dpor::{self, Reduction},
        enumerate,
    },
    decisions::{Draws, Purpose, RunIndex},
    invariant::Invariants,
    plan::Budget,
    task::TaskWorld,
    trace::Digest,
    world::World,
};
use common::task_programs::{self, TaskRuns};
use std::collections::BTreeSet;

fn reduced(run: &mut TaskRuns<'_>, reduction: Reduction) -> Option<(u64, BTreeSet<Digest>)> {
    run.ends.borrow_mut().clear();
    let bounds = dpor::Bounds { executions: 2_000, steps: 80 };
    let reduced = dpor::explore(run, reduction, bounds);
    reduced.closed.then(|| (reduced.executions, run.ends.take()))
}

/// The ends of all schedules, merged by prefix; and how many schedules there are.
fn every_end(run: &mut TaskRuns<'_>) -> Option<(u128, BTreeSet<Digest>)> {
    let mut ends = BTreeSet::new();
    let bounds = enumerate::Bounds { runs: 6_000, steps: 80 };
    let (conditions, program) = (run.conditions, run.program);
    let rules = Invariants::new(Vec::new());
    let start = |world: &mut TaskWorld| {
        world.reset(&conditions, false);
        task_programs::start(world, program);
    };
    let ended = |world: &TaskWorld, _: &_| {
        ends.insert(world.state());
    };
    let found = enumerate::enumerate(&mut run.world, &rules, bounds, start, ended);
    found.closed.then_some((found.interleavings, ends))
}

fn compare(budget: Budget, faults: u32, acts: u32, programs: u64) -> (u64, u64, u128) {
    let (mut compared, mut executions, mut schedules) = (0, 0, 0);
    for number in 0..programs {
        let mut draws = Draws::new(23, RunIndex::nth(number), Purpose::Workload);
        let tasks = 2 + draws.below(if faults > 0 { 1 } else { 2 });
        let program = task_programs::random(&mut draws, tasks, acts);
        let conditions = task_programs::random_conditions(&mut draws, faults, budget);
        let mut run = TaskRuns::new(conditions, &program);
        let Some((all, ends)) = every_end(&mut run) else { continue };
        for reduction in [Reduction::Optimal, Reduction::Source] {
            let Some((runs, reached)) = reduced(&mut run, reduction) else { continue };
            let (missed, all) = (ends.difference(&reached).count(), ends.len());
            let more = reached.difference(&ends).count();
            assert!(
                reached == ends,
                "program {number}: {reduction} misses {missed} of {all} ends, {more} are not \
                 among them: {conditions:?}, {program:?}"
            );
            executions += runs;
        }
        compared += 1;
        schedules += all;
    }
    (compared, executions, schedules)
}

#[test]
fn reduced_searches_come_to_every_end() {
    let (compared, executions, schedules) = compare(Budget::Full, 0, 4, 2_000);
    assert!(compared > 1_500, "only {compared} programs were small enough");
    assert!(u128::from(executions) < schedules, "{executions} of {schedules}");
}

#[test]
fn with_faults_and_budgets_too() {
    let (compared, ..) = compare(Budget::Asked, 1, 2, 300);
    assert!(compared > 40, "only {compared} programs were small enough");
}
