//! The process world against what the real BEAM did: the public vectors, and random programs whose
//! outcome on the BEAM was recorded.

mod common;

use atropos::{
    plan::{Conditions, Delivery, TimerRule},
    process::OTP_25,
};
use atropos_scenarios::program::{
    conform::{Allowed, Vector, Verdict},
    explore::{Bounds, explore},
};
use common::{is_reached, lines, recorded, recorded_otp, text};
use std::collections::BTreeSet;

#[test]
fn every_public_vector_passes_and_its_extra_outcomes_are_explained() {
    let allowed = Allowed::from_lines(&text("allowed.jsonl")).expect("well-formed");
    let (mut passed, mut used) = (0, BTreeSet::new());
    for value in lines("vectors_public.jsonl") {
        let id = value["id"].as_str().expect("a vector has an id");
        let vector = Vector::from_value(&value).unwrap_or_else(|error| panic!("{id}: {error}"));
        match vector.judge(Bounds::default()) {
            Verdict::Passed { extra } => {
                passed += 1;
                for outcome in extra {
                    let why = allowed.why(id, &outcome);
                    assert!(why.is_some(), "{id}: nothing explains the outcome {outcome}");
                    used.insert((id.to_owned(), outcome));
                }
            }
            verdict => panic!("{id}: {verdict:#?}"),
        }
    }
    assert_eq!(passed, 210, "vectors of the kinds proc, sup and kv");
    assert_eq!(allowed.unused(&used).next(), None, "every explanation explains something");
}

/// A recorded outcome shows the rule that the vectors leave out, and it shows it without a BEAM.
#[test]
fn every_recorded_outcome_of_a_random_program_is_reached() {
    let (processes, otp) = (recorded(), recorded_otp());
    assert!(processes.len() >= 200 && otp.len() >= 80, "the records are there");
    for recorded in processes.into_iter().chain(otp) {
        let (id, expected) = (&recorded.program.id, &recorded.expected);
        assert!(is_reached(&recorded, &OTP_25), "{id}: the BEAM came to {expected}");
    }
}

/// As vectors: what no race decides is the one outcome.
#[test]
fn every_recorded_program_of_supervisors_passes() {
    let recorded = lines("recorded_sup.jsonl");
    assert!(recorded.len() >= 9, "the records are there");
    for value in recorded {
        let vector = Vector::from_value(&value).expect("a recorded program");
        let verdict = vector.judge(Bounds::default());
        assert!(matches!(verdict, Verdict::Passed { .. }), "{}: {verdict:#?}", value["id"]);
    }
}

/// Instant delivery is a part of pairwise delivery, as a set of outcomes.
#[test]
fn what_instant_delivery_reaches_pairwise_delivery_reaches_too() {
    for recorded in recorded().iter().take(100) {
        let [instant, pairwise] = [Delivery::Instant, Delivery::Pairwise].map(|delivery| {
            let conditions =
                Conditions { delivery, timers: TimerRule::Any, faults: 0, ..Conditions::PLAIN };
            explore(&recorded.program, &conditions, Bounds::default()).outcomes
        });
        let beyond: Vec<&String> = instant.difference(&pairwise).collect();
        assert!(beyond.is_empty(), "{}: {beyond:#?}", recorded.program.id);
    }
}
