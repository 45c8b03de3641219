//! Every bug of the stories, as small as it gets: what its smallest run needs is pinned.
//!
//! A change of a body, a rule or the shrinker shows here: in how many processes, channels and timers
//! take part, in steps, in preemptions, and in whether that is proved.

use atropos::{
    case::{decode, encode},
    decisions::Tape,
    hunt::Found,
    invariant::NO_LIVELOCK,
    plan::Spec,
    scenario::{Scenario, Variant},
    shrink::{self, Effort, Ended, Shrunk},
    subject::Subject,
};
use atropos_scenarios::{
    ash_limiter::AshLimiter, atomvm_links::AtomvmLinks, catalog, kv_registry::KvRegistry,
    llama_chat::LlamaChat, restate_join::RestateJoin,
};
use std::{collections::BTreeMap, fmt};

/// The smallest run of a bug.
#[derive(Clone, PartialEq, Eq)]
struct Minimum {
    bug: String,
    movers: usize,
    steps: u64,
    preemptions: u32,
    ended: Ended,
}

impl fmt::Debug for Minimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Minimum { bug, movers, steps, preemptions, ended } = self;
        write!(f, "(\"{bug}\", {movers}, {steps}, {preemptions}, Ended::{ended:?})")
    }
}

/// Bug, who takes part, steps, preemptions, and what can be said of it.
const MINIMA: &[(&str, usize, u64, u32, Ended)] = &[
    ("atomvm-links/v0.6.2 no-duplicate-link", 1, 2, 0, Ended::Proved),
    ("atomvm-links/v0.6.2 no-link-to-dead", 2, 2, 0, Ended::Proved),
    ("atomvm-links/v0.6.2 one-exit-per-link", 1, 3, 0, Ended::Proved),
    ("atomvm-links/v0.6.3 no-link-to-dead", 2, 2, 0, Ended::Proved),
    ("atomvm-links/v0.6.6 no-lost-link", 3, 6, 0, Ended::Proved),
    ("atomvm-links/v0.6.6 no-pending-unlink", 4, 6, 0, Ended::Proved),
    ("atomvm-links/v0.6.6 one-exit-per-link", 3, 4, 1, Ended::Proved),
    ("ash-limiter/v3.5.24 limiter-bounds", 4, 32, 0, Ended::Proved),
    ("ash-limiter/v3.5.24 no-stale-pid", 3, 41, 0, Ended::Proved),
    ("ash-limiter/v3.5.24 read-answers", 3, 42, 0, Ended::Proved),
    ("ash-limiter/first-fix limiter-bounds", 4, 32, 0, Ended::Proved),
    ("ash-limiter/first-fix no-stale-pid", 3, 41, 0, Ended::Proved),
    ("ash-limiter/first-fix read-answers", 3, 42, 0, Ended::Proved),
    ("ash-limiter/v3.5.26 limiter-bounds", 4, 32, 0, Ended::Proved),
    ("ash-limiter/release-after-stop no-lost-slot", 5, 56, 0, Ended::Proved),
    ("ash-limiter/release-after-stop read-answers", 5, 57, 0, Ended::Proved),
    ("ash-limiter/stop-dead read-answers", 3, 18, 0, Ended::Proved),
    ("ash-limiter/alive-then-call read-answers", 3, 11, 1, Ended::Proved),
    ("ash-limiter/release-at-spawn limiter-bounds", 4, 32, 0, Ended::Proved),
    ("ash-limiter/busy-wait no-livelock", 3, 10000, 1, Ended::EffortSpent),
    ("ash-limiter/normal-exit-leak no-unsupervised-survivor", 3, 28, 0, Ended::Proved),
    ("kv-registry/linked registry-survives", 5, 29, 0, Ended::Proved),
    ("kv-registry/permanent no-orphaned-bucket", 7, 72, 0, Ended::Proved),
    ("kv-registry/transient no-orphaned-bucket", 7, 72, 0, Ended::Proved),
    ("kv-registry/one-for-one no-orphaned-bucket", 7, 40, 1, Ended::Proved),
    ("kv-registry/rest-for-one-supervisor-first no-orphaned-bucket", 7, 40, 1, Ended::Proved),
    ("kv-registry/registry-first create-answers", 4, 14, 0, Ended::Proved),
    ("kv-registry/rest-for-one-registry-first create-answers", 4, 14, 0, Ended::Proved),
    ("kv-registry/no-monitor names-live", 6, 65, 0, Ended::Proved),
    ("kv-registry/stop-then-lookup no-stale-pid", 14, 71, 0, Ended::OneMinimal),
    ("kv-registry/synchronous-call no-stale-pid", 14, 82, 0, Ended::OneMinimal),
    ("restate-join/v1.2.0 no-panic", 5, 8, 0, Ended::Proved),
    ("restate-join/v1.2.0 one-attempt-per-key", 4, 5, 0, Ended::Proved),
    ("restate-join/forgotten-attempt one-attempt-per-key", 4, 5, 0, Ended::Proved),
    ("restate-join/noop-waker no-lost-wakeup", 6, 9, 0, Ended::Proved),
    ("llama-chat/no-reference no-pending-task-collected", 5, 6, 0, Ended::Proved),
    ("llama-chat/v0.12.17 no-pending-task-collected", 5, 6, 0, Ended::Proved),
    ("llama-chat/v0.12.18 no-pending-task-collected", 5, 8, 0, Ended::Proved),
    ("llama-chat/forgotten-consumer no-lost-message", 10, 26, 0, Ended::Proved),
    ("llama-chat/await-in-finally no-pending-task-collected", 5, 6, 0, Ended::Proved),
    ("llama-chat/unretrieved exceptions-retrieved", 6, 19, 0, Ended::Proved),
];

