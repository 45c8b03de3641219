//! `atropos replay`: the same run again, to the letter, or the reason why not.

use super::source;
use crate::{
    args::ReplayArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
    report::{self, Play},
};

pub(crate) fn run(args: &ReplayArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let source = source::read(catalog, &args.case)?;
    let replay = source::play(&source)?;
    let play = Play { subject: source.subject, case: &source.case, replay: &replay };
    out.tell("replay", &report::json(&play))?;
    out.say(&report::play(&play))?;
    if let Some(divergence) = &replay.divergence {
        return Err(Stop::new(Exit::Diverged, divergence.to_string()));
    }
    if replay.violation.is_none() {
        return Ok(Exit::Held);
    }
    out.say_more(report::next(&play, source::place(&args.case)).trim_end())?;
    Ok(Exit::Violated)
}
