//! Programs of people who write no Rust, and vectors of a real BEAM, on the command line.

mod common;

use common::{Place, Said, first_token, tokens};
use serde_json::{Value, json};
use std::fs;

fn repository(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A place with the example of the documentation.
fn with_example() -> Place {
    with("cache.json", &repository("scenarios/programs/cache-stale-pid.json"))
}

fn with(name: &str, text: &str) -> Place {
    let place = Place::new();
    place.write(name, text);
    place
}

fn refused(program: &Value) -> Said {
    with("p.json", &program.to_string()).run(&["fuzz", "--program", "p.json"]).ended(2)
}

#[test]
fn the_example_is_that_of_the_documentation() {
    let page = repository("docs/program.md");
    let block = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut told: Value = serde_json::from_str(block.expect("an example")).expect("it is JSON");
    let mut kept: Value =
        serde_json::from_str(&repository("scenarios/programs/cache-stale-pid.json"))
            .expect("it is JSON");
    for example in [&mut told, &mut kept] {
        example.as_object_mut().expect("an object").remove("$schema");
    }
    assert_eq!(told, kept);
}

#[test]
fn a_program_is_hunted_replayed_and_shrunk() {
    let place = with_example();
    let found = place
        .run(&["fuzz", "--program", "cache.json", "--runs", "1000"])
        .ended(100)
        .with("no-stale-pid")
        .with("cache#1.2 uses worker#1.1")
        .with("atropos replay --program cache.json at1-")
        .with("@worker: exit crash");
    let token = first_token(&found.stdout);
    place.run(&["replay", "--program", "cache.json", &token]).ended(100).with("uses worker#1.1");
    place.run(&["shrink", "--program", "cache.json", &token]).ended(0).with("no-stale-pid");
    place
        .run(&["replay", &token])
        .ended(103)
        .with("of a scenario or variant that this build does not have");
}

#[test]
fn a_program_is_run_and_listed() {
    let place = with_example();
    place.run(&["list", "--program", "cache.json"]).ended(0).with("must break no-stale-pid");
    let said = place.run(&["run", "--program", "cache.json", "--index", "3"]);
    assert!([0, 100].contains(&said.code), "{said:#?}");
    said.with("director").with("atropos replay --program cache.json cache-stale-pid/main:");
}

#[test]
fn a_program_that_holds_ends_with_zero() {
    let program = json!({ "program": [
        { "op": "spawn", "as": "@child", "opts": ["link"], "p": "@p0" },
        { "op": "par", "steps": [
            { "p": "@p0", "op": "unlink", "to": "@child" },
            { "p": "@child", "op": "exit", "reason": "boom" } ] }
    ], "invariants": ["links-symmetric", "no-link-to-dead", "one-exit-per-link"] });
    let place = with("holds.json", &program.to_string());
    place.run(&["fuzz", "--program", "holds.json", "--runs", "2000"]).ended(0).with("program/main");
    place.run(&["fuzz", "--program", "holds.json", "--faults", "2", "--runs", "2000"]).ended(0);
}

#[test]
fn a_command_that_never_ends_is_a_deadlock() {
    let program = json!({ "program": [{ "p": "@p0", "op": "recv", "match": "never" }] });
    with("waits.json", &program.to_string())
        .run(&["fuzz", "--program", "waits.json", "--runs", "64"])
        .ended(100)
        .with("no-deadlock")
        .with("p0#1 waits for a message like never for ever");
}

#[test]
fn a_program_runs_under_the_profile_that_it_names() {
    let program = json!({ "profile": "atomvm-0.6.2", "invariants": ["no-duplicate-link"],
        "program": [
            { "op": "spawn", "as": "@child", "p": "@p0" },
            { "op": "link", "to": "@child" },
            { "op": "link", "to": "@child" } ] });
    with("twice.json", &program.to_string())
        .run(&["fuzz", "--program", "twice.json", "--runs", "64"])
        .ended(100)
        .with("no-duplicate-link");
}

#[test]
fn what_is_no_program_is_refused_with_its_place() {
    refused(&json!({ "program": [{ "op": "lnik", "to": "@p0" }] }))
        .with("p.json: program[0].op: there is no operation `lnik`; did you mean `link`?");
    refused(&json!({ "program": [], "invariants": ["no-such"] }))
        .with("p.json: invariants: there is no \"no-such\"; there are no-panic");
    refused(&json!({ "program": [], "profile": "otp-7" }))
        .with("p.json: profile: there is no \"otp-7\"; there are otp-25");
    refused(&json!({ "program": [], "breaks": ["names-live"] }))
        .with("breaks: \"names-live\" is not among the program's invariants");
    refused(&json!({ "kind": "sup", "program": [] }))
        .with("p.json: kind: a program of kind `sup` is a vector: `atropos conform` judges it");
    with("p.json", "{").run(&["run", "--program", "p.json"]).ended(2).with("line 1, column 1");
    Place::new().run(&["run", "--program", "none.json"]).ended(1).with("cannot read none.json");
}

#[test]
fn a_step_program_of_asyncio_is_hunted_replayed_and_checked() {
    let place = with("steps.json", &repository("scenarios/programs/fire-and-forget.json"));
    let fuzz = ["fuzz", "--program", "steps.json", "--runs", "256"];
    let said = place.run(&fuzz).ended(100).with("FAIL  fire-and-forget/main");
    assert!(said.stdout.contains("missing is a reference to writer#1.1"), "{said:?}");
    let token = tokens(&said.stdout).remove(0);
    let replay = ["replay", "--program", "steps.json", &token];
    place.run(&replay).ended(100).with("writer:finally");
    place.run(&["check", "--program", "steps.json"]).ended(0).with("no-pending-task-collected");
    // Without a collector nobody is destroyed.
    place.run(&[&fuzz[..], &["--collect", "off"]].concat()).ended(0);
}

#[test]
fn what_is_no_step_program_is_refused_with_its_place() {
    let steps = |profile: &str, breaks: &str, op: &str| {
        let file = json!({ "kind": "steps", "profile": profile, "breaks": [breaks],
            "program": { "tasks": {}, "main": [[op]] } });
        with("s.json", &file.to_string()).run(&["run", "--program", "s.json"]).ended(2)
    };
    let (profile, breaks) = ("cpython-3.11", "no-deadlock");
    steps(profile, breaks, "slep").with("s.json: main[0]: there is no operation `slep`");
    steps("cpython-2", breaks, "gc").with("there is no \"cpython-2\"; there are cpython-3.11");
    steps(profile, "no-such", "gc").with("breaks: there is no \"no-such\"; there are no-panic");
}

#[test]
fn vectors_that_agree_pass() {
    // Races alone: `scenarios/tests/conformance.rs` judges all vectors.
    let vectors = repository("scenarios/conformance/beam/vectors_public.jsonl");
    let place = with("v.jsonl", &vectors);
    let conform =
        |more: &[&str]| place.run(&[&["conform", "v.jsonl", "--only", "race"], more].concat());
    let said = conform(&[]).ended(0).with("extra  race-link-vs-exit-notrap");
    assert!(said.stdout.ends_with("\n18 passed, 0 failed\n"), "{}", said.stdout);
    conform(&["--strict"]).ended(100).with("17 passed, 1 failed");
    let why = repository("scenarios/conformance/beam/allowed.jsonl");
    place.write("why.jsonl", &why);
    conform(&["--strict", "--allow", "why.jsonl"]).ended(0);
    place.write("allowed.jsonl", &why);
    conform(&["--strict"]).ended(0).with(" explained");
    let json = conform(&["--format", "json"]).ended(0).json();
    assert_eq!(json.last().expect("an end")["passed"], 18);
}

#[test]
fn a_vector_that_disagrees_fails_with_what_was_expected_and_what_came() {
    let vector = json!({ "id": "wrong", "rule": "the dead are alive",
        "program": [{ "p": "@p0", "op": "alive", "to": "@p0" }],
        "observed": { "steps": [false], "exits": {}, "final": { "@p0": {
            "links": [], "monitors": [], "monitored_by": [], "mailbox": [],
            "trap_exit": false, "name": null } } } });
    let said = with("v.jsonl", &vector.to_string())
        .run(&["conform", "v.jsonl"])
        .ended(100)
        .with("FAIL  wrong: the dead are alive")
        .with("\"steps\":[false]")
        .with("\"steps\":[true]");
    assert!(said.stdout.ends_with("0 passed, 1 failed\n"), "{}", said.stdout);
}

#[test]
fn a_file_that_holds_no_vectors_is_told() {
    with("v.jsonl", "").run(&["conform", "v.jsonl"]).ended(4).with("holds no vector");
    with("v.jsonl", "{}\n{").run(&["conform", "v.jsonl"]).ended(2).with("v.jsonl: line 1");
    let unseen = json!({ "id": "a", "program": [] }).to_string();
    with("v.jsonl", &unseen).run(&["conform", "v.jsonl"]).ended(2).with("nothing to compare with");
    Place::new().run(&["conform", "none.jsonl"]).ended(1).with("cannot read none.jsonl");
}
