//! One run: its workload, its timeline, its verdict.

use super::{command, evidence, indented, offers, sentence};
use crate::{
    output::{BAD, GOOD},
    token,
};
use atropos::{
    case::{Case, Replay},
    subject::Subject,
    timeline::Entry,
};
use serde::Serialize;

/// A run that was played.
pub(crate) struct Play<'a> {
    pub(crate) subject: &'a dyn Subject,
    pub(crate) case: &'a Case,
    pub(crate) replay: &'a Replay,
}

#[derive(Serialize)]
pub(crate) struct PlayJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    verdict: &'static str,
    invariant: Option<&'a str>,
    evidence: Option<&'a str>,
    divergence: Option<String>,
    steps: u64,
    reached: &'a [&'static str],
    digest: String,
    token: String,
    timeline: &'a [Entry],
}

/// The run for programs.
pub(crate) fn json<'a>(play: &Play<'a>) -> PlayJson<'a> {
    let Play { subject, case, replay } = play;
    PlayJson {
        scenario: &case.scenario,
        variant: &case.variant,
        verdict: match (&replay.divergence, &replay.violation) {
            (Some(_), _) => "diverged",
            (None, Some(_)) => "violated",
            (None, None) => "held",
        },
        invariant: replay.violation.as_ref().map(|violation| violation.invariant.as_str()),
        evidence: replay.violation.as_ref().map(|violation| violation.evidence.0.as_str()),
        divergence: replay.divergence.as_ref().map(ToString::to_string),
        steps: replay.steps,
        reached: &replay.reached,
        digest: replay.digest.to_string(),
        token: token::token_of_case(*subject, case),
        timeline: &replay.timeline.entries,
    }
}

/// The run for people.
pub(crate) fn play(play: &Play<'_>) -> String {
    let Play { replay, .. } = play;
    let mut text = format!("\n{}\n", indented(&body(play), 2));
    let (style, verdict) = match &replay.violation {
        Some(violation) => {
            let (name, why) = (&violation.invariant, indented(&evidence(violation), 2));
            (BAD, format!("violated: {name}: {}:\n{why}", sentence(play.subject, play.case)))
        }
        None if replay.divergence.is_none() => (GOOD, "all invariants held".to_owned()),
        None => return text,
    };
    text.push_str(&format!("\n  {}{verdict}{}\n", style.render(), style.render_reset()));
    if !replay.reached.is_empty() {
        text.push_str(&format!("  reached: {}\n", replay.reached.join(", ")));
    }
    text
}

/// What one does next with a failure, a command a line, where it cannot be copied by its token from
/// `file`.
pub(crate) fn next(play: &Play<'_>, file: Option<&str>) -> String {
    let again = token::again(play.subject, play.case, file);
    let line = |verb| command(verb, play.subject, &again);
    offers(&[
        ("Explain", line("explain")),
        ("Shrink", line("shrink")),
        ("Keep it", line("regressions add")),
        ("Page", line("timeline --format html --out report.html")),
    ])
}

/// What a run was and what happened in it, without seeds: a failure block, a file and a snapshot
/// have this in common.
pub(crate) fn body(play: &Play<'_>) -> String {
    let Play { subject, case, replay } = play;
    let operations = subject.workload_text(&case.workload).unwrap_or_default();
    let mut text = format!("{}\n", case.conditions);
    operations.iter().for_each(|operation| text.push_str(&format!("  {operation}\n")));
    text.push('\n');
    text.push_str(&replay.timeline.to_string());
    text
}
