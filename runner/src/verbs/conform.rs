//! `atropos conform`: a world against what a real BEAM or a real CPython observed.
//!
//! One line a failure with what was expected and what came instead, one a vector with outcomes that
//! it does not list, then the totals.

mod steps;

use crate::{
    args::{Common, ConformArgs},
    exit::{Exit, Stop},
    output::{BAD, Output},
    progress::{Meter, counted},
};
use atropos_scenarios::program::{
    conform::{Allowed, Vector, Verdict},
    explore::Bounds,
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
enum Line<'a> {
    Passed { id: &'a str, extra: usize },
    Failed { id: &'a str, expected: &'a str, got: Option<&'a str>, outcomes: usize },
    Extra { id: &'a str, outcome: &'a str, why: Option<&'a str> },
    Unfinished { id: &'a str, states: u64 },
    Python { id: &'a str, told: &'a str },
}

#[derive(Default, Serialize)]
struct Totals {
    passed: u64,
    failed: u64,
    /// Outcomes beside those that race vectors list.
    extra: u64,
    /// Those of them that somebody explained.
    explained: u64,
    /// Step programs among those that passed.
    #[serde(skip_serializing_if = "is_zero")]
    steps: u64,
    /// Vectors of kind `python`, which are not judged.
    #[serde(skip_serializing_if = "is_zero")]
    python: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A file of vectors on its way through.
struct Conformance<'a> {
    args: &'a ConformArgs,
    allowed: Allowed,
    totals: Totals,
    explained: BTreeSet<(String, String)>,
}

pub(crate) fn run(args: &ConformArgs, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let text = read(&args.file)?;
    let allowed = allowed(args)?;
    let mut conformance =
        Conformance { args, allowed, totals: Totals::default(), explained: BTreeSet::new() };
    let lines: Vec<(usize, &str)> =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).collect();
    let mut meter = Meter::new(common.progress, common.quiet);
    for (done, &(at, line)) in lines.iter().enumerate() {
        meter.count("vectors", done as u64, lines.len() as u64);
        conformance.line(at + 1, line, out)?;
    }
    meter.clear();
    conformance.finish(out)
}

/// What explains extra outcomes: the file that was named, or the one beside the vectors.
fn allowed(args: &ConformArgs) -> Result<Allowed, Stop> {
    let beside = args.file.with_file_name("allowed.jsonl");
    let Some(file) = args.allow.clone().or_else(|| beside.exists().then_some(beside)) else {
        return Ok(Allowed::default());
    };
    Allowed::from_lines(&read(&file)?)
        .map_err(|why| Stop::new(Exit::Usage, format!("{}: {why}", file.display())))
}

fn read(file: &Path) -> Result<String, Stop> {
    fs::read_to_string(file).map_err(|error| Stop::io("read", file, &error))
}

impl Conformance<'_> {
    fn line(&mut self, number: usize, line: &str, out: &mut Output) -> Result<(), Stop> {
        let place = |error: String| {
            let why = format!("{}: line {number}: {error}", self.args.file.display());
            Stop::new(Exit::Usage, why)
        };
        let value: Value = serde_json::from_str(line).map_err(|error| place(error.to_string()))?;
        let id = match value.get("id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("line {number}"),
        };
        if self.args.only.as_ref().is_some_and(|part| !id.contains(part.as_str())) {
            return Ok(());
        }
        match value.get("kind").and_then(Value::as_str) {
            Some("steps") => return self.steps(&id, line, &value, out, place),
            Some("python") => return self.python(&id, out),
            _ => {}
        }
        match Vector::from_value(&value) {
            Ok(vector) => self.judge(&id, &value, &vector, out),
            Err(error) => Err(place(format!("{id}: {error}"))),
        }
    }

    fn judge(
        &mut self,
        id: &str,
        value: &Value,
        vector: &Vector,
        out: &mut Output,
    ) -> Result<(), Stop> {
        match vector.judge(Bounds::default()) {
            Verdict::Passed { extra } => self.passed(id, &extra, out),
            Verdict::Failed { expected, got, outcomes } => {
                self.totals.failed += 1;
                let rule = value.get("rule").and_then(Value::as_str).unwrap_or("");
                let got_text = got.as_deref().unwrap_or("nothing");
                let of = counted(outcomes as u64, "outcome", "outcomes");
                let head = headline(id, rule);
                out.say(&format!(
                    "{head}\n  expected  {expected}\n  got       {got_text}  ({of})"
                ))?;
                let got = got.as_deref();
                out.tell("vector", &Line::Failed { id, expected: &expected, got, outcomes })
            }
            Verdict::Unfinished { states } => {
                self.totals.failed += 1;
                let seen = counted(states, "state", "states");
                out.say(&format!("{}\n  its space did not close: {seen} seen", headline(id, "")))?;
                out.tell("vector", &Line::Unfinished { id, states })
            }
        }
    }

    fn passed(&mut self, id: &str, extra: &BTreeSet<String>, out: &mut Output) -> Result<(), Stop> {
        let mut unexplained = 0;
        for outcome in extra {
            let why = self.allowed.why(id, outcome);
            if why.is_some() {
                self.explained.insert((id.to_owned(), outcome.clone()));
                self.totals.explained += 1;
            } else {
                unexplained += 1;
                out.say(&format!("extra  {id}\n  {outcome}"))?;
            }
            out.tell("vector", &Line::Extra { id, outcome, why })?;
        }
        self.totals.extra += extra.len() as u64;
        if self.args.strict && unexplained > 0 {
            self.totals.failed += 1;
            return out.say(&format!(
                "{}\n  {} that nothing explains",
                headline(id, ""),
                counted(unexplained, "outcome", "outcomes")
            ));
        }
        self.totals.passed += 1;
        out.tell("vector", &Line::Passed { id, extra: extra.len() })
    }

    fn finish(self, out: &mut Output) -> Result<Exit, Stop> {
        let Totals { passed, failed, extra, explained, steps, python } = self.totals;
        if passed + failed + python == 0 {
            let why = format!("{} holds no vector that was asked for", self.args.file.display());
            return Err(Stop::new(Exit::NoMatch, why));
        }
        for id in self.allowed.unused(&self.explained).filter(|_| self.args.only.is_none()) {
            out.say_more(&format!("note: an outcome that is allowed for {id} was not reached"))?;
        }
        if extra > 0 {
            let extra = counted(extra, "extra outcome", "extra outcomes");
            out.say_more(&format!("{extra} of race vectors, {explained} explained"))?;
        }
        if steps > 0 {
            let steps = counted(steps, "step program", "step programs");
            out.say_more(&format!("{steps} passed under each of {} profiles", steps::PROFILES))?;
        }
        if python > 0 {
            let python = counted(python, "vector", "vectors");
            out.say_more(&format!("{python} of kind python, not judged here"))?;
        }
        out.tell("end", &self.totals)?;
        out.say(&format!("{passed} passed, {failed} failed"))?;
        Ok(if failed == 0 { Exit::Held } else { Exit::Violated })
    }
}

fn headline(id: &str, rule: &str) -> String {
    let (on, off) = (BAD.render(), BAD.render_reset());
    let rule = if rule.is_empty() { String::new() } else { format!(": {rule}") };
    format!("{on}FAIL{off}  {id}{rule}")
}
