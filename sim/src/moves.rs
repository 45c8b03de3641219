//! The enabled moves of a world, kept rather than recomputed.
//!
//! A world switches moves on and off as its tables change; the scheduler and the strategies read
//! the dense list. All operations are O(1); the order of the list depends on the history of the
//! run (`swap_remove`), so a position means nothing outside the step in which it was read.

/// A move, by an index that means something inside one run only. Outside, moves go by
/// [`Name`](crate::name::Name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move(pub u32);

const ABSENT: u32 = u32::MAX;

/// The set of enabled moves.
#[derive(Clone, Debug, Default)]
pub struct MoveSet {
    dense: Vec<Move>,
    /// Position of each move in `dense`, by the move's index.
    // invariant: dense[position[m]] == m for each enabled m; ABSENT otherwise
    position: Vec<u32>,
    /// Moves enabled since the strategy last looked; kept only for strategies that ask.
    arrivals: Vec<Move>,
    tracking: bool,
}

impl MoveSet {
    /// Empties the set for a new run; `tracking` says whether arrivals shall be listed.
    pub fn reset(&mut self, tracking: bool) {
        self.dense.clear();
        self.position.clear();
        self.arrivals.clear();
        self.tracking = tracking;
    }

    /// Enables a move; no effect if it is enabled already.
    #[inline]
    pub fn enable(&mut self, mv: Move) {
        let index = mv.0 as usize;
        if index >= self.position.len() {
            self.grow(index);
        }
        if self.position[index] != ABSENT {
            return;
        }
        self.position[index] = self.dense.len() as u32;
        self.dense.push(mv);
        if self.tracking {
            self.arrivals.push(mv);
        }
    }

    #[cold]
    fn grow(&mut self, index: usize) {
        self.position.resize((index + 1).next_multiple_of(64), ABSENT);
    }

    /// Disables a move and enables another one.
    #[inline]
    pub fn replace(&mut self, before: Move, next: Move) {
        let index = next.0 as usize;
        if self.dense != [before] || index >= self.position.len() || self.tracking {
            self.disable(before);
            return self.enable(next);
        }
        self.dense[0] = next;
        self.position[before.0 as usize] = ABSENT;
        self.position[index] = 0;
    }

    /// Disables a move; no effect if it is not enabled.
    #[inline]
    pub fn disable(&mut self, mv: Move) {
        let Some(at) = self.position(mv) else { return };
        self.dense.swap_remove(at);
        if let Some(moved) = self.dense.get(at) {
            self.position[moved.0 as usize] = at as u32;
        }
        self.position[mv.0 as usize] = ABSENT;
    }

    /// Where a move stands in [`MoveSet::all`]; `None` if it is not enabled.
    #[inline]
    pub fn position(&self, mv: Move) -> Option<usize> {
        self.position.get(mv.0 as usize).filter(|&&at| at != ABSENT).map(|&at| at as usize)
    }

    /// The enabled moves, in an order that only this run knows.
    #[inline]
    pub fn all(&self) -> &[Move] {
        &self.dense
    }

    /// How many moves are enabled.
    #[inline]
    pub fn len(&self) -> usize {
        self.dense.len()
    }

    /// True if nothing can move.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.dense.is_empty()
    }

    /// Moves enabled since the last [`MoveSet::forget_arrivals`], oldest first; a move that was
    /// disabled again may still be listed. Empty unless the set was reset with tracking.
    #[inline]
    pub fn arrivals(&self) -> &[Move] {
        &self.arrivals
    }

    /// Starts a new list of arrivals.
    #[inline]
    pub fn forget_arrivals(&mut self) {
        self.arrivals.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_follow_the_moves() {
        let mut set = MoveSet::default();
        set.reset(true);
        for i in [7, 3, 9, 3] {
            set.enable(Move(i));
        }
        assert_eq!(set.arrivals(), [Move(7), Move(3), Move(9)], "a second enable is no arrival");
        set.disable(Move(7));
        set.disable(Move(7));
        assert_eq!(set.all(), [Move(9), Move(3)]);
        for (at, &mv) in set.all().iter().enumerate() {
            assert_eq!(set.position(mv), Some(at));
        }
        assert_eq!(set.position(Move(7)), None);
        assert_eq!(set.position(Move(1000)), None);
    }
}
