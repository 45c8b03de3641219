//! A timeline for programs: lines, what was true after each step, what led to what.

use crate::verbs::source::Source;
use atropos::{case::Replay, facts::Change, timeline::Entry, told::Told};
use serde::Serialize;

/// The form of it; the version is that of the JSON lines.
#[derive(Serialize)]
pub(crate) struct TimelineJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    invariant: Option<&'a str>,
    steps: u64,
    entries: &'a [Entry],
    /// What each step changed, the beginning first.
    facts: &'a [Change],
    /// The steps that led to each step, from the first.
    causes: &'a [Vec<u32>],
}

/// The run for programs.
pub(crate) fn json<'a>(
    source: &'a Source<'_>,
    replay: &'a Replay,
    told: &'a Told,
) -> TimelineJson<'a> {
    TimelineJson {
        scenario: &source.case.scenario,
        variant: &source.case.variant,
        invariant: replay.violation.as_ref().map(|violation| violation.invariant.as_str()),
        steps: replay.steps,
        entries: &told.timeline.entries,
        facts: &told.changes,
        causes: &told.causes,
    }
}
