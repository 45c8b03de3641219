//! The story of a variant: what it must do, and the smallest runs that show it.
//!
//! This is what a snapshot holds. It names no seed, no time and no token: a reviewer reads what
//! happens, and a change of semantics shows as a changed story.

use super::{
    indented,
    play::{Play, body},
};
use atropos::{
    case::Case,
    hunt::Found,
    invariant::NO_LIVELOCK,
    plan::{Conditions, Spec},
    scenario::Variant,
    shrink::Effort,
    subject::Subject,
};
use std::collections::BTreeMap;

/// Blocks that are hunted for a story: 1,024 runs.
const BLOCKS: u64 = 16;

/// The story of a variant.
///
/// # Panics
/// If a run of the scenario does not replay, which is a bug of Atropos or of the scenario.
pub fn story(subject: &dyn Subject, variant: &Variant) -> String {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut reached = 0;
    let mut hunter = subject.hunter(variant, Spec::default());
    for block in 0..BLOCKS {
        let report = hunter(block, 64);
        reached |= report.reached;
        for violation in report.found {
            found.entry(violation.violation.invariant.clone()).or_insert(violation);
        }
    }
    let mut text = format!("{} {}\n{}\n", subject.name(), variant.name, variant.about);
    let rules = subject.rules(variant);
    let judged = rules.iter().map(|rule| (rule.name, rule.sentence));
    let judged = judged.chain([(NO_LIVELOCK, "every run comes to an end")]);
    for (name, sentence) in judged.filter(|(name, _)| found.contains_key(*name)) {
        let shrunk = subject.shrink(found[name].clone(), Effort::default());
        text.push_str(&format!("\n✗ {name}: {sentence}\n"));
        text.push_str(&format!("  {}\n\n", shrunk.found.violation.evidence));
        text.push_str(&told(subject, &shrunk.found.case));
    }
    if found.is_empty() {
        text.push_str("\n✓ all invariants held\n\n");
        text.push_str(&told(subject, &subject.canonical(variant, Conditions::default())));
    }
    let points = rules.iter().enumerate().filter(|(_, rule)| rule.kind == "sometimes");
    for (at, rule) in points {
        let sign = if reached >> at & 1 == 1 { "reached" } else { "never reached" };
        text.push_str(&format!("\n{sign}: {} ({})", rule.name, rule.sentence));
    }
    text.trim_end().to_owned() + "\n"
}

fn told(subject: &dyn Subject, case: &Case) -> String {
    let replay = subject.replay(case).expect("a case of this scenario");
    indented(&body(&Play { subject, case, replay: &replay }), 2) + "\n"
}
