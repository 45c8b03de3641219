//! A step of a process: its announced effect is performed, and its body runs to the next one.
//!
//! Each effect is one arm. What an effect does to others goes through [`ProcessWorld::signal`], so
//! both delivery models share every rule.

use super::{
    BY_LINK, Mover, Pid, ProcessWorld, Term,
    desk::{Body, Class, Desk, Ending, Note},
    kind::{NO_TIMEOUT, effect, event, filter, message, reply, signal, spawn},
    table::{Monitor, Phase, Tie},
    timers::Purpose,
};
use crate::{
    decisions::Decisions,
    trace::Trace,
    word::{Words, mix},
};
use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

/// The value of an EXIT effect's `arg` when the body panicked.
const PANICKED: u32 = 1;

/// The bit that tells references of timers from those of monitors.
pub(super) const TIMER_REF: u32 = 1 << 31;

/// What performing an effect comes to: the answer with which the body goes on, or [`OVER`]. Not an
/// enum: two words come back in registers, three through memory.
pub(super) type Outcome = Words;

/// The process is dead or about to die; its body does not go on.
pub(super) const OVER: Outcome = Words::NONE;

pub(super) const DONE: Outcome = Words::new(reply::DONE, 0, 0, 0);

fn value(value: u64) -> Outcome {
    Words::new(reply::VALUE, 0, 0, value)
}

impl ProcessWorld {
    /// One step of a process: its doom, its next notification, or its announced effect.
    #[inline]
    pub(super) fn step(&mut self, me: u32, decisions: &mut dyn Decisions, trace: &mut Trace) {
        self.reads(b'd', me);
        let hot = &self.tables.hot[me as usize];
        if hot.doomed {
            let reason = self.tables.processes[me as usize].reason.unwrap_or(Term::KILLED);
            return self.die(me, reason, trace);
        }
        if hot.phase == Phase::Exiting {
            return self.notify_next(me, trace);
        }
        let (op, history) = (Words(hot.pending.0, hot.pending.1), hot.history);
        let answer = self.perform(me, op, decisions, trace);
        if answer.kind() != OVER.kind() {
            let history = self.history_after(history, op, answer);
            self.desk.answer(answer);
            self.resume(me, history, trace);
        }
    }

    /// The three frequent effects in place, so that the loop keeps its registers; all others behind
    /// a call.
    #[inline]
    fn perform(
        &mut self,
        me: u32,
        op: Words,
        decisions: &mut dyn Decisions,
        trace: &mut Trace,
    ) -> Outcome {
        let (who, word) = (op.who(), op.value());
        match op.kind() {
            effect::YIELD => {
                trace.push(Words::new(event::YIELD, me, 0, 0));
                DONE
            }
            effect::SEND => {
                trace.push(Words::new(event::SEND, me, who, word));
                self.uses(me, who, trace);
                self.signal(me, who, Words::new(signal::MESSAGE, who, 0, word), trace);
                DONE
            }
            effect::RECEIVE => self.receive(me, op, trace),
            _ => self.perform_other(me, op, decisions, trace),
        }
    }

    #[inline(never)]
    fn perform_other(
        &mut self,
        me: u32,
        op: Words,
        decisions: &mut dyn Decisions,
        trace: &mut Trace,
    ) -> Outcome {
        let (who, arg, word) = (op.who(), op.arg(), op.value());
        match op.kind() {
            effect::SPAWN => self.spawn(me, arg, trace),
            effect::LINK => self.link(me, who, trace),
            effect::UNLINK => {
                self.unlink(me, who, trace);
                DONE
            }
            effect::EXIT => {
                if arg == PANICKED {
                    trace.push(Words::new(event::PANICKED, me, 0, 0));
                }
                self.die(me, Term(word), trace);
                OVER
            }
            effect::EXIT2 => self.exit2(me, who, Term(word), trace),
            effect::TRAP => self.trap_exit(me, arg != 0, trace),
            effect::MONITOR => {
                let monitor = self.monitor(me, who, trace);
                Words::new(reply::VALUE, 0, monitor, 0)
            }
            effect::DEMONITOR => self.demonitor(me, arg, word != 0, trace),
            effect::REGISTER => self.register(me, who, Term(word), trace),
            effect::UNREGISTER => self.unregister(me, Term(word), trace),
            effect::WHEREIS => self.whereis(me, Term(word), trace),
            effect::SEND_NAME => self.send_name(me, Term(word), trace),
            effect::SEND_AFTER => self.send_after(me, who, Term(word), trace),
            effect::CANCEL => self.cancel(me, arg, trace),
            effect::LINKS => self.links_info(me, who, trace),
            effect::ALIVE => {
                if self.profile.doom_is_death {
                    self.bring_all(me, who, trace);
                }
                let alive = self.counts_as_alive(who);
                trace.push(Words::new(event::ALIVE, me, who, u64::from(alive)));
                if !alive {
                    self.mourn(me, who);
                }
                value(u64::from(alive))
            }
            effect::CHOOSE => {
                let chosen = decisions.value(arg.max(1));
                trace.push(Words::new(event::CHOSE, me, arg, u64::from(chosen)));
                value(u64::from(chosen))
            }
            other => unreachable!("effect kind {other}"),
        }
    }

