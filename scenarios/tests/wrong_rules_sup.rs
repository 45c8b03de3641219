//! The net is tight: each rule of supervisors that is wrong on purpose is caught by a vector or by a
//! recorded program.

mod common;

use atropos::process::Wrong;
use atropos_scenarios::program::conform::Vector;
use common::{lines, passes, with_wrong};

fn vectors(file: &str) -> Vec<Vector> {
    let values = lines(file).into_iter().filter(|value| value["kind"] == "sup");
    values.map(|value| Vector::from_value(&value).expect("a vector")).collect()
}

#[test]
fn each_wrong_rule_of_supervisors_is_caught() {
    let mut all = vectors("vectors_public.jsonl");
    assert_eq!(all.len(), 46);
    all.extend(vectors("recorded_sup.jsonl"));
    let pass = |wrong| {
        let profile = with_wrong(wrong);
        all.iter().all(|vector| passes(vector, profile))
    };
    assert!(pass(None), "the rules themselves");
    let missed: Vec<Wrong> =
        Wrong::SUPERVISOR.into_iter().filter(|&wrong| pass(Some(wrong))).collect();
    assert_eq!(missed, [], "rules that are wrong and pass for right");
}
