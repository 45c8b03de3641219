//! Every vector against the suite: one rule for each, and each rule gives what was observed.

use crate::suite::rules;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::panic::catch_unwind;

const VECTORS: &str = include_str!("../../conformance/tokio/vectors_public.jsonl");

/// Where a version differs and the vectors do not say so: version, rule, and its panic's shorter text.
const ALSO_DIFFERS: (&str, &str, &str) = (
    "1.47.1",
    "rtd-007",
    "Cannot start a runtime from within a runtime. This happens because a function (like \
     `block_on`) attempted to block the current thread while the thread is being used to drive \
     asynchronous tasks.",
);

/// Panics with every difference between the suite and what this version of tokio gave.
pub(crate) fn check(version: &str) {
    let vectors = vectors(version);
    assert_eq!(vectors.len(), 145, "vectors of the file");
    let rules = rules();
    let mut by_name: BTreeMap<&str, fn() -> Value> = rules.iter().copied().collect();
    assert_eq!(by_name.len(), rules.len(), "no rule stands twice");
    let mut differences = Vec::new();
    for (id, expected) in vectors {
        match by_name.remove(id.as_str()).map(observe) {
            Some(observed) if observed == expected => {}
            Some(observed) => differences.push(format!("{id}: {observed} instead of {expected}")),
            None => differences.push(format!("{id}: no rule")),
        }
    }
    differences.extend(by_name.keys().map(|id| format!("{id}: no vector")));
    assert!(differences.is_empty(), "tokio {version} differs:\n{}", differences.join("\n"));
}

/// What was observed on a version, by the name of the vector.
fn vectors(version: &str) -> Vec<(String, Value)> {
    let read = |line: &str| serde_json::from_str::<Value>(line).expect("a line is JSON");
    let named = |vector: Value| {
        let id = vector["id"].as_str().expect("a vector has an id").to_owned();
        let differs = vector["differs_in"].get(version).cloned().or_else(|| also(version, &id));
        (id, differs.unwrap_or_else(|| vector["observed"].clone()))
    };
    VECTORS.lines().map(read).map(named).collect()
}

fn also(version: &str, id: &str) -> Option<Value> {
    let (old, rule, text) = ALSO_DIFFERS;
    ((old, rule) == (version, id)).then(|| json!({"PANIC": text}))
}

/// A rule that panics is one difference among others.
fn observe(rule: fn() -> Value) -> Value {
    catch_unwind(rule).unwrap_or_else(|_| Value::from("the rule itself panicked"))
}
