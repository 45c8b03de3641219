//! The JSON form of programs: what the parser reads, refuses and writes.

use atropos_scenarios::program::{Program, parse::ProgramError};
use serde_json::Value;
use std::fs;

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/beam/vectors_public.jsonl");
    let text = fs::read_to_string(path).expect("the vectors are in the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("a vector is JSON")).collect()
}

/// The vectors of kind `proc`: those that are programs.
fn programs() -> Vec<Value> {
    vectors().into_iter().filter(|vector| vector.get("kind").is_none()).collect()
}

#[test]
fn every_vector_is_read_or_of_a_later_layer() {
    let (mut read, mut later) = (0, 0);
    for vector in programs() {
        match Program::from_value(&vector) {
            Ok(_) => read += 1,
            Err(ProgramError::Later { .. }) => later += 1,
            Err(error) => panic!("{}: {error}", vector["id"]),
        }
    }
    assert_eq!((read, later), (99, 48));
}

#[test]
fn what_is_written_is_read_back() {
    for vector in programs() {
        let Ok(program) = Program::from_value(&vector) else { continue };
        let written = program.to_value();
        assert_eq!(Program::from_value(&written).as_ref(), Ok(&program), "{written}");
        assert_eq!(Program::from_json(&written.to_string()).as_ref(), Ok(&program), "{written}");
    }
}