/// Blocks in which every bug shows.
const BLOCKS: u64 = 16;

/// The first failure of each invariant that a variant is there to break, as found.
fn found(subject: &dyn Subject, variant: &Variant) -> BTreeMap<String, Found> {
    let mut found = BTreeMap::new();
    let mut hunter = subject.hunter(variant, Spec::default());
    for block in 0..BLOCKS {
        for failure in hunter(block, 64).found {
            found.entry(failure.violation.invariant.clone()).or_insert(failure);
        }
        if variant.expectation.breaks().iter().all(|name| found.contains_key(*name)) {
            break;
        }
    }
    found
}

fn movers(tape: &Tape) -> usize {
    let mut movers: Vec<_> = tape.segments.iter().map(|segment| &segment.who).collect();
    movers.sort();
    movers.dedup();
    movers.len()
}

#[test]
fn the_smallest_run_of_every_bug_is_as_small_as_it_was() {
    let expected = MINIMA.iter().map(|&(bug, movers, steps, preemptions, ended)| Minimum {
        bug: bug.to_owned(),
        movers,
        steps,
        preemptions,
        ended,
    });
    let mut minima = Vec::new();
    for subject in &catalog() {
        for variant in subject.variants() {
            let failures = found(&**subject, variant);
            let names: Vec<_> = failures.keys().map(String::as_str).collect();
            let mut breaks = variant.expectation.breaks().to_vec();
            breaks.sort_unstable();
            assert_eq!(names, breaks, "{}/{}", subject.name(), variant.name);
            for (name, failure) in failures {
                let Shrunk { found, steps, preemptions, ended, others, .. } =
                    subject.shrink(failure, Effort::default());
                let bug = format!("{}/{} {name}", subject.name(), variant.name);
                assert_eq!(found.violation.invariant, name, "{bug}: shrinking kept the failure");
                assert_eq!(others, [], "{bug}: nothing else breaks");
                let movers = movers(&found.case.tape);
                minima.push(Minimum { bug, movers, steps: steps.1, preemptions, ended });
            }
        }
    }
    assert_eq!(minima, expected.collect::<Vec<_>>(), "{minima:#?}");
}

/// Workloads with one number lowered: to 0, to half, by one. As bytes, so that no scenario has to say
/// which numbers its operations have.
fn lowered<S: Scenario>(scenario: &S, workload: &[u8]) -> Vec<Vec<u8>> {
    let mut lowered = Vec::new();
    for (at, &byte) in workload.iter().enumerate() {
        for lower in [0, byte / 2, byte.saturating_sub(1)] {
            let mut bytes = workload.to_vec();
            bytes[at] = lower;
            let valid = decode::<S::Op>(&bytes).is_some_and(|ops| scenario.is_valid(&ops));
            if valid && lower < byte && !lowered.contains(&bytes) {
                lowered.push(bytes);
            }
        }
    }
    lowered
}

/// What a shrinker by values alone would still find under the schedule that is left.
fn simpler_values<S: Scenario>(scenario: &S) -> Vec<String> {
    let mut left = Vec::new();
    for variant in Scenario::variants(scenario) {
        for (name, failure) in found(scenario, variant) {
            if name == NO_LIVELOCK {
                continue;
            }
            let small = shrink::shrink(scenario, failure, Effort::default()).found;
            for workload in lowered(scenario, &small.case.workload) {
                let mut simpler = small.clone();
                simpler.case.workload = workload;
                let once = Effort { tries: 1, ..Effort::default() };
                let shown = shrink::shrink(scenario, simpler.clone(), once);
                if shown.ended != Ended::NotShown {
                    let text = |bytes: &[u8]| {
                        format!("{:?}", decode::<S::Op>(bytes).expect("it was valid"))
                    };
                    left.push(format!(
                        "{}: {name}: {} is simpler than {}",
                        variant.name,
                        text(&simpler.case.workload),
                        text(&small.case.workload)
                    ));
                }
            }
            assert_eq!(
                small.case.workload,
                encode(&decode::<S::Op>(&small.case.workload).expect("its own workload"))
            );
        }
    }
    left
}

#[test]
fn no_lower_value_of_an_operation_would_do() {
    let mut left = simpler_values(&AtomvmLinks);
    left.extend(simpler_values(&AshLimiter));
    left.extend(simpler_values(&KvRegistry));
    left.extend(simpler_values(&RestateJoin));
    left.extend(simpler_values(&LlamaChat));
    assert!(left.is_empty(), "{}", left.join("\n"));
}
