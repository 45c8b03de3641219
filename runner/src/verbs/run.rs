//! `atropos run`: one run of a campaign, and its timeline.

use crate::{
    args::RunArgs,
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    output::Output,
    report::{self, Play, PlayJson},
    token,
};
use atropos::decisions::RunIndex;
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
    if spec == atropos::plan::Spec::seeded(spec.seed) {
        let seed_token = token::seed_token(subject, variant, spec.seed, index);
        out.say_more(&format!("  Again:   {}", report::command("replay", subject, &seed_token)))?;
    } else {
        let token = token::token_of_case(subject, &case);
        out.say_more(&format!("  Again:   {}", report::command("replay", subject, &token)))?;
    }
    if let Some(divergence) = &replay.divergence {
        return Err(Stop::new(Exit::Diverged, divergence.to_string()));
    }
    Ok(if replay.violation.is_some() { Exit::Violated } else { Exit::Held })
}
