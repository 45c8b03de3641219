//! What a campaign proves: each variant against what it must do, and all of them together.
//!
//! A function of the file alone, so that one process and a merge of many come to the same. Of
//! several verdicts the first that is true decides: diverged, violated, vacuous, held.

use super::file::{Came, CampaignFile, Demand, Finding, Kept, Part};
use crate::exit::Exit;
use crate::progress::counted;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Canaries and `sometimes` points are demanded from this many runs a variant on.
pub(crate) const DEMANDED_FROM: u64 = 1_000;

/// A variant over all parts, and what it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) came: Came,
    /// Violations that somebody must look at.
    pub(crate) failures: usize,
    /// Canaries: invariants that had to break and did not.
    pub(crate) uncaught: Vec<String>,
    /// Points that had to be reached and were not.
    pub(crate) unreached: Vec<String>,
    demanded: bool,
}

#[derive(Serialize)]
pub(crate) struct JudgedJson<'r> {
    scenario: &'r str,
    variant: &'r str,
    runs: u64,
    steps: u64,
    violated: &'r BTreeMap<String, u64>,
    breaks: &'r [String],
    uncaught: &'r [String],
    unreached: &'r [String],
    /// How the variant is not deterministic, if it is not.
    unstable: Option<&'r str>,
    digest: &'r str,
}

/// The sums, and the verdict in a word.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Totals {
    pub(crate) runs: u64,
    pub(crate) steps: u64,
    pub(crate) failures: usize,
    pub(crate) verdict: &'static str,
    pub(crate) interrupted: bool,
}

impl Judged {
    fn new(file: &CampaignFile, came: Came, demanded: bool) -> Self {
        let caught = |name: &&String| came.violated.contains_key(*name);
        let uncaught = came.breaks.iter().filter(|name| !caught(name)).cloned().collect();
        let points = came.points.iter().filter(|(_, reached)| !**reached);
        let unreached = points.map(|(name, _)| name.clone()).collect();
        let of_it = |finding: &&Finding| {
            finding.scenario == came.scenario && finding.variant == came.variant
        };
        let failures = file.findings.values().filter(of_it).map(|finding| &finding.invariant);
        let failures = failures.collect::<BTreeSet<_>>().len();
        Judged { came, failures, uncaught, unreached, demanded }
    }

    /// `scenario/variant`.
    pub(crate) fn name(&self) -> String {
        self.came.name()
    }

    /// What makes the campaign prove nothing, once it has had its runs.
    pub(crate) fn missing_demanded(&self) -> Vec<String> {
        if self.demanded { self.missing() } else { Vec::new() }
    }

    /// What was not caught and not reached.
    pub(crate) fn missing(&self) -> Vec<String> {
        let name = self.name();
        let uncaught =
            self.uncaught.iter().map(|rule| format!("{name}: canary not caught by {rule}"));
        let unreached = self.unreached.iter().map(|rule| format!("{name}: never reached {rule}"));
        uncaught.chain(unreached).collect()
    }

    pub(crate) fn json(&self) -> JudgedJson<'_> {
        let Came { scenario, variant, runs, steps, violated, breaks, unstable, digest, .. } =
            &self.came;
        JudgedJson {
            scenario,
            variant,
            runs: *runs,
            steps: *steps,
            violated,
            breaks,
            uncaught: &self.uncaught,
            unreached: &self.unreached,
            unstable: unstable.as_deref(),
            digest,
        }
    }
}

/// Every variant over all parts, in the catalogue's order.
pub(crate) fn judge(file: &CampaignFile) -> Vec<Judged> {
    let mut all: BTreeMap<(u32, String), (Came, Demand)> = BTreeMap::new();
    for part in file.parts.values() {
        for came in &part.variants {
            let slot = all.entry((came.place, came.name()));
            slot.and_modify(|(sum, demand)| {
                add(sum, came);
                *demand = part.demand.max(*demand);
            })
            .or_insert_with(|| (came.clone(), part.demand));
        }
    }
    let interrupted = file.parts.values().any(|part| part.interrupted);
    let judge = |(came, demand): (Came, Demand)| {
        let demanded = match demand {
            _ if interrupted => false,
            Demand::Never => false,
            Demand::Auto => came.runs >= DEMANDED_FROM,
            Demand::Always => true,
        };
        Judged::new(file, came, demanded)
    };
    all.into_values().map(judge).collect()
}

