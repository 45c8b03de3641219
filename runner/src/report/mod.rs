//! Reports: pure functions from data to text or JSON.
//!
//! The command line and the snapshots print the same texts from here.

mod failure;
mod judged;
mod play;
mod story;

pub(crate) use failure::{Failure, failure, failure_json, timeline_file};
pub(crate) use judged::{Judged, Summary, summary};
pub(crate) use play::{Play, PlayJson, json, play};
pub use story::story;

/// Indents every line that is not empty.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{pad}{line}") };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
