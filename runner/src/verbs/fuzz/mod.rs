//! `atropos fuzz` and `atropos ci`: the main verb. Plays what was kept, hunts, shrinks, tells, and
//! judges the whole.
//!
//! A variant that is expected to break is a canary: unless somebody names it, its failures are what
//! the campaign must find, and only a violation of another invariant is a finding.
//!
//! Promises: what was announced is on disk; a campaign that counts runs says and writes the same
//! bytes each time; how long it took is told on stderr alone.

mod again;
mod findings;
mod kept;
mod next;
mod outputs;
mod seeds;
mod widen;

pub(crate) use again::{Asked, play};
pub(crate) use outputs::{write_failures, write_reports};

use crate::{
    args::{Common, FuzzArgs, Seed},
    campaign::{
        BLOCK, Campaign, Results, Tally, Until,
        file::{Came, CampaignFile, Part, conditions_of},
        shard::{Blocks, Shard},
        verdict,
    },
    catalog::{self, Catalog, Target},
    environment,
    exit::{Exit, Stop},
    files::RunFolder,
    interrupt::watch_interrupt,
    output::{Output, remark},
    progress::{Meter, counted},
    report,
};
use atropos::plan::Spec;
use findings::Findings;
use next::Next;
use serde::Serialize;
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
};

#[derive(Serialize)]
struct Start {
    seed: String,
    profile: String,
    shard: Shard,
    from: u64,
    variants: Vec<String>,
}

/// A campaign that was asked for, with all that it rests on.
struct Hunt<'h> {
    args: &'h FuzzArgs,
    common: &'h Common,
    profile: &'h str,
    commit: Option<String>,
    targets: Vec<Target<'h>>,
    /// What each target is hunted under.
    specs: Vec<Spec>,
    shard: Shard,
    /// The first run.
    from: u64,
    next: Next,
    folder: RunFolder,
}

pub(crate) fn run(
    args: &FuzzArgs,
    common: &Common,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let hunt = Hunt::new(args, common, catalog)?;
    let interrupted = watch_interrupt()?;
    let mut file = CampaignFile::default();
    let mut meter = Meter::new(common.progress, common.quiet);
    file.regressions = kept::play(&hunt, catalog, out)?;
    hunt.announce(out)?;
    let results = hunt.hunt(&mut meter, &interrupted)?;
    if results.interrupted {
        remark(" Interrupted, shrinking what was found; once more to leave at once");
    }
    let mut findings = Findings::new(&hunt);
    for (target, tally) in hunt.targets.iter().zip(&results.tallies) {
        findings.show(target, tally, out)?;
    }
    let mut part = hunt.part(&results);
    if args.check_determinism && !results.interrupted {
        again::compare(&hunt, &results, &mut part)?;
    }
    let level = match args.widen_check {
        Some(time) if !results.interrupted => {
            widen::check(&mut findings, time, &interrupted, &mut meter, out)?
        }
        _ => None,
    };
    part.interrupted |= interrupted.load(Relaxed);
    file.findings = findings.all;
    file.parts.insert(part.key(), part);
    hunt.finish(&file, &results, level, out)
}

impl<'h> Hunt<'h> {
    fn new(args: &'h FuzzArgs, common: &'h Common, catalog: &'h Catalog) -> Result<Self, Stop> {
        let targets = catalog::select(catalog, &args.filter)?;
        let profile = args.profile.as_deref().unwrap_or("default");
        let commit = (args.plan.seed == Seed::Commit).then(seeds::commit).transpose()?;
        let specs = seeds::of_targets(&targets, args.plan.spec(), commit.as_deref(), profile);
        let shard = args.shard.map_or(Ok(Shard::WHOLE), environment::ShardArg::settle);
        let shard = shard.map_err(|why| Stop::new(Exit::Usage, why))?;
        let folder = RunFolder::create(&args.out, args.plan.seed.number())?;
        let next = Next::read(&args.out)?;
        let from = match args.from {
            Some(from) => from,
            None if args.resume => next.of(&specs, shard),
            None => 0,
        };
        Ok(Hunt { args, common, profile, commit, targets, specs, shard, from, next, folder })
    }

    fn jobs(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.args.jobs.map_or_else(cores, usize::from)
    }

    /// The seeds, in short: one where all have the same.
    fn seed(&self) -> String {
        match &self.commit {
            Some(commit) => format!("of commit {}", commit.chars().take(12).collect::<String>()),
            None => format!("{:#x}", self.args.plan.seed.number()),
        }
    }

    fn announce(&self, out: &mut Output) -> Result<(), Stop> {
        let names: Vec<String> = self.targets.iter().map(Target::name).collect();
        if !self.common.quiet {
            let variants = match &names[..] {
                [one] => one.clone(),
                all => format!("{} variants", all.len()),
            };
            let threads = counted(self.jobs() as u64, "thread", "threads");
            let mut text = format!("     Fuzzing {variants} · seed {} · {threads}", self.seed());
            if self.shard != Shard::WHOLE {
                text.push_str(&format!(" · shard {}", self.shard));
            }
            if self.from > 0 {
                text.push_str(&format!(" · from run {}", self.from));
            }
            remark(&text);
        }
        let (profile, shard, from) = (self.profile.to_owned(), self.shard, self.from);
        out.tell("start", &Start { seed: self.seed(), profile, shard, from, variants: names })
    }

