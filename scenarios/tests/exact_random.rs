//! The engines against the enumeration, on programs that nobody wrote.
//!
//! A random program is counted class by class; optimal reduction must run that many schedules and
//! begin none in vain, and source sets must come to the same number. The generator is seeded, so a
//! program that fails fails again. `docs/exploration.md` says what is left out under `observer`.

mod lc_programs;

use atropos::{
    check::{
        classes,
        dpor::{self, Bounds, Reduced, Reduction},
    },
    lc::{LcWorld, Relation},
};
use lc_programs::{Family, program};
use proptest::{
    prop_assert_eq, prop_assume,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// A program with more traces than this is not counted.
const MOST: u64 = 5_000;

fn agree(family: Family, relations: &[Relation], cases: u32) {
    let config = Config { cases, max_global_rejects: 10 * cases, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let bounds = Bounds { executions: u64::from(u32::MAX), steps: 1_000 };
    let outcome = runner.run(&program(family), |program| {
        let world = LcWorld::new(&program).expect("every name is declared");
        let counts = classes::count(&world, MOST);
        prop_assume!(counts.is_some());
        let classes = counts.expect("it was counted").classes;
        for &relation in relations {
            let expected = classes[relation as usize];
            let mut world = world.clone().under(relation);
            let Reduced { executions, blocked, closed, .. } =
                dpor::explore(&mut world, Reduction::Optimal, bounds);
            prop_assert_eq!((executions, blocked, closed), (expected, 0, true), "{:?}", relation);
            let source = dpor::explore(&mut world, Reduction::Source, bounds);
            prop_assert_eq!((source.executions, source.closed), (expected, true), "{:?}", relation);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Those under which every event of a program counts.
const FINE: [Relation; 2] = [Relation::Full, Relation::Arrival];

#[test]
fn memory() {
    agree(Family::Memory, &Relation::ALL, 2_500);
}

#[test]
fn messages() {
    agree(Family::Messages, &Relation::ALL, 3_000);
}

#[test]
fn names() {
    agree(Family::Names, &Relation::ALL, 1_500);
}

#[test]
fn monitors() {
    agree(Family::Monitors, &Relation::ALL, 1_500);
}

#[test]
fn signals() {
    agree(Family::Signals, &FINE, 1_500);
}
