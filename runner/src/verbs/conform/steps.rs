//! Step programs of asyncio: under each profile the trace must be the one of that release.

use super::{Conformance, Line, headline};
use crate::{exit::Stop, output::Output};
use atropos::event_loop;
use atropos_scenarios::steps::conform::{Told, Vector, Verdict};
use serde_json::Value;

/// How many profiles there are.
pub(super) const PROFILES: usize = event_loop::PROFILES.len();

impl Conformance<'_> {
    pub(super) fn steps(
        &mut self,
        id: &str,
        line: &str,
        value: &Value,
        out: &mut Output,
        place: impl Fn(String) -> Stop,
    ) -> Result<(), Stop> {
        let vector = Vector::from_line(line).map_err(|error| place(format!("{id}: {error}")))?;
        for profile in event_loop::PROFILES {
            let Verdict::Failed { expected, got } = vector.judge(profile) else { continue };
            self.totals.failed += 1;
            let rule = value.get("rule").and_then(Value::as_str).unwrap_or("");
            let head = headline(id, rule);
            let (expected, got) = (shown(&expected), shown(&got));
            let text = format!("{head}\n  expected  {expected}\n  got       {got}");
            out.say(&format!("{text}  ({})", profile.name))?;
            let line = Line::Failed { id, expected: &expected, got: Some(&got), outcomes: 1 };
            return out.tell("vector", &line);
        }
        self.totals.passed += 1;
        self.totals.steps += 1;
        out.tell("vector", &Line::Passed { id, extra: 0 })
    }

    pub(super) fn python(&mut self, id: &str, out: &mut Output) -> Result<(), Stop> {
        self.totals.python += 1;
        let told = Told::of(id).text();
        out.say(&format!("python  {id}: {told}"))?;
        out.tell("vector", &Line::Python { id, told })
    }
}

fn shown(lines: &[String]) -> String {
    Value::from(lines.to_vec()).to_string()
}
