//! The merged enumeration counts exactly what a plain one counts, and closed forms where there are.

mod common;

use atropos::{
    check::enumerate::{Bounds, Enumeration, enumerate},
    decisions::{Decisions, Draws, Enumerated, Purpose, RunIndex},
    invariant::{Invariant, Invariants},
    plan::Conditions,
    process::{Ctx, Ending, OTP_25, PROFILES, ProcessWorld, Profile, invariants},
    scheduler::{self, End, Record},
    trace::EventMask,
    world::World,
};
use std::collections::BTreeSet;

const SMALL: Bounds = Bounds { runs: 20_000, steps: 10_000 };
const ALL: Bounds = Bounds { runs: 2_000_000, steps: 10_000 };

fn rules() -> Invariants<ProcessWorld> {
    Invariants::new(invariants::basics().into_iter().chain(invariants::links()).collect())
}

/// Nothing ends a run early.
fn silent() -> Invariants<ProcessWorld> {
    Invariants::new(Vec::new())
}

fn merged(
    profile: &'static Profile,
    bounds: Bounds,
    conditions: Conditions,
    start: impl Fn(&mut ProcessWorld),
) -> (Enumeration, BTreeSet<u128>) {
    let mut ends = BTreeSet::new();
    let begin = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        start(world);
    };
    let all = enumerate(&mut ProcessWorld::new(profile), &silent(), bounds, begin, |world, _| {
        ends.insert(world.state().0);
    });
    (all, ends)
}

/// Every schedule, one run each.
fn plain(
    profile: &'static Profile,
    conditions: Conditions,
    start: impl Fn(&mut ProcessWorld),
) -> (u128, BTreeSet<u128>) {
    let (mut world, rules, mut record) = (ProcessWorld::new(profile), silent(), Record::default());
    let (mut odometer, mut count, mut ends) = (Enumerated::default(), 0, BTreeSet::new());
    loop {
        world.reset(&conditions, false);
        start(&mut world);
        odometer.rewind();
        scheduler::run(&mut world, &mut odometer, &rules, 10_000, &mut record);
        count += 1;
        ends.insert(world.state().0);
        if odometer.advance().is_none() {
            return (count, ends);
        }
    }
}

fn yielder(yields: u32) -> impl Fn(Ctx) -> std::pin::Pin<Box<dyn Future<Output = Ending>>> + Copy {
    move |ctx| {
        Box::pin(async move {
            for _ in 0..yields {
                ctx.yield_now().await;
            }
            Ok(())
        })
    }
}

#[test]
fn independent_processes_interleave_as_multinomials() {
    // n processes of y yields and one exit each: (n (y + 1))! / ((y + 1)!)^n.
    for (n, yields, expected) in
        [(2, 1, 6), (2, 3, 70), (3, 1, 90), (3, 3, 34_650), (4, 3, 63_063_000)]
    {
        let start = |world: &mut ProcessWorld| {
            (0..n).for_each(|_| {
                world.root("p", yielder(yields));
            });
        };
        let (all, ends) = merged(&OTP_25, ALL, Conditions::default(), start);
        assert!(all.closed);
        assert_eq!(all.interleavings, expected, "{n} processes of {yields} yields");
        assert_eq!(all.states, u64::from(yields + 2).pow(n), "each is somewhere in its life");
        assert_eq!(ends.len(), 1, "they share nothing: one end");
    }
}

#[test]
fn merging_prefixes_changes_no_count_and_loses_no_end() {
    let mut draws = Draws::new(3, RunIndex::default(), Purpose::Workload);
    let mut compared = 0;
    for _ in 0..800 {
        let profile = PROFILES[draws.below(4) as usize];
        let program = common::random_program(&mut draws, 3, 3);
        let conditions = common::random_conditions(&mut draws, 1);
        let start = |world: &mut ProcessWorld| common::start(world, &program);
        let (all, merged_ends) = merged(profile, SMALL, conditions, start);
        if !all.closed || all.interleavings > 20_000 {
            continue;
        }
        let (count, ends) = plain(profile, conditions, start);
        let what = || format!("{}, {conditions}, {program:?}", profile.name);
        assert_eq!(all.interleavings, count, "{}", what());
        assert_eq!(merged_ends, ends, "{}", what());
        assert!(all.runs <= count as u64, "merging needs no more runs than there are schedules");
        compared += 1;
    }
    assert!(compared >= 300, "only {compared} programs were small enough to compare");
}

#[test]
fn values_are_enumerated_like_moves() {
    let start = |world: &mut ProcessWorld| {
        world.root("dice", |ctx| async move {
            let first = ctx.choose(3).await;
            if first == 2 {
                ctx.choose(4).await;
            }
            Ok(())
        });
    };
    let (all, _) = merged(&OTP_25, ALL, Conditions::default(), start);
    assert_eq!(all.interleavings, 2 + 4);
}

#[test]
fn a_violation_is_found_and_counted() {
    let rules = Invariants::new(vec![Invariant::always(
        "no-yield",
        "nobody gives way",
        EventMask::of(&[atropos::process::event::YIELD]),
        |_: &ProcessWorld, _| Some("it did".into()),
    )]);
    let begin = |world: &mut ProcessWorld| {
        world.reset(&Conditions::default(), false);
        world.root("p", yielder(1));
    };
    let all = enumerate(&mut ProcessWorld::new(&OTP_25), &rules, ALL, begin, |_, end| {
        assert!(matches!(end, End::Violated(_)));
    });
    assert_eq!(all.violations["no-yield"], 1);
    assert_eq!(all.first.expect("a violation").evidence.0, "it did");
}

#[test]
fn a_bound_that_ends_the_search_is_told() {
    let begin = |world: &mut ProcessWorld| {
        world.reset(&Conditions::default(), false);
        (0..4).for_each(|_| {
            world.root("p", yielder(3));
        });
    };
    let bounds = Bounds { runs: 10, steps: 1_000 };
    let all = enumerate(&mut ProcessWorld::new(&OTP_25), &rules(), bounds, begin, |_, _| {});
    assert!(!all.closed);
    assert_eq!(all.runs, 10);
}

#[test]
fn a_run_that_never_ends_is_cut_at_its_bound() {
    let begin = |world: &mut ProcessWorld| {
        world.reset(&Conditions::default(), false);
        world.root("p", yielder(u32::MAX));
    };
    let bounds = Bounds { runs: 10, steps: 50 };
    let all = enumerate(&mut ProcessWorld::new(&OTP_25), &rules(), bounds, begin, |_, _| {});
    assert_eq!((all.interleavings, all.closed), (1, false), "cut is not closed");
}

#[test]
fn a_bound_that_nothing_reaches_leaves_the_search_closed() {
    let begin = |world: &mut ProcessWorld| {
        world.reset(&Conditions::default(), false);
        world.root("p", yielder(3));
    };
    let closed = |steps| {
        let bounds = Bounds { runs: 10, steps };
        enumerate(&mut ProcessWorld::new(&OTP_25), &rules(), bounds, begin, |_, _| {}).closed
    };
    assert!(closed(4), "three yields and the exit");
    assert!(!closed(3));
}

#[test]
fn an_odometer_answers_within_its_options() {
    let mut odometer = Enumerated::default();
    for options in [1, 2, 5] {
        assert!(odometer.value(options) < options);
    }
}
