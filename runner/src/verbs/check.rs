//! `atropos check`: what a variant is to show, searched schedule by schedule.
//!
//! A line a claim: all hold, the first violation and the run that shows it, or how far the search
//! came. What is proved is proved of this workload under these conditions within these bounds; a
//! second line says which.

use super::source::plan_of;
use crate::{
    args::{CheckArgs, Common},
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    interrupt::watch_interrupt,
    output::{BAD, GOOD, Output},
    progress::{Meter, counted, grouped},
    report::{self, Play, PlayJson},
    token,
};
use atropos::{
    check::{Claim, Covered, Engine, Progress, Search, prove::Proof},
    hunt::Found,
    plan::Conditions,
    relation::Relation,
    shrink::Effort,
};
use serde::Serialize;
use std::sync::atomic::Ordering::Relaxed;

#[derive(Serialize)]
struct CheckJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    verdict: &'static str,
    conditions: Conditions,
    engine: String,
    /// When two schedules count as one; nothing to states.
    equivalence: Option<String>,
    /// The bound on preemptions; none is no bound.
    preemptions: Option<u32>,
    /// The bound on the steps of a schedule.
    depth: u32,
    /// What the clients do.
    workload: Vec<String>,
    /// Schedules that were run to their end.
    executions: u64,
    /// Classes of schedules, from the engines that run one schedule of each.
    classes: Option<u64>,
    /// States, or traces, that were held in memory.
    held: u64,
    /// Schedules that there are, from the engine that counts them.
    schedules: Option<u128>,
    /// An estimate of the share that was explored, 0 to 1.
    share: Option<f64>,
    closed: bool,
    interrupted: bool,
    /// Schedules that were given up.
    blocked: u64,
    /// Schedules that were cut.
    cut: u64,
    steps: u64,
    longest: u64,
    /// Points that no schedule reached.
    unreached: Vec<&'static str>,
    #[serde(flatten)]
    play: Option<PlayJson<'a>>,
}

/// A claim that was searched.
pub(crate) struct Checked<'c> {
    target: Target<'c>,
    claim: Claim,
    proof: Proof,
    /// Somebody ended the search.
    stopped: bool,
}

pub(crate) fn run(
    args: &CheckArgs,
    common: &Common,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    args.refuse()?;
    let targets = catalog::select(catalog, &args.filter)?;
    let interrupted = watch_interrupt()?;
    let mut meter = Meter::new(common.progress, common.quiet);
    let mut worst = Exit::Held;
    for target in targets {
        let mut reached = 0;
        for claim in target.subject.claims(target.variant) {
            let claim = args.over(claim);
            let checked =
                Checked::search(target, claim, &|| !interrupted.load(Relaxed), &mut meter);
            reached |= checked.proof.reached;
            let exit = checked.tell(out)?;
            if checked.stopped {
                return Ok(Exit::Interrupted);
            }
            worst = if exit as u8 > worst as u8 { exit } else { worst };
        }
        if target.variant.expectation.breaks().is_empty() {
            say_unreached(&target, reached, out)?;
        }
    }
    Ok(worst)
}

/// A number of schedules that were run to their end, by what they stand for.
fn ends(search: Search, number: u64) -> String {
    match search.engine {
        Engine::States => counted(number, "end", "ends"),
        Engine::Dpor | Engine::Source | Engine::Enumerate => counted(number, "class", "classes"),
    }
}

/// What no claim of a variant has reached.
fn say_unreached(target: &Target<'_>, reached: u64, out: &mut Output) -> Result<(), Stop> {
    let unreached = unreached(target, reached);
    if unreached.is_empty() {
        return Ok(());
    }
    out.say_more(&format!("         never reached: {}", unreached.join(", ")))
}

