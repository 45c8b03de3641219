//! The story of the Elixir guide's store, held to its promises: every bug is found soon from any seed
//! and shrunk to something a person can read; the guide's last word holds, and not by doing nothing.

mod story;

use atropos::{
    case,
    hunt::{Found, Hunt},
    plan::Spec,
    scenario::{Scenario, Variant, variant},
    shrink::{self, Effort},
};
use atropos_scenarios::kv_registry::{Act, KvRegistry, Op};
use proptest::prelude::*;
use std::collections::BTreeMap;
use story::{BLOCK, RUNS, first_found};

fn of(name: &str) -> &'static Variant {
    variant(&KvRegistry, name).expect("a variant of the story")
}

fn canaries() -> impl Iterator<Item = &'static Variant> {
    KvRegistry.variants().iter().filter(|variant| !variant.expectation.breaks().is_empty())
}

/// What is found in a thousand runs from a seed, the story's own workload first.
fn found(variant: &Variant, seed: u64) -> BTreeMap<String, Found> {
    first_found(&KvRegistry, variant, Spec::seeded(seed), 0..RUNS.div_ceil(BLOCK))
}

fn shrunk(found: Found) -> Found {
    shrink::shrink(&KvRegistry, found, Effort::default()).found
}

fn workload(found: &Found) -> Vec<Op> {
    case::decode(&found.case.workload).expect("its own workload")
}

/// Each is found from each of these seeds, and it alone.
fn every_bug_is_found(seeds: u64) {
    for bug in canaries() {
        for seed in 0..seeds {
            let found = found(bug, seed);
            let names: Vec<&str> = found.keys().map(String::as_str).collect();
            assert_eq!(names, bug.expectation.breaks(), "{} from seed {seed}", bug.name);
        }
    }
}

#[test]
fn every_bug_is_found_from_every_seed_and_nothing_else() {
    every_bug_is_found(10);
}

#[test]
#[ignore = "the long count, for make soak"]
fn every_bug_is_found_from_every_one_of_200_seeds_and_nothing_else() {
    every_bug_is_found(200);
}

#[test]
fn every_bug_is_found_on_random_workloads_alone() {
    for bug in canaries() {
        for seed in 0..10 {
            let found =
                first_found(&KvRegistry, bug, Spec::seeded(seed), 1..1 + RUNS.div_ceil(BLOCK));
            let names: Vec<&str> = found.keys().map(String::as_str).collect();
            assert_eq!(names, bug.expectation.breaks(), "{} from seed {seed}", bug.name);
        }
    }
}

/// How few operations show each bug, waits for the store included. Under instant delivery the DOWN
/// reaches the registry before the client that stopped the bucket, and a second client is needed.
#[test]
fn every_bug_shrinks_to_a_few_operations() {
    for bug in canaries() {
        let most = if *bug.expectation.breaks() == ["no-stale-pid"] { 5 } else { 2 };
        for seed in 0..5 {
            let small = shrunk(found(bug, seed).into_values().next().expect("it is found"));
            let workload = workload(&small);
            let takes = format!("{} from seed {seed} shrinks to {workload:?} only", bug.name);
            assert!(workload.len() <= most, "{takes}");
            assert!(workload.iter().any(|op| matches!(op.act, Act::Create(_))), "{takes}");
        }
    }
}

/// Who may be killed makes no other bug: supervisors, the application and clients included.
#[test]
fn kills_bring_no_other_bug() {
    for variant in KvRegistry.variants() {
        let spec = Spec { faults: 2, ..Spec::seeded(3) };
        let mut hunt = Hunt::new(&KvRegistry, variant, spec);
        for block in 0..60 {
            for found in hunt.block(block, 64).found {
                let name = &found.violation.invariant;
                assert!(variant.expectation.allows(name), "{}: {found:#?}", variant.name);
            }
        }
    }
}

#[test]
fn shrunk_failures_replay_to_the_letter() {
    for variant in canaries() {
        for found in found(variant, 7).into_values() {
            let small = shrunk(found);
            let replay = case::replay(&KvRegistry, &small.case).expect("a case of the story");
            assert_eq!(replay.divergence, None, "{}", variant.name);
            assert_eq!(replay.violation, Some(small.violation));
        }
    }
}

/// The guide's last word over some blocks.
fn the_guide_holds(blocks: u64, faults: u32) {
    let guide = of("guide");
    let mut hunt = Hunt::new(&KvRegistry, guide, Spec { faults, ..Spec::default() });
    let mut reached = 0;
    for block in 0..blocks {
        let report = hunt.block(block, 64);
        assert_eq!(report.found, [], "the guide's last word holds");
        reached |= report.reached;
    }
    for (at, point) in KvRegistry.invariants(guide).iter().enumerate() {
        assert!(!point.is_sometimes() || reached >> at & 1 == 1, "never reached: {}", point.name);
    }
}

#[test]
fn the_guide_holds_and_goes_through_every_dangerous_window() {
    the_guide_holds(200, 0);
    the_guide_holds(200, 2);
}

#[test]
#[ignore = "the long count, for make soak"]
fn the_guide_holds_over_200_000_runs() {
    the_guide_holds(3_125, 0);
    the_guide_holds(3_125, 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_workload_survives_its_bytes(seed in any::<[u8; 32]>(), variant in 0..11_usize) {
        let variant = &KvRegistry.variants()[variant];
        let workload = KvRegistry.workload(variant, seed);
        prop_assert!(KvRegistry.is_valid(&workload), "what is drawn is valid");
        prop_assert_eq!(KvRegistry.workload(variant, seed), workload.clone(), "a function of the seed");
        prop_assert_eq!(case::decode::<Op>(&case::encode(&workload)), Some(workload));
    }

    #[test]
    fn simpler_workloads_are_valid_and_no_longer(seed in any::<[u8; 32]>()) {
        let workload = KvRegistry.workload(of("guide"), seed);
        for simpler in KvRegistry.simpler(&workload) {
            prop_assert!(KvRegistry.is_valid(&simpler) && simpler.len() <= workload.len());
            prop_assert_ne!(&simpler, &workload, "a step nowhere");
        }
    }
}
