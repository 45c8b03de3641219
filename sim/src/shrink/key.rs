//! What is smaller: the order of failures, see the module above for why.

use crate::{
    case::encode,
    check::least::{Price, Turns},
    decisions::{Ahead, Decisions, Names, Tape},
    moves::MoveSet,
    name::Name,
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

/// Decisions, and how many preemptions they come to.
pub(super) struct Counting<'d, D> {
    decisions: &'d mut D,
    turns: Turns,
    pub(super) preemptions: u32,
}

impl<'d, D> Counting<'d, D> {
    pub(super) fn new(decisions: &'d mut D) -> Self {
        Counting { decisions, turns: Turns::new(Price::Preemptions), preemptions: 0 }
    }
}

impl<D: Decisions> Decisions for Counting<'_, D> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let at = self.decisions.next_move(moves, names)?;
        let mv = moves.all()[at];
        // A world's turns are the moves that bear the name of a process.
        let is_turn = || matches!(names.name(mv), Name::Process(_));
        self.preemptions += self.turns.pay(mv, moves, is_turn);
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        self.decisions.value(options)
    }

    fn spares(&mut self, from: u32) {
        self.decisions.spares(from);
    }

    fn ahead(&mut self) -> Ahead {
        self.decisions.ahead()
    }
}
