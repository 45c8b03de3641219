//! What is wrong with a program, and where.

use serde_json::{Value, error::Category};
use std::fmt;

/// Why a file is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// Where: `program[3].steps[1].reason`, `line 4, column 7` for what is no JSON, `the file`.
    pub place: String,
    /// What was found there and what is expected.
    pub reason: String,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProgramError { place, reason } = self;
        write!(f, "{place}: {reason}")
    }
}

impl std::error::Error for ProgramError {}

impl From<serde_json::Error> for ProgramError {
    fn from(error: serde_json::Error) -> ProgramError {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        let place = format!("line {}, column {}", error.line(), error.column());
        let reason = match error.classify() {
            Category::Data => reason.to_owned(),
            _ => format!("this is no JSON: {reason}"),
        };
        ProgramError { place, reason }
    }
}

/// What reading gives.
pub(super) type Read<T> = Result<T, ProgramError>;

/// A place in the file. It lives on the stack of the reader and becomes text only in a complaint.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    File,
    Key(&'p Place<'p>, &'p str),
    Index(&'p Place<'p>, usize),
}

impl Place<'_> {
    pub(super) fn key<'p>(&'p self, key: &'p str) -> Place<'p> {
        Place::Key(self, key)
    }

    pub(super) fn index(&self, index: usize) -> Place<'_> {
        Place::Index(self, index)
    }

    /// The complaint that something is wrong here.
    pub(super) fn refuse(&self, reason: impl Into<String>) -> ProgramError {
        ProgramError { place: self.to_string(), reason: reason.into() }
    }

    /// The complaint that something else stands here.
    pub(super) fn expected(&self, what: &str, found: &Value) -> ProgramError {
        self.refuse(format!("expected {what}, found {}", shown(found)))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => f.write_str("the file"),
            Place::Key(Place::File, key) => f.write_str(key),
            Place::Key(above, key) => write!(f, "{above}.{key}"),
            Place::Index(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}

/// A value in a complaint: itself if it is small.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a long string".to_owned(),
        _ => value.to_string(),
    }
}

/// `; did you mean ..?` if something of the kind exists, else `otherwise`.
pub(crate) fn hint<'n>(
    wanted: &str,
    known: impl IntoIterator<Item = &'n str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    // Below this two words share letters and nothing else.
    const ALIKE: f64 = 0.8;
    let likeness = |name: &'n str| (strsim::jaro_winkler(name, wanted), name);
    let nearest = known.into_iter().map(likeness).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > ALIKE => format!("; did you mean `{name}`?"),
        _ => otherwise(),
    }
}

/// Names as a sentence lists them: `a`, `b` or `c`.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>, last: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [name] => name.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}
