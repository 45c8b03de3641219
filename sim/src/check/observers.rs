//! The classes of what was observed: a number of a world's programs that other worlds share.
//!
//! Each class under [`Relation::Full`](crate::relation::Relation::Full) is run once, and what an
//! observer saw of it is hashed ([`World::sight`]). The hash is a function of the class, so the distinct
//! ones are the classes of observers. Leaves out any reduction by them.

use super::{
    dpor::{self, Bounds, Draws, Steps},
    traces::{TraceHash, Traced},
};
use crate::{moves::Move, trace::Trace, world::World};
use std::collections::BTreeSet;

/// How many classes the schedules of a program come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classes {
    /// Under the relation that the world was told.
    pub related: u64,
    /// Of observers.
    pub observers: u64,
}

/// Counts the classes of a program that `start` starts; `None` if a bound left something out.
pub fn count<W: World>(
    world: &mut W,
    start: impl FnMut(&mut W),
    bounds: Bounds,
) -> Option<Classes> {
    let (hash, trace, seen) = (TraceHash::default(), Trace::default(), BTreeSet::new());
    let mut counted = Counted { world, start, hash, trace, seen };
    let reduced = dpor::explore(&mut counted, dpor::Reduction::Optimal, bounds);
    let observers = counted.seen.len() as u64;
    reduced.closed.then_some(Classes { related: reduced.executions, observers })
}

struct Counted<'w, W, F> {
    world: &'w mut W,
    start: F,
    /// What an observer saw of the schedule at hand.
    hash: TraceHash,
    /// The events of the last move.
    trace: Trace,
    /// What observers saw of whole schedules.
    seen: BTreeSet<u128>,
}

impl<W: World, F: FnMut(&mut W)> Steps for Counted<'_, W, F> {
    type World = W;

    fn start(&mut self) {
        (self.start)(self.world);
        self.hash.clear();
    }

    fn world(&mut self) -> &mut W {
        self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        let mover = self.world.id(mv);
        self.trace.clear();
        self.world.play(mv, draws, &mut self.trace);
        let events: Vec<_> = self.trace.events().collect();
        if let Some(sight) = self.world.sight(mv, &events) {
            let (id, label, print) = (sight.id, sight.label, &sight.footprint);
            self.hash.event(Traced { mover, id, label, origin: None, print });
        }
        true
    }

    fn ended(&mut self) -> bool {
        self.seen.insert(self.hash.sum);
        true
    }
}
