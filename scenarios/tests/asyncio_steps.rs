//! Step programs of asyncio: what the world makes of them and what a real CPython did.

use atropos::event_loop::{PROFILES, Profile};
use atropos_scenarios::steps::{
    conform::{PYTHON, Told, Vector, Verdict},
    model::Program,
};
use serde_json::Value;

const PUBLIC: &str = include_str!("../conformance/asyncio/vectors_public.jsonl");
const RECORDED: &str = include_str!("../conformance/asyncio/recorded.jsonl");
const RETOLD: &str = include_str!("../conformance/asyncio/retold.jsonl");

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
}

#[test]
fn what_was_python_and_is_told_in_steps_gives_the_trace_of_cpython() {
    assert_eq!(steps(RETOLD).len(), 4);
    for profile in PROFILES {
        let complaints = complaints(RETOLD, profile);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn recorded_random_programs_give_the_traces_of_cpython() {
    assert_eq!(steps(RECORDED).len(), 200);
    for profile in PROFILES {
        let complaints = complaints(RECORDED, profile);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

#[test]
fn every_python_vector_is_told_or_has_a_reason() {
    let lines = PUBLIC.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let python: Vec<Value> = lines.filter(|vector| vector["kind"] == "python").collect();
    assert_eq!(python.len(), PYTHON.len());
    for (id, told) in PYTHON {
        assert!(python.iter().any(|vector| vector["id"] == id), "{id}");
        let in_steps = steps(RETOLD).iter().any(|(known, _)| known == id);
        assert_eq!(in_steps, told == Told::Steps, "{id}");
    }
}

#[test]
fn what_is_no_program_is_refused_with_its_place() {
    let table = [
        (r#"[]"#, "the program: expected an object, found an array"),
        (r#"{"tasks": {}}"#, "the program: it has no key `main`"),
        (r#"{"main": [], "mian": []}"#, "the program: it has no key `mian`; did you mean `main`?"),
        (
            r#"{"main": [["slep", 1]]}"#,
            "main[0]: there is no operation `slep`; did you mean `sleep`?",
        ),
        (r#"{"main": [["log"]]}"#, "main[0]: `log` takes 1 argument, found 0"),
        (r#"{"main": [["log", 1]]}"#, "main[0][1]: expected a string, found 1"),
        (
            r#"{"main": [["future", "F", "here"]]}"#,
            "main[0][2]: expected `local`, `global`, `set` or `none`, found \"here\"",
        ),
        (
            r#"{"tasks": {"T": []}, "main": [["spawn", "U#1", "none"]]}"#,
            "main[0][1]: no task has a body `U`: there is `T`",
        ),
        (
            r#"{"tasks": {"T": [["call", [["sleep", -1]]]]}, "main": []}"#,
            "tasks.T[0][1][0][1]: expected a time in units, 0 or more, with three decimals at most, \
          found -1",
        ),
        (
            r#"{"main": [["raise", "ValueErorr:x"]]}"#,
            "main[0][1]: there is no class `ValueErorr`; did you mean `ValueError`?",
        ),
        (
            r#"{"main": [["raise", "ExceptionGroup"]]}"#,
            "main[0][1]: a group is raised by a TaskGroup only",
        ),
        (
            r#"{"main": [["call_soon", [["sleep", 1]]]]}"#,
            "main[0][1][0]: a callback cannot wait: this stands in coroutines only",
        ),
        (r#"{"main": [], "after": [["stop"]]}"#, "after[0]: `stop` needs a loop that runs"),
        (
            r#"{"main": [], "mode": "asyncio.run", "after": [["gc"]]}"#,
            "after: nothing is left to do after `asyncio.run`",
        ),
        (
            r#"{"main": [["new", "lock", "l", "set"]]}"#,
            "main[0][3]: the background set is for tasks and futures",
        ),
    ];
    for (text, complaint) in table {
        let error = Program::from_text(text).expect_err(text);
        assert_eq!(error.to_string(), complaint, "{text}");
    }
}
