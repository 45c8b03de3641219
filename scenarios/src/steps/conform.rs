//! Vectors of asyncio: programs with what a real CPython observed, and whether the world agrees.

use super::{
    model::Program,
    play::{Played, play},
};
use crate::program::parse::ProgramError;
use atropos::event_loop::{CPYTHON_3_11, Profile};
use serde_json::Value;

/// A vector of kind `steps`.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What was run.
    pub program: Program,
    observed: Played,
    /// Other versions than that of `observed`, with what they observed.
    differs: Vec<(String, Played)>,
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
    pub fn expected(&self, profile: &Profile) -> &Played {
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
        let (expected, got) = (self.expected(profile), play(&self.program, profile));
        // Where it says which lines came in collections, their order in these is no rule.
        let same = match expected.collections.is_empty() {
            true => got.lines == expected.lines,
            false => got.canonical() == expected.canonical(),
        };
        if same {
            return Verdict::Passed;
        }
        Verdict::Failed { expected: expected.lines.clone(), got: got.lines }
    }

    /// The profile under which a vector is judged unless somebody says otherwise: the release with
    /// which it was recorded.
    pub fn profile() -> &'static Profile {
        &CPYTHON_3_11
    }
}

fn trace(seen: &Value) -> Option<Played> {
    let lines = seen.get("trace")?.as_array()?.iter();
    let lines: Vec<String> =
        lines.map(|line| line.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    let at = |row: &Value, end: usize| row[end].as_u64().unwrap_or(0) as usize;
    let rows = seen["collections"].as_array().into_iter().flatten();
    let ranges = rows.map(|row| at(row, 0)..at(row, 1));
    let collections = ranges.filter(|range| range.start <= range.end && range.end <= lines.len());
    Some(Played { collections: collections.collect(), lines, keeps_frames: false })
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
