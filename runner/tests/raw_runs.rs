//! Runs out of bytes: the bytes of a run lead to the same run, and any bytes lead to one.

use atropos::{
    decisions::RunIndex,
    plan::{Conditions, Spec},
    raw::RawRun,
    scenario::Variant,
    subject::Subject,
};
use atropos_scenarios::catalog;
use proptest::{prelude::*, sample::Index, test_runner::Config};

/// A variant of the catalogue, by chance.
fn pick(catalog: &[Box<dyn Subject>], which: Index) -> (&dyn Subject, &Variant) {
    let all = catalog
        .iter()
        .flat_map(|subject| subject.variants().iter().map(move |variant| (&**subject, variant)));
    let all: Vec<(&dyn Subject, &Variant)> = all.collect();
    all[which.index(all.len())]
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    /// Past half the step limit a hunt and a run out of bytes begin the rounds elsewhere, so the few
    /// runs that come so far are left out.
    #[test]
    fn the_bytes_of_a_run_are_that_run(which in any::<Index>(), number in 0_u64..4096) {
        let catalog = catalog();
        let (subject, variant) = pick(&catalog, which);
        let (_, case, replay) = subject.run(variant, Spec::default(), RunIndex::nth(number));
        prop_assume!(replay.steps < u64::from(case.step_limit) / 2);
        let bytes = subject.bytes_of(&case).expect("a case of this scenario");
        let bytes = bytes.expect("a run that was just played replays");
        let run = RawRun {
            conditions: case.conditions,
            step_limit: case.step_limit,
            target: case.invariant.as_deref(),
            workload: &case.workload,
            decisions: &bytes,
        };
        // An empty workload has a byte, too: that of its length.
        prop_assert!(!case.workload.is_empty());
        let again = subject.play_raw(variant, &run);
        let violated = again.violated.as_ref().map(|(violation, _)| &violation.invariant);
        if violated.is_some() || case.invariant.is_some() {
            prop_assert_eq!(violated, case.invariant.as_ref());
        }
        prop_assert_eq!(again.digest, replay.digest, "{} {}", subject.name(), variant.name);
    }

    #[test]
    fn any_bytes_are_a_run(
        which in any::<Index>(),
        workload in prop::collection::vec(any::<u8>(), 0..40),
        decisions in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let catalog = catalog();
        let (subject, variant) = pick(&catalog, which);
        let run = RawRun {
            conditions: Conditions::default(),
            step_limit: 2_000,
            target: variant.expectation.breaks().first().copied(),
            workload: &workload,
            decisions: &decisions,
        };
        let first = subject.play_raw(variant, &run);
        let second = subject.play_raw(variant, &run);
        prop_assert_eq!(first.digest, second.digest, "the same bytes are the same run");
        if let Some((violation, case)) = first.violated {
            let replay = subject.replay(&case).expect("a case of this scenario");
            prop_assert_eq!(replay.divergence, None);
            let again = replay.violation.map(|violation| violation.invariant);
            prop_assert_eq!(again, Some(violation.invariant));
        }
    }
}

/// What a workload is written as in JSON is read as the same workload.
#[test]
fn a_workload_survives_its_json() {
    for subject in &catalog() {
        for variant in subject.variants() {
            for block in 0..20 {
                let index = RunIndex { block, run: 0 };
                let (_, case, _) = subject.run(variant, Spec::default(), index);
                let json = subject.workload_json(&case.workload).expect("a workload");
                let read = subject.workload_from_json(&json);
                assert_eq!(read.as_deref(), Ok(&case.workload[..]), "{}", variant.name);
            }
        }
    }
}

#[test]
fn a_bad_operation_is_named() {
    let catalog = catalog();
    let subject = &*catalog[0];
    let case = subject.canonical(&subject.variants()[0], Conditions::default());
    let mut json = subject.workload_json(&case.workload).expect("a workload");
    json[1] = serde_json::json!("nonsense");
    let why = subject.workload_from_json(&json).expect_err("nonsense is no operation");
    assert!(why.starts_with("operation 2: "), "{why}");
}

/// A case told step by step is followed as a script, and its values stand where they are drawn.
#[test]
fn a_case_that_is_told_is_followed_to_the_same_end() {
    let mut violated = 0;
    for subject in &catalog() {
        for variant in subject.variants() {
            for number in [0, 5, 70, 200, 333] {
                let (_, case, replay) =
                    subject.run(variant, Spec::default(), RunIndex::nth(number));
                let Some(invariant) = case.invariant.clone() else { continue };
                violated += 1;
                let told = subject.decided(&case).expect("a case of this scenario");
                let values: Vec<u32> =
                    told.iter().flat_map(|told| told.decision.values.clone()).collect();
                assert_eq!(values, case.tape.values, "the values in order are those of the tape");
                let script = atropos::script::Script {
                    variant: case.variant.clone(),
                    invariant,
                    conditions: case.conditions,
                    step_limit: case.step_limit,
                    workload: case.workload.clone(),
                    decisions: told.into_iter().map(|told| told.decision).collect(),
                };
                let followed = subject.follow(&script).expect("a script of this scenario");
                assert_eq!(followed.replay.divergence, None, "{}", variant.name);
                assert_eq!(followed.replay.digest, replay.digest, "{}", variant.name);
            }
        }
    }
    assert!(violated > 10, "only {violated} runs violate anything");
}
