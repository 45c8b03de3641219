//! `atropos explain` on the main bug of each story gives the cause that its page tells.

mod common;

use common::{Place, tokens};
use serde_json::Value;

/// The variant, the invariant, and the roles of its chain in order: what the story tells.
const STORIES: [(&str, &str, &[&str]); 5] = [
    ("atomvm-links/v0.6.2", "no-duplicate-link", &["linked", "linked-again", "used"]),
    ("ash-limiter/v3.5.24", "no-stale-pid", &["ended", "kept", "used"]),
    ("kv-registry/linked", "registry-survives", &["linked", "ended", "used"]),
    ("restate-join/v1.2.0", "no-panic", &["kept", "ended", "used"]),
    ("llama-chat/v0.12.17", "no-pending-task-collected", &["unreachable", "collected", "used"]),
];

/// The token of a violation of an invariant.
fn failing(place: &Place, variant: &str, invariant: &str) -> String {
    let fuzz = ["fuzz", variant, "--runs", "2000", "--format", "json", "--no-regressions"];
    let said = place.run(&fuzz).ended(100);
    let found = said.events("violation").into_iter().find(|line| line["invariant"] == invariant);
    let found = found.unwrap_or_else(|| panic!("{variant} violates {invariant}: {said:?}"));
    found["token"].as_str().expect("a token").to_owned()
}

fn explained(place: &Place, token: &str) -> Value {
    let said = place.run(&["explain", token, "--format", "json"]).ended(0);
    said.events("explained").remove(0)
}

#[test]
fn each_story_is_explained_as_it_is_told() {
    let place = Place::new();
    for (variant, invariant, roles) in STORIES {
        let token = failing(&place, variant, invariant);
        let line = explained(&place, &token);
        let chain = line["chain"].as_array().expect("a chain");
        let mut found: Vec<&str> = chain.iter().filter_map(|link| link["role"].as_str()).collect();
        assert_eq!(found.last(), Some(&"used"), "{variant}: the violating step is last: {line}");
        // The roles of the story come in this order; others may stand between them.
        for role in roles.iter() {
            let at = found.iter().position(|found| found == role);
            let at = at.unwrap_or_else(|| panic!("{variant}: no {role} in its place: {chain:#?}"));
            found.drain(..at);
        }
        let steps: Vec<u64> = chain.iter().filter_map(|link| link["step"].as_u64()).collect();
        assert!(steps.is_sorted(), "{variant}: in order: {steps:?}");
    }
}

#[test]
fn the_nearest_passing_run_passes_and_differs_in_its_decision() {
    let place = Place::new();
    let token = failing(&place, "ash-limiter/alive-then-call", "read-answers");
    let line = explained(&place, &token);
    let passing = line["passing_token"].as_str().expect("a race has a run that passes");
    place.run(&["replay", passing]).ended(0).with("all invariants held");
    assert_ne!(line["passing"]["failing"]["lines"], line["passing"]["passing"]["lines"], "{line}");
    let step = line["passing"]["step"].as_u64().expect("a step");
    let steps = line["steps"].as_u64().expect("a number");
    assert!((1..=steps).contains(&step), "{step} of {steps}");
}

#[test]
fn the_chance_rises_to_certainty_and_says_how_sure_it_is() {
    let place = Place::new();
    let token = failing(&place, "ash-limiter/alive-then-call", "read-answers");
    let line = explained(&place, &token);
    let points = line["chance"].as_array().expect("points");
    let last = points.last().expect("a point");
    assert_eq!(last["failed"], last["runs"], "all kept, it fails: {last}");
    assert!(points[0]["chance"].as_f64() < Some(1.0), "drawn from the start it may pass: {line}");
    for point in points {
        let [low, chance, high] = ["low", "chance", "high"].map(|name| point[name].as_f64());
        assert!(low <= chance && chance <= high, "{point}");
        assert_eq!(point["runs"], 200, "{point}");
    }
    let from = line["inevitable_from"].as_u64().expect("a decision");
    let after = points.iter().filter(|point| point["kept"].as_u64() >= Some(from));
    assert!(after.into_iter().all(|point| point["failed"] == point["runs"]), "{line}");
    let again = explained(&place, &token);
    assert_eq!(again, line, "the same each time");
}

#[test]
fn a_run_that_holds_has_nothing_to_explain() {
    let place = Place::new();
    place.run(&["explain", "atomvm-links/fixed:a7209005:3"]).ended(0).with("nothing to explain");
    place.run(&["explain", "at1-XX"]).ended(2).with("malformed token");
    let said = place.run(&["fuzz", common::BROKEN, "--runs", "64"]).ended(100);
    let token = tokens(&said.stdout).remove(0);
    let told = place.run(&["explain", &token]).ended(0);
    for piece in ["What led to it", "Chance of this failure by decisions kept", "█", "of 200"] {
        let piece = if piece == "of 200" { "200 a point" } else { piece };
        assert!(told.stdout.contains(piece), "{piece:?} is missing in {}", told.stdout);
    }
}

/// Ann's monitor and Ben's exit signal meet at the limiter: it lives for one and not for the other.
#[test]
fn the_race_is_told_by_what_both_steps_touch() {
    let place = Place::new();
    let token = failing(&place, "ash-limiter/alive-then-call", "read-answers");
    let line = explained(&place, &token);
    let race = &line["race"];
    let over = race["over"].as_array().expect("what they race for");
    assert!(over.iter().any(|what| what == "the end of limiter#1.1"), "{race}");
    let step = |racer: &str, run: &str| race[racer][run].as_u64().expect("a step");
    assert!(step("first", "failing") < step("second", "failing"), "{race}");
    assert!(step("second", "passing") < step("first", "passing"), "the other way round: {race}");
    let said = place.run(&["explain", &token]).ended(0);
    assert!(said.stdout.contains("The race is over the end of limiter#1.1"), "{}", said.stdout);
}

/// The cache is told of the death before it is asked: no single decision puts it right, some drawn
/// runs do.
#[test]
fn where_no_single_decision_helps_a_drawn_run_that_passes_is_told() {
    let place = Place::new();
    let file = format!("{}/../scenarios/programs/cache-stale-pid.json", env!("CARGO_MANIFEST_DIR"));
    let fuzz = ["fuzz", "--program", &file, "--runs", "500", "--format", "json"];
    let said = place.run(&fuzz).ended(100);
    let found = said.events("violation").remove(0);
    let token = found["token"].as_str().expect("a token");
    let said = place.run(&["explain", "--program", &file, token, "--format", "json"]).ended(0);
    let line = said.events("explained").remove(0);
    assert_eq!(line["passing"]["alone"], false, "{line}");
    let passing = line["passing_token"].as_str().expect("a drawn run passes");
    let again = place.run(&["replay", "--program", &file, passing]).ended(0);
    assert!(again.stdout.contains("all invariants held"), "{}", again.stdout);
    let step = line["passing"]["step"].as_u64().expect("a step");
    let from = line["inevitable_from"].as_u64().expect("a decision");
    assert!(step <= from, "it parts at {step}, before it is inevitable from {from}");
}
