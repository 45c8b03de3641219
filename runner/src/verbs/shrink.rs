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
use atropos::{
    hunt::Found,
    shrink::{Effort, Shrunk},
};
use serde::Serialize;

#[derive(Serialize)]
struct ShrunkJson<'a> {
    /// Steps before.
    before: u64,
    tries: u64,
    /// Nothing smaller was found; false if the tries ended first.
    complete: bool,
    #[serde(flatten)]
    play: PlayJson<'a>,
}

pub(crate) fn run(args: &ShrinkArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let mut source = source::read(catalog, &args.case)?;
    let replay = source::play(&source)?;
    if let Some(divergence) = replay.divergence {
        return Err(Stop::new(Exit::Diverged, divergence.to_string()));
    }
    let Some(violation) = replay.violation else {
        out.say("nothing to shrink: the run holds")?;
        return Ok(Exit::Held);
    };
    let plan = source.plan.unwrap_or_else(|| source::plan_of(&source.case));
    let effort = Effort { tries: args.tries, ..Effort::DEEP };
    let found = Found { violation, case: source.case.clone(), plan };
    let shrunk = source.subject.shrink(found, effort);
    source.case = shrunk.found.case.clone();
    let replay = source::play(&source)?;
    let play = Play { subject: source.subject, case: &source.case, replay: &replay };
    let (before, after) = shrunk.steps;
    let Shrunk { tries, complete, .. } = shrunk;
    out.tell("shrunk", &ShrunkJson { before, tries, complete, play: report::json(&play) })?;
    out.say(&report::play(&play))?;
    let complete = if complete { "nothing smaller found" } else { "the tries ended first" };
    out.say_more(&format!(
        "  {} → {} in {}, {complete}",
        grouped(before),
        counted(after, "step", "steps"),
        counted(tries, "try", "tries")
    ))?;
    let token = token::token_of_case(source.subject, &source.case);
    out.say(&format!("  Replay:  {}", report::command("replay", source.subject, &token)))?;
    Ok(Exit::Held)
}
