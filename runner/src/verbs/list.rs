//! `atropos list`: scenarios, variants, what each must do.

use crate::{
    args::ListArgs,
    catalog::{self, Catalog, Target},
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
    let targets = catalog::select(catalog, args.scenario.as_slice())?;
    for targets in targets.chunk_by(|a, b| a.subject.name() == b.subject.name()) {
        let subject = targets[0].subject;
        let variants: Vec<&Variant> =
            targets.iter().map(|Target { variant, .. }| *variant).collect();
        list(subject, &variants, out)?;
        if args.scenario.is_some() {
            rules(subject, &variants, out)?;
        }
    }
    Ok(Exit::Held)
}

fn list(subject: &dyn Subject, variants: &[&Variant], out: &mut Output) -> Result<(), Stop> {
    out.say(&format!("{}  {}", subject.name(), subject.about()))?;
    let longest = variants.iter().map(|variant| variant.name.len()).max().unwrap_or(0);
    for variant in variants {
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

/// The invariants of some variants of a scenario, each once.
fn rules(subject: &dyn Subject, variants: &[&Variant], out: &mut Output) -> Result<(), Stop> {
    let mut all: Vec<_> = variants.iter().flat_map(|variant| subject.rules(variant)).collect();
    all.sort_by_key(|rule| (rule.kind, rule.name));
    all.dedup_by_key(|rule| rule.name);
    let longest = all.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in all {
        out.say(&format!("  {:<9}  {:<longest$}  {}", rule.kind, rule.name, rule.sentence))?;
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