    /// The body reads its answer, which makes its history what it is now, and runs to its next
    /// effect.
    #[inline]
    fn resume(&mut self, me: u32, history: u64, trace: &mut Trace) {
        let Some(body) = &mut self.bodies[me as usize] else { return };
        let polled = catch_unwind(AssertUnwindSafe(|| self.desk.poll(Pid(me), body)));
        let op = match polled {
            Ok(Poll::Pending) => self.desk.take(),
            Ok(Poll::Ready(ending)) => self.ending(ending),
            Err(panic) => self.panicked(me, panic),
        };
        if self.desk.has_notes() {
            self.note(me, trace);
        }
        self.announce_next(me, history, op);
    }

    /// Polls the body of a root process up to its first effect.
    pub(super) fn first_poll(&mut self, process: u32) {
        let mut prelude = std::mem::take(&mut self.prelude);
        self.enable(Mover::Process(process));
        self.resume(process, self.tables.hot[process as usize].history, &mut prelude);
        self.prelude = prelude;
    }

    /// Keeps what the body announced and says whether it can happen.
    #[inline]
    fn announce_next(&mut self, me: u32, history: u64, op: Words) {
        let hot = &mut self.tables.hot[me as usize];
        (hot.pending, hot.history) = (op, history);
        if op.kind() == effect::RECEIVE {
            self.await_message(me, op);
        } else if op.kind() == effect::NONE {
            // The body waits for something that is no effect: nothing will ever wake it.
            hot.phase = Phase::Waiting;
            self.disable(Mover::Process(me));
        } else if matches!(op.kind(), effect::SEND_NAME | effect::SEND_AFTER) {
            self.tables.processes[me as usize].extra = self.desk.extra();
        }
    }

    /// How a body's end becomes its last effect: reason `normal`, or the reason of the exception;
    /// `error` brings a stack trace (Erlang reference manual, "Errors and Error Handling").
    fn ending(&mut self, ending: Ending) -> Words {
        let reason = match ending {
            Ok(()) => Term::NORMAL,
            Err(raise) if raise.class == Class::Exit => raise.reason,
            Err(raise) => self.desk.terms.borrow_mut().tuple(&[raise.reason, Term::STACK]),
        };
        Words::new(effect::EXIT, 0, 0, reason.0)
    }

    fn panicked(&mut self, me: u32, panic: Box<dyn Any + Send>) -> Words {
        self.desk.clear();
        self.tables.processes[me as usize].panic = Some(panic_text(&*panic));
        Words::new(effect::EXIT, 0, PANICKED, Term::atom("panic").0)
    }

    fn note(&mut self, me: u32, trace: &mut Trace) {
        for note in self.desk.take_notes() {
            let label_word =
                |world: &Self, label: &str| world.desk.terms.borrow_mut().atom(label).0;
            match note {
                Note::Hold(label, pid) => {
                    trace.push(Words::new(event::HOLD, me, pid.0, label_word(self, &label)));
                    self.tables.processes[me as usize].holds.push((label, pid.0));
                }
                Note::Release(label) => {
                    trace.push(Words::new(event::RELEASE, me, 0, label_word(self, &label)));
                    self.tables.processes[me as usize].holds.retain(|(held, _)| *held != label);
                }
                Note::Mark(label) => {
                    trace.push(Words::new(event::MARK, me, 0, label_word(self, &label)));
                }
            }
        }
    }

