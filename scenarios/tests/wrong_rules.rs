//! The net is tight: each rule that is wrong on purpose is caught by a vector or by the recorded
//! outcome of a random program.

mod common;

use atropos::process::Wrong;
use atropos_scenarios::program::conform::Vector;
use common::{is_reached, lines, passes, recorded, with_wrong};

#[test]
fn each_wrong_rule_is_caught() {
    let vectors: Vec<Vector> = lines("vectors_public.jsonl")
        .iter()
        .filter(|value| value.get("kind").is_none_or(|kind| kind == "proc"))
        .map(|value| Vector::from_value(value).expect("a vector"))
        .collect();
    let recorded = recorded();
    let is_missed = |wrong: &Wrong| {
        let profile = with_wrong(Some(*wrong));
        vectors.iter().all(|vector| passes(vector, profile))
            && recorded.iter().all(|recorded| is_reached(recorded, profile))
    };
    let missed: Vec<Wrong> = Wrong::ALL.into_iter().filter(is_missed).collect();
    assert_eq!(missed, [], "rules that are wrong and pass for right");
}
