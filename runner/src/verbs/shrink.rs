//! `atropos shrink`: the same failure, smaller.

use super::source;
use crate::{
    args::ShrinkArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
    progress::{counted, grouped},
    report::{self, Play, PlayJson},
    token,
};
use atropos::shrink::{Effort, Ended, Shrunk};
use serde::Serialize;
use std::time::Duration;

#[expect(clippy::disallowed_types, reason = "how long a failure may be shrunk, never how")]
type Clock = std::time::Instant;

#[derive(Serialize)]
struct ShrunkJson<'a> {
    /// Steps before.
    before: u64,
    tries: u64,
    /// Points that the search for the least schedule looked at.
    nodes: u64,
    preemptions: u32,
    /// Nothing smaller was found; false if the tries or the time ended first.
    complete: bool,
    /// What can be said of it: `proved`, `1-minimal`, `tries`, `time`.
    minimal: &'static str,
    /// Other invariants that were violated on the way.
    others: Vec<&'a str>,
    #[serde(flatten)]
    play: PlayJson<'a>,
}

pub(crate) fn run(args: &ShrinkArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let mut source = source::read(catalog, &args.case)?;
    let replay = source::played(&source)?;
    let Some(violation) = replay.violation else {
        out.say("nothing to shrink: the run holds")?;
        return Ok(Exit::Held);
    };
    let effort = Effort { tries: args.tries, ..Effort::DEEP };
    let found = source.found(violation);
    let shrunk = source.subject.shrink_while(found, effort, &mut within(args.time));
    source.case = shrunk.found.case.clone();
    let replay = source::play(&source)?;
    let play = Play { subject: source.subject, case: &source.case, replay: &replay };
    let (before, after) = shrunk.steps;
    let Shrunk { tries, nodes, preemptions, ended, ref others, .. } = shrunk;
    let others: Vec<_> = others.iter().map(|other| &*other.violation.invariant).collect();
    let (complete, minimal) = (is_complete(ended), word(ended));
    let play_json = report::json(&play);
    let json = ShrunkJson {
        before,
        tries,
        nodes,
        preemptions,
        complete,
        minimal,
        others,
        play: play_json,
    };
    out.tell("shrunk", &json)?;
    out.say(&report::play(&play))?;
    out.say_more(&format!(
        "  {} → {} in {}, {}: {ended}",
        grouped(before),
        counted(after, "step", "steps"),
        counted(tries, "try", "tries"),
        counted(preemptions.into(), "preemption", "preemptions"),
    ))?;
    let command = |case| {
        report::command("replay", source.subject, &token::token_of_case(source.subject, case))
    };
    out.say(&format!("  Replay:  {}", command(&source.case)))?;
    for other in &shrunk.others {
        let (name, again) = (&other.violation.invariant, command(&other.case));
        out.say(&format!("  Met:     {name} is violated, too\n  Replay:  {again}"))?;
    }
    Ok(Exit::Held)
}

/// True as long as some time is left, counted from now.
pub(crate) fn within(time: Option<Duration>) -> impl FnMut() -> bool {
    let begun = Clock::now();
    move || time.is_none_or(|time| begun.elapsed() < time)
}

fn is_complete(ended: Ended) -> bool {
    matches!(ended, Ended::Proved | Ended::OneMinimal)
}

/// What can be said of a shrunk failure, in a word.
pub(crate) fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Proved => "proved",
        Ended::OneMinimal => "1-minimal",
        Ended::EffortSpent => "tries",
        Ended::Stopped => "time",
        Ended::NotShown => "not-reproduced",
    }
}