    /// Mixes an answer into the history; pids and references count by name.
    #[inline]
    fn history_after(&self, history: u64, op: Words, answer: Words) -> u64 {
        const USER: u8 = reply::MESSAGE + message::USER;
        match answer.kind() {
            reply::DONE => mix(history, 1),
            USER if !Term(answer.value()).is_bound() => mix(history, answer.value()),
            kind => {
                let (who, arg, value) = self.stable_words(op, answer);
                mix(mix(mix(history, u64::from(kind) ^ who), arg), value)
            }
        }
    }

    // Mailbox

    /// A receive was announced: a message that is there already enables it, else it waits.
    #[inline]
    fn await_message(&mut self, me: u32, wanted: Words) {
        let row = &mut self.tables.processes[me as usize];
        let timeout = self.desk.extra();
        row.found = find_message(&row.mailbox, &self.desk, wanted);
        if timeout != NO_TIMEOUT {
            // Its ordinal is taken even if no timer is needed, so that names of later ones do not
            // depend on who came first.
            row.timers_made += 1;
        }
        if row.found.is_some() || timeout == 1 {
            return;
        }
        self.tables.hot[me as usize].phase = Phase::Waiting;
        self.disable(Mover::Process(me));
        if timeout != NO_TIMEOUT {
            let timer = self.arm(me, timeout - 1, Purpose::Timeout);
            self.tables.processes[me as usize].timeout = Some(timer);
        }
    }

    /// Puts a message into a living process's mailbox; a newcomer is tested alone against the
    /// filter that waits.
    #[inline]
    pub(super) fn put_message(&mut self, to: u32, entry: Words) {
        self.writes(b'm', to);
        let hot = &self.tables.hot[to as usize];
        let wakes = hot.phase == Phase::Waiting
            && hot.pending.kind() == effect::RECEIVE
            && takes(&self.desk, hot.pending, entry);
        let row = &mut self.tables.processes[to as usize];
        if wakes {
            row.found = Some(row.mailbox.len() as u32);
        }
        row.mailbox.push_back(entry);
        if wakes {
            self.wake(to);
        }
    }

    /// Makes a waiting process runnable.
    #[inline]
    pub(super) fn wake(&mut self, process: u32) {
        self.tables.hot[process as usize].phase = Phase::Running;
        self.stop_timeout(process);
        self.enable(Mover::Process(process));
    }

    #[inline]
    pub(super) fn stop_timeout(&mut self, process: u32) {
        if let Some(timer) = self.tables.processes[process as usize].timeout.take() {
            self.tables.timers.disarm(timer);
            self.disable(Mover::Timer(timer));
        }
    }

    #[inline]
    fn receive(&mut self, me: u32, wanted: Words, trace: &mut Trace) -> Outcome {
        self.writes(b'm', me);
        let over = std::mem::take(&mut self.tables.hot[me as usize].timed_out);
        let row = &mut self.tables.processes[me as usize];
        let found = match row.found.take() {
            // `after 0` is enabled before it looks; a message may have come since.
            None if !over => find_message(&row.mailbox, &self.desk, wanted),
            found => found,
        };
        let taken = match found {
            Some(0) => row.mailbox.pop_front(),
            Some(at) => row.mailbox.remove(at as usize),
            None => None,
        };
        let Some(entry) = taken else {
            trace.push(Words::new(event::TIMEOUT, me, 0, 0));
            return Words::new(reply::TIMEOUT, 0, 0, 0);
        };
        let (who, arg, word) = (entry.who(), entry.arg(), entry.value());
        trace.push(match entry.kind() {
            message::EXIT => {
                let by_link = if arg == 1 { BY_LINK } else { 0 };
                if arg == 1 {
                    self.mourn(me, who);
                }
                Words::new(event::RECEIVE_EXIT, me, who | by_link, word)
            }
            message::DOWN => {
                self.mourn(me, who);
                Words::new(event::RECEIVE_DOWN, me, arg, word)
            }
            _ => Words::new(event::RECEIVE, me, 0, word),
        });
        Words::new(reply::MESSAGE + entry.kind(), who, arg, word)
    }

