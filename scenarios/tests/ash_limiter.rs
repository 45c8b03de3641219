//! The story of Ash's limiter, held to its promises: every defect is found soon from any seed and
//! shrunk to something a person can read; the fixed variant holds, and not by doing nothing.

mod story;

use atropos::{
    case,
    hunt::Hunt,
    plan::Spec,
    scenario::{Scenario, Variant, variant},
    shrink::{self, Effort},
};
use atropos_scenarios::ash_limiter::{Act, AshLimiter, Op};
use proptest::prelude::*;
use story::{BLOCK, RUNS, first_found};

/// Blocks of a thousand runs, the story's own workload first.
const FIRST: std::ops::Range<u64> = 0..RUNS.div_ceil(BLOCK);
/// Blocks of a hunt of 200,000 runs.
const LONG: u64 = 200_000 / BLOCK;

fn of(name: &str) -> &'static Variant {
    variant(&AshLimiter, name).expect("a variant of the story")
}

/// Every variant breaks what it is there for under each of these seeds, and nothing else.
fn breaks_what_it_names(variant: &Variant, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let found = first_found(&AshLimiter, variant, Spec::seeded(seed), FIRST);
        let mut expected: Vec<&str> = variant.expectation.breaks().to_vec();
        expected.sort_unstable();
        let name = &variant.name;
        assert_eq!(found.keys().collect::<Vec<_>>(), expected, "{name}, seed {seed}");
    }
}

#[test]
fn every_variant_breaks_what_it_is_there_for_and_nothing_else() {
    for variant in AshLimiter.variants() {
        // A livelock costs all the steps that a run may take.
        let seeds = if variant.name == "busy-wait" { 1 } else { 5 };
        breaks_what_it_names(variant, 0..seeds);
    }
}

#[test]
#[ignore = "minutes: 100 seeds of every variant, for make soak"]
fn every_variant_is_caught_from_a_hundred_seeds() {
    AshLimiter.variants().iter().for_each(|variant| breaks_what_it_names(variant, 0..100));
}

/// The most operations, and loads in all of them, of a shrunk failure.
const SIZES: [(&str, &str, usize, usize); 14] = [
    ("v3.5.24", "no-stale-pid", 2, 2),
    ("v3.5.24", "read-answers", 2, 2),
    ("v3.5.24", "limiter-bounds", 1, 3),
    ("first-fix", "no-stale-pid", 2, 2),
    ("first-fix", "read-answers", 2, 2),
    ("first-fix", "limiter-bounds", 1, 3),
    ("v3.5.26", "limiter-bounds", 1, 3),
    ("release-after-stop", "read-answers", 2, 3),
    ("release-after-stop", "no-lost-slot", 1, 3),
    ("stop-dead", "read-answers", 2, 2),
    ("alive-then-call", "read-answers", 2, 2),
    ("release-at-spawn", "limiter-bounds", 1, 3),
    ("busy-wait", "no-livelock", 1, 2),
    ("normal-exit-leak", "no-unsupervised-survivor", 1, 2),
];

fn loads(workload: &[Op]) -> usize {
    let loads = workload.iter().map(|op| match &op.act {
        Act::Read(read) => read.loads.len(),
        _ => 0,
    });
    loads.sum()
}

#[test]
fn failures_shrink_to_what_a_person_can_read_and_replay_to_the_letter() {
    let mut told = 0;
    for variant in AshLimiter.variants() {
        for found in first_found(&AshLimiter, variant, Spec::seeded(7), FIRST).into_values() {
            let (name, invariant) = (&variant.name, found.violation.invariant.clone());
            let small = shrink::shrink(&AshLimiter, found, Effort::default()).found;
            assert_eq!(small.violation.invariant, invariant, "shrinking kept the failure");
            let replay = case::replay(&AshLimiter, &small.case).expect("a case of the story");
            assert_eq!(replay.divergence, None, "{name}");
            assert_eq!(replay.violation, Some(small.violation));
            let workload: Vec<Op> = case::decode(&small.case.workload).expect("its own workload");
            let pinned = SIZES.iter().find(|size| size.0 == name && size.1 == invariant);
            let &(_, _, ops, most) = pinned.expect("the size of each failure is pinned");
            assert!(
                workload.len() <= ops && loads(&workload) <= most,
                "{name}: {invariant} shrinks to {workload:?} only"
            );
            told += 1;
        }
    }
    assert_eq!(told, SIZES.len(), "every failure was found and shrunk");
}

/// Hunts through blocks of the fixed variant; every point must be reached.
fn fixed_holds(blocks: u64) {
    let fixed = of("fixed");
    let mut hunt = Hunt::new(&AshLimiter, fixed, Spec::default());
    let mut reached = 0;
    for block in 0..blocks {
        let report = hunt.block(block, BLOCK as u32);
        assert_eq!(report.found, [], "the fixed variant holds");
        reached |= report.reached;
    }
    for (at, point) in AshLimiter.invariants(fixed).iter().enumerate() {
        assert!(!point.is_sometimes() || reached >> at & 1 == 1, "never reached: {}", point.name);
    }
}

#[test]
fn fixed_holds_and_goes_through_every_dangerous_window() {
    fixed_holds(150);
}

#[test]
#[ignore = "minutes: 200,000 runs, for make soak"]
fn fixed_holds_for_long() {
    fixed_holds(LONG);
}

#[test]
#[ignore = "minutes: 200,000 runs of every variant, for make soak"]
fn no_variant_breaks_what_it_does_not_name() {
    for variant in AshLimiter.variants() {
        let blocks = if variant.name == "busy-wait" { LONG / 20 } else { LONG };
        let mut hunt = Hunt::new(&AshLimiter, variant, Spec::seeded(1));
        for block in 0..blocks {
            for name in hunt.block(block, BLOCK as u32).violated.keys() {
                assert!(variant.expectation.allows(name), "{}: {name}", variant.name);
            }
        }
    }
}

/// Whoever dies, reader, task or limiter: the others' reads end with what is their own.
#[test]
fn two_kills_break_nothing_in_fixed() {
    let spec = Spec { faults: 2, ..Spec::seeded(3) };
    let mut hunt = Hunt::new(&AshLimiter, of("fixed"), spec);
    for block in 0..50 {
        assert_eq!(hunt.block(block, BLOCK as u32).found, [], "kills are borne");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_workload_survives_its_bytes(seed in any::<[u8; 32]>()) {
        for variant in AshLimiter.variants() {
            let workload = AshLimiter.workload(variant, seed);
            prop_assert!(AshLimiter.is_valid(&workload), "{:?}", workload);
            prop_assert_eq!(AshLimiter.workload(variant, seed), workload.clone());
            prop_assert_eq!(case::decode::<Op>(&case::encode(&workload)), Some(workload));
        }
    }

    #[test]
    fn bytes_that_are_no_workload_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Some(workload) = case::decode::<Op>(&bytes) {
            prop_assert_eq!(case::encode(&workload), bytes, "one workload has one form");
        }
    }

    #[test]
    fn simpler_workloads_are_workloads_and_no_larger(seed in any::<[u8; 32]>()) {
        for variant in AshLimiter.variants() {
            let workload = AshLimiter.workload(variant, seed);
            for simpler in AshLimiter.simpler(&workload) {
                prop_assert!(AshLimiter.is_valid(&simpler), "{:?}", simpler);
                prop_assert!(simpler.len() <= workload.len() && loads(&simpler) <= loads(&workload));
            }
        }
    }
}
