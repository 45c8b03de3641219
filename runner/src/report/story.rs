//! The story of a variant: what it must do, and the smallest runs that show it.
//!
//! This is what a snapshot holds. It names no seed, no time and no token: a reviewer reads what
//! happens, and a change of semantics shows as a changed story.

use super::{
    evidence, indented,
    play::{Play, body},
};
use crate::progress::{counted as number_of, grouped};
use atropos::{
    case::Case,
    check::{Claim, Covered, Engine, Search},
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
        text.push_str(&format!("{}\n\n", evidence(&shrunk.found.violation)));
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
    text = text.trim_end().to_owned();
    text.push_str(&format!("\n\n{}\n", counted(subject, variant)));
    text
}

/// How many schedules the fixed workload has, at the widest bound under which they are few.
fn counted(subject: &dyn Subject, variant: &Variant) -> String {
    let case = subject.canonical(variant, Conditions::default());
    let (workload, conditions) = (case.workload, case.conditions);
    let search =
        Search { steps: 500, executions: 300, held: 6_000, runs: 30_000, ..Search::default() };
    let states = |preemptions| Search { engine: Engine::States, preemptions, ..search };
    let bounds = [search, states(None), states(Some(2)), states(Some(1)), states(Some(0))];
    for search in bounds {
        let claim = Claim { workload: workload.clone(), conditions, search };
        let covered = subject.count(variant, &claim);
        if covered.closed {
            return counts(&covered, search, conditions);
        }
        if covered.cut > 0 {
            break;
        }
    }
    format!("schedules: not counted (fixed workload, {conditions})")
}

fn counts(covered: &Covered, search: Search, conditions: Conditions) -> String {
    let Covered { executions, held, .. } = *covered;
    let number = match search.engine {
        Engine::States => {
            let ends = number_of(executions, "last state", "last states");
            format!("states with a choice: {}, {ends}", grouped(held))
        }
        _ => format!("classes: {}", grouped(executions)),
    };
    let bound = match search.preemptions {
        None => "whole space".to_owned(),
        Some(most) => format!("at most {}", number_of(most.into(), "preemption", "preemptions")),
    };
    format!("{number} ({}, fixed workload, {conditions}, {bound})", search.engine)
}

fn told(subject: &dyn Subject, case: &Case) -> String {
    let replay = subject.replay(case).expect("a case of this scenario");
    indented(&body(&Play { subject, case, replay: &replay }), 2) + "\n"
}