/// The sum of what a variant came to in two parts.
fn add(sum: &mut Came, came: &Came) {
    sum.runs = sum.runs.saturating_add(came.runs);
    sum.steps = sum.steps.saturating_add(came.steps);
    sum.named |= came.named;
    for (name, count) in &came.violated {
        let all = sum.violated.entry(name.clone()).or_default();
        *all = all.saturating_add(*count);
    }
    for (name, reached) in &came.points {
        *sum.points.entry(name.clone()).or_default() |= reached;
    }
    join(&mut sum.invariants, &came.invariants);
    join(&mut sum.breaks, &came.breaks);
    sum.unstable = sum.unstable.take().into_iter().chain(came.unstable.clone()).min();
    let number = |text: &str| u128::from_str_radix(text, 16).unwrap_or(0);
    sum.digest = format!("{:032x}", number(&sum.digest).wrapping_add(number(&came.digest)));
}

fn join(ours: &mut Vec<String>, theirs: &[String]) {
    let new: Vec<String> = theirs.iter().filter(|name| !ours.contains(name)).cloned().collect();
    ours.extend(new);
}

pub(crate) fn totals(file: &CampaignFile, judged: &[Judged]) -> Totals {
    let interrupted = file.parts.values().any(|part| part.interrupted);
    let (exit, _) = verdict(file, judged);
    Totals {
        runs: judged.iter().map(|variant| variant.came.runs).sum(),
        steps: judged.iter().map(|variant| variant.came.steps).sum(),
        failures: judged.iter().map(|variant| variant.failures).sum(),
        verdict: if interrupted { Exit::Interrupted.verdict() } else { exit.verdict() },
        interrupted,
    }
}

/// What the whole came to, and what to tell of it.
pub(crate) fn verdict(file: &CampaignFile, judged: &[Judged]) -> (Exit, String) {
    let complaints = |exit: Exit| {
        let kept = file.regressions.iter().filter(move |(_, kept)| kept.exit == exit as u8);
        let told = |(path, kept): (&String, &Kept)| {
            kept.complaint.as_ref().map(|complaint| format!("{path}: {complaint}"))
        };
        kept.filter_map(told).collect::<Vec<_>>()
    };
    let damaged = complaints(Exit::Usage);
    if !damaged.is_empty() {
        return (Exit::Usage, damaged.join("; "));
    }
    let unstable = judged.iter().filter_map(|variant| variant.came.unstable.clone());
    let diverged: Vec<String> = unstable.take(1).chain(complaints(Exit::Diverged)).collect();
    if !diverged.is_empty() {
        return (Exit::Diverged, diverged.join("; "));
    }
    let failures: usize = judged.iter().map(|variant| variant.failures).sum();
    let invariants = counted(failures as u64, "invariant", "invariants");
    let found = (failures > 0).then(|| format!("{invariants} violated"));
    let violated: Vec<String> = found.into_iter().chain(complaints(Exit::Violated)).collect();
    if !violated.is_empty() {
        return (Exit::Violated, violated.join("; "));
    }
    let missing = judged.iter().flat_map(Judged::missing_demanded);
    let vacuous: Vec<String> = missing.chain(complaints(Exit::Vacuous)).collect();
    let exit = if vacuous.is_empty() { Exit::Held } else { Exit::Vacuous };
    (exit, vacuous.join("; "))
}

/// What is wrong beside the findings, a line each.
pub(crate) fn complaints(file: &CampaignFile, judged: &[Judged]) -> Vec<String> {
    let unstable = judged.iter().filter_map(|variant| variant.came.unstable.clone());
    let missing = judged.iter().flat_map(Judged::missing_demanded);
    let kept = file.regressions.iter().filter_map(|(path, kept)| {
        kept.complaint.as_ref().map(|complaint| format!("{path}: {complaint}"))
    });
    unstable.chain(missing).chain(kept).collect()
}

/// Findings that are one bug, and how often they were seen.
#[derive(Clone, Debug)]
pub(crate) struct Distinct<'f> {
    pub(crate) finding: &'f Finding,
    /// Runs that violated this invariant, in all parts of these seeds.
    pub(crate) count: u64,
    /// Runs of the variant in them.
    pub(crate) runs: u64,
}

/// The findings of a campaign, each bug once, in the order of their names.
pub(crate) fn distinct(file: &CampaignFile) -> Vec<Distinct<'_>> {
    let mut all: BTreeMap<(String, &str), Distinct<'_>> = BTreeMap::new();
    for finding in file.findings.values() {
        let (count, runs) = seen(file.parts.values(), finding);
        all.entry((finding.name(), &finding.id))
            .and_modify(|known| {
                known.count += count;
                known.runs += runs;
            })
            .or_insert(Distinct { finding, count, runs });
    }
    all.into_values().collect()
}

fn seen<'p>(parts: impl Iterator<Item = &'p Part>, finding: &Finding) -> (u64, u64) {
    let of_it = |came: &&Came| came.name() == finding.name() && came.seed == finding.seed;
    let came = parts.flat_map(|part| &part.variants).filter(of_it);
    came.fold((0, 0), |(count, runs), came| {
        let violated = came.violated.get(&finding.invariant).copied().unwrap_or(0);
        (count + violated, runs + came.runs)
    })
}