fn unreached(target: &Target<'_>, reached: u64) -> Vec<&'static str> {
    let rules = target.subject.rules(target.variant);
    let points = rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes");
    points.filter(|(at, _)| reached >> at & 1 == 0).map(|(_, rule)| rule.name).collect()
}

impl<'c> Checked<'c> {
    /// Searches a claim for as long as it may go on.
    pub(crate) fn search(
        target: Target<'c>,
        claim: Claim,
        goes_on: &dyn Fn() -> bool,
        meter: &mut Meter,
    ) -> Self {
        let name = target.name();
        let mut seen = |Progress { done, share, held }| {
            meter.explored(share, || {
                let kept =
                    if held > 0 { format!(", {} held", grouped(held)) } else { String::new() };
                let share = share.map(|share| format!(", about {:.1} % explored", share * 100.0));
                let ends = ends(claim.search, done);
                format!("{name}: {ends}{kept}{}", share.unwrap_or_default())
            });
            goes_on()
        };
        let proof = target.subject.check(target.variant, &claim, &mut seen);
        meter.clear();
        let stopped = !goes_on();
        Checked { target, claim, proof, stopped }
    }

    /// The violation as a hunt would have found it.
    pub(crate) fn found(&self) -> Option<Found> {
        let (violation, case) = self.proof.found.as_ref()?;
        let (violation, case) = (violation.clone(), case.clone());
        let plan = plan_of(&case);
        Some(Found { violation, case, plan })
    }

    /// Says what came of it, and how that is to be taken.
    pub(crate) fn tell(&self, out: &mut Output) -> Result<Exit, Stop> {
        let (exit, word, what) = self.verdict();
        let style = if exit == Exit::Held { GOOD } else { BAD };
        let (on, off) = (style.render(), style.render_reset());
        out.say(&format!("{on}{word:>7}{off}  {}  {what}", self.target.name()))?;
        out.say_more(&format!("         {}", self.bound()))?;
        if self.target.named {
            for operation in self.operations() {
                out.say_more(&format!("         {operation}"))?;
            }
        }
        match self.found() {
            Some(found) => self.show(word, found, out)?,
            None => out.tell("check", &self.json(word, None))?,
        }
        Ok(exit)
    }

    fn verdict(&self) -> (Exit, &'static str, String) {
        let Covered { executions, closed, .. } = self.proof.covered;
        let expectation = &self.target.variant.expectation;
        let ends = ends(self.claim.search, executions);
        match &self.proof.found {
            Some((violation, _)) => {
                let allowed = expectation.allows(&violation.invariant);
                let (exit, word) =
                    if allowed { (Exit::Held, "breaks") } else { (Exit::Violated, "FAIL") };
                let schedule = grouped(executions);
                (exit, word, format!("{}, in schedule {schedule}", violation.invariant))
            }
            None if closed && !expectation.breaks().is_empty() => {
                let all = self.all();
                (Exit::Vacuous, "missed", format!("{all} hold, though it is there to break"))
            }
            None if closed => (Exit::Held, "holds", format!("{} hold", self.all())),
            None if self.stopped => {
                (Exit::Unproved, "open", format!("interrupted: {ends} hold, there are more"))
            }
            None => (Exit::Unproved, "open", format!("{ends} hold, there are more")),
        }
    }

    /// All of what was searched.
    fn all(&self) -> String {
        let Covered { executions, schedules, .. } = self.proof.covered;
        let within = match self.claim.search.preemptions {
            Some(most) => {
                format!(" of at most {}", counted(most.into(), "preemption", "preemptions"))
            }
            None => String::new(),
        };
        match (self.claim.search.engine, schedules) {
            (Engine::States, _) => format!("all schedules{within}"),
            (_, Some(schedules)) => {
                let schedules = u64::try_from(schedules).map_or(schedules.to_string(), grouped);
                format!("all {}, {schedules} schedules,", ends(self.claim.search, executions))
            }
            (_, None) => format!("all {}", ends(self.claim.search, executions)),
        }
    }

    /// What was covered, in a line.
    fn bound(&self) -> String {
        let Proof { covered, conditions, longest, .. } = &self.proof;
        let Search { engine, preemptions, relation, .. } = self.claim.search;
        let mut text = format!("engine {engine}");
        let mut add = |more: String| text.push_str(&more);
        if relation != Relation::Full {
            add(format!(", by {relation}"));
        }
        if let Some(most) = preemptions {
            add(format!(", at most {}", counted(most.into(), "preemption", "preemptions")));
        }
        add(format!("; its {} workload, {conditions}", self.workload()));
        let steps = counted(*longest, "step", "steps");
        add(format!("; the longest schedule has {steps}"));
        if engine == Engine::States {
            add(format!(", {} lead to different last states", grouped(covered.executions)));
        }
        match engine {
            Engine::Dpor | Engine::Source => {}
            Engine::States => add(format!(", {} states held", grouped(covered.held))),
            Engine::Enumerate => add(format!(", {} traces held", grouped(covered.held))),
        }
        for (count, what) in [(covered.blocked, "given up"), (covered.cut, "cut")] {
            if count > 0 {
                add(format!(", {} {what}", grouped(count)));
            }
        }
        text
    }

    /// The workload in a word: `fixed` is what the story tells.
    fn workload(&self) -> &'static str {
        let Target { subject, variant, .. } = self.target;
        let fixed = subject.canonical(variant, Conditions::default()).workload;
        if fixed == self.claim.workload { "fixed" } else { "check" }
    }

    fn operations(&self) -> Vec<String> {
        self.target.subject.workload_text(&self.claim.workload).unwrap_or_default()
    }

    /// The violation, made smaller.
    fn show(&self, word: &'static str, found: Found, out: &mut Output) -> Result<(), Stop> {
        let subject = self.target.subject;
        let case = subject.shrink(found, Effort::default()).found.case;
        let replay = subject.replay(&case).expect("a case of this scenario plays");
        let play = Play { subject, case: &case, replay: &replay };
        out.tell("check", &self.json(word, Some(report::json(&play))))?;
        if word == "FAIL" || self.target.named {
            out.say(&report::play(&play))?;
        }
        let token = token::token_of_case(subject, &case);
        out.say_more(&format!("  Replay:  {}", report::command("replay", subject, &token)))
    }

    fn json<'a>(&'a self, word: &'static str, play: Option<PlayJson<'a>>) -> CheckJson<'a> {
        let Proof { covered, conditions, reached, longest, .. } = &self.proof;
        let Search { engine, preemptions, relation, steps, .. } = self.claim.search;
        CheckJson {
            scenario: self.target.subject.name(),
            variant: &self.target.variant.name,
            verdict: word,
            conditions: *conditions,
            engine: engine.to_string(),
            equivalence: (engine != Engine::States).then(|| relation.to_string()),
            preemptions,
            depth: steps,
            workload: self.operations(),
            executions: covered.executions,
            classes: (engine != Engine::States).then_some(covered.executions),
            held: covered.held,
            schedules: covered.schedules,
            share: covered.share,
            closed: covered.closed,
            interrupted: self.stopped,
            blocked: covered.blocked,
            cut: covered.cut,
            steps: covered.steps,
            longest: *longest,
            unreached: unreached(&self.target, *reached),
            play,
        }
    }
}
