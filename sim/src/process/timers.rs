//! Timers of the process world: the time-outs of receives, and `send_after`.
//!
//! Virtual time moves only when nothing else can: to the earliest deadline, whose timers all become
//! moves, so which of them fires first is a decision. Under [`TimerRule::Any`] a timer is a move
//! from the moment it is armed.
//!
//! [`TimerRule::Any`]: crate::plan::TimerRule::Any

use super::term::Term;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Purpose {
    /// The receive of its owner is over.
    Timeout,
    /// The message goes to this process.
    Send { to: u32, message: Term },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Timer {
    pub(super) owner: u32,
    /// Which timer of its owner it is, from 1.
    pub(super) ordinal: u32,
    /// In ms of virtual time.
    pub(super) deadline: u64,
    pub(super) purpose: Purpose,
    pub(super) armed: bool,
}

/// The timers of a run and its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Timers {
    pub(super) now: u64,
    /// A row is one timer for the whole run: tapes name moves after the run has ended.
    rows: Vec<Timer>,
    /// Armed timers as (deadline, row).
    // invariant: sorted downwards, so the earliest is last
    queue: Vec<(u64, u32)>,
}

impl Timers {
    pub(super) fn clear(&mut self) {
        self.now = 0;
        self.rows.clear();
        self.queue.clear();
    }

    pub(super) fn arm(&mut self, owner: u32, ordinal: u32, ms: u64, purpose: Purpose) -> u32 {
        let deadline = self.now + ms;
        let timer = Timer { owner, ordinal, deadline, purpose, armed: true };
        let index = self.rows.len() as u32;
        self.rows.push(timer);
        let at = self.queue.partition_point(|&(other, _)| other > deadline);
        self.queue.insert(at, (deadline, index));
        index
    }

    /// Disarms a timer; false if it was not armed.
    pub(super) fn disarm(&mut self, index: u32) -> bool {
        let Some(timer) = self.rows.get_mut(index as usize).filter(|timer| timer.armed) else {
            return false;
        };
        timer.armed = false;
        self.queue.retain(|&(_, row)| row != index);
        true
    }

    pub(super) fn get(&self, index: u32) -> Option<&Timer> {
        self.rows.get(index as usize)
    }

    /// Armed timers with their rows.
    pub(super) fn armed(&self) -> impl Iterator<Item = (u32, &Timer)> {
        self.queue.iter().map(|&(_, index)| (index, &self.rows[index as usize]))
    }

    /// Moves the clock to the earliest deadline and lists the timers due then; empty if none is
    /// armed.
    pub(super) fn advance(&mut self) -> impl Iterator<Item = u32> {
        let due = self.queue.last().map(|&(deadline, _)| deadline);
        self.now = self.now.max(due.unwrap_or(0));
        let mine = self.queue.iter().rev().take_while(move |&&(deadline, _)| Some(deadline) == due);
        mine.map(|&(_, index)| index)
    }
}
