//! The process world against what the real BEAM did: the public vectors, and random programs whose
//! outcome on the BEAM was recorded.

use atropos::plan::{Conditions, Delivery, TimerRule};
use atropos_scenarios::program::{
    Program,
    conform::{Allowed, Vector, Verdict},
    explore::{Bounds, explore},
    observe::canonical,
    parse::ProgramError,
};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

fn lines(file: &str) -> Vec<Value> {
    let path = format!("{}/conformance/beam/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn allowed() -> Allowed {
    let text: Vec<String> = lines("allowed.jsonl").iter().map(Value::to_string).collect();
    Allowed::from_lines(&text.join("\n")).expect("well-formed")
}

#[test]
fn every_public_vector_of_this_layer_passes_and_its_extra_outcomes_are_explained() {
    let (mut passed, allowed, mut used) = (0, allowed(), BTreeSet::new());
    for value in lines("vectors_public.jsonl") {
        let id = value["id"].as_str().expect("a vector has an id");
        let vector = match Vector::from_value(&value) {
            Ok(vector) => vector,
            Err(ProgramError::Later { .. }) => continue,
            Err(error) => panic!("{id}: {error}"),
        };
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
    assert_eq!(passed, 147, "vectors of kind proc");
    assert_eq!(allowed.unused(&used).next(), None, "every explanation explains something");
}

/// A recorded outcome shows the rule that the vectors leave out, and it shows it without a BEAM.
#[test]
fn every_recorded_outcome_of_a_random_program_is_reached() {
    let recorded = lines("recorded.jsonl");
    assert!(recorded.len() >= 200, "the records are there");
    for value in recorded {
        let mut program = Program::from_value(&program_of(&value)).expect("a recorded program");
        program.id = value["id"].to_string();
        let expected = canonical(&program, &value["observed"]);
        let reached = [TimerRule::Idle, TimerRule::Any].into_iter().any(|timers| {
            let conditions = Conditions { delivery: Delivery::Pairwise, timers, faults: 0 };
            let explored = explore(&program, &conditions, Bounds::default());
            assert!(explored.closed, "{}: the space closes", program.id);
            explored.outcomes.contains(&expected)
        });
        assert!(reached, "{}: the BEAM came to {expected}", program.id);
    }
}

fn program_of(recorded: &Value) -> Value {
    serde_json::json!({ "id": recorded["id"], "program": recorded["program"] })
}

/// Instant delivery is a part of pairwise delivery, as a set of outcomes.
#[test]
fn what_instant_delivery_reaches_pairwise_delivery_reaches_too() {
    for value in lines("recorded.jsonl").iter().take(100) {
        let program = Program::from_value(&program_of(value)).expect("a recorded program");
        let [instant, pairwise] = [Delivery::Instant, Delivery::Pairwise].map(|delivery| {
            let conditions = Conditions { delivery, timers: TimerRule::Any, faults: 0 };
            explore(&program, &conditions, Bounds::default()).outcomes
        });
        let beyond: Vec<&String> = instant.difference(&pairwise).collect();
        assert!(beyond.is_empty(), "{}: {beyond:#?}", value["id"]);
    }
}
