//! Reports: pure functions from data to text or JSON.
//!
//! The command line and the snapshots print the same texts from here.

mod annotations;
mod campaign;
mod explain;
mod failure;
mod html;
mod junit;
mod markdown;
mod page;
mod play;
mod story;
mod timeline;

use atropos::{case::Case, invariant::Violation, subject::Subject};

pub(crate) use annotations::annotations;
pub(crate) use campaign::summary;
pub(crate) use explain::explanation;
pub(crate) use failure::{
    Failure, distinct, distinct_json, failure, failure_json, failure_line, failure_met, finding,
    told,
};
pub(crate) use html::index;
pub(crate) use junit::junit;
pub(crate) use markdown::markdown;
pub(crate) use page::{Known, report, report_of_lines};
pub(crate) use play::{Play, PlayJson, json, next, play};
pub use story::story;
pub(crate) use timeline::{chrome_trace, json as timeline_json, mermaid, shiviz, svg};

/// A command line that does something with a run of a scenario again.
pub(crate) fn command(verb: &str, subject: &dyn Subject, run: &str) -> String {
    match subject.source() {
        None => format!("atropos {verb} {run}"),
        Some(file) => format!("atropos {verb} --program {} {run}", shell_word(file)),
    }
}

/// A text as one word of a shell, quoted only where it must be.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@%_+=:,./-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// What one can do next: a word, and the line that does it.
pub(crate) fn offers(lines: &[(&str, String)]) -> String {
    lines.iter().map(|(what, line)| format!("  {:<8} {line}\n", format!("{what}:"))).collect()
}

/// Why an invariant does not hold, below its sentence.
pub(crate) fn evidence(violation: &Violation) -> String {
    indented(&violation.evidence.0, 2)
}

/// Indents every line that is not empty.
pub(crate) fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{pad}{line}") };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What the invariant of a case says.
pub(crate) fn sentence(subject: &dyn Subject, case: &Case) -> &'static str {
    let variant = subject.variants().iter().find(|variant| variant.name == case.variant);
    let rules = variant.map(|variant| subject.rules(variant)).unwrap_or_default();
    let rule = rules.iter().find(|rule| Some(rule.name) == case.invariant.as_deref());
    rule.map_or("every run comes to an end", |rule| rule.sentence)
}
