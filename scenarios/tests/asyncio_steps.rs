//! Step programs of asyncio: what the world makes of them and what a real CPython did.

use atropos::event_loop::{CPYTHON_3_11, PROFILES, Profile};
use atropos_scenarios::steps::{
    conform::{Vector, Verdict},
    model::Program,
};
use serde_json::Value;

const PUBLIC: &str = include_str!("../conformance/asyncio/vectors_public.jsonl");

/// The vectors of kind `steps`: their names and lines.
fn steps(text: &str) -> Vec<(String, &str)> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let all = lines.map(|line| {
        let value: Value = serde_json::from_str(line).expect("a line of JSON");
        (value["id"].as_str().unwrap_or("?").to_owned(), value["kind"] == "steps", line)
    });
    all.filter(|(_, is_steps, _)| *is_steps).map(|(id, _, line)| (id, line)).collect()
}

fn complaints(text: &str, profile: &'static Profile) -> Vec<String> {
    let judged = steps(text).into_iter().filter_map(|(id, line)| {
        let vector = Vector::from_line(line).unwrap_or_else(|error| panic!("{id}: {error}"));
        match vector.judge(profile) {
            Verdict::Passed => None,
            Verdict::Failed { expected, got } => {
                Some(format!("{id} under {}\n  {expected:#?}\n  {got:#?}", profile.name))
            }
        }
    });
    judged.collect()
}

#[test]
fn every_public_step_program_gives_the_trace_of_cpython() {
    assert_eq!(steps(PUBLIC).len(), 64);
    for profile in PROFILES {
        let complaints = complaints(PUBLIC, profile);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn what_was_read_is_written_and_read_again() {
    for (id, line) in steps(PUBLIC) {
        let program = Program::from_vector(line).expect("a vector");
        let again = Program::from_text(&program.to_text()).expect("what was written");
        assert_eq!(program, again, "{id}");
    }
    let _ = &CPYTHON_3_11;
}
