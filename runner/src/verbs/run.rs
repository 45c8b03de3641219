//! `atropos run`: one run of a campaign, and its timeline.

use crate::{
    args::RunArgs,
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    output::Output,
    report::{self, Play, PlayJson},
    token,
};
use atropos::{decisions::RunIndex, plan::Spec};
use serde::Serialize;

#[derive(Serialize)]
struct RunJson<'a> {
    seed: String,
    index: u64,
    #[serde(flatten)]
    play: PlayJson<'a>,
}

pub(crate) fn run(args: &RunArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let name = args.scenario.as_deref().unwrap_or_else(|| catalog[0].name());
    let Target { subject, variant, .. } = catalog::target(catalog, name)?;
    let spec = args.plan.spec();
    let index = RunIndex::nth(args.index);
    let (plan, case, replay) = subject.run(variant, spec, index);
    let play = Play { subject, case: &case, replay: &replay };
    out.say_more(&format!("{}/{}: {plan}", subject.name(), variant.name))?;
    let seed = format!("{:#x}", spec.seed);
    out.tell("run", &RunJson { seed, index: args.index, play: report::json(&play) })?;
    out.say(&report::play(&play))?;
    let again = match spec == Spec::seeded(spec.seed) {
        true => token::seed_token(subject, variant, spec.seed, index),
        false => token::token_of_case(subject, &case),
    };
    out.say_more(&format!("  Again:   {}", report::command("replay", subject, &again)))?;
    if let Some(divergence) = &replay.divergence {
        return Err(Stop::new(Exit::Diverged, divergence.to_string()));
    }
    if replay.violation.is_none() {
        return Ok(Exit::Held);
    }
    out.say_more(report::next(&play, None).trim_end())?;
    Ok(Exit::Violated)
}