    fn hunt(&self, meter: &mut Meter, interrupted: &AtomicBool) -> Result<Results, Stop> {
        let campaign = Campaign {
            targets: &self.targets,
            specs: &self.specs,
            blocks: Blocks { from: self.from / BLOCK, shard: self.shard },
            until: self.args.time.map_or(Until::Runs(self.args.runs), Until::Time),
            jobs: self.jobs(),
            patience: self.args.patience,
            interrupted,
        };
        campaign.run(meter, |target, found| match target.is_finding(&found.violation.invariant) {
            true => findings::keep_as_found(&self.folder, target, found, self.common.quiet),
            false => Ok(()),
        })
    }

    /// What this process did.
    fn part(&self, results: &Results) -> Part {
        let asked = self.args.runs.div_ceil(BLOCK).div_ceil(self.shard.of);
        let rounds = match self.args.time {
            Some(_) => results.rounds,
            None => results.rounds.min(asked),
        };
        let variants = self.targets.iter().zip(&self.specs).zip(&results.tallies).enumerate();
        Part {
            commit: self.commit.clone(),
            profile: self.profile.to_owned(),
            conditions: conditions_of(&self.args.plan.spec()),
            shard: self.shard,
            from: self.from,
            next: self.from + rounds * self.shard.of * BLOCK,
            demand: self.args.demand.into(),
            interrupted: results.interrupted,
            variants: variants
                .map(|(place, ((target, spec), tally))| came(place, target, spec, tally))
                .collect(),
        }
    }

    fn finish(
        &self,
        file: &CampaignFile,
        results: &Results,
        level: Option<u32>,
        out: &mut Output,
    ) -> Result<Exit, Stop> {
        let judged = verdict::judge(file);
        let interrupted = file.parts.values().any(|part| part.interrupted);
        write_reports(&self.folder, file, &judged)?;
        let next = file.parts.values().map(|part| part.next).max().unwrap_or(0);
        self.next.write(&self.specs, self.shard, next, level)?;
        for variant in &judged {
            out.tell("variant", &variant.json())?;
        }
        out.tell("end", &verdict::totals(file, &judged))?;
        out.say_more(&report::summary(file, &judged))?;
        self.again(results, next, out)?;
        outputs::annotate(self.args.annotations, file, &judged);
        let runs: u64 = judged.iter().map(|variant| variant.came.runs).sum();
        self.took(results, runs);
        if interrupted {
            let runs = counted(runs, "run", "runs");
            let why = format!("interrupted after {runs}; what was found is written");
            return Err(Stop::new(Exit::Interrupted, why));
        }
        let (exit, complaint) = verdict::verdict(file, &judged);
        if exit == Exit::Held { Ok(exit) } else { Err(Stop::new(exit, complaint)) }
    }

    /// How to do a campaign that was bounded by time once more, and how to go on.
    fn again(&self, results: &Results, next: u64, out: &mut Output) -> Result<(), Stop> {
        if self.args.time.is_none() {
            return Ok(());
        }
        let most = results.tallies.iter().map(|tally| tally.runs).max().unwrap_or(0);
        let mut command: String = self.args.filter.iter().map(|name| format!(" {name}")).collect();
        if let Some(file) = &self.args.source.program {
            command.push_str(&format!(" --program {}", file.display()));
        }
        let (mut shard, mut from) = (String::new(), String::new());
        if self.shard != Shard::WHOLE {
            shard = format!(" --shard {}", self.shard);
        }
        if self.from > 0 {
            from = format!(" --from {}", self.from);
        }
        let mut flags = self.args.plan.flags();
        if self.args.plan.seed == Seed::Commit {
            flags.push_str(&format!(" --profile {}", self.profile));
        }
        let runs = most * self.shard.of;
        out.say_more(&format!(
            "  Again:   atropos fuzz{command}{from} --runs {runs}{shard} {flags}\n  Go on:   atropos fuzz{command} --from {next}{shard} {flags}"
        ))
    }

    fn took(&self, results: &Results, runs: u64) {
        if self.common.quiet {
            return;
        }
        let seconds = results.elapsed.as_secs_f64();
        let rate = runs as f64 / seconds.max(0.001) / 1000.0;
        remark(&format!("        Took {seconds:.1}s, {rate:.0}k runs a second"));
    }
}

fn came(place: usize, target: &Target<'_>, spec: &Spec, tally: &Tally) -> Came {
    let rules = target.subject.rules(target.variant);
    let is_point = |kind: &str| kind == "sometimes";
    let points = rules.iter().enumerate().filter(|(_, rule)| is_point(rule.kind));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Came {
        scenario: target.subject.name().to_owned(),
        variant: target.variant.name.clone().into_owned(),
        place: place as u32,
        named: target.named,
        seed: format!("{:x}", spec.seed),
        fingerprint: format!("{:04x}", target.subject.fingerprint(target.variant)),
        runs: tally.runs,
        steps: tally.steps,
        invariants: rules
            .iter()
            .filter(|rule| !is_point(rule.kind))
            .map(|rule| rule.name.to_owned())
            .collect(),
        breaks: names(target.variant.expectation.breaks()),
        violated: tally.violated.clone(),
        points: points
            .map(|(at, rule)| (rule.name.to_owned(), tally.reached >> at & 1 == 1))
            .collect(),
        unstable: tally.unstable.as_ref().map(|unstable| again::unstable(target, unstable)),
        digest: format!("{:032x}", tally.digest),
    }
}
