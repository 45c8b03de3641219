//! Decisions read from a tape.
//!
//! Strict, a tape is followed to the letter and the first step that does not fit ends the run and
//! is named: replay promises the same run or says why not. Lenient, what does not fit is skipped
//! and the canonical schedule fills the gaps: that is what the shrinker needs after a cut.

use super::{
    Ahead, Decisions, Names, Tape,
    onward::{Onward, position_of},
};
use crate::{
    moves::MoveSet,
    name::{MoveKind, Name},
};
use std::fmt;

/// Where a strict replay left its tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The step, from 1.
    pub step: u64,
    /// What did not fit.
    pub mismatch: Mismatch,
}

/// What did not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The tape names a move that is not enabled.
    NotRunnable {
        /// Whom the tape names.
        expected: Name,
        /// Who could move, in canonical order.
        runnable: Vec<Name>,
    },
    /// The tape has ended and somebody could still move.
    TapeEnded {
        /// Who could move, in canonical order.
        runnable: Vec<Name>,
    },
    /// The tape holds no such value: another than was offered, or none at all.
    Value {
        /// What the tape says.
        recorded: Option<u32>,
        /// How many options there are.
        options: u32,
    },
    /// The step drew fewer values than the script has for it.
    ValuesLeft {
        /// How many were left.
        left: usize,
    },
    /// The script calls a move something that its name is not.
    Kind {
        /// Whom the script names.
        who: Name,
        /// What it says that this is.
        recorded: MoveKind,
    },
    /// The run ended while the tape went on.
    RunEnded,
    /// Every step fitted and the events differ all the same.
    Events,
    /// The run came to another verdict than the tape was recorded with.
    Verdict(String),
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "diverged at step {}: {}", self.step, self.mismatch)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |names: &[Name]| names.iter().map(Name::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Mismatch::NotRunnable { expected, runnable } => {
                write!(f, "the tape moves {expected}, but only {} could run", list(runnable))
            }
            Mismatch::TapeEnded { runnable } => {
                write!(f, "the tape has ended, but {} could still run", list(runnable))
            }
            Mismatch::Value { recorded: Some(value), options } => {
                write!(f, "the tape takes value {value}, but only {options} are offered")
            }
            Mismatch::Value { recorded: None, options } => {
                write!(f, "{options} values are offered, but the tape has no more")
            }
            Mismatch::ValuesLeft { left: 1 } => f.write_str("1 value of this step was not drawn"),
            Mismatch::ValuesLeft { left } => {
                write!(f, "{left} values of this step were not drawn")
            }
            Mismatch::Kind { who, recorded } => {
                write!(f, "it says {recorded} of {who}, which is a {}", who.kind())
            }
            Mismatch::RunEnded => f.write_str("the run has ended, but the tape goes on"),
            Mismatch::Events => f.write_str("same moves, different events"),
            Mismatch::Verdict(verdict) => write!(f, "the run came to another verdict: {verdict}"),
        }
    }
}

/// A tape as a source of decisions.
#[derive(Clone, Debug)]
pub struct Recorded<'t> {
    tape: &'t Tape,
    ids: Vec<u64>,
    segment: usize,
    taken: u32,
    value: usize,
    strict: bool,
    onward: Onward,
    divergence: Option<Divergence>,
}

impl<'t> Recorded<'t> {
    /// Follows the tape to the letter.
    pub fn strict(tape: &'t Tape) -> Self {
        Self::new(tape, true)
    }

    /// Follows the tape where it fits; elsewhere whoever moved last goes on, else the first in
    /// canonical order. Missing values are 0.
    pub fn lenient(tape: &'t Tape) -> Self {
        Self::new(tape, false)
    }

    fn new(tape: &'t Tape, strict: bool) -> Self {
        let ids = tape.segments.iter().map(|segment| segment.who.id()).collect();
        let (segment, taken, value) = (0, 0, 0);
        let onward = Onward::new(u64::MAX);
        Recorded { tape, ids, segment, taken, value, strict, onward, divergence: None }
    }

    /// Past this many steps the schedule is round-robin, as in a hunt: a livelock under a fair
    /// schedule must not be shrunk to one under an unfair schedule.
    pub fn fair_from(mut self, step: u32) -> Self {
        self.onward.fair_from = u64::from(step);
        self
    }

    /// Where a strict replay left the tape, if it did; asked after the run.
    ///
    /// A run that ended by itself before the tape did has diverged too.
    pub fn divergence(&self) -> Option<Divergence> {
        let unread = self.segment < self.tape.segments.len() || self.value < self.tape.values.len();
        let ended_early = || Divergence { step: self.steps() + 1, mismatch: Mismatch::RunEnded };
        self.divergence.clone().or_else(|| (self.strict && unread).then(ended_early))
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.onward.steps
    }

    fn follow(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        while let Some(&id) = self.ids.get(self.segment) {
            let at = position_of(id, moves, names);
            if at.is_some() {
                self.taken += 1;
                if self.taken >= self.tape.segments[self.segment].steps {
                    self.segment += 1;
                    self.taken = 0;
                }
                return at;
            }
            if self.strict {
                return None;
            }
            self.segment += 1;
            self.taken = 0;
        }
        None
    }

    fn leave(&mut self, moves: &MoveSet, names: &dyn Names) {
        let mut runnable: Vec<Name> = moves.all().iter().map(|&mv| names.name(mv)).collect();
        runnable.sort();
        let mismatch = match self.tape.segments.get(self.segment) {
            Some(segment) => Mismatch::NotRunnable { expected: segment.who.clone(), runnable },
            None => Mismatch::TapeEnded { runnable },
        };
        self.divergence = Some(Divergence { step: self.steps() + 1, mismatch });
    }
}

impl Decisions for Recorded<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let at = match self.follow(moves, names) {
            _ if self.onward.is_fair() => self.onward.fair(moves),
            Some(at) => at,
            None if self.strict => {
                self.leave(moves, names);
                return None;
            }
            None => self.onward.canonical(moves, names),
        };
        self.onward.went(at, moves, names);
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        assert!(options > 0, "a choice needs at least one option");
        if options == 1 {
            return 0;
        }
        let recorded = self.tape.values.get(self.value).copied();
        if self.strict && recorded.is_none_or(|value| value >= options) {
            let mismatch = Mismatch::Value { recorded, options };
            self.divergence.get_or_insert(Divergence { step: self.onward.steps, mismatch });
        }
        self.value += usize::from(recorded.is_some());
        recorded.unwrap_or(0).min(options - 1)
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::known(&self.tape.values[self.value..], true)
    }
}
