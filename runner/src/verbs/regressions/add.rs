//! `atropos regressions add`: a failure, shrunk and written by names.

use crate::{
    args::AddArgs,
    catalog::Catalog,
    environment,
    exit::{Exit, Stop},
    files,
    output::Output,
    progress::counted,
    regression::{self, FoundAt, Regression},
    token,
    verbs::source::{self, Source},
};
use atropos::{
    case::Replay,
    plan::{Plan, Spec},
    scenario::Variant,
    shrink::Effort,
    subject::Subject,
};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct AddedJson<'a> {
    file: String,
    scenario: &'a str,
    variant: &'a str,
    invariant: &'a str,
    steps: usize,
    /// The same failure was there before.
    already: bool,
}

pub(super) fn run(
    args: &AddArgs,
    dir: &Path,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let mut source = source::read(catalog, &args.case)?;
    let mut replay = violating(&source)?;
    if !args.no_shrink {
        shrink(&mut source, &replay);
        replay = source::play(&source)?;
    }
    let mut kept = Regression::of(source.subject, &source.case, &replay);
    kept.note = args.note.clone();
    kept.found = found_at(&source);
    let path = regression::place_of(dir, &kept);
    let already = path.exists();
    if !already {
        files::write(&path, kept.to_json(source.subject))?;
    }
    let steps = kept.script.decisions.len();
    let said = if already { "already there" } else { "kept" };
    out.say(&format!(
        "{said}: {}\n  {}  {}  {}",
        path.display(),
        kept.name(),
        kept.script.invariant,
        counted(steps as u64, "step", "steps")
    ))?;
    let line = AddedJson {
        file: path.display().to_string(),
        scenario: &kept.scenario,
        variant: &kept.script.variant,
        invariant: &kept.script.invariant,
        steps,
        already,
    };
    out.tell("added", &line)?;
    Ok(Exit::Held)
}

/// Plays it; only what violates is kept.
fn violating(source: &Source<'_>) -> Result<Replay, Stop> {
    let replay = source::played(source)?;
    if replay.violation.is_none() {
        let why = "nothing to keep: the run holds; a regression is a run that violates";
        return Err(Stop::new(Exit::Usage, why));
    }
    Ok(replay)
}

fn shrink(source: &mut Source<'_>, replay: &Replay) {
    let violation = replay.violation.clone().expect("it violates");
    source.case = source.subject.shrink(source.found(violation), Effort::default()).found.case;
}

/// Where it comes from, as far as that is known.
fn found_at(source: &Source<'_>) -> FoundAt {
    let subject = source.subject;
    let variant = subject.variants().iter().find(|variant| variant.name == source.case.variant);
    FoundAt {
        commit: environment::checked_out(),
        seed: variant.zip(source.plan).and_then(|(variant, plan)| seed(subject, variant, plan)),
        fingerprint: variant.map(|variant| format!("{:04x}", subject.fingerprint(variant))),
    }
}

/// The seed token of a plan, if a seed alone gives that plan.
fn seed(subject: &dyn Subject, variant: &Variant, plan: Plan) -> Option<String> {
    let (drawn, _, _) = subject.run(variant, Spec::seeded(plan.seed), plan.index);
    (drawn == plan).then(|| token::seed_token(subject, variant, plan.seed, plan.index))
}
