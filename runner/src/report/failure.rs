//! A failure: what is violated, why, the smallest run that shows it, and the lines to copy.

use super::{
    command, evidence, indented, offers,
    page::{self, Known},
    play::{Play, body},
    sentence,
};
use crate::{
    campaign::{file::Finding, verdict::Distinct},
    catalog::Target,
    output::BAD,
    progress::{counted, grouped},
    token,
    verbs::{shrink::word, source::CaseFile},
};
use atropos::{
    case::Replay,
    explain::{Effort, Explanation},
    hunt::Found,
    shrink::{Ended, Shrunk},
    trace::digest_bytes,
};
use serde::Serialize;
use std::path::Path;

/// What an explanation may cost for a page that somebody may look at: moments.
const QUICK: Effort = Effort { runs: 50, points: 32, flips: 500, steps: 1_000_000 };

/// A failure, played once more.
pub(crate) struct Failure<'c> {
    pub(crate) target: Target<'c>,
    pub(crate) found: Found,
    pub(crate) replay: Replay,
    /// The same bug from many seeds has one id: invariant and timeline make it.
    pub(crate) id: String,
    /// How it was shrunk.
    pub(crate) shrunk: Option<Shrinking>,
}

/// What shrinking came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shrinking {
    /// Steps before and after.
    steps: (u64, u64),
    /// The runs that it took.
    tries: u64,
    ended: Ended,
}

impl<'c> Failure<'c> {
    /// A failure as the hunt found it.
    pub(crate) fn as_found(target: &Target<'c>, found: &Found) -> Self {
        Self::new(*target, found.clone(), None)
    }

    /// A failure that was shrunk.
    pub(crate) fn shrunk(target: &Target<'c>, shrunk: Shrunk) -> Self {
        let Shrunk { found, steps, tries, ended, .. } = shrunk;
        Self::new(*target, found, Some(Shrinking { steps, tries, ended }))
    }

    fn new(target: Target<'c>, found: Found, shrunk: Option<Shrinking>) -> Self {
        let replay = target.subject.replay(&found.case).expect("a failure of this scenario plays");
        let text = format!("{}\n{}\n{}", target.name(), found.violation.invariant, replay.timeline);
        let id = format!("{:08x}", digest_bytes(text.as_bytes()).check());
        Failure { target, found, replay, id, shrunk }
    }

    fn play(&self) -> Play<'_> {
        Play { subject: self.target.subject, case: &self.found.case, replay: &self.replay }
    }

    /// What plays it again: its token, or its file if that is too long to be copied.
    fn again(&self, folder: &Path) -> String {
        let file = folder.join("case.json").display().to_string();
        token::again(self.target.subject, &self.found.case, Some(&file))
    }

    /// The failure as a page; `before` is the run that was found, if this one is smaller.
    pub(crate) fn page(&self, before: Option<&Found>, folder: &Path) -> String {
        let again = self.again(folder);
        let known = Known::new(self.target.subject, &self.found.case, &self.replay, &again);
        let name = if self.shrunk.is_some() { "minimal" } else { "as found" };
        let as_found = before.map(|found| &found.case).filter(|_| self.shrunk.is_some());
        let explained = as_found.and_then(|_| self.explained());
        page::report(&Known { name, as_found, explained: explained.as_ref(), ..known })
    }

    /// Why it fails, as far as that is known in moments.
    fn explained(&self) -> Option<Explanation> {
        self.target.subject.explain(&self.found.case, QUICK).ok().flatten()
    }

    fn sentence(&self) -> &'static str {
        sentence(self.target.subject, &self.found.case)
    }
}

/// The failure for people.
pub(crate) fn failure(failure: &Failure<'_>, count: u64, runs: u64, folder: &Path) -> String {
    let Failure { target, found, .. } = failure;
    let (on, off) = (BAD.render(), BAD.render_reset());
    let shrunk = failure.shrunk.map_or_else(String::new, |Shrinking { steps, tries, ended }| {
        format!(
            ", shrunk {} → {} in {}: {ended}",
            grouped(steps.0),
            counted(steps.1, "step", "steps"),
            counted(tries, "try", "tries")
        )
    });
    let head = format!(
        "       {on}FAIL{off}  {}  {}\n             in {} of {}, first in run {}{shrunk}",
        target.name(),
        found.violation.invariant,
        grouped(count),
        counted(runs, "run", "runs"),
        found.plan.index.number(),
    );
    let why = format!("{}:\n{}", failure.sentence(), evidence(&found.violation));
    let again = failure.again(folder);
    let verb = |verb| command(verb, target.subject, &again);
    let offers = offers(&[
        ("Replay", verb("replay")),
        ("Explain", verb("explain")),
        ("Shrink", verb("shrink")),
        ("Keep it", verb("regressions add")),
        ("Files", folder.display().to_string()),
        ("Report", folder.join("report.html").display().to_string()),
    ]);
    let happened = body(&failure.play());
    format!("{head}\n\n{}\n\n{}\n\n{offers}", indented(&why, 4), indented(happened.trim_end(), 4))
}

