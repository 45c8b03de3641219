//! The net is tight: each rule of servers, agents and tasks that is wrong on purpose is caught by a
//! vector.

use atropos::process::{OTP_25, Profile, Wrong};
use atropos_scenarios::program::{
    conform::{Vector, Verdict},
    explore::Bounds,
};
use std::fs;

/// The vectors with operations of this layer.
fn vectors() -> Vec<Vector> {
    let path = format!("{}/conformance/beam/vectors_public.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let of_this_layer = |line: &&str| {
        ["gs_", "agent_", "task_"].iter().any(|kind| line.contains(&format!("\"{kind}")))
    };
    let read = |line: &str| serde_json::from_str(line).expect("a line is JSON");
    let values = text.lines().filter(of_this_layer).map(read);
    values.filter_map(|value| Vector::from_value(&value).ok()).collect()
}

fn passes(vector: &Vector, wrong: Option<Wrong>) -> bool {
    let profile: &'static Profile = Box::leak(Box::new(Profile { wrong, ..OTP_25 }));
    matches!(vector.judge_under(profile, Bounds::default()), Verdict::Passed { .. })
}

#[test]
fn each_wrong_rule_of_this_layer_is_caught() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 48);
    assert!(vectors.iter().all(|vector| passes(vector, None)), "the rules themselves");
    let missed: Vec<Wrong> = Wrong::OTP
        .into_iter()
        .filter(|&wrong| vectors.iter().all(|vector| passes(vector, Some(wrong))))
        .collect();
    assert_eq!(missed, [], "rules that are wrong and pass for right");
}
