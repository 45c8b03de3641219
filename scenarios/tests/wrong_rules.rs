//! The net is tight: each rule that is wrong on purpose is caught by a vector or by the recorded
//! outcome of a random program.

use atropos::{
    plan::{Conditions, Delivery, TimerRule},
    process::{OTP_25, Profile, Wrong},
};
use atropos_scenarios::program::{
    Program,
    conform::{Vector, Verdict},
    explore::{Bounds, explore_under},
    observe::canonical,
};
use serde_json::Value;
use std::fs;

fn lines(file: &str) -> Vec<Value> {
    let path = format!("{}/conformance/beam/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// A program and what the BEAM came to, once.
struct Recorded {
    program: Program,
    expected: String,
}

fn recorded() -> Vec<Recorded> {
    let read = |value: &Value| {
        let program = serde_json::json!({ "program": value["program"] });
        let program = Program::from_value(&program).expect("a recorded program");
        Recorded { expected: canonical(&program, &value["observed"]), program }
    };
    lines("recorded.jsonl").iter().map(read).collect()
}

fn is_reached(recorded: &Recorded, profile: &'static Profile) -> bool {
    [TimerRule::Idle, TimerRule::Any].into_iter().any(|timers| {
        let conditions = Conditions { delivery: Delivery::Pairwise, timers, faults: 0 };
        let bounds = Bounds::default();
        let explored = explore_under(&recorded.program, profile, &conditions, bounds);
        explored.outcomes.contains(&recorded.expected)
    })
}

#[test]
fn each_wrong_rule_is_caught() {
    let vectors: Vec<Vector> = lines("vectors_public.jsonl")
        .iter()
        .filter_map(|value| Vector::from_value(value).ok())
        .collect();
    let recorded = recorded();
    let mut missed = Vec::new();
    for wrong in Wrong::ALL {
        let profile: &'static Profile =
            Box::leak(Box::new(Profile { wrong: Some(wrong), ..OTP_25 }));
        let passes = |vector: &Vector| {
            matches!(vector.judge_under(profile, Bounds::default()), Verdict::Passed { .. })
        };
        let by_vector = vectors.iter().any(|vector| !passes(vector));
        if !by_vector && recorded.iter().all(|recorded| is_reached(recorded, profile)) {
            missed.push(wrong);
        }
    }
    assert_eq!(missed, [], "rules that are wrong and pass for right");
}
