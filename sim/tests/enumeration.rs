//! The merged enumeration counts exactly what a plain one counts, and closed forms where there are.

use atropos::{
    check::enumerate::{Bounds, Enumeration, enumerate},
    decisions::{Decisions, Draws, Enumerated, Purpose, RunIndex},
    invariant::{Invariant, Invariants},
    plan::{Conditions, Delivery, TimerRule},
    process::{Ctx, Ending, Filter, OTP_25, Pid, ProcessWorld, Term, invariants},
    scheduler::{self, End, Record},
    trace::EventMask,
    world::World,
};
use std::collections::BTreeSet;

const ALL: Bounds = Bounds { runs: 2_000_000, steps: 10_000 };

fn rules() -> Invariants<ProcessWorld> {
    Invariants::new(invariants::basics().into_iter().chain(invariants::links()).collect())
}

fn merged(
    conditions: Conditions,
    start: impl Fn(&mut ProcessWorld),
) -> (Enumeration, BTreeSet<u128>) {
    let mut ends = BTreeSet::new();
    let begin = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        start(world);
    };
    let all = enumerate(&mut ProcessWorld::new(&OTP_25), &rules(), ALL, begin, |world, _| {
        ends.insert(world.state().0);
    });
    (all, ends)
}

/// Every schedule, one run each.
fn plain(conditions: Conditions, start: impl Fn(&mut ProcessWorld)) -> (u128, BTreeSet<u128>) {
    let (mut world, rules, mut record) = (ProcessWorld::new(&OTP_25), rules(), Record::default());
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
        let (all, ends) = merged(Conditions::default(), start);
        assert!(all.closed);
        assert_eq!(all.interleavings, expected, "{n} processes of {yields} yields");
        assert_eq!(all.states, u64::from(yields + 2).pow(n), "each is somewhere in its life");
        assert_eq!(ends.len(), 1, "they share nothing: one end");
    }
}

/// A body that does some random effects on three processes.
async fn random_body(ctx: Ctx, effects: Vec<(u32, u32)>) -> Ending {
    for (kind, peer) in effects {
        let peer = Pid::root(peer);
        match kind {
            0 => ctx.link(peer).await.unwrap_or_default(),
            1 => ctx.unlink(peer).await,
            2 => ctx.send(peer, "hello").await,
            3 => drop(ctx.receive_after(Filter::Any, 1).await),
            4 => ctx.exit2(peer, Term::atom("boom")).await,
            5 => drop(ctx.monitor(peer).await),
            6 => drop(ctx.trap_exit(true).await),
            7 => drop(ctx.register("name", peer).await),
            _ => drop(ctx.spawn_link("child", |_| async { Ok(()) }).await),
        }
    }
    Ok(())
}

#[test]
fn merging_prefixes_changes_no_count_and_loses_no_end() {
    let mut draws = Draws::new(3, RunIndex::default(), Purpose::Data);
    let mut compared = 0;
    for program in 0..150 {
        let effects: Vec<Vec<(u32, u32)>> = (0..3)
            .map(|_| (0..draws.below(3)).map(|_| (draws.below(9), draws.below(3))).collect())
            .collect();
        let conditions = Conditions {
            delivery: [Delivery::Instant, Delivery::Pairwise][draws.below(2) as usize],
            timers: [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize],
            faults: 0,
        };
        let start = |world: &mut ProcessWorld| {
            for effects in effects.clone() {
                world.root("p", move |ctx| random_body(ctx, effects));
            }
        };
        let (all, merged_ends) = merged(conditions, start);
        if !all.closed || all.interleavings > 200_000 {
            continue;
        }
        let (count, ends) = plain(conditions, start);
        assert_eq!(all.interleavings, count, "program {program}: {effects:?}, {conditions}");
        assert_eq!(merged_ends, ends, "program {program}: {effects:?}, {conditions}");
        assert!(all.runs <= count as u64, "merging needs no more runs than there are schedules");
        compared += 1;
    }
    assert!(compared >= 75, "only {compared} programs were small enough to compare");
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
    let (all, _) = merged(Conditions::default(), start);
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
    assert_eq!((all.interleavings, all.closed), (1, true));
}

#[test]
fn an_odometer_answers_within_its_options() {
    let mut odometer = Enumerated::default();
    for options in [1, 2, 5] {
        assert!(odometer.value(options) < options);
    }
}
