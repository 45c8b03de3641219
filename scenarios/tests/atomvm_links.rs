//! The story of AtomVM's links, held to its promises: every defect is found soon from any seed and
//! shrunk to something a person can read; the fixed variant holds, and not by doing nothing.

mod story;

use atropos::{
    case,
    hunt::Hunt,
    plan::Spec,
    scenario::{Scenario, Variant, variant},
    shrink::{self, Effort},
};
use atropos_scenarios::atomvm_links::{Act, AtomvmLinks, Op};
use proptest::prelude::*;
use std::collections::BTreeMap;
use story::{BLOCK, RUNS, first_found};

const SEEDS: u64 = 200;

fn of(name: &str) -> &'static Variant {
    variant(&AtomvmLinks, name).expect("a variant of the story")
}

/// Processes that a workload starts, and links that it makes or breaks.
fn size(workload: &[Op]) -> (usize, usize) {
    let mut actors: Vec<u8> = Vec::new();
    let (mut children, mut links) = (0, 0);
    for op in workload {
        let other = match op.act {
            Act::Link(peer) | Act::Unlink(peer) => {
                links += 1;
                Some(peer)
            }
            Act::SpawnLink(_) => {
                children += 1;
                links += 1;
                None
            }
            Act::Exit2(peer, _) => Some(peer),
            Act::Trap(_) | Act::Exit(_) => None,
        };
        actors.extend(std::iter::once(op.who).chain(other));
    }
    let spawned = actors.iter().max().map_or(0, |&last| usize::from(last) + 1);
    (spawned + children, links)
}

#[test]
fn each_defect_of_v0_6_2_is_found_from_every_seed_and_shrunk() {
    let bug = of("v0.6.2");
    for seed in 0..SEEDS {
        let found = first_found(&AtomvmLinks, bug, Spec::seeded(seed), 0..RUNS.div_ceil(BLOCK));
        for invariant in bug.expectation.breaks() {
            let found = found.get(*invariant);
            let found = found
                .unwrap_or_else(|| panic!("seed {seed}: {invariant} is not found in {RUNS} runs"));
            let small = shrink::shrink(&AtomvmLinks, found.clone(), Effort::default());
            let workload: Vec<Op> =
                case::decode(&small.found.case.workload).expect("its own workload");
            let (spawned, links) = size(&workload);
            assert!(
                spawned <= 3 && links <= 3,
                "seed {seed}: {invariant} shrinks to {workload:?} only"
            );
            assert_eq!(small.found.violation.invariant, *invariant, "shrinking kept the failure");
        }
    }
}

#[test]
fn each_defect_of_v0_6_2_is_found_on_random_workloads_alone() {
    let bug = of("v0.6.2");
    for seed in 0..SEEDS {
        let found = first_found(&AtomvmLinks, bug, Spec::seeded(seed), 1..1 + RUNS.div_ceil(BLOCK));
        let missing = bug.expectation.breaks().iter().find(|name| !found.contains_key(**name));
        assert_eq!(missing, None, "seed {seed}");
    }
}

#[test]
fn every_variant_breaks_what_it_is_there_for_and_nothing_else() {
    for variant in AtomvmLinks.variants() {
        let mut found = BTreeMap::new();
        for seed in 0..20 {
            found.extend(first_found(
                &AtomvmLinks,
                variant,
                Spec::seeded(seed),
                0..RUNS.div_ceil(BLOCK),
            ));
        }
        let mut expected: Vec<&str> = variant.expectation.breaks().to_vec();
        expected.sort_unstable();
        assert_eq!(found.keys().collect::<Vec<_>>(), expected, "{}", variant.name);
    }
}

#[test]
fn shrunk_failures_replay_to_the_letter() {
    for variant in AtomvmLinks.variants() {
        for found in first_found(&AtomvmLinks, variant, Spec::seeded(7), 0..RUNS.div_ceil(BLOCK))
            .into_values()
        {
            let small = shrink::shrink(&AtomvmLinks, found, Effort::default()).found;
            let replay = case::replay(&AtomvmLinks, &small.case).expect("a case of the story");
            assert_eq!(replay.divergence, None, "{}", variant.name);
            assert_eq!(replay.violation, Some(small.violation));
        }
    }
}

#[test]
fn fixed_holds_and_goes_through_every_dangerous_window() {
    let fixed = of("fixed");
    let mut hunt = Hunt::new(&AtomvmLinks, fixed, Spec::default());
    let mut reached = 0;
    for block in 0..3_000 {
        let report = hunt.block(block, 64);
        assert_eq!(report.found, [], "the fixed variant holds");
        reached |= report.reached;
    }
    for (at, point) in AtomvmLinks.invariants(fixed).iter().enumerate() {
        assert!(!point.is_sometimes() || reached >> at & 1 == 1, "never reached: {}", point.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_workload_survives_its_bytes(seed in any::<[u8; 32]>()) {
        let workload = AtomvmLinks.workload(of("fixed"), seed);
        prop_assert_eq!(AtomvmLinks.workload(of("fixed"), seed), workload.clone(), "a function of the seed");
        prop_assert_eq!(case::decode::<Op>(&case::encode(&workload)), Some(workload));
    }

    #[test]
    fn bytes_that_are_no_workload_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Some(workload) = case::decode::<Op>(&bytes) {
            prop_assert_eq!(case::encode(&workload), bytes, "one workload has one form");
        }
    }

    #[test]
    fn simpler_workloads_name_no_process_that_is_gone(seed in any::<[u8; 32]>()) {
        let workload = AtomvmLinks.workload(of("fixed"), seed);
        for simpler in AtomvmLinks.simpler(&workload) {
            prop_assert!(size(&simpler).0 <= size(&workload).0);
        }
    }
}
