//! A regression as JSON: one operation, one decision and one line of the timeline a line, so that a
//! diff of two files reads like a diff of two stories.

use super::{ForPeople, FoundAt, Regression, VERSION};
use atropos::{decisions::Decision, name::MoveKind, subject::Subject};
use serde::Serialize;

/// A decision as it stands in a file.
#[derive(Serialize)]
struct Line<'a> {
    at: usize,
    run: String,
    called: &'a str,
    kind: MoveKind,
    #[serde(skip_serializing_if = "is_once")]
    times: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    values: &'a [u32],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_once(times: &usize) -> bool {
    *times == 1
}

impl Regression {
    /// The file.
    ///
    /// # Panics
    /// If the workload is none of the scenario.
    pub(crate) fn to_json(&self, subject: &dyn Subject) -> String {
        let operations = subject.workload_json(&self.script.workload);
        let operations = operations.expect("a workload of this scenario");
        let script = &self.script;
        let mut fields = vec![
            field("version", &VERSION),
            field("scenario", &self.scenario),
            field("variant", &script.variant),
            field("invariant", &script.invariant),
        ];
        fields.extend(self.note.as_ref().map(|note| field("note", note)));
        if self.found != FoundAt::default() {
            fields.push(field("found", &self.found));
        }
        fields.push(field("conditions", &script.conditions));
        fields.push(field("step_limit", &script.step_limit));
        fields.push(list("workload", operations.iter().map(json)));
        fields.push(list("decisions", self.lines().iter().map(json)));
        fields.push(list("timeline", self.timeline.iter().map(json)));
        format!("{{\n{}\n}}\n", fields.join(",\n"))
    }

    /// The decisions; steps in a row that say the same and draw nothing are one.
    fn lines<'a>(&'a self) -> Vec<Line<'a>> {
        let steps: Vec<Step<'a>> = self.script.decisions.iter().zip(&self.people).collect();
        let alike = |a: &Step<'_>, b: &Step<'_>| a == b && a.0.values.is_empty();
        let mut at = 1;
        let line = |alike: &[Step<'a>]| {
            let (Decision { who, kind, values }, ForPeople { called, why }) = alike[0];
            let (first, times) = (at, alike.len());
            at += times;
            Line { at: first, run: who.to_string(), called, kind: *kind, times, why, values }
        };
        steps.chunk_by(alike).map(line).collect()
    }
}

/// A decision and what people are told of it.
type Step<'a> = (&'a Decision, &'a ForPeople);

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a regression is plain data")
}

fn field(name: &str, value: &impl Serialize) -> String {
    format!("  {}: {}", json(&name), json(value))
}

fn list(name: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| format!("    {line}")).collect();
    match lines.is_empty() {
        true => format!("  {}: []", json(&name)),
        false => format!("  {}: [\n{}\n  ]", json(&name), lines.join(",\n")),
    }
}
