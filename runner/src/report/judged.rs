//! A campaign as a whole: what each variant came to, against what it must do.

use crate::{
    campaign::{Results, Tally},
    catalog::Target,
    exit::Exit,
    output::{BAD, GOOD},
    progress::{counted, grouped},
    verbs::fuzz::DEMANDED_FROM,
};
use atropos::plan::Spec;
use serde::Serialize;
use std::collections::BTreeMap;

/// A variant and what it came to.
pub(crate) struct Judged<'r> {
    target: &'r Target<'r>,
    tally: &'r Tally,
    /// Violations that somebody must look at.
    pub(crate) failures: usize,
    /// Canaries: invariants that had to break and did not.
    uncaught: Vec<&'static str>,
    /// Points that had to be reached and were not.
    unreached: Vec<&'static str>,
}

#[derive(Serialize)]
pub(crate) struct JudgedJson<'r> {
    scenario: &'r str,
    variant: &'r str,
    runs: u64,
    steps: u64,
    violated: &'r BTreeMap<String, u64>,
    breaks: &'r [&'static str],
    uncaught: &'r [&'static str],
    unreached: &'r [&'static str],
    /// How the variant is not deterministic, if it is not.
    unstable: Option<String>,
    digest: String,
}

impl<'r> Judged<'r> {
    pub(crate) fn new(target: &'r Target<'r>, tally: &'r Tally, failures: usize) -> Self {
        let caught = |name: &&&'static str| tally.violated.contains_key(**name);
        let breaks = target.variant.expectation.breaks();
        let uncaught = breaks.iter().filter(|name| !caught(name)).copied().collect();
        let rules = target.subject.rules(target.variant);
        let points = rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes");
        let unreached = points
            .filter(|(at, _)| tally.reached >> at & 1 == 0)
            .map(|(_, rule)| rule.name)
            .collect();
        Judged { target, tally, failures, uncaught, unreached }
    }

    /// What makes the campaign prove nothing, once it has had its runs.
    pub(crate) fn missing_demanded(&self) -> Vec<String> {
        if self.tally.runs < DEMANDED_FROM { Vec::new() } else { self.missing() }
    }

    fn missing(&self) -> Vec<String> {
        let name = self.target.name();
        let uncaught =
            self.uncaught.iter().map(|rule| format!("{name}: canary not caught by {rule}"));
        let unreached = self.unreached.iter().map(|rule| format!("{name}: never reached {rule}"));
        uncaught.chain(unreached).collect()
    }

    /// The run that was not the same the second time.
    pub(crate) fn instability(&self) -> Option<String> {
        let unstable = self.tally.unstable.as_ref()?;
        let [first, second] = &unstable.events;
        let text = |event: &Option<String>| event.clone().unwrap_or_else(|| "nothing".to_owned());
        Some(format!(
            "{} is not deterministic: {} gave another run the second time; first difference in step {}: {} / {}",
            self.target.name(),
            unstable.plan,
            unstable.step,
            text(first),
            text(second)
        ))
    }

    pub(crate) fn json(&self) -> JudgedJson<'_> {
        JudgedJson {
            scenario: self.target.subject.name(),
            variant: &self.target.variant.name,
            runs: self.tally.runs,
            steps: self.tally.steps,
            violated: &self.tally.violated,
            breaks: self.target.variant.expectation.breaks(),
            uncaught: &self.uncaught,
            unreached: &self.unreached,
            unstable: self.instability(),
            digest: format!("{:032x}", self.tally.digest),
        }
    }

    /// The line of a variant in the summary; names take `width` columns.
    fn line(&self, width: usize) -> String {
        let (style, sign) = match () {
            () if self.failures > 0 || self.tally.unstable.is_some() => (BAD, "✗"),
            () if !self.missing().is_empty() => (BAD, "?"),
            () => (GOOD, "✓"),
        };
        let runs = if self.tally.runs == 1 { "run" } else { "runs" };
        let missing: String = self.missing().iter().map(|text| format!("\n      {text}")).collect();
        format!(
            "  {}{sign}{} {:<width$} {:>12} {runs:<4}  {}{missing}",
            style.render(),
            style.render_reset(),
            self.target.name(),
            grouped(self.tally.runs),
            self.came_to()
        )
    }

    fn came_to(&self) -> String {
        let breaks = self.target.variant.expectation.breaks().len();
        let caught = breaks - self.uncaught.len();
        let expected = counted(breaks as u64, "invariant", "invariants");
        match self.failures {
            _ if self.tally.unstable.is_some() => "not deterministic".to_owned(),
            0 if breaks == 0 => "holds".to_owned(),
            0 if caught < breaks => format!("canary missed: {caught} of {expected} broken"),
            0 => format!("canary caught: {caught} of {expected} broken"),
            n => format!("{} violated", counted(n as u64, "invariant", "invariants")),
        }
    }
}

/// The whole campaign, as `run.json` has it.
#[derive(Serialize)]
pub(crate) struct Summary<'r> {
    version: u32,
    spec: Spec,
    #[serde(flatten)]
    totals: Totals,
    variants: Vec<JudgedJson<'r>>,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct Totals {
    runs: u64,
    steps: u64,
    failures: usize,
    verdict: &'static str,
    interrupted: bool,
    seconds: f64,
}

impl<'r> Summary<'r> {
    pub(crate) fn new(
        judged: &'r [Judged<'r>],
        results: &Results,
        spec: &Spec,
        exit: Exit,
    ) -> Self {
        let totals = Totals {
            runs: results.tallies.iter().map(|tally| tally.runs).sum(),
            steps: results.tallies.iter().map(|tally| tally.steps).sum(),
            failures: judged.iter().map(|variant| variant.failures).sum(),
            verdict: exit.verdict(),
            interrupted: results.interrupted,
            seconds: results.elapsed.as_secs_f64(),
        };
        Summary {
            version: 1,
            spec: *spec,
            totals,
            variants: judged.iter().map(Judged::json).collect(),
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.totals
    }
}

/// The campaign for people.
pub(crate) fn summary(judged: &[Judged<'_>], summary: &Summary<'_>) -> String {
    let names = judged.iter().map(|variant| variant.target.name().chars().count());
    let width = names.max().unwrap_or(0).max(28);
    let lines: Vec<String> = judged.iter().map(|variant| variant.line(width)).collect();
    let Totals { runs, seconds, .. } = summary.totals;
    let runs = counted(runs, "run", "runs");
    format!("{}\n        Done {runs} in {seconds:.1}s", lines.join("\n"))
}