/// The failure in a line, where another of its variant is told in full.
pub(crate) fn failure_line(failure: &Failure<'_>, count: u64, runs: u64) -> String {
    line(failure, &format!("in {} of {}", grouped(count), counted(runs, "run", "runs")))
}

/// The failure in a line, where it was met while another one was shrunk.
pub(crate) fn failure_met(failure: &Failure<'_>) -> String {
    line(failure, "met while another failure was shrunk")
}

fn line(failure: &Failure<'_>, seen: &str) -> String {
    let Failure { target, found, .. } = failure;
    let (on, off) = (BAD.render(), BAD.render_reset());
    format!(
        "       {on}FAIL{off}  {}  {}, {seen}\n  Replay:  {}\n",
        target.name(),
        found.violation.invariant,
        command("replay", target.subject, &token::token_of_case(target.subject, &found.case))
    )
}

/// The failure as `run.json` holds it.
pub(crate) fn finding(failure: &Failure<'_>) -> Finding {
    let Failure { target, found, replay, id, .. } = failure;
    let token = token::token_of_case(target.subject, &found.case);
    Finding {
        id: id.clone(),
        scenario: found.case.scenario.clone(),
        variant: found.case.variant.clone(),
        invariant: found.violation.invariant.clone(),
        sentence: failure.sentence().to_owned(),
        evidence: found.violation.evidence.0.to_string(),
        expected: target.variant.expectation.allows(&found.violation.invariant),
        seed: format!("{:x}", found.plan.seed),
        first_run: found.plan.index.number(),
        steps: replay.steps,
        replay: command("replay", target.subject, &token),
        token,
        case: CaseFile::new(target.subject, &found.case, Some(found.plan)),
        text: body(&failure.play()),
        timeline: replay.timeline.entries.clone(),
    }
}

/// The failure as a file.
pub(crate) fn told(finding: &Finding) -> String {
    let Finding { invariant, sentence, evidence, text, .. } = finding;
    format!("{}  {invariant}\n{sentence}:\n{}\n\n{text}", finding.name(), indented(evidence, 2))
}

/// A bug as a merged campaign tells it.
pub(crate) fn distinct(distinct: &Distinct<'_>) -> String {
    let Distinct { finding, count, runs } = distinct;
    let (on, off) = (BAD.render(), BAD.render_reset());
    format!(
        "       {on}FAIL{off}  {}  {}\n             in {} of {}, first in run {} of seed {}\n\n    {}:\n{}\n\n{}\n\n  Replay:  {}\n",
        finding.name(),
        finding.invariant,
        grouped(*count),
        counted(*runs, "run", "runs"),
        finding.first_run,
        finding.seed,
        finding.sentence,
        indented(&finding.evidence, 6),
        indented(finding.text.trim_end(), 4),
        finding.replay
    )
}

#[derive(Serialize)]
pub(crate) struct DistinctJson<'f> {
    scenario: &'f str,
    variant: &'f str,
    invariant: &'f str,
    evidence: &'f str,
    count: u64,
    runs: u64,
    seed: &'f str,
    first_run: u64,
    steps: u64,
    id: &'f str,
    token: &'f str,
}

/// The same for programs.
pub(crate) fn distinct_json<'f>(distinct: &Distinct<'f>) -> DistinctJson<'f> {
    let Finding {
        scenario, variant, invariant, evidence, seed, first_run, steps, id, token, ..
    } = distinct.finding;
    DistinctJson {
        scenario,
        variant,
        invariant,
        evidence,
        count: distinct.count,
        runs: distinct.runs,
        seed,
        first_run: *first_run,
        steps: *steps,
        id,
        token,
    }
}

#[derive(Serialize)]
pub(crate) struct FailureJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    invariant: &'a str,
    evidence: &'a str,
    expected: bool,
    count: u64,
    first_run: u64,
    steps: u64,
    /// What can be said of it: `proved`, `1-minimal`, `tries`, `time`; none if it was not shrunk.
    minimal: Option<&'static str>,
    id: &'a str,
    token: String,
}

/// The failure for programs.
pub(crate) fn failure_json<'a>(failure: &'a Failure<'_>, count: u64) -> FailureJson<'a> {
    let Failure { target, found, .. } = failure;
    FailureJson {
        scenario: &found.case.scenario,
        variant: &found.case.variant,
        invariant: &found.violation.invariant,
        evidence: &found.violation.evidence.0,
        expected: target.variant.expectation.allows(&found.violation.invariant),
        count,
        first_run: found.plan.index.number(),
        steps: failure.replay.steps,
        minimal: failure.shrunk.map(|shrunk| word(shrunk.ended)),
        id: &failure.id,
        token: token::token_of_case(target.subject, &found.case),
    }
}
