//! The net is tight: each rule of servers, agents and tasks that is wrong on purpose is caught by a
//! vector, and most of them by the recorded outcome of a random program, too.

mod common;

use atropos::process::Wrong;
use atropos_scenarios::program::conform::Vector;
use common::{is_reached, passes, recorded_otp, text, with_wrong};

/// The vectors with operations of this layer.
fn vectors() -> Vec<Vector> {
    let of_this_layer = |line: &&str| {
        ["gs_", "agent_", "task_"].iter().any(|kind| line.contains(&format!("\"{kind}")))
    };
    let read = |line: &str| serde_json::from_str(line).expect("a line is JSON");
    let text = text("vectors_public.jsonl");
    let values = text.lines().filter(of_this_layer).map(read);
    values.filter_map(|value| Vector::from_value(&value).ok()).collect()
}

#[test]
fn each_wrong_rule_of_this_layer_is_caught() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 48);
    let pass = |wrong| {
        let profile = with_wrong(wrong);
        vectors.iter().all(|vector| passes(vector, profile))
    };
    assert!(pass(None), "the rules themselves");
    let missed: Vec<Wrong> = Wrong::OTP.into_iter().filter(|&wrong| pass(Some(wrong))).collect();
    assert_eq!(missed, [], "rules that are wrong and pass for right");
}

/// Rules that no recorded program can show: none calls itself; a shutdown has too many schedules to
/// be explored here.
const BEYOND: [Wrong; 2] = [Wrong::CallToSelfWaits, Wrong::ShutdownKeepsLink];

#[test]
fn all_others_are_caught_by_a_random_program_too() {
    let recorded = recorded_otp();
    let is_missed = |wrong: &Wrong| {
        let profile = with_wrong(Some(*wrong));
        recorded.iter().all(|recorded| is_reached(recorded, profile))
    };
    let missed: Vec<Wrong> = Wrong::OTP.into_iter().filter(is_missed).collect();
    assert_eq!(missed, BEYOND, "rules that are wrong and reach what the BEAM came to");
}
