//! States of an event loop: a search that merges them comes to all that a plain one comes to.

#[path = "common/loop_programs.rs"]
mod loop_programs;

use atropos::{
    check::enumerate::{Bounds, enumerate},
    decisions::{Draws, Enumerated, Purpose, RunIndex},
    event_loop::{EventLoopWorld, PROFILES},
    invariant::Invariants,
    plan::Conditions,
    scheduler::{self, Record},
    world::World,
};
use loop_programs::{Program, random, random_conditions, start};
use std::collections::BTreeSet;

/// How many schedules there are, and the states that they end in, one run each; `None` beyond a bound.
fn plain(
    world: &mut EventLoopWorld,
    conditions: &Conditions,
    program: &Program,
) -> Option<(u128, BTreeSet<u128>)> {
    let (rules, mut record) = (Invariants::new(Vec::new()), Record::default());
    let (mut odometer, mut count, mut ends) = (Enumerated::default(), 0, BTreeSet::new());
    loop {
        world.reset(conditions, false);
        start(world, program);
        odometer.rewind();
        scheduler::run(world, &mut odometer, &rules, 500, &mut record);
        count += 1;
        ends.insert(world.state().0);
        if count > 3_000 {
            return None;
        }
        if odometer.advance().is_none() {
            return Some((count, ends));
        }
    }
}

fn compare(programs: u64, lists: u32, acts: u32, faults: u32) -> (u64, u128) {
    let (mut compared, mut schedules) = (0, 0);
    for number in 0..programs {
        let mut draws = Draws::new(31, RunIndex::nth(number), Purpose::Workload);
        let program = random(&mut draws, lists, acts);
        let conditions = random_conditions(&mut draws, faults);
        let profile = PROFILES[draws.below(3) as usize];
        let mut world = EventLoopWorld::new(profile);
        let Some((count, ends)) = plain(&mut world, &conditions, &program) else { continue };
        let mut reached = BTreeSet::new();
        let begin = |world: &mut EventLoopWorld| {
            world.reset(&conditions, false);
            start(world, &program);
        };
        let bounds = Bounds { runs: 100_000, steps: 500 };
        let merged =
            enumerate(&mut world, &Invariants::new(Vec::new()), bounds, begin, |world, _| {
                reached.insert(world.state().0);
            });
        let told = format!("program {number}: {conditions:?}, {program:?}");
        assert!(merged.closed, "{told}");
        assert_eq!(merged.interleavings, count, "{told}");
        assert_eq!(reached, ends, "{told}");
        compared += 1;
        schedules += count;
    }
    (compared, schedules)
}

/// The number of schedules is that of the plain search, so no two states were taken for one whose
/// futures differ in number; and every end is reached.
#[test]
fn merged_searches_count_what_plain_ones_count() {
    let (compared, schedules) = compare(4_000, 3, 4, 0);
    assert!(compared > 2_500, "only {compared} programs were small enough");
    assert!(schedules > 50_000, "only {schedules} schedules");
}

#[test]
fn with_cancellations_too() {
    let (compared, _) = compare(3_000, 3, 3, 1);
    assert!(compared > 400, "only {compared} programs were small enough");
}

/// Nothing depends on what a world has played before.
#[test]
fn a_world_that_is_used_again_gives_the_same_digests() {
    let mut used = EventLoopWorld::new(PROFILES[0]);
    for number in 0..300 {
        let mut draws = Draws::new(37, RunIndex::nth(number), Purpose::Workload);
        let program = random(&mut draws, 3, 5);
        let conditions = random_conditions(&mut draws, 1);
        let digest = |world: &mut EventLoopWorld| {
            let (rules, mut record) = (Invariants::new(Vec::new()), Record::default());
            world.reset(&conditions, false);
            start(world, &program);
            let mut decisions = Enumerated::default();
            scheduler::run(world, &mut decisions, &rules, 2_000, &mut record);
            (record.trace.digest(), world.state())
        };
        let fresh = digest(&mut EventLoopWorld::new(PROFILES[0]));
        assert_eq!(digest(&mut used), fresh, "program {number}: {program:?}");
    }
}
