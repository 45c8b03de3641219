//! Where every choice comes from.
//!
//! A run is a sequence of decisions; everything else is a reading of it. There are two kinds: which
//! enabled *move* is played next, and which *value* a move, a workload or a fault takes, where
//! answer 0 is the harmless one. A seed ([`Seeded`]), a tape ([`Recorded`]), a script ([`Scripted`]),
//! a fuzzer's bytes ([`Bytes`]) or an odometer ([`Enumerated`]) answers; nobody else may introduce a
//! choice.
//!
//! Leaves out: what the choices mean. No decision source knows a world.

mod ahead;
mod bytes;
mod enumerated;
mod onward;
mod recorded;
mod scripted;
mod seeded;
mod tape;

pub use ahead::Ahead;
pub use bytes::Bytes;
pub(crate) use bytes::Writing;
pub use enumerated::Enumerated;
pub use recorded::{Divergence, Mismatch, Recorded};
pub(crate) use scripted::tape as scripted_tape;
pub use scripted::{Decision, Scripted};
pub use seeded::{Draws, Purpose, RunIndex, Seeded};
pub use tape::{RawTape, Segment, Tape};

use crate::{
    moves::{Move, MoveSet},
    name::Name,
};

/// Names of moves, asked of the world by decision sources that compare across runs.
pub trait Names {
    /// The [`Name::id`] of a move, without making the name.
    fn id(&self, mv: Move) -> u64;
    /// The name of a move.
    fn name(&self, mv: Move) -> Name;
}

/// The next move after the last one in the order of indices: each enabled move gets its turn.
pub(crate) fn round_robin(moves: &MoveSet, last: Move) -> usize {
    let after = moves.all().iter().filter(|&&mv| mv > last).min();
    let next = after.or_else(|| moves.all().iter().min()).expect("some move is enabled");
    moves.position(*next).expect("an enabled move has a position")
}

/// The only source of nondeterminism of a run.
pub trait Decisions {
    /// Which of the enabled moves is next, as a position in [`MoveSet::all`]. `None` ends the run:
    /// a tape that no longer fits, an enumerator that has seen this state.
    ///
    /// `moves` is never empty. A single move is no choice: it draws nothing.
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize>;

    /// A value below `options`; 0 is the harmless one. One option draws nothing.
    ///
    /// # Panics
    /// If there are no options.
    fn value(&mut self, options: u32) -> u32;

    /// The values from `from` on would come to what a smaller one comes to: of the last question they
    /// need not be tried.
    fn spares(&mut self, _from: u32) {}

    /// What [`Decisions::value`] will answer to the next questions. Whoever takes answers from it
    /// asks for the same values afterwards.
    fn ahead(&mut self) -> Ahead;
}
