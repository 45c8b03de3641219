//! The engines that walk: states merged, preemptions bounded, everything counted.

mod common;

use atropos::{
    check::{
        Claim, Covered, Engine, Search,
        counting::Counting,
        enumerate::{Bounds, enumerate},
    },
    decisions::{Draws, Enumerated, Purpose, RunIndex},
    invariant::Invariants,
    plan::{Conditions, Delivery},
    process::{
        Filter, Item, OTP_25, PROFILES, Pid, ProcessScenario, ProcessWorld, Profile, Term, Whereis,
    },
    scenario::Scenario,
    scheduler::{self, Record},
    subject::Subject,
    trace::Digest,
    world::World,
};
use common::runs::Runs;
use std::collections::{BTreeMap, BTreeSet};

/// What a search covers, and the ends that it comes to.
fn search(mut runs: Runs<'_>, search: Search) -> (Covered, BTreeSet<Digest>) {
    let covered = search.run(&mut runs);
    (covered, runs.ends)
}

fn by(engine: Engine) -> Search {
    Search { engine, executions: 3_000, held: 4_000, ..Search::default() }
}

/// The number of schedules of a program by state, and the states that they end in.
fn merged(
    profile: &'static Profile,
    program: &common::Program,
    conditions: Conditions,
) -> (u128, BTreeSet<Digest>) {
    let (mut world, mut ends) = (ProcessWorld::new(profile), BTreeSet::new());
    let start = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        common::start(world, program);
    };
    let bounds = Bounds { runs: 1_000_000, steps: 1_000 };
    let all = enumerate(&mut world, &Invariants::new(Vec::new()), bounds, start, |world, _| {
        ends.insert(world.state());
    });
    assert!(all.closed);
    (all.interleavings, ends)
}

#[test]
fn both_walks_come_to_all_ends_of_random_programs() {
    let mut draws = Draws::new(11, RunIndex::default(), Purpose::Workload);
    let mut compared = 0;
    for _ in 0..300 {
        let profile = PROFILES[draws.below(4) as usize];
        let program = common::random_program(&mut draws, 3, 3);
        let conditions = common::random_conditions(&mut draws, 1);
        let runs = || Runs::new(profile, conditions, &program);
        let (traces, ends) = search(runs(), by(Engine::Enumerate));
        if !traces.closed {
            continue;
        }
        let what = || format!("{}, {conditions}, {program:?}", profile.name);
        let (schedules, by_state) = merged(profile, &program, conditions);
        assert_eq!((traces.schedules, &ends), (Some(schedules), &by_state), "{}", what());
        let (states, ends) = search(runs(), by(Engine::States));
        assert_eq!((states.closed, &ends), (true, &by_state), "{}", what());
        assert_eq!(states.executions, ends.len() as u64, "each last state once: {}", what());
        assert!(states.held <= traces.held, "a state has a trace at least: {}", what());
        for share in [states.share, traces.share] {
            let share = share.expect("walks know their share");
            assert!((share - 1.0).abs() < 1e-6, "{share}: {}", what());
        }
        compared += 1;
    }
    assert!(compared >= 100, "only {compared} programs were small enough to compare");
}

#[test]
fn a_growing_bound_on_preemptions_covers_more_and_comes_to_all() {
    let mut draws = Draws::new(12, RunIndex::default(), Purpose::Workload);
    let mut grown = 0;
    for _ in 0..200 {
        let program = common::random_program(&mut draws, 3, 3);
        let conditions = common::random_conditions(&mut draws, 1);
        let within = |preemptions| {
            let bounded = Search { preemptions, ..by(Engine::States) };
            search(Runs::new(&OTP_25, conditions, &program), bounded)
        };
        let (all, ends) = within(None);
        if !all.closed {
            continue;
        }
        let ((_, few), (_, some), (most, many)) =
            (within(Some(0)), within(Some(1)), within(Some(100)));
        if !most.closed {
            continue;
        }
        assert!(few.is_subset(&some) && some.is_subset(&ends), "{program:?}");
        assert_eq!(many, ends, "nobody is preempted so often: {program:?}");
        grown += u64::from(few.len() < some.len());
    }
    assert!(grown >= 20, "a bound of 1 came to more than one of 0 in {grown} programs");
}

/// Each end that every schedule of a program comes to, with the fewest preemptions that lead there;
/// none if there are too many schedules.
fn fewest(conditions: Conditions, program: &common::Program) -> Option<BTreeMap<Digest, u32>> {
    const MOST: u32 = 20_000;
    let (mut world, mut ends) = (ProcessWorld::new(&OTP_25), BTreeMap::new());
    let (nothing, mut record) = (Invariants::new(Vec::new()), Record::default());
    let mut all = Enumerated::default();
    for _ in 0..MOST {
        all.rewind();
        world.reset(&conditions, false);
        common::start(&mut world, program);
        let mut counted = Counting::new(&mut all);
        scheduler::run(&mut world, &mut counted, &nothing, 10_000, &mut record);
        let least = ends.entry(world.state()).or_insert(u32::MAX);
        *least = counted.preemptions.min(*least);
        if all.advance().is_none() {
            return Some(ends);
        }
    }
    None
}

