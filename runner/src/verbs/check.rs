//! `atropos check`: one schedule of each class of a variant's fixed workload.
//!
//! A line a variant: all classes hold, the first violation and the run that shows it, or how far it
//! came. What is proved is proved of this workload under these conditions; the line says so.

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
    case::Case,
    check::{
        dpor::{Bounds, Reduced},
        prove::Proof,
    },
    hunt::Found,
    invariant::Violation,
    plan::Conditions,
    shrink::Effort,
};
use serde::Serialize;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[derive(Serialize)]
struct CheckJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    verdict: &'static str,
    conditions: Conditions,
    classes: u64,
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

pub(crate) fn run(
    args: &CheckArgs,
    common: &Common,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let targets = catalog::select(catalog, &args.filter)?;
    let interrupted = watch_interrupt()?;
    let mut meter = Meter::new(common.progress, common.quiet);
    let mut worst = Exit::Held;
    for target in &targets {
        let proof = prove(target, args, &interrupted, &mut meter);
        meter.clear();
        let exit = tell(target, &proof, args, out)?;
        if interrupted.load(Relaxed) {
            return Ok(Exit::Interrupted);
        }
        worst = if exit as u8 > worst as u8 { exit } else { worst };
    }
    Ok(worst)
}

fn prove(
    target: &Target<'_>,
    args: &CheckArgs,
    interrupted: &AtomicBool,
    meter: &mut Meter,
) -> Proof {
    let bounds = Bounds { executions: args.classes, steps: args.depth };
    target.subject.check(target.variant, args.conditions(), bounds, &mut |done| {
        meter.count(&format!("classes of {}", target.name()), done, args.classes);
        !interrupted.load(Relaxed)
    })
}

fn tell(
    target: &Target<'_>,
    proof: &Proof,
    args: &CheckArgs,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let Reduced { executions, closed, .. } = proof.reduced;
    let classes = counted(executions, "class", "classes");
    let (exit, word, what) = match &proof.found {
        Some((violation, _)) => {
            let expected = target.variant.expectation.allows(&violation.invariant);
            let (exit, word) =
                if expected { (Exit::Held, "breaks") } else { (Exit::Violated, "FAIL") };
            (exit, word, format!("{}, in class {}", violation.invariant, grouped(executions)))
        }
        None if closed && !target.variant.expectation.breaks().is_empty() => {
            (Exit::Vacuous, "missed", format!("all {classes} hold, though it is there to break"))
        }
        None if closed => (Exit::Held, "holds", format!("all {classes} hold")),
        None => (Exit::Unproved, "open", format!("{classes} hold, there are more")),
    };
    let style = if exit == Exit::Held { GOOD } else { BAD };
    let (on, off) = (style.render(), style.render_reset());
    let name = target.name();
    out.say(&format!("{on}{word:>7}{off}  {name}  {what}"))?;
    out.say_more(&format!("         {}", bound(target, proof, args)))?;
    match &proof.found {
        Some((violation, case)) => show(target, proof, word, (violation, case), args, out)?,
        None => out.tell("check", &json(target, proof, word, args, None))?,
    }
    Ok(exit)
}

/// What was covered, in a line.
fn bound(target: &Target<'_>, proof: &Proof, args: &CheckArgs) -> String {
    let Reduced { blocked, cut, .. } = proof.reduced;
    let mut text = format!(
        "its fixed workload, {}; the longest schedule has {}",
        args.conditions(),
        counted(proof.longest, "step", "steps"),
    );
    let more = [(blocked, "given up"), (cut, "cut")];
    for (count, what) in more.into_iter().filter(|&(count, _)| count > 0) {
        text.push_str(&format!(", {} {what}", grouped(count)));
    }
    let unreached = unreached(target, proof);
    if proof.found.is_none() && !unreached.is_empty() {
        text.push_str(&format!("; never reached: {}", unreached.join(", ")));
    }
    text
}

fn unreached(target: &Target<'_>, proof: &Proof) -> Vec<&'static str> {
    let rules = target.subject.rules(target.variant);
    let points = rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes");
    points.filter(|(at, _)| proof.reached >> at & 1 == 0).map(|(_, rule)| rule.name).collect()
}

/// The violation, made smaller.
fn show(
    target: &Target<'_>,
    proof: &Proof,
    word: &'static str,
    (violation, case): (&Violation, &Case),
    args: &CheckArgs,
    out: &mut Output,
) -> Result<(), Stop> {
    let plan = plan_of(case);
    let found = Found { violation: violation.clone(), case: case.clone(), plan };
    let shrunk = target.subject.shrink(found, Effort::default());
    let case = shrunk.found.case;
    let replay = target.subject.replay(&case).expect("a case of this scenario plays");
    let play = Play { subject: target.subject, case: &case, replay: &replay };
    out.tell("check", &json(target, proof, word, args, Some(report::json(&play))))?;
    if word == "FAIL" || target.named {
        out.say(&report::play(&play))?;
    }
    let token = token::token_of_case(target.subject, &case);
    out.say_more(&format!("  Replay:  {}", report::command("replay", target.subject, &token)))
}

fn json<'a>(
    target: &'a Target<'_>,
    proof: &Proof,
    word: &'static str,
    args: &CheckArgs,
    play: Option<PlayJson<'a>>,
) -> CheckJson<'a> {
    let Reduced { executions, blocked, cut, steps, .. } = proof.reduced;
    CheckJson {
        scenario: target.subject.name(),
        variant: &target.variant.name,
        verdict: word,
        conditions: args.conditions(),
        classes: executions,
        blocked,
        cut,
        steps,
        longest: proof.longest,
        unreached: unreached(target, proof),
        play,
    }
}
