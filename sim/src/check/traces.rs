//! Hashes of traces that do not depend on the order of what is independent, and the walk that
//! merges by them.
//!
//! A trace is a sum of event hashes, each over the event's label and the hashes of those that it
//! depends on. So two schedules have one hash if they differ only in the order of events that do not
//! conflict. Merged by such prefixes a walk counts the classes and the schedules of a world exactly:
//! slow, plain, and the oracle that reducing engines must match.

use super::walk::{Arrival, Point, Rule};
use crate::{
    footprint::{Footprint, Resource},
    moves::Move,
    trace::digest_words,
    world::World,
};
use std::collections::{BTreeMap, BTreeSet};

/// An event as a trace sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traced<'e> {
    /// Whose it is.
    pub(super) mover: u64,
    /// Which one; the same in each schedule.
    pub(super) id: u64,
    /// What it is.
    pub(super) label: u64,
    /// The id of an event that it depends on by name.
    pub(super) origin: Option<u64>,
    /// What it touches.
    pub(super) print: &'e Footprint,
}

/// The hash of a trace, event by event.
#[derive(Clone, Debug, Default)]
pub(super) struct TraceHash {
    /// What the events so far come to.
    pub(super) sum: u128,
    /// The last event that may have touched anything.
    barrier: Option<u128>,
    /// The last event of each mover.
    own: BTreeMap<u64, u128>,
    /// The last writer of each resource, and its readers since then.
    touched: BTreeMap<Resource, (Option<u128>, Vec<u128>)>,
    /// Events by the hash of their id, for those that depend on them by name.
    by_id: BTreeMap<u64, u128>,
}

impl TraceHash {
    pub(super) fn clear(&mut self) {
        *self = TraceHash::default();
    }

    pub(super) fn event(&mut self, event: Traced<'_>) {
        let before = self.before(event);
        let mut words = vec![u128::from(event.id), u128::from(event.label)];
        words.extend(before);
        let own = hash(&words);
        self.sum = self.sum.wrapping_add(own);
        if event.print.is_opaque() {
            self.barrier = Some(own);
            self.touched.clear();
        }
        self.own.insert(event.mover, own);
        self.by_id.insert(event.id, own);
        let (reads, writes) = (event.print.reads(), event.print.writes());
        for &resource in writes {
            self.touched.insert(resource, (Some(own), Vec::new()));
        }
        for &resource in reads.iter().filter(|resource| !writes.contains(resource)) {
            self.touched.entry(resource).or_default().1.push(own);
        }
    }

    /// What an event depends on: all so far, if it may touch anything.
    fn before(&self, event: Traced<'_>) -> BTreeSet<u128> {
        if event.print.is_opaque() {
            return BTreeSet::from([self.sum]);
        }
        let mut before: BTreeSet<u128> = self.barrier.into_iter().collect();
        before.extend(self.own.get(&event.mover));
        before.extend(event.origin.and_then(|id| self.by_id.get(&id)));
        for resource in event.print.reads().iter().chain(event.print.writes()) {
            before.extend(self.touched.get(resource).and_then(|(writer, _)| *writer));
        }
        for resource in event.print.writes() {
            before.extend(self.touched.get(resource).into_iter().flat_map(|(_, readers)| readers));
        }
        before
    }
}

/// One hash of many.
pub(super) fn hash(words: &[u128]) -> u128 {
    let halves: Vec<u64> =
        words.iter().flat_map(|&word| [word as u64, (word >> 64) as u64]).collect();
    digest_words(&halves).0
}

/// Merges by trace, and counts.
#[derive(Debug, Default)]
pub(super) struct Traces {
    hash: TraceHash,
    /// Steps of each mover.
    turns: BTreeMap<u64, u64>,
    /// What the step at hand chose.
    choice: u64,
    /// Schedules below each trace.
    below: BTreeMap<u128, u128>,
}

impl<W: World> Rule<W> for Traces {
    fn begin(&mut self) {
        self.hash.clear();
        self.turns.clear();
    }

    fn options(&mut self, world: &W, into: &mut Vec<Move>) {
        into.extend(world.moves().all());
    }

    fn arrive(&mut self, _: &W, _: Point<'_>) -> Arrival {
        let trace = self.hash.sum;
        self.below.get(&trace).map_or(Arrival::Marked(trace), |&below| Arrival::Known(below))
    }

    fn before(&mut self, world: &W, mv: Move) {
        self.choice = world.choice(mv);
    }

    fn after(&mut self, world: &W, mv: Move, values: &[u32], barrier: bool) {
        let mut print = world.observed().clone();
        if barrier {
            print.make_opaque();
        }
        let mover = world.id(mv);
        let turn = self.turns.entry(mover).or_default();
        *turn += 1;
        let id = digest_words(&[mover, *turn]).0 as u64;
        let values = values.iter().map(|&value| u64::from(value));
        let chosen: Vec<u64> = values.chain([self.choice]).collect();
        let label = digest_words(&chosen).0 as u64;
        self.hash.event(Traced { mover, id, label, origin: None, print: &print });
    }

    fn leave(&mut self, mark: u128, below: u128) {
        self.below.insert(mark, below);
    }

    fn held(&self) -> u64 {
        self.below.len() as u64
    }
}
