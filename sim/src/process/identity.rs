//! Which message is which, for those who compare schedules.
//!
//! A message is known by the step that put it into its mailbox: whose step and which, whatever the
//! schedule. Kept beside the mailboxes only while footprints are recorded, so that runs pay nothing.

use super::ProcessWorld;
use crate::{decisions::Names, moves::Move, word::mix};
use std::collections::VecDeque;

/// Sets apart what a process brought upon itself from what a step of it put elsewhere.
const OWN: u64 = 0x6f77_6e00;

/// The messages of a run.
#[derive(Debug, Default)]
pub(super) struct Identities {
    /// How many steps each mover has made, by its move.
    steps: Vec<u32>,
    /// The step at hand, and how many messages it has put.
    step: u64,
    puts: u32,
    /// For each process, what stands in its mailbox.
    boxes: Vec<VecDeque<u64>>,
    /// For each process, how many messages it has brought upon itself.
    own: Vec<u32>,
    /// Whose own messages arrive now.
    fetches: Option<u32>,
    /// What the step at hand took.
    pub(super) taken: Option<u64>,
}

fn at<T: Default>(list: &mut Vec<T>, at: u32) -> &mut T {
    let at = at as usize;
    if list.len() <= at {
        list.resize_with(at + 1, T::default);
    }
    &mut list[at]
}

impl Identities {
    pub(super) fn clear(&mut self) {
        *self = Identities::default();
    }

    /// The name of a mover's next step.
    fn next(&self, mv: Move, mover: u64) -> u64 {
        let made = self.steps.get(mv.0 as usize).copied().unwrap_or(0);
        mix(mover, u64::from(made) + 1)
    }

    /// The message that the next put makes.
    fn put(&mut self, to: u32, process: impl Fn(u32) -> u64) -> u64 {
        let identity = match self.fetches {
            Some(me) => {
                let own = at(&mut self.own, me);
                *own += 1;
                mix(mix(process(me), OWN), u64::from(*own))
            }
            None => {
                self.puts += 1;
                mix(self.step, u64::from(self.puts))
            }
        };
        at(&mut self.boxes, to).push_back(identity);
        identity
    }
}

impl ProcessWorld {
    /// A move begins.
    #[inline(always)]
    pub(super) fn begin_move(&mut self, mv: Move) {
        if self.recorder.on {
            self.begin_recorded(mv);
        }
    }

    #[cold]
    fn begin_recorded(&mut self, mv: Move) {
        let mover = self.id(mv);
        self.recorder.begin();
        let messages = &mut self.recorder.messages;
        messages.step = messages.next(mv, mover);
        *at(&mut messages.steps, mv.0) += 1;
        (messages.puts, messages.fetches, messages.taken) = (0, None, None);
    }

    /// The name of the step that was played last.
    pub(super) fn last_step(&self) -> u64 {
        self.recorder.messages.step
    }

    /// The message that the next step of a mover puts first.
    pub(super) fn next_message(&self, mv: Move) -> u64 {
        mix(self.recorder.messages.next(mv, self.id(mv)), 1)
    }

    /// The message that stands there in a mailbox.
    pub(super) fn message_at(&self, of: u32, place: usize) -> Option<u64> {
        self.recorder.messages.boxes.get(of as usize)?.get(place).copied()
    }

    /// A message is put into a mailbox.
    pub(super) fn identify(&mut self, to: u32) -> u64 {
        let tables = &self.tables;
        self.recorder.messages.put(to, |process| tables.id(process))
    }

    /// The message that stands there is taken.
    pub(super) fn take_identity(&mut self, me: u32, place: usize) -> Option<u64> {
        let taken = at(&mut self.recorder.messages.boxes, me).remove(place);
        self.recorder.messages.taken = taken;
        taken
    }

    /// Messages are thrown away but for those whose place is to stay.
    pub(super) fn keep_identities(&mut self, me: u32, stays: impl Fn(usize) -> bool) {
        if self.recorder.on {
            let mut place = 0;
            at(&mut self.recorder.messages.boxes, me).retain(|_| {
                place += 1;
                stays(place - 1)
            });
        }
    }

    /// What a process brought upon itself begins to arrive, or has arrived.
    pub(super) fn fetches(&mut self, me: Option<u32>) {
        self.recorder.messages.fetches = me;
    }
}
