//! The story of Restate's metadata server, held to its promises: every bug is found soon from any
//! seed, with faults of the budget and without; the fix holds, and not by doing nothing.

mod story;

use atropos::{
    case,
    hunt::{Found, Hunt},
    plan::{Budget, Conditions, Scheduler, Spec, Tasks},
    scenario::{Scenario, Variant, variant},
    scheduler::End,
    shrink::{self, Effort},
    subject::Subject,
};
use atropos_scenarios::restate_join::{Op, RestateJoin};
use std::collections::BTreeMap;
use story::{BLOCK, first_found};

/// What the issue of this world asks for.
const RUNS: u64 = 2_000;

fn of(name: &str) -> &'static Variant {
    variant(&RestateJoin, name).expect("a variant of the story")
}

fn canaries() -> impl Iterator<Item = &'static Variant> {
    Scenario::variants(&RestateJoin).iter().filter(|bug| !bug.expectation.breaks().is_empty())
}

/// What is found in two thousand runs from a seed on random workloads alone.
fn found(bug: &Variant, spec: Spec) -> BTreeMap<String, Found> {
    let mut found = BTreeMap::new();
    let blocks = RUNS.div_ceil(BLOCK);
    for half in [1..1 + blocks / 2, 1 + blocks / 2..1 + blocks] {
        for (name, case) in first_found(&RestateJoin, bug, spec, half) {
            found.entry(name).or_insert(case);
        }
    }
    found
}

fn shrunk(found: Found) -> Found {
    shrink::shrink(&RestateJoin, found, Effort::default()).found
}

fn workload(found: &Found) -> Vec<Op> {
    case::decode(&found.case.workload).expect("its own workload")
}

fn every_bug_is_found(seeds: u64) {
    for bug in canaries() {
        for seed in 0..seeds {
            let found = found(bug, Spec::seeded(seed));
            let mut names: Vec<&str> = found.keys().map(String::as_str).collect();
            let mut breaks = bug.expectation.breaks().to_vec();
            names.sort_unstable();
            breaks.sort_unstable();
            assert_eq!(names, breaks, "{} from seed {seed}", bug.name);
        }
    }
}

#[test]
fn every_bug_is_found_from_every_seed_and_nothing_else() {
    every_bug_is_found(6);
}

#[test]
#[ignore = "the long count, for make soak"]
fn every_bug_is_found_from_every_one_of_100_seeds_and_nothing_else() {
    every_bug_is_found(100);
}

/// With full budgets on one thread nothing is left to chance but the branch that `select!` begins
/// with: the panic is there by the number of messages alone.
fn end_of_the_fixed_run(locals: u8) -> End {
    let bug = of("v1.2.0");
    let workload = [Op::Message(0), Op::Pause, Op::Local(locals), Op::Message(0)];
    let mut player = case::Player::new(&RestateJoin, bug);
    player.aim(Some("no-panic"));
    let empty = Default::default();
    let mut tape = atropos::decisions::Recorded::lenient(&empty);
    let tasks = Some(Tasks { scheduler: Scheduler::CurrentThread, budget: Budget::Full });
    let conditions = Conditions { tasks, ..Conditions::default() };
    player.play(&conditions, &workload, &mut tape, Spec::DEFAULT_STEP_LIMIT)
}

/// As on tokio, where the handle that is asked right after the 128th message of one poll is pending
/// (coop-seed-002b).
#[test]
fn without_a_fault_it_takes_the_128th_unit() {
    for locals in [100, 126, 128, 140] {
        assert_eq!(end_of_the_fixed_run(locals), End::Settled, "{locals} messages before");
    }
    let End::Violated(violation) = end_of_the_fixed_run(127) else {
        panic!("the 128th message of a poll is for a peer whose attempt has ended")
    };
    assert_eq!(violation.invariant, "no-panic");
    assert!(violation.evidence.0.contains("should be finished"), "{}", violation.evidence);
}

/// A finding names what it needs: one thread, whole budgets, no fault, unless it is about them.
#[test]
fn every_bug_shrinks_to_a_few_operations() {
    for bug in canaries() {
        for seed in 0..3 {
            for found in found(bug, Spec::seeded(seed)).into_values() {
                let small = shrunk(found);
                let (ops, name) = (workload(&small), &small.violation.invariant);
                let shown = format!("{}, {name}, seed {seed}: {ops:?}", bug.name);
                // What draws budgets draws others when an operation is dropped.
                let most = if name == "no-panic" { 8 } else { 4 };
                assert!(ops.len() <= most, "{shown}");
                let tasks = small.case.conditions.tasks.expect("a case of tasks");
                if name != "no-panic" {
                    assert_eq!(tasks, Tasks::default(), "{shown}");
                }
            }
        }
    }
}

/// With faults of the budget, too, and with aborts; both dangerous windows are gone through.
#[test]
fn the_fix_holds_and_not_by_doing_nothing() {
    let fixed = of("v1.2.2");
    for (seed, faults) in [(1, 0), (2, 1), (3, 2)] {
        let spec = Spec { faults, ..Spec::seeded(seed) };
        let mut hunt = Hunt::new(&RestateJoin, fixed, spec);
        let mut reached = 0;
        for block in 0..60 {
            let report = hunt.block(block, BLOCK as u32);
            assert_eq!(report.found, [], "seed {seed}, block {block}");
            assert_eq!(report.unstable, None, "seed {seed}, block {block}");
            reached |= report.reached;
        }
        let rules = Subject::rules(&RestateJoin, fixed);
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes") {
            assert!(reached >> at & 1 == 1, "{} was never reached from seed {seed}", rule.name);
        }
    }
}

/// What the variants claim, as `atropos check` shows it.
#[test]
fn every_claim_is_kept() {
    for variant in Scenario::variants(&RestateJoin) {
        for claim in Scenario::claims(&RestateJoin, variant) {
            let big = claim.conditions.tasks.is_some_and(|t| t.scheduler == Scheduler::MultiThread);
            if big && cfg!(debug_assertions) {
                continue;
            }
            let proof = Subject::check(&RestateJoin, variant, &claim, &mut |_| true);
            match proof.found {
                Some((violation, _)) => {
                    assert!(variant.expectation.allows(&violation.invariant), "{violation:?}");
                }
                None => {
                    assert!(variant.expectation.breaks().is_empty(), "{}", variant.name);
                    assert!(proof.covered.closed, "{}: {:?}", variant.name, proof.covered);
                }
            }
        }
    }
}
