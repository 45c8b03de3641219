//! How many schedules of an lc-v1 program there are, and how many of them differ, under each
//! equivalence: by walking all of them, merged where they are the same trace so far.
//!
//! Slow, plain, and the oracle that reducing engines must match.

use super::traces::{TraceHash, Traced, hash};
use crate::{
    footprint::Footprint,
    lc::{EventView, LcWorld, Relation},
    moves::Move,
    world::World,
};
use std::collections::{BTreeMap, BTreeSet};

/// The numbers of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Maximal schedules, counted over merged prefixes.
    pub interleavings: u128,
    /// Classes of maximal schedules under [`Relation::Full`], [`Relation::Arrival`] and
    /// [`Relation::Observer`].
    pub classes: [u64; 3],
    /// Classes if only what each process has seen itself counts.
    pub views: u64,
    /// Distinct ends.
    pub outcomes: u64,
    /// Distinct traces under [`Relation::Full`], the empty and the complete ones included.
    pub prefixes: u64,
    /// Full classes at whose end a living process has still something to do.
    pub blocked: u64,
    /// Events of the shortest maximal schedule.
    pub fewest: u64,
    /// And of the longest.
    pub most: u64,
}

/// Counts the schedules of a program; `None` if there are more than `most` traces.
pub fn count(world: &LcWorld, most: u64) -> Option<Counts> {
    let mut search = Search { most, ..Search::default() };
    search.counts.fewest = u64::MAX;
    let interleavings = search.visit(world, &Walked::default())?;
    let ends: Vec<&Ended> = search.ends.values().collect();
    let classes = [0, 1, 2].map(|at: usize| {
        ends.iter().map(|end| end.traces[at]).collect::<BTreeSet<u128>>().len() as u64
    });
    Some(Counts {
        interleavings,
        classes,
        views: ends.iter().map(|end| end.view).collect::<BTreeSet<u128>>().len() as u64,
        outcomes: ends.iter().map(|end| &end.outcome).collect::<BTreeSet<_>>().len() as u64,
        prefixes: search.below.keys().map(|&(trace, _)| trace).collect::<BTreeSet<_>>().len()
            as u64,
        blocked: ends.iter().filter(|end| end.blocked).count() as u64,
        ..search.counts
    })
}

/// How a full class ends.
struct Ended {
    traces: [u128; 3],
    view: u128,
    outcome: String,
    blocked: bool,
}

#[derive(Default)]
struct Search {
    most: u64,
    /// Interleavings below each full trace and state: in which order links of others with a process
    /// were made is in no trace before its exit.
    below: BTreeMap<(u128, u128), u128>,
    ends: BTreeMap<u128, Ended>,
    counts: Counts,
}

impl Search {
    fn visit(&mut self, world: &LcWorld, walked: &Walked) -> Option<u128> {
        let at = (walked.traces[0].sum, world.state().0);
        if let Some(&below) = self.below.get(&at) {
            return Some(below);
        }
        if self.below.len() as u64 >= self.most {
            return None;
        }
        let moves: Vec<Move> = world.moves().all().to_vec();
        let mut below = u128::from(moves.is_empty());
        if moves.is_empty() {
            self.ended(world, walked);
        }
        for mv in moves {
            let mut next = world.clone();
            next.advance(mv);
            let mut further = walked.clone();
            further.event(mv, next.last());
            below += self.visit(&next, &further)?;
        }
        self.below.insert(at, below);
        Some(below)
    }

    fn ended(&mut self, world: &LcWorld, walked: &Walked) {
        self.counts.fewest = self.counts.fewest.min(walked.events);
        self.counts.most = self.counts.most.max(walked.events);
        let traces = [0, 1, 2].map(|at: usize| walked.traces[at].sum);
        let (outcome, blocked) = (world.outcome(), world.is_blocked());
        self.ends.insert(traces[0], Ended { traces, view: walked.view(), outcome, blocked });
    }
}

/// A schedule so far, as each equivalence sees it.
#[derive(Clone, Debug, Default)]
struct Walked {
    traces: [TraceHash; 3],
    /// What each process has seen.
    seen: BTreeMap<Move, u128>,
    events: u64,
}

impl Walked {
    fn event(&mut self, mv: Move, event: EventView<'_>) {
        self.events += 1;
        for (trace, relation) in self.traces.iter_mut().zip(Relation::ALL) {
            add(trace, mv, event, relation);
        }
        if event.is_own() {
            let seen = self.seen.entry(mv).or_default();
            *seen = hash(&[*seen, u128::from(event.label(Relation::Arrival))]);
        }
    }

    fn view(&self) -> u128 {
        let words: Vec<u128> =
            self.seen.iter().flat_map(|(mv, &seen)| [u128::from(mv.0), seen]).collect();
        hash(&words)
    }
}

fn add(trace: &mut TraceHash, mv: Move, event: EventView<'_>, relation: Relation) {
    if !event.counts(relation) {
        return;
    }
    let mut print = Footprint::default();
    event.footprint(relation, &mut print);
    trace.event(Traced {
        mover: mv.0.into(),
        id: event.id(),
        label: event.label(relation),
        origin: event.origin(),
        print: &print,
    });
}
