//! Every state that a world can come to, perhaps with a bound on preemptions.
//!
//! Schedules that lead to one state are merged: what follows a state is the same however it was
//! reached. Two digests of [`World::state`] that are equal mean the same
//! future. So this engine finds what a search of all schedules finds, as long as no verdict depends
//! on how a state was reached: an *always* invariant reads the event of a step and the world after
//! it, a *settled* one the world. Of the world they may read what the state holds: not the clock
//! before a body has read it, not the numbers that processes and references go by inside one run. An
//! invariant that kept notes of its own from step to step would not do; none does.
//!
//! A *preemption* takes the turn from a process that could go on: the next turn is another's although
//! the process that had the last one can move. To go on with another when it waits or has died is
//! free. Deliveries, timers and faults take no turn: they may come at any point, cost nothing, and
//! whose turn it is stays. Under a bound a point is its state, whose turn it is, and how many
//! preemptions led there; one that was met before with no more of them is not walked again.
//!
//! Musuvathi, Qadeer: "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
//! PLDI 2007. Needs memory for one digest a point at which there is a choice.

use super::{
    least::{Price, Turns},
    walk::{Arrival, Point, Rule},
};
use crate::{moves::Move, trace::digest_words, world::World};
use std::collections::BTreeMap;

/// Merges by state.
#[derive(Debug, Default)]
pub(super) struct States {
    /// At most so many preemptions.
    preemptions: Option<u32>,
    /// The points that were met, with the fewest preemptions that led there.
    met: BTreeMap<u128, u32>,
    turns: Turns,
    /// The preemptions of the schedule at hand.
    used: u32,
}

impl States {
    pub(super) fn new(preemptions: Option<u32>) -> Self {
        States { preemptions, ..States::default() }
    }

    /// Whose turn it is, if it can go on.
    fn goes_on<W: World>(&self, world: &W) -> Option<Move> {
        self.turns.last().filter(|&turn| world.moves().position(turn).is_some())
    }

    /// Whoever had the last turn counts although it waits now: a delivery, a timer or a fault may let it
    /// go on, and then taking the turn from it costs.
    fn point<W: World>(&self, world: &W) -> u128 {
        let state = world.state().0;
        match self.turns.last().filter(|_| self.preemptions.is_some()) {
            None => state,
            Some(turn) => digest_words(&[state as u64, (state >> 64) as u64, world.id(turn)]).0,
        }
    }
}

impl<W: World> Rule<W> for States {
    fn begin(&mut self) {
        (self.turns, self.used) = (Turns::new(Price::Preemptions), 0);
    }

    /// Whoever has the turn first: the first schedule is one without preemptions.
    fn options(&mut self, world: &W, into: &mut Vec<Move>) {
        let turn = self.goes_on(world);
        let holds = turn.is_some() && self.preemptions.is_some_and(|most| self.used >= most);
        into.extend(turn);
        let others = world.moves().all().iter().filter(|&&mv| Some(mv) != turn);
        into.extend(others.filter(|&&mv| !holds || !world.is_turn(mv)));
    }

    /// Where nothing is to be chosen nothing is gained by merging.
    fn arrive(&mut self, world: &W, point: Point<'_>) -> Arrival {
        if point.options.len() == 1 && point.depth > 0 {
            return Arrival::Plain;
        }
        let (met, used) = (self.point(world), self.used);
        match self.met.get(&met) {
            Some(&least) if least <= used => Arrival::Known(0),
            _ => {
                self.met.insert(met, used);
                Arrival::Plain
            }
        }
    }

    fn before(&mut self, world: &W, mv: Move) {
        let paid = self.turns.pay(mv, world.moves(), || world.is_turn(mv));
        if self.preemptions.is_some() {
            self.used += paid;
        }
    }

    fn held(&self) -> u64 {
        self.met.len() as u64
    }
}
