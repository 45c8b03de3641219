//! How often each operation occurred, and how often it raised.

use serde_json::Value;
use std::collections::BTreeMap;

/// An operation's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// In steps, where the result is seen.
    pub(crate) in_steps: u64,
    /// Of these, raised.
    pub(crate) raised: u64,
    /// In bodies.
    pub(crate) in_bodies: u64,
}

/// The rows, by operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(pub(crate) BTreeMap<String, Count>);

impl Counts {
    /// What a program has.
    pub(crate) fn of_program(program: &Value) -> Self {
        let mut counts = Counts::default();
        counts.add(program, &Value::Null);
        counts
    }

    pub(crate) fn has(&self, op: &str) -> bool {
        self.0.contains_key(op)
    }

    /// Counts the operations of a program in its JSON form, with the results of its steps.
    pub(crate) fn add(&mut self, program: &Value, observed: &Value) {
        for (at, step) in list(&program["program"]).iter().enumerate() {
            self.step(step, &observed["steps"][at]);
        }
    }

    fn row(&mut self, op: &Value) -> &mut Count {
        self.0.entry(op["op"].as_str().unwrap_or("?").to_owned()).or_default()
    }

    fn step(&mut self, op: &Value, result: &Value) {
        let row = self.row(op);
        row.in_steps += 1;
        row.raised += u64::from(!result["raise"].is_null());
        let inner = list(&op["ops"]).iter().chain(list(&op["steps"]));
        for (at, inner) in inner.enumerate() {
            self.step(inner, &result[at]);
        }
        list(&op["body"]).iter().for_each(|op| self.body(op));
    }

    fn body(&mut self, op: &Value) {
        self.row(op).in_bodies += 1;
        list(&op["body"]).iter().for_each(|op| self.body(op));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_are_counted_where_they_stand() {
        let link = json!({ "op": "link", "to": "@p0" });
        let spawn = json!({ "op": "spawn", "body": [link] });
        let program = json!({ "program": [{ "op": "seq", "ops": [link, spawn] }, link] });
        let raise = json!({ "raise": ["error", "noproc"] });
        let observed = json!({ "steps": [[raise, "@p1"], true] });
        let mut counts = Counts::default();
        counts.add(&program, &observed);
        assert_eq!(counts.0["link"], Count { in_steps: 2, raised: 1, in_bodies: 1 });
        assert_eq!(counts.0["spawn"].in_steps, 1);
    }
}
