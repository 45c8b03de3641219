//! The preemptions of a run, counted as it is played.

use super::least::{Price, Turns};
use crate::{
    decisions::{Ahead, Decisions, Names},
    moves::MoveSet,
    name::Name,
};

/// Decisions of another source, and how many preemptions they come to.
pub struct Counting<'d, D> {
    decisions: &'d mut D,
    turns: Turns,
    /// So far.
    pub preemptions: u32,
}

impl<'d, D> Counting<'d, D> {
    /// At the start of a run.
    pub fn new(decisions: &'d mut D) -> Self {
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
