//! How a run goes on where nothing that was written down says how.
//!
//! Whoever moved last goes on, else the first in canonical order; past a number of steps everybody
//! gets a turn, as in a hunt. Tapes, scripts and bytes have this in common.

use super::{Names, round_robin};
use crate::moves::{Move, MoveSet};

/// How far a run has come, and who moved last.
#[derive(Clone, Debug)]
pub(super) struct Onward {
    /// Steps so far.
    pub(super) steps: u64,
    /// From this step on everybody gets a turn, whatever was written down.
    pub(super) fair_from: u64,
    last_move: Move,
    last: Option<u64>,
}

impl Onward {
    pub(super) fn new(fair_from: u64) -> Self {
        Onward { steps: 0, fair_from, last_move: Move(0), last: None }
    }

    /// True if everybody gets a turn now.
    pub(super) fn is_fair(&self) -> bool {
        self.steps >= self.fair_from
    }

    /// Whose turn it is.
    pub(super) fn fair(&self, moves: &MoveSet) -> usize {
        round_robin(moves, self.last_move)
    }

    /// Whoever moved last, else the first in canonical order.
    pub(super) fn canonical(&self, moves: &MoveSet, names: &dyn Names) -> usize {
        let again = self.last.and_then(|id| position_of(id, moves, names));
        let first = || {
            let by_name = |&(_, &mv): &(usize, &Move)| names.name(mv);
            moves.all().iter().enumerate().min_by_key(by_name).map_or(0, |(at, _)| at)
        };
        again.unwrap_or_else(first)
    }

    /// Notes that this move is played now.
    pub(super) fn went(&mut self, at: usize, moves: &MoveSet, names: &dyn Names) {
        self.last_move = moves.all()[at];
        self.last = Some(names.id(self.last_move));
        self.steps += 1;
    }
}

/// Where the move of this name's id stands.
pub(super) fn position_of(id: u64, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
    moves.all().iter().position(|&mv| names.id(mv) == id)
}
