//! Timers of the process world: the time-outs of receives, `send_after` and `start_timer`.
//!
//! Virtual time moves only when nothing else can: to the earliest deadline, whose timers all become
//! moves, so which of them fires first is a decision. Under [`TimerRule::Any`] a timer is a move
//! from the moment it is armed.
//!
//! [`TimerRule::Any`]: crate::plan::TimerRule::Any

use super::{
    Mover, ProcessWorld, Wrong,
    kind::{effect, event, reply, signal},
    step::{Outcome, TIMER_REF, value},
    term::{Ref, Term},
};
use crate::{footprint::Footprint, name, trace::Trace, word::Words};
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Purpose {
    /// The receive of its owner is over.
    Timeout,
    /// The message goes to this process; the timer dies with it.
    Send { to: u32, message: Term },
    /// The message goes to whoever has this name when the timer fires.
    SendName { name: Term, message: Term },
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
    pub(super) fired: bool,
}

/// The timers of a run and its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Timers {
    pub(super) now: u64,
    /// Somebody has looked at the clock.
    pub(super) was_read: bool,
    /// A row is one timer for the whole run: tapes name moves after the run has ended.
    rows: Vec<Timer>,
    /// Armed timers as (deadline, row).
    // invariant: sorted downwards, so the earliest is last
    queue: Vec<(u64, u32)>,
}

impl Timers {
    pub(super) fn clear(&mut self) {
        self.now = 0;
        self.was_read = false;
        self.rows.clear();
        self.queue.clear();
    }

    pub(super) fn arm(&mut self, owner: u32, ordinal: u32, ms: u64, purpose: Purpose) -> u32 {
        let deadline = self.now + ms;
        let timer = Timer { owner, ordinal, deadline, purpose, armed: true, fired: false };
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

    /// Those that were disarmed although they could have fired: at any time, or by now.
    fn missed(&self, any_time: bool) -> impl Iterator<Item = (u32, &Timer)> {
        let now = self.now;
        let missed = move |timer: &Timer| {
            !timer.armed && !timer.fired && (any_time || timer.deadline <= now)
        };
        let rows = self.rows.iter().enumerate();
        rows.filter(move |(_, timer)| missed(timer)).map(|(row, timer)| (row as u32, timer))
    }

    /// How many timers there were.
    pub(super) fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn get(&self, index: u32) -> Option<&Timer> {
        self.rows.get(index as usize)
    }

    /// The earliest deadline of an armed timer.
    pub(super) fn earliest(&self) -> Option<u64> {
        self.queue.last().map(|&(deadline, _)| deadline)
    }

    /// Armed timers with their rows.
    pub(super) fn armed(&self) -> impl Iterator<Item = (u32, &Timer)> {
        self.queue.iter().map(|&(_, index)| (index, &self.rows[index as usize]))
    }

    /// Moves the clock to the earliest deadline and lists the timers due then; empty if none is
    /// armed.
    pub(super) fn advance(&mut self) -> impl Iterator<Item = u32> {
        let due = self.earliest();
        self.now = self.now.max(due.unwrap_or(0));
        let mine = self.queue.iter().rev().take_while(move |&&(deadline, _)| Some(deadline) == due);
        mine.map(|&(_, index)| index)
    }
}

impl ProcessWorld {
    /// Timers that somebody disarmed although they could have fired, with what keeps them from it.
    pub(super) fn missed_timers(&self, into: &mut Vec<(u64, Footprint)>) {
        for (index, timer) in self.tables.timers.missed(self.fires_any_time()) {
            let mut print = Footprint::default();
            print.write(self.timer_of(index));
            if timer.purpose == Purpose::Timeout {
                print.read(self.of_process(b'd', timer.owner));
                print.write(self.of_process(b'm', timer.owner));
            }
            into.push((name::timer_id(self.tables.id(timer.owner), timer.ordinal), print));
        }
    }

    /// `erlang:monotonic_time/1`: whoever has seen the clock may act on it, so it counts as state
    /// from now on.
    pub(super) fn monotonic_time(&mut self, me: u32, trace: &mut Trace) -> Outcome {
        // Time moves only where nothing else does: all that look between two such moments see one time.
        self.tables.timers.was_read = true;
        let now = self.tables.timers.now;
        trace.push(Words::new(event::MONOTONIC_TIME, me, 0, now));
        value(Term::int(now as i64).0)
    }

    /// Arms the timer of its owner that has the last ordinal.
    pub(super) fn arm(&mut self, owner: u32, ms: u64, purpose: Purpose) -> u32 {
        let ordinal = self.tables.processes[owner as usize].timers_made;
        let timer = self.tables.timers.arm(owner, ordinal, ms, purpose);
        self.writes_timer(timer);
        let deadline = self.tables.timers.now + ms;
        if self.fires_any_time() && self.stage_reach().is_none_or(|reach| deadline <= reach) {
            self.enable(Mover::Timer(timer));
        }
        timer
    }

