//! What is smaller: the order of failures, see the module above for why.

use crate::{
    case::encode,
    decisions::Tape,
    plan::{Budget, Conditions, Delivery, Scheduler, TimerRule},
    scenario::Scenario,
};
use std::collections::BTreeSet;

/// What failures are compared by, most important first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// What it needs that is unkind.
    needs: [bool; 4],
    actors: usize,
    operations: usize,
    faults: u32,
    workload: Vec<u8>,
    /// What of the schedule counts before the rest of it.
    first: [u64; 2],
    movers: usize,
    segments: usize,
    steps: u64,
    values: u64,
    text: String,
}

/// What makes a schedule smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    /// Fewer movers, then fewer switches: as long as the workload is being cut. Under a schedule of few
    /// preemptions fewer workloads fail than under one of few switches.
    #[default]
    Switches,
    /// Fewer preemptions, then fewer steps: what the search proves.
    Preemptions,
}

impl Key {
    pub(super) fn new<S: Scenario>(
        scenario: &S,
        conditions: &Conditions,
        workload: &[S::Op],
        tape: &Tape,
        (by, preemptions): (By, u32),
    ) -> Key {
        let movers: BTreeSet<_> = tape.segments.iter().map(|segment| &segment.who).collect();
        Key {
            needs: [
                conditions.delivery == Delivery::Pairwise,
                conditions.timers == TimerRule::Any,
                conditions.tasks.is_some_and(|tasks| tasks.scheduler == Scheduler::MultiThread),
                conditions.tasks.is_some_and(|tasks| tasks.budget != Budget::Full),
            ],
            actors: actors(scenario, workload).len(),
            operations: workload.len(),
            faults: conditions.faults,
            workload: encode(workload),
            first: match by {
                By::Switches => [0; 2],
                By::Preemptions => [preemptions.into(), tape.steps()],
            },
            movers: movers.len(),
            segments: tape.segments.len(),
            steps: tape.steps(),
            values: tape.values.iter().map(|&value| u64::from(value)).sum(),
            text: tape.to_string(),
        }
    }
}

/// Whom a workload names, each once.
pub(super) fn actors<S: Scenario>(scenario: &S, workload: &[S::Op]) -> Vec<u32> {
    let mut actors: Vec<u32> = workload.iter().flat_map(|op| scenario.actors(op)).collect();
    actors.sort_unstable();
    actors.dedup();
    actors
}