    /// Notes that a process knows of a death.
    pub(super) fn mourn(&mut self, me: u32, dead: u32) {
        self.tables.hot[me as usize].mourning = true;
        let mourned = &mut self.tables.processes[me as usize].mourned;
        if mourned.last().is_none_or(|&last| last < dead) {
            mourned.push(dead);
        } else if let Err(at) = mourned.binary_search(&dead) {
            mourned.insert(at, dead);
        }
    }

    /// Says so if a process uses one of whose death it was told.
    #[inline]
    fn uses(&self, me: u32, other: u32, trace: &mut Trace) {
        let stale = || self.process(Pid(me)).mourns(Pid(other));
        if self.tables.hot[me as usize].mourning && stale() {
            trace.push(Words::new(event::STALE_USE, me, other, 0));
        }
    }

    // Spawn

    /// `spawn_opt/2`: the child is linked and monitored before it runs, the link first (beam:
    /// erl_create_process; AtomVM: do_spawn).
    fn spawn(&mut self, me: u32, options: u32, trace: &mut Trace) -> Outcome {
        let newborn = self.desk.take_newborn(me).expect("a spawn lays its body on the desk");
        let child = self.tables.add_process(Some(me), newborn.label);
        self.tables.processes[child as usize].client = options & spawn::CLIENT != 0;
        self.bodies.push(Some(newborn.body));
        self.writes(b'd', child);
        self.writes(b'l', child);
        trace.push(Words::new(event::SPAWN, me, child, u64::from(options)));
        let mut monitor = 0;
        if options & spawn::LINK != 0 {
            self.writes_link(me, child);
            self.tie(me, Tie::Link { peer: child, pending: 0 });
            self.tie(child, Tie::Link { peer: me, pending: 0 });
            self.owe(me, child);
            self.owe(child, me);
        }
        if options & spawn::MONITOR != 0 {
            monitor = self.new_monitor(me, child);
            self.tie(child, Tie::Watch { monitor });
        }
        self.enable(Mover::Process(child));
        self.resume(child, self.tables.hot[child as usize].history, trace);
        Words::new(reply::VALUE, child, monitor, 0)
    }

    // Monitors

    fn new_monitor(&mut self, owner: u32, target: u32) -> u32 {
        let row = &mut self.tables.processes[owner as usize];
        row.monitors_made += 1;
        let ordinal = row.monitors_made;
        let monitor = self.tables.monitors.len() as u32;
        self.tables.monitors.push(Monitor { owner, target, ordinal, active: true });
        self.writes_monitor(monitor);
        monitor
    }

    /// `monitor(process, Pid)`: monitors stack; one on the dead gives a DOWN with reason noproc.
    /// One on oneself is none: it has a reference and never fires (erlang:monitor/2).
    fn monitor(&mut self, me: u32, target: u32, trace: &mut Trace) -> u32 {
        let monitor = self.new_monitor(me, target);
        self.tables.monitors[monitor as usize].active = me != target;
        trace.push(Words::new(event::MONITOR, me, target, u64::from(monitor)));
        self.signal(me, target, Words::new(signal::MONITOR, target, monitor, 0), trace);
        monitor
    }

