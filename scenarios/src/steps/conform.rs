//! Vectors of asyncio: programs with what a real CPython observed, and whether the world agrees.

use super::{model::Program, play};
use crate::program::parse::ProgramError;
use atropos::event_loop::{CPYTHON_3_11, Profile};
use serde_json::Value;

/// A vector of kind `steps`.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What was run.
    pub program: Program,
    observed: Vec<String>,
    /// Other versions than that of `observed`, with what they observed.
    differs: Vec<(String, Vec<String>)>,
}

/// What became of a vector under a profile: nothing, or where the traces part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The world gives the same trace.
    Passed,
    /// It gives another one.
    Failed {
        /// What CPython observed.
        expected: Vec<String>,
        /// The trace of the world.
        got: Vec<String>,
    },
}

impl Vector {
    /// Reads a vector from its line.
    ///
    /// # Errors
    /// If it holds no step program, or carries no observation.
    pub fn from_line(line: &str) -> Result<Vector, ProgramError> {
        let program = Program::from_vector(line)?;
        let value: Value = serde_json::from_str(line)?;
        let observed = trace(&value["observed"]).ok_or_else(|| ProgramError {
            place: "the vector".to_owned(),
            reason: "it carries no trace under `observed`: nothing to compare with".to_owned(),
        })?;
        let differs = value["observed_differs"].as_object().into_iter().flatten();
        let differs = differs.filter_map(|(version, seen)| Some((version.clone(), trace(seen)?)));
        Ok(Vector { program, observed, differs: differs.collect() })
    }

    /// What the release that a profile stands for observed.
    pub fn expected(&self, profile: &Profile) -> &[String] {
        let release = profile.name.trim_start_matches("cpython-");
        let is_it = |version: &str| {
            version
                .strip_prefix(release)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let other = self.differs.iter().find(|(version, _)| is_it(version));
        other.map_or(&self.observed, |(_, trace)| trace)
    }

    /// Plays it under a profile.
    pub fn judge(&self, profile: &'static Profile) -> Verdict {
        let (expected, got) = (self.expected(profile), play::run(&self.program, profile));
        if got == expected {
            return Verdict::Passed;
        }
        Verdict::Failed { expected: expected.to_vec(), got }
    }

    /// The profile under which a vector is judged unless somebody says otherwise: the release with
    /// which it was recorded.
    pub fn profile() -> &'static Profile {
        &CPYTHON_3_11
    }
}

fn trace(seen: &Value) -> Option<Vec<String>> {
    let lines = seen.get("trace")?.as_array()?.iter();
    lines.map(|line| line.as_str().map(str::to_owned)).collect()
}

/// How a vector of kind `python` is told here: its source is Python, which nobody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// As a step program, in `retold.jsonl`.
    Steps,
    /// As bodies in Rust, in `tests/asyncio_python.rs`.
    Bodies,
    /// Not at all, for this reason.
    Not(&'static str),
}

/// The vectors of kind `python`, and how they are told.
pub const PYTHON: [(&str, Told); 14] = [
    ("agen-01", Told::Bodies),
    ("agen-03", Told::Bodies),
    ("agen-04", Told::Bodies),
    ("ctx-02", Told::Bodies),
    ("eager-01", Told::Steps),
    ("eager-02", Told::Steps),
    ("ref-27", Told::Steps),
    ("ref-28", Told::Bodies),
    (
        "ref-29",
        Told::Not("a coroutine is made by the task that runs it: none is dropped unawaited"),
    ),
    ("ref-30", Told::Not("when the collector runs by itself is a decision here, and no count")),
    ("ref-32", Told::Bodies),
    ("sock-01", Told::Bodies),
    ("sock-03", Told::Bodies),
    ("wfor-01", Told::Steps),
];

impl Told {
    /// How the vector of this name is told.
    pub fn of(id: &str) -> Told {
        let known = PYTHON.iter().find(|(known, _)| *known == id);
        known.map_or(Told::Not("its source is Python, which nobody has told again"), |(_, told)| {
            *told
        })
    }

    /// As a sentence has it.
    pub fn text(self) -> &'static str {
        match self {
            Told::Steps => "told as a step program in retold.jsonl",
            Told::Bodies => "told in Rust in tests/asyncio_python.rs",
            Told::Not(reason) => reason,
        }
    }
}
