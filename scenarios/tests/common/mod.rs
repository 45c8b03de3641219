//! What the tests of conformance share: the recorded files, and whether a vector or a recorded
//! program agrees under a profile.

#![allow(dead_code, reason = "each test file uses its part")]

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

/// A file of what the BEAM did.
pub(crate) fn text(file: &str) -> String {
    let path = format!("{}/conformance/beam/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Its lines.
pub(crate) fn lines(file: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).expect("a line is JSON");
    text(file).lines().map(read).collect()
}

/// A program and what the BEAM came to, once.
pub(crate) struct Recorded {
    pub(crate) program: Program,
    pub(crate) expected: String,
}

/// The programs of the oracle that were recorded.
pub(crate) fn recorded() -> Vec<Recorded> {
    recorded_in("recorded.jsonl")
}

/// Those of servers, agents and tasks.
pub(crate) fn recorded_otp() -> Vec<Recorded> {
    recorded_in("recorded_otp.jsonl")
}

fn recorded_in(file: &str) -> Vec<Recorded> {
    let read = |value: &Value| {
        let program = Program::from_value(value).expect("a recorded program");
        Recorded { expected: canonical(&program, &value["observed"]), program }
    };
    lines(file).iter().map(read).collect()
}

/// Whether a recorded outcome is reached; the spaces must close.
pub(crate) fn is_reached(recorded: &Recorded, profile: &'static Profile) -> bool {
    [TimerRule::Idle, TimerRule::Any].into_iter().any(|timers| {
        let conditions =
            Conditions { delivery: Delivery::Pairwise, timers, faults: 0, ..Conditions::PLAIN };
        let bounds = Bounds::default();
        let explored = explore_under(&recorded.program, profile, &conditions, bounds);
        assert!(explored.closed, "{}: the space closes", recorded.program.id);
        explored.outcomes.contains(&recorded.expected)
    })
}

/// OTP 25 with a rule that is wrong, or with none.
pub(crate) fn with_wrong(wrong: Option<Wrong>) -> &'static Profile {
    Box::leak(Box::new(Profile { wrong, ..OTP_25 }))
}

pub(crate) fn passes(vector: &Vector, profile: &'static Profile) -> bool {
    matches!(vector.judge_under(profile, Bounds::default()), Verdict::Passed { .. })
}