/// Where deliveries, timers and faults may let somebody go on who waited: whose turn it was counts.
#[test]
fn a_bound_on_preemptions_comes_to_the_ends_of_every_schedule_within_it() {
    let mut draws = Draws::new(13, RunIndex::default(), Purpose::Workload);
    let mut bounded = 0;
    for _ in 0..100 {
        let program = common::random_program(&mut draws, 3, 2);
        let conditions = common::random_conditions(&mut draws, 1);
        let Some(ends) = fewest(conditions, &program) else { continue };
        for most in 0..3 {
            let within = Search { preemptions: Some(most), ..by(Engine::States) };
            let (covered, found) = search(Runs::new(&OTP_25, conditions, &program), within);
            let expected = ends.iter().filter(|&(_, &least)| least <= most);
            let expected: BTreeSet<Digest> = expected.map(|(&end, _)| end).collect();
            assert!(covered.closed, "{program:?} is small");
            assert_eq!(found, expected, "{most} preemptions, {conditions}: {program:?}");
            bounded += u32::from(expected.len() < ends.len());
        }
    }
    assert!(bounded >= 20, "the bound left something out {bounded} times");
}

/// A worker that was found may end before it is written to.
fn check_then_use() -> ProcessScenario {
    ProcessScenario::new("check-then-use", |world| {
        world.root("worker", |ctx| async move {
            ctx.register("worker", ctx.me()).await?;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        for _ in 0..2 {
            world.client("client", |ctx| async move {
                if let Whereis::At(_) = ctx.whereis("worker").await {
                    ctx.send_name("worker", "job").await.expect("it was there a moment ago");
                }
                Ok(())
            });
        }
    })
}

/// What a search of a scenario finds; `None` if all holds.
fn found(scenario: &ProcessScenario, claim: Claim) -> Option<String> {
    let variant = &Scenario::variants(scenario)[0];
    let proof = Subject::check(scenario, variant, &claim, &mut |_| true);
    let (violation, case) = match proof.found {
        Some(found) => found,
        None => {
            assert!(proof.covered.closed);
            return None;
        }
    };
    let replay = scenario.replay(&case).expect("a case of this scenario");
    assert!(replay.divergence.is_none(), "what is found replays");
    Some(violation.invariant)
}

#[test]
fn a_bug_that_needs_one_preemption_is_missed_with_none() {
    let claim = |preemptions| Claim::of::<()>(&[]).by_states(preemptions);
    let scenario = check_then_use();
    assert_eq!(found(&scenario, claim(Some(0))), None);
    for enough in [Some(1), Some(2), None] {
        assert_eq!(found(&scenario, claim(enough)).as_deref(), Some("no-panic"));
    }
    assert_eq!(found(&scenario, Claim::of::<()>(&[])).as_deref(), Some("no-panic"));
}

/// Two wait, one for a message that is on its way, one for ever; a third looks whether it has arrived
/// where it can be taken. That costs no preemption, if he who waits for ever had the last turn.
#[test]
fn whose_turn_it_was_counts_although_he_waits() {
    let scenario = ProcessScenario::new("mailbox-seen", |world| {
        let receiver = Pid::root(1);
        world.root("sender", move |ctx| async move {
            ctx.send(receiver, "word").await;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        world.root("receiver", |ctx| async move {
            ctx.send(ctx.me(), "note").await;
            ctx.receive(Filter::Matching(Term::atom("word"))).await;
            Ok(())
        });
        world.root("onlooker", move |ctx| async move {
            let inside = ctx.info(receiver, Item::MessageQueueLen).await;
            assert_ne!(inside, Term::int(2), "note and word have arrived and none is taken yet");
            Ok(())
        });
    });
    let pairwise = Conditions { delivery: Delivery::Pairwise, ..Conditions::default() };
    let within = |most| Claim::of::<()>(&[]).under(pairwise).by_states(most);
    for most in [Some(0), None] {
        assert_eq!(found(&scenario, within(most)).as_deref(), Some("no-panic"), "{most:?}");
    }
}

/// A client sleeps, then asks a process that it starts.
fn asked_after_a_while() -> ProcessScenario {
    ProcessScenario::new("asked-after-a-while", |world| {
        world.client("client", |ctx| async move {
            ctx.sleep(1).await;
            let client = ctx.me();
            let server = ctx.spawn("server", move |ctx| async move {
                ctx.receive(Filter::Any).await;
                ctx.send(client, "answer").await;
                Ok(())
            });
            ctx.send(server.await, "question").await;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
    })
}

#[test]
fn a_fault_may_wait_until_time_has_passed() {
    let scenario = asked_after_a_while();
    assert_eq!(found(&scenario, Claim::of::<()>(&[])), None);
    let variant = &Scenario::variants(&scenario)[0];
    for claim in [Claim::of::<()>(&[]), Claim::of::<()>(&[]).by_states(None)] {
        let claim = claim.with_faults(1);
        let proof = Subject::check(&scenario, variant, &claim, &mut |_| true);
        let (violation, _) = proof.found.expect("the client waits for ever");
        assert_eq!(violation.invariant, "no-deadlock");
    }
}
