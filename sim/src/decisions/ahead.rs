//! Answers given ahead, for questions that are asked where the source cannot be reached.
//!
//! A task is polled as a whole: what it asks on the way (is the budget used up here, which branch
//! comes first) is known only when it asks, and then the source is out of reach. So the world takes
//! the answers along and, when the poll is over, asks the source for each value that was taken
//! ([`Decisions::value`](super::Decisions::value)), in the same order; both must agree.

use super::Draws;
use std::rc::Rc;

/// What a source will answer to the next questions for values.
#[derive(Clone, Debug, Default)]
pub enum Ahead {
    /// Always 0, the harmless one.
    #[default]
    Harmless,
    /// What was told beforehand, then 0.
    Known {
        /// The values from now on.
        values: Rc<[u32]>,
        /// How many of them were taken.
        taken: usize,
        /// What is offered no longer: true takes the last option, false the first.
        clamps: bool,
    },
    /// Drawn from a stream.
    Drawn {
        /// The stream.
        draws: Box<Draws>,
        /// The last 32 bits of it that were used.
        last: u32,
        /// They count as not used.
        is_back: bool,
    },
    /// Read from bytes.
    Raw {
        /// All of them.
        bytes: Rc<[u8]>,
        /// Where the next answer begins.
        at: usize,
        /// Where the last one began.
        before: usize,
    },
}

impl Ahead {
    /// The values that come next, then 0. One that is not offered becomes 0, or the last option if
    /// `clamps`.
    pub fn known(values: &[u32], clamps: bool) -> Self {
        if values.is_empty() {
            return Ahead::Harmless;
        }
        Ahead::Known { values: values.into(), taken: 0, clamps }
    }

    /// Drawn from a stream.
    pub fn drawn(draws: Draws) -> Self {
        Ahead::Drawn { draws: Box::new(draws), last: 0, is_back: false }
    }

    /// Read from bytes, from a place on.
    pub(super) fn raw(bytes: Rc<[u8]>, at: usize) -> Self {
        Ahead::Raw { bytes, at, before: at }
    }

    /// The answer to the next question, which offers more than one option.
    pub fn answer(&mut self, options: u32) -> u32 {
        match self {
            Ahead::Harmless => 0,
            Ahead::Drawn { draws, last, is_back } => {
                if !std::mem::replace(is_back, false) {
                    *last = draws.bits();
                }
                Draws::scaled(*last, options)
            }
            Ahead::Raw { bytes, at, before } => {
                *before = *at;
                super::bytes::answer(bytes, at, options).unwrap_or(0)
            }
            Ahead::Known { values, taken, clamps } => {
                let told = values.get(*taken).copied().unwrap_or(0);
                *taken += 1;
                match (told < options, clamps) {
                    (true, _) => told,
                    (false, true) => options - 1,
                    (false, false) => 0,
                }
            }
        }
    }

    /// The last question was none: its answer is that of the next one.
    pub fn put_back(&mut self) {
        match self {
            Ahead::Harmless => {}
            Ahead::Drawn { is_back, .. } => *is_back = true,
            Ahead::Raw { at, before, .. } => *at = *before,
            Ahead::Known { taken, .. } => *taken -= 1,
        }
    }

    /// True if it goes on with the source from poll to poll and need not be taken again.
    pub fn lasts(&self) -> bool {
        matches!(self, Ahead::Drawn { .. })
    }
}
