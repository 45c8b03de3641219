//! The story of LlamaIndex's writer task, held to its promises: every bug is found soon, whatever the
//! collector does; the variants that hold do so with a collection at every step, and not by doing
//! nothing.

use atropos::{
    case,
    decisions::RunIndex,
    hunt::{Found, Hunt},
    plan::{Collect, Loop, Spec},
    scenario::{Scenario, Variant, variant},
    shrink::{self, Effort},
    subject::Subject,
};
use atropos_scenarios::llama_chat::{LlamaChat, Op};
use std::collections::BTreeSet;

const BLOCK: u64 = RunIndex::BLOCK as u64;

fn of(name: &str) -> &'static Variant {
    variant(&LlamaChat, name).expect("a variant of the story")
}

fn variants(hold: bool) -> impl Iterator<Item = &'static Variant> {
    let all = Scenario::variants(&LlamaChat).iter();
    all.filter(move |one| one.expectation.breaks().is_empty() == hold)
}

fn with(seed: u64, collect: Collect) -> Spec {
    Spec { collect: Some(collect), ..Spec::seeded(seed) }
}

/// The first violation of each kind in the first `runs` runs of the blocks from `block` on.
fn found(bug: &Variant, spec: Spec, block: u64, runs: u64) -> Vec<Found> {
    let mut hunt = Hunt::new(&LlamaChat, bug, spec);
    let mut found: Vec<Found> = Vec::new();
    for nth in 0..runs.div_ceil(BLOCK) {
        let report = hunt.block(block + nth, (runs - nth * BLOCK).min(BLOCK) as u32);
        assert_eq!(report.unstable, None, "a run was not the same the second time");
        for one in report.found {
            if !found.iter().any(|known| known.violation.invariant == one.violation.invariant) {
                found.push(one);
            }
        }
    }
    found
}

fn names(found: &[Found]) -> BTreeSet<&str> {
    found.iter().map(|one| one.violation.invariant.as_str()).collect()
}

/// A collection in every step in which a task is lost needs no luck.
#[test]
fn v0_12_17_is_caught_in_the_first_run_with_a_collection_at_every_step() {
    let spec = with(Spec::DEFAULT_SEED, Collect::Every);
    let found = found(of("v0.12.17"), spec, 0, 1);
    assert_eq!(names(&found), BTreeSet::from(["no-pending-task-collected"]));
    assert_eq!(found[0].plan.index, RunIndex { block: 0, run: 0 });
}

#[test]
fn v0_12_17_is_caught_within_200_runs_with_one_collection_in_twenty_steps() {
    for seed in 0..20 {
        let found = found(of("v0.12.17"), with(seed, Collect::Chance(50)), 0, 200);
        assert_eq!(names(&found), BTreeSet::from(["no-pending-task-collected"]), "seed {seed}");
    }
}

fn every_bug_is_found(seeds: u64) {
    for bug in variants(false) {
        for seed in 0..seeds {
            // From block 1 on: random workloads alone.
            let found = found(bug, Spec::seeded(seed), 1, 1_000);
            let breaks: BTreeSet<&str> = bug.expectation.breaks().iter().copied().collect();
            assert_eq!(names(&found), breaks, "{} from seed {seed}", bug.name);
        }
    }
}

#[test]
fn every_bug_is_found_from_every_seed_and_nothing_else() {
    every_bug_is_found(6);
}

#[test]
#[ignore = "the long count, for make soak"]
fn every_bug_is_found_from_every_one_of_200_seeds_and_nothing_else() {
    every_bug_is_found(200);
}

/// Without a collection nothing is destroyed, and the task stays pending for ever (ref-03).
#[test]
fn without_the_collector_no_task_is_lost() {
    for bug in ["no-reference", "v0.12.17", "v0.12.18", "await-in-finally"] {
        let found = found(of(bug), with(1, Collect::Off), 0, 2_000);
        assert_eq!(names(&found), BTreeSet::new(), "{bug}");
    }
}

/// One chat, and nothing in the conditions that the bug does not need.
#[test]
fn every_bug_shrinks_to_one_chat_under_plain_conditions() {
    for bug in variants(false) {
        for seed in 0..3 {
            for found in found(bug, Spec::seeded(seed), 1, 1_000) {
                let small = shrink::shrink(&LlamaChat, found, Effort::default()).found;
                let ops: Vec<Op> = case::decode(&small.case.workload).expect("its own workload");
                let shown = format!("{}, seed {seed}: {ops:?}", bug.name);
                assert_eq!(ops.len(), 1, "{shown}");
                assert_eq!(small.case.conditions.event_loop, Some(Loop::default()), "{shown}");
                assert_eq!(small.case.conditions.faults, 0, "{shown}");
            }
        }
    }
}

/// What the report of a lost task says: what it awaited, who held it, what was let go last, and when.
#[test]
fn a_lost_task_is_told_with_the_path_that_was_missing() {
    let spec = with(Spec::DEFAULT_SEED, Collect::Every);
    let told = |name: &str| found(of(name), spec, 0, BLOCK).remove(0).violation.evidence.0;
    let nobody = told("v0.12.17");
    assert!(nobody.contains("awaits `answered`"), "{nobody}");
    assert!(nobody.contains("when the loop let go of its ready queue"), "{nobody}");
    assert!(nobody.contains("no variable, attribute or collection held it"), "{nobody}");
    let attribute = told("v0.12.18");
    let held = "held by the attribute `awrite_response_to_history_task` of `response`";
    assert!(attribute.contains(held), "{attribute}");
    assert!(attribute.contains("` of client#1.1, to `"), "{attribute}");
    let steps: Vec<u32> = attribute
        .split("step ")
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>())
        .map(|digits| digits.parse().expect("the number of a step"))
        .collect();
    let [collected, unreachable, dropped] = steps[..] else { panic!("three steps: {attribute}") };
    assert!(dropped <= unreachable && unreachable < collected, "{attribute}");
}

fn holds(blocks: u64) {
    for fixed in variants(true) {
        for (seed, faults, collect) in [(1, 0, Some(Collect::Every)), (2, 1, None), (3, 2, None)] {
            let spec = Spec { faults, collect, ..Spec::seeded(seed) };
            let mut hunt = Hunt::new(&LlamaChat, fixed, spec);
            let mut reached = 0;
            for block in 0..blocks {
                let report = hunt.block(block, BLOCK as u32);
                assert_eq!(report.found, [], "{}, seed {seed}, block {block}", fixed.name);
                assert_eq!(report.unstable, None, "{}, seed {seed}, block {block}", fixed.name);
                reached |= report.reached;
            }
            let rules = Subject::rules(&LlamaChat, fixed);
            for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes")
            {
                assert!(reached >> at & 1 == 1, "{} was never reached", rule.name);
            }
        }
    }
}

#[test]
fn what_holds_does_so_and_not_by_doing_nothing() {
    holds(60);
}

/// 200,000 runs of each with a collection at every step, and as many with cancellations.
#[test]
#[ignore = "the long count, for make soak"]
fn it_holds_over_200_000_runs() {
    holds(200_000_u64.div_ceil(BLOCK));
}

/// What the variants claim, as `atropos check` shows it.
#[test]
fn every_claim_is_kept() {
    for variant in Scenario::variants(&LlamaChat) {
        for claim in Scenario::claims(&LlamaChat, variant) {
            let proof = Subject::check(&LlamaChat, variant, &claim, &mut |_| true);
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
