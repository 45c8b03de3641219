//! `atropos list`: scenarios, variants, what each must do.

use crate::{
    args::ListArgs,
    catalog::{Catalog, scenario},
    exit::{Exit, Stop},
    output::Output,
};
use atropos::{scenario::Variant, subject::Subject};
use serde::Serialize;

#[derive(Serialize)]
struct VariantLine<'a> {
    scenario: &'a str,
    variant: &'a str,
    about: &'a str,
    breaks: &'a [&'static str],
    fingerprint: String,
}

#[derive(Serialize)]
struct RuleLine<'a> {
    scenario: &'a str,
    invariant: &'a str,
    kind: &'a str,
    sentence: &'a str,
}

pub(crate) fn run(args: &ListArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    match &args.scenario {
        Some(name) => {
            let subject = scenario(catalog, name)?;
            list(subject, out)?;
            rules(subject, out)?;
        }
        None => catalog.iter().try_for_each(|subject| list(&**subject, out))?,
    }
    Ok(Exit::Held)
}

fn list(subject: &dyn Subject, out: &mut Output) -> Result<(), Stop> {
    out.say(&format!("{}  {}", subject.name(), subject.about()))?;
    let longest = subject.variants().iter().map(|variant| variant.name.len()).max().unwrap_or(0);
    for variant in subject.variants() {
        out.say(&format!("  {:<longest$}  {}", variant.name, variant.about))?;
        out.say(&format!("  {:<longest$}  {}", "", expectation(variant)))?;
        out.tell(
            "variant",
            &VariantLine {
                scenario: subject.name(),
                variant: &variant.name,
                about: &variant.about,
                breaks: variant.expectation.breaks(),
                fingerprint: format!("{:04x}", subject.fingerprint(variant)),
            },
        )?;
    }
    Ok(())
}

fn expectation(variant: &Variant) -> String {
    match variant.expectation.breaks() {
        [] => "must hold".to_owned(),
        names => format!("must break {}", names.join(", ")),
    }
}

/// The invariants of all variants of a scenario, each once.
fn rules(subject: &dyn Subject, out: &mut Output) -> Result<(), Stop> {
    let mut all: Vec<_> =
        subject.variants().iter().flat_map(|variant| subject.rules(variant)).collect();
    all.sort_by_key(|rule| (rule.kind, rule.name));
    all.dedup_by_key(|rule| rule.name);
    for rule in all {
        out.say(&format!("  {:<10} {:<20} {}", rule.kind, rule.name, rule.sentence))?;
        let line = RuleLine {
            scenario: subject.name(),
            invariant: rule.name,
            kind: rule.kind,
            sentence: rule.sentence,
        };
        out.tell("invariant", &line)?;
    }
    Ok(())
}
