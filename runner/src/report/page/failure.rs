//! The page of one run: what is violated and why, the lines to copy, the views that are known.

use super::{Chance, Command, Page, View, page};
use crate::report::{command, explain::decided, sentence};
use atropos::{
    case::{Case, Replay},
    explain::Explanation,
    subject::Subject,
    told::Told,
};

/// A run and what is known of it.
pub(crate) struct Known<'a> {
    pub(crate) subject: &'a dyn Subject,
    /// The run that is shown first, and what it is called.
    pub(crate) case: &'a Case,
    pub(crate) name: &'static str,
    pub(crate) replay: &'a Replay,
    /// The run before it was made smaller.
    pub(crate) as_found: Option<&'a Case>,
    /// Why it fails.
    pub(crate) explained: Option<&'a Explanation>,
    /// What plays it again: its token, or its file.
    pub(crate) again: &'a str,
}

impl<'a> Known<'a> {
    /// A run of which nothing else is known.
    pub(crate) fn new(
        subject: &'a dyn Subject,
        case: &'a Case,
        replay: &'a Replay,
        again: &'a str,
    ) -> Self {
        Known { subject, case, name: "run", replay, as_found: None, explained: None, again }
    }
}

/// The page of a run, as a file.
pub(crate) fn report(known: &Known<'_>) -> String {
    let Known { subject, case, replay, .. } = known;
    let violation = replay.violation.as_ref();
    let sentence = match violation {
        Some(_) => sentence(*subject, case),
        None => "this run breaks nothing",
    };
    let told = |case: &Case| subject.told(case).unwrap_or_default();
    let mut views = vec![View::new(known.name, &told(case), violation.is_some())];
    if let Some(found) = known.as_found {
        views.push(View::new("as found", &told(found), true));
    }
    if let Some(passing) = known.explained.and_then(|explained| explained.passing.as_ref()) {
        views.push(View::new("nearest passing", &told(&passing.case), false));
    }
    let line = |what, verb| Command { what, line: command(verb, *subject, known.again) };
    let mut commands = vec![line("replay", "replay")];
    if violation.is_some() {
        commands.push(line("explain", "explain"));
        commands.push(line("shrink", "shrink"));
        commands.push(line("keep it", "regressions add"));
    }
    commands.push(line("timeline", "timeline"));
    page(&Page {
        invariant: violation.map(|violation| violation.invariant.as_str()),
        sentence,
        evidence: violation.map_or("", |violation| violation.evidence.0.as_str()),
        commands,
        views,
        chance: known.explained.map(Chance::of),
        notes: known.explained.map(decided).unwrap_or_default(),
        ..Page::about(&case.scenario, &case.variant)
    })
}

/// The page of a failure whose scenario is not at hand: lines alone.
pub(crate) fn report_of_lines(finding: &crate::campaign::file::Finding) -> String {
    let timeline = atropos::timeline::Timeline { entries: finding.timeline.clone() };
    let told = Told { timeline, ..Told::default() };
    page(&Page {
        invariant: Some(&finding.invariant),
        sentence: &finding.sentence,
        evidence: &finding.evidence,
        commands: vec![Command { what: "replay", line: finding.replay.clone() }],
        views: vec![View::new("minimal", &told, true)],
        ..Page::about(&finding.scenario, &finding.variant)
    })
}