    /// Timers that a stage can reach fire at any time from its begin on.
    pub(super) fn reach_timers(&mut self, reach: u64) {
        let within = |&(_, timer): &(u32, &Timer)| timer.deadline <= reach;
        let near: Vec<u32> =
            self.tables.timers.armed().filter(within).map(|(index, _)| index).collect();
        near.into_iter().for_each(|timer| self.enable(Mover::Timer(timer)));
    }

    /// Moves the clock to the earliest deadline; false if no timer is armed.
    pub(super) fn let_time_pass(&mut self) -> bool {
        if self.time_is_over() {
            return false;
        }
        let due: Vec<u32> = self.tables.timers.advance().collect();
        due.iter().for_each(|&timer| self.enable(Mover::Timer(timer)));
        !due.is_empty()
    }

    /// `erlang:send_after/3` and `start_timer/3`, which wraps its message as
    /// `{timeout, Ref, Message}`.
    pub(super) fn set_timer(&mut self, me: u32, op: Words, trace: &mut Trace) -> Outcome {
        let (to, ms) = (op.who(), u64::from(op.arg()));
        let reference = Ref(self.tables.timers.len() | TIMER_REF);
        let message = match op.kind() {
            effect::START_TIMER | effect::START_TIMER_NAME
                if !self.is_wrong(Wrong::StartTimerBare) =>
            {
                let parts = [Term::atom("timeout"), reference.into(), Term(op.value())];
                self.desk.terms.borrow_mut().tuple(&parts)
            }
            _ => Term(op.value()),
        };
        let by_name = matches!(op.kind(), effect::SEND_AFTER_NAME | effect::START_TIMER_NAME);
        let name = Term(self.tables.processes[me as usize].extra);
        self.tables.processes[me as usize].timers_made += 1;
        let early = self.is_wrong(Wrong::TimerNameResolvedEarly);
        let purpose = match (by_name, self.tables.registered(name)) {
            (true, Some(to)) if early => Purpose::Send { to, message },
            (true, _) => Purpose::SendName { name, message },
            (false, _) => Purpose::Send { to, message },
        };
        let timer = self.arm(me, ms, purpose);
        trace.push(Words::new(event::TIMER_SET, me, timer, ms));
        if !by_name {
            self.reads(b'l', to);
            if !self.tables.is_alive(to) {
                self.disarm(timer);
            }
        }
        Words::new(reply::VALUE, 0, reference.0, 0)
    }

    /// `cancel_timer/1`: false once the timer has fired or its target is dead.
    pub(super) fn cancel(&mut self, me: u32, reference: u32, trace: &mut Trace) -> Outcome {
        let timer = reference & !TIMER_REF;
        if let Some(Purpose::Send { to, .. }) = self.tables.timers.get(timer).map(|t| t.purpose) {
            self.reads(b'l', to);
        }
        let armed = if self.is_wrong(Wrong::CancelLeaves) {
            self.tables.timers.get(timer).is_some_and(|timer| timer.armed)
        } else {
            reference & TIMER_REF != 0 && self.disarm(timer)
        };
        trace.push(Words::new(event::TIMER_CANCELLED, me, timer, u64::from(armed)));
        value(u64::from(armed))
    }

    pub(super) fn disarm(&mut self, timer: u32) -> bool {
        self.writes_timer(timer);
        self.disable(Mover::Timer(timer));
        self.tables.timers.disarm(timer)
    }

    /// A timer fires.
    #[inline(never)]
    pub(super) fn fire(&mut self, timer: u32, trace: &mut Trace) {
        self.writes_timer(timer);
        let row = *self.tables.timers.get(timer).expect("a timer that can move exists");
        let target = match row.purpose {
            Purpose::Timeout | Purpose::SendName { .. } => row.owner,
            Purpose::Send { to, .. } => to,
        };
        trace.push(Words::new(event::TIMER_FIRED, row.owner, target, u64::from(row.ordinal)));
        self.disable(Mover::Timer(timer));
        self.tables.timers.rows[timer as usize].fired = true;
        match row.purpose {
            Purpose::Timeout => {
                self.reads(b'd', row.owner);
                self.writes(b'm', row.owner);
                self.tables.hot[row.owner as usize].timed_out = true;
                self.wake(row.owner);
            }
            Purpose::Send { to, message } => {
                self.tables.timers.disarm(timer);
                self.arrive(row.owner, to, Words::new(signal::MESSAGE, to, 0, message.0), trace);
            }
            Purpose::SendName { name, message } => {
                self.tables.timers.disarm(timer);
                self.reads_name(name);
                let Some(to) = self.tables.registered(name) else {
                    let (owner, message) = (row.owner, message.0);
                    return trace.push(Words::new(event::LOST, owner, owner, message));
                };
                self.arrive(row.owner, to, Words::new(signal::MESSAGE, to, 0, message.0), trace);
            }
        }
    }
}
