//! `atropos fuzz`: the main verb. Hunts, shrinks, tells, and judges the whole.
//!
//! A variant that is expected to break is a canary: unless somebody names it, its failures are what
//! the campaign must find, and only a violation of another invariant is a finding.

use super::source::CaseFile;
use crate::{
    args::{Common, FuzzArgs},
    campaign::{Campaign, Results, Tally, Until},
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    files::RunFolder,
    interrupt::watch_interrupt,
    output::{Output, remark},
    progress::{Meter, counted},
    report::{self, Failure, Judged},
};
use atropos::{hunt::Found, plan::Spec, shrink::Effort, trace::digest_bytes};
use serde::Serialize;
use std::thread;

/// Canaries and `sometimes` points are demanded from this many runs a variant on.
pub(crate) const DEMANDED_FROM: u64 = 1_000;

#[derive(Serialize)]
struct Start {
    seed: String,
    variants: Vec<String>,
    jobs: usize,
}

pub(crate) fn run(
    args: &FuzzArgs,
    common: &Common,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let targets = catalog::select(catalog, &args.filter)?;
    let spec = args.plan.spec();
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let folder = RunFolder::create(&args.out, spec.seed)?;
    let interrupted = watch_interrupt()?;
    announce(&targets, &spec, jobs, common.quiet, out)?;

    let until = args.time.map_or(Until::Runs(args.runs), Until::Time);
    let campaign = Campaign {
        targets: &targets,
        spec,
        until,
        jobs,
        patience: args.patience,
        interrupted: &interrupted,
    };
    let mut meter = Meter::new(common.progress, common.quiet);
    let results = campaign.run(&mut meter, |target, found| {
        match target.is_finding(&found.violation.invariant) {
            true => keep(&folder, &as_found_id(target, found), &Failure::as_found(target, found)),
            false => Ok(()),
        }
    })?;

    if results.interrupted {
        remark(" Interrupted, shrinking what was found; once more to leave at once");
    }
    let mut judged = Vec::new();
    for (target, tally) in targets.iter().zip(&results.tallies) {
        let failures = show_failures(target, tally, args, &folder, out)?;
        judged.push(Judged::new(target, tally, failures));
    }
    finish(&judged, &results, &spec, args, &folder, out)
}

fn announce(
    targets: &[Target<'_>],
    spec: &Spec,
    jobs: usize,
    quiet: bool,
    out: &mut Output,
) -> Result<(), Stop> {
    let names: Vec<String> = targets.iter().map(Target::name).collect();
    if !quiet {
        let threads = if jobs == 1 { "1 thread".to_owned() } else { format!("{jobs} threads") };
        let variants =
            if names.len() == 1 { names[0].clone() } else { format!("{} variants", names.len()) };
        remark(&format!("     Fuzzing {variants} · seed {:#x} · {threads}", spec.seed));
    }
    let seed = format!("{:#x}", spec.seed);
    out.tell("start", &Start { seed, variants: names, jobs })
}

/// Where a failure is kept from the moment it is found until it is shrunk.
fn as_found_id(target: &Target<'_>, found: &Found) -> String {
    let name = format!("{} {}", target.name(), found.violation.invariant);
    format!("as-found-{:08x}", digest_bytes(name.as_bytes()).check())
}

/// Writes a failure to its folder.
fn keep(folder: &RunFolder, id: &str, failure: &Failure<'_>) -> Result<(), Stop> {
    let case = CaseFile::new(failure.target.subject, &failure.found.case, Some(failure.found.plan));
    let write = |name: &str, content: &str| folder.write(&format!("failures/{id}/{name}"), content);
    write("case.json", &case.to_json())?;
    write("timeline.txt", &report::timeline_file(failure))
}

/// Shrinks and shows the findings of a target; returns how many there are.
fn show_failures(
    target: &Target<'_>,
    tally: &Tally,
    args: &FuzzArgs,
    folder: &RunFolder,
    out: &mut Output,
) -> Result<usize, Stop> {
    let mut shown = 0;
    let findings = tally.found.iter().filter(|(invariant, _)| target.is_finding(invariant));
    for (_, found) in findings {
        let failure = if args.no_shrink {
            Failure::as_found(target, found)
        } else {
            Failure::shrunk(target, target.subject.shrink(found.clone(), Effort::default()))
        };
        keep(folder, &failure.id, &failure)?;
        folder.remove_failure(&as_found_id(target, found))?;
        let count = tally.violated.get(&found.violation.invariant).copied().unwrap_or(0);
        out.say(&report::failure(&failure, count, tally.runs, &folder.failure(&failure.id)))?;
        out.tell("violation", &report::failure_json(&failure, count))?;
        shown += 1;
    }
    Ok(shown)
}

fn finish(
    judged: &[Judged<'_>],
    results: &Results,
    spec: &Spec,
    args: &FuzzArgs,
    folder: &RunFolder,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let (exit, complaint) = verdict(judged, results);
    let summary = report::Summary::new(judged, results, spec, exit);
    folder.write(
        "run.json",
        &(serde_json::to_string_pretty(&summary).expect("a summary is plain data") + "\n"),
    )?;
    for variant in judged {
        out.tell("variant", &variant.json())?;
    }
    out.tell("end", &summary.totals())?;
    out.say_more(&report::summary(judged, &summary))?;
    if args.time.is_some() {
        let most = results.tallies.iter().map(|tally| tally.runs).max().unwrap_or(0);
        let mut filter: String = args.filter.iter().map(|name| format!(" {name}")).collect();
        if let Some(file) = &args.source.program {
            filter.push_str(&format!(" --program {}", file.display()));
        }
        out.say_more(&format!(
            "  Again:   atropos fuzz{filter} --runs {most} {}",
            args.plan.flags()
        ))?;
    }
    if exit == Exit::Held { Ok(exit) } else { Err(Stop::new(exit, complaint)) }
}

/// What the campaign came to, and what to tell of it.
fn verdict(judged: &[Judged<'_>], results: &Results) -> (Exit, String) {
    let failures: usize = judged.iter().map(|variant| variant.failures).sum();
    if results.interrupted {
        let runs = results.tallies.iter().map(|tally| tally.runs).sum();
        let runs = counted(runs, "run", "runs");
        return (Exit::Interrupted, format!("interrupted after {runs}; what was found is written"));
    }
    if let Some(unstable) = judged.iter().find_map(Judged::instability) {
        return (Exit::Diverged, unstable);
    }
    if failures > 0 {
        let invariants = counted(failures as u64, "invariant", "invariants");
        return (Exit::Violated, format!("{invariants} violated"));
    }
    let vacuous: Vec<String> = judged.iter().flat_map(Judged::missing_demanded).collect();
    let exit = if vacuous.is_empty() { Exit::Held } else { Exit::Vacuous };
    (exit, vacuous.join("; "))
}