    /// `demonitor/2`: true iff the monitor still existed; afterwards no DOWN of it arrives, and with
    /// `flush` none that has arrived stays.
    fn demonitor(&mut self, me: u32, monitor: u32, flush: bool, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::DEMONITOR, me, monitor, 0));
        let Some(&row) = self.tables.monitors.get(monitor as usize).filter(|row| row.owner == me)
        else {
            return value(0);
        };
        self.writes_monitor(monitor);
        self.tables.monitors[monitor as usize].active = false;
        if row.active {
            self.signal(
                me,
                row.target,
                Words::new(signal::DEMONITOR, row.target, monitor, 0),
                trace,
            );
        }
        if flush {
            self.writes(b'm', me);
            let is_down = |m: &Words| m.kind() == message::DOWN && m.arg() == monitor;
            self.tables.processes[me as usize].mailbox.retain(|entry| !is_down(entry));
        }
        value(u64::from(row.active))
    }

    // Names

    fn raise(&mut self, me: u32, reason: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::RAISED, me, 0, reason.0));
        Words::new(reply::RAISED, 0, 0, reason.0)
    }

    /// `register/2`: badarg for a taken name, a second name of one pid, a dead pid, `undefined`.
    fn register(&mut self, me: u32, pid: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::REGISTER, me, pid, name.0));
        self.writes_name(name);
        self.reads(b'l', pid);
        self.writes(b'g', pid);
        let named = self.tables.processes[pid as usize].registered.is_some();
        match self.tables.name_at(name) {
            Err(at) if self.tables.is_alive(pid) && !named && name != Term::UNDEFINED => {
                self.tables.names.insert(at, (name, pid));
                self.tables.processes[pid as usize].registered = Some(name);
                DONE
            }
            _ => self.raise(me, Term::BADARG, trace),
        }
    }

    /// `unregister/1`: badarg if the name is not bound; anyone may call it.
    fn unregister(&mut self, me: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::UNREGISTER, me, 0, name.0));
        self.writes_name(name);
        match self.tables.name_at(name) {
            Ok(at) => {
                let (_, pid) = self.tables.names.remove(at);
                self.writes(b'g', pid);
                self.tables.processes[pid as usize].registered = None;
                DONE
            }
            Err(_) => self.raise(me, Term::BADARG, trace),
        }
    }

    fn whereis(&mut self, me: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::WHEREIS, me, 0, name.0));
        self.reads_name(name);
        match self.tables.registered(name) {
            Some(pid) => Words::new(reply::VALUE, pid, 0, 1),
            None => value(0),
        }
    }

    /// `Name ! Message`: badarg if the name is not bound, unlike a send to a dead pid.
    fn send_name(&mut self, me: u32, term: Term, trace: &mut Trace) -> Outcome {
        let name = Term(self.tables.processes[me as usize].extra);
        self.reads_name(name);
        match self.tables.registered(name) {
            Some(to) => {
                trace.push(Words::new(event::SEND, me, to, term.0));
                self.signal(me, to, Words::new(signal::MESSAGE, to, 0, term.0), trace);
                DONE
            }
            None => self.raise(me, Term::BADARG, trace),
        }
    }

    // Timers

    /// Arms the timer of its owner that has the last ordinal.
    fn arm(&mut self, owner: u32, ms: u64, purpose: Purpose) -> u32 {
        let ordinal = self.tables.processes[owner as usize].timers_made;
        let timer = self.tables.timers.arm(owner, ordinal, ms, purpose);
        self.writes_timer(timer);
        if self.fires_any_time() {
            self.enable(Mover::Timer(timer));
        }
        timer
    }

    fn send_after(&mut self, me: u32, to: u32, term: Term, trace: &mut Trace) -> Outcome {
        let ms = self.tables.processes[me as usize].extra.saturating_sub(1);
        self.tables.processes[me as usize].timers_made += 1;
        let timer = self.arm(me, ms, Purpose::Send { to, message: term });
        trace.push(Words::new(event::TIMER_SET, me, timer, ms));
        self.reads(b'l', to);
        if !self.tables.is_alive(to) {
            self.disarm(timer);
        }
        Words::new(reply::VALUE, 0, timer | TIMER_REF, 0)
    }

    /// `cancel_timer/1`: false once the timer has fired or its target is dead.
    fn cancel(&mut self, me: u32, reference: u32, trace: &mut Trace) -> Outcome {
        let timer = reference & !TIMER_REF;
        if let Some(Purpose::Send { to, .. }) = self.tables.timers.get(timer).map(|t| t.purpose) {
            self.reads(b'l', to);
        }
        let armed = reference & TIMER_REF != 0 && self.disarm(timer);
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
            Purpose::Timeout => row.owner,
            Purpose::Send { to, .. } => to,
        };
        trace.push(Words::new(event::TIMER_FIRED, row.owner, target, u64::from(row.ordinal)));
        self.disable(Mover::Timer(timer));
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
        }
    }

    // Reading

    /// `process_info(Pid, links)`.
    fn links_info(&mut self, me: u32, of: u32, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::LINKS, me, of, 0));
        self.bring_all(me, of, trace);
        self.reads_ties(of);
        let peers: Vec<Term> = if self.counts_as_alive(of) {
            self.process(Pid(of)).links().map(Term::from).collect()
        } else {
            Vec::new()
        };
        let list = self.desk.terms.borrow_mut().list(&peers);
        value(list.0)
    }

    /// `process_flag(trap_exit, _)`: the old value; queued EXIT messages stay.
    fn trap_exit(&mut self, me: u32, on: bool, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::TRAP, me, u32::from(on), 0));
        self.writes(b't', me);
        let old = std::mem::replace(&mut self.tables.hot[me as usize].trapping, on);
        value(u64::from(old))
    }

    // Exit signals that a body sends

    /// `exit/2`: true whatever becomes of it; to oneself it acts at once.
    fn exit2(&mut self, me: u32, target: u32, reason: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::EXIT2, me, target, reason.0));
        self.uses(me, target, trace);
        if let Some(decision) = self.exit2_decision(me, target, reason) {
            self.signal(me, target, Words::new(signal::EXIT, target, decision, reason.0), trace);
        }
        if self.tables.hot[me as usize].doomed { OVER } else { DONE }
    }

    /// What the sender of an exit/2 settles beforehand; `None` if the signal means nothing to its
    /// target. Where signals act at once it comes to the same.
    fn exit2_decision(&mut self, me: u32, target: u32, reason: Term) -> Option<u32> {
        if !self.profile.exit2_by_sender || self.is_instant() || me == target {
            return Some(signal::OPEN);
        }
        self.reads(b'l', target);
        self.reads(b't', target);
        let trapping = self.tables.hot[target as usize].trapping;
        match reason {
            _ if !self.tables.is_alive(target) => None,
            Term::KILL => Some(signal::FATAL),
            _ if trapping => Some(signal::TRAPPED),
            Term::NORMAL => None,
            _ => Some(signal::FATAL),
        }
    }

    /// Drops every body with the desk closed: a new run begins or the world ends.
    pub(super) fn drop_bodies(&mut self) {
        for body in self.bodies.drain(..).flatten() {
            self.desk.close_while(|| {
                // A panic here belongs to a run that is over; its verdict stands.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
            });
        }
        self.desk.clear_newborns();
        self.desk.clear();
    }

    /// Drops the body of a dead process; its panics and its refused effects become events.
    pub(super) fn drop_body(&mut self, me: u32, trace: &mut Trace) {
        let Some(body): Option<Body> = self.bodies[me as usize].take() else { return };
        let mut panic = None;
        let refused = self.desk.close_while(|| {
            let newborn = self.desk.take_newborn(me);
            panic = catch_unwind(AssertUnwindSafe(|| drop((body, newborn)))).err();
        });
        if let Some(panic) = panic {
            self.tables.processes[me as usize].panic = Some(panic_text(&*panic));
            trace.push(Words::new(event::PANICKED, me, 0, 0));
        }
        if refused {
            trace.push(Words::new(event::REFUSED, me, 0, 0));
        }
    }
}

/// Where in the mailbox the first message stands that a filter takes.
#[inline]
fn find_message(mailbox: &VecDeque<Words>, desk: &Desk, wanted: Words) -> Option<u32> {
    mailbox.iter().position(|&entry| takes(desk, wanted, entry)).map(|at| at as u32)
}

/// Whether a receive with this filter takes this message.
#[inline]
fn takes(desk: &Desk, wanted: Words, entry: Words) -> bool {
    match wanted.arg() {
        filter::ANY => true,
        filter::USER => entry.kind() == message::USER,
        filter::TERM => {
            let pattern = Term(wanted.value());
            entry.kind() == message::USER
                && (pattern.0 == entry.value()
                    || desk.terms.borrow().matches(pattern, Term(entry.value())))
        }
        filter::EXIT => entry.kind() == message::EXIT,
        filter::EXIT_FROM => entry.kind() == message::EXIT && entry.who() == wanted.who(),
        filter::DOWN => entry.kind() == message::DOWN,
        filter::DOWN_OF => {
            entry.kind() == message::DOWN && u64::from(entry.arg()) == wanted.value()
        }
        other => unreachable!("filter {other}"),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}
