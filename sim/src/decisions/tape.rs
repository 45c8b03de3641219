//! Tapes: the decisions of one run, written down.
//!
//! In the hot loop a tape is a vector of indices ([`RawTape`]); what leaves the run speaks names
//! ([`Tape`]), so it can be read, cut and pasted, and still be followed in another schedule.

use super::Names;
use crate::{moves::Move, name::Name};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A stretch of steps taken by one process, channel or timer without a switch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// Who moves.
    pub who: Name,
    /// How many steps in a row, at least 1.
    pub steps: u32,
}

/// All decisions of a run, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tape {
    /// The schedule.
    pub segments: Vec<Segment>,
    /// The values drawn inside moves, in order.
    pub values: Vec<u32>,
}

impl Tape {
    /// How many steps the schedule has.
    pub fn steps(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.steps)).sum()
    }

    /// Who moves in each step.
    pub fn movers(&self) -> impl Iterator<Item = &Name> {
        self.segments
            .iter()
            .flat_map(|segment| std::iter::repeat_n(&segment.who, segment.steps as usize))
    }

    /// Appends one step, growing the last segment if the same one moves on.
    pub fn push(&mut self, who: Name) {
        match self.segments.last_mut() {
            Some(last) if last.who == who => last.steps += 1,
            _ => self.segments.push(Segment { who, steps: 1 }),
        }
    }
}

impl fmt::Display for Tape {
    /// `1 1×3 2` reads: one step of process 1.. as `who×steps`, values after a bar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Segment { who, steps }) in self.segments.iter().enumerate() {
            write!(f, "{}{who}×{steps}", if i == 0 { "" } else { " " })?;
        }
        if !self.values.is_empty() {
            write!(f, " | {:?}", self.values)?;
        }
        Ok(())
    }
}

/// The decisions of a run while it is played: move indices, and how many events there were before
/// each step.
#[derive(Clone, Debug, Default)]
pub struct RawTape {
    steps: Vec<(Move, u32)>,
    /// The values drawn, in order.
    pub values: Vec<u32>,
}

impl RawTape {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.values.clear();
    }

    /// Records that `mv` is played when the trace holds `events` events.
    #[inline]
    pub fn push(&mut self, mv: Move, events: usize) {
        self.steps.push((mv, events as u32));
    }

    /// How many steps were played.
    #[inline]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// True if nothing was played.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The move of each step.
    pub fn moves(&self) -> impl Iterator<Item = Move> + '_ {
        self.steps.iter().map(|&(mv, _)| mv)
    }

    /// The number of events before a step; for the step after the last, `all`.
    pub fn events_before(&self, step: usize, all: usize) -> usize {
        self.steps.get(step).map_or(all, |&(_, events)| events as usize)
    }

    /// The same decisions by name, asked of the world in which they were taken.
    pub fn named(&self, names: &dyn Names) -> Tape {
        let mut tape = Tape { segments: Vec::new(), values: self.values.clone() };
        let mut last = None;
        for mv in self.moves() {
            match tape.segments.last_mut() {
                Some(segment) if last == Some(mv) => segment.steps += 1,
                _ => tape.segments.push(Segment { who: names.name(mv), steps: 1 }),
            }
            last = Some(mv);
        }
        tape
    }
}
