//! A step of a process: its announced effect is performed, and its body runs to the next one.
//!
//! Each effect is one arm; what it does stands in the room of its subject (`mailbox`, `links`,
//! `monitors`, `names`, `timers`). What it does to others goes through [`ProcessWorld::signal`], so
//! both delivery models share every rule.

use super::{
    Mover, Pid, ProcessWorld, Term, Wrong,
    desk::{Body, Class, Ending, Note, Raise},
    kind::{demonitor, effect, event, message, reply, signal, spawn},
    table::{Phase, Tie},
};
use crate::{
    decisions::Decisions,
    panics::panic_text,
    trace::Trace,
    word::{Words, mix},
};
use std::{
    any::Any,
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

pub(super) fn value(value: u64) -> Outcome {
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
            return self.die(me, reason, decisions, trace);
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
                self.is_plain();
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
                self.die(me, Term(word), decisions, trace);
                OVER
            }
            effect::EXIT2 => self.exit2(me, who, Term(word), trace),
            effect::TRAP => self.trap_exit(me, arg != 0, trace),
            effect::MONITOR => {
                let monitor = self.monitor(me, who, arg, trace);
                Words::new(reply::VALUE, 0, monitor, 0)
            }
            effect::MONITOR_NAME => {
                let monitor = self.monitor_name(me, Term(word), arg, trace);
                Words::new(reply::VALUE, 0, monitor, 0)
            }
            effect::MAKE_REF => self.make_ref(me, arg, trace),
            effect::UNALIAS => self.unalias(me, arg, trace),
            effect::SEND_REF => self.send_ref(me, arg, Term(word), trace),
            effect::DEMONITOR => {
                let told = self.demonitor(me, arg, word & demonitor::FLUSH != 0, trace);
                if word & demonitor::UNTOLD != 0 { DONE } else { told }
            }
            effect::REGISTER => self.register(me, who, Term(word), trace),
            effect::UNREGISTER => self.unregister(me, Term(word), trace),
            effect::WHEREIS => self.whereis(me, Term(word), trace),
            effect::SEND_NAME => self.send_name(me, Term(word), arg != 0, trace),
            effect::SEND_AFTER
            | effect::SEND_AFTER_NAME
            | effect::START_TIMER
            | effect::START_TIMER_NAME => self.set_timer(me, op, trace),
            effect::CANCEL => self.cancel(me, arg, trace),
            effect::INFO => self.info(me, who, arg, trace),
            effect::ALIVE => self.alive(me, who, trace),
            effect::STAGE => self.answer_stage(me, trace),
            effect::TURN => self.turn(me, trace),
            effect::MONOTONIC_TIME => self.monotonic_time(me, trace),
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
        let history = match self.desk.has_notes() {
            true => self.note(me, history, trace),
            false => history,
        };
        self.announce_next(me, history, op, trace);
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
    fn announce_next(&mut self, me: u32, history: u64, op: Words, trace: &mut Trace) {
        let hot = &mut self.tables.hot[me as usize];
        (hot.pending, hot.history) = (op, history);
        match op.kind() {
            effect::YIELD | effect::SEND => {}
            effect::RECEIVE => self.await_message(me, op, trace),
            effect::NONE => {
                // The body waits for something that is no effect: nothing will ever wake it.
                hot.phase = Phase::Waiting;
                self.disable(Mover::Process(me));
            }
            _ => self.announce_rare(me, op, trace),
        }
    }

    #[inline(never)]
    fn announce_rare(&mut self, me: u32, op: Words, trace: &mut Trace) {
        match op.kind() {
            effect::SEND_NAME | effect::SEND_AFTER_NAME | effect::START_TIMER_NAME => {
                self.tables.processes[me as usize].extra = self.desk.extra();
            }
            effect::STAGE => self.begin_stage(me, op, trace),
            effect::TURN => {
                // What a body knew is forgotten with its turn: see Ctx::turn.
                self.tables.hot[me as usize].history = mix(self.tables.id(me), 0);
                self.await_turn(me, op, trace);
            }
            _ => {}
        }
    }

    /// How a body's end becomes its last effect: reason `normal`, or the reason of the exception;
    /// `error` brings a stack trace, an uncaught `throw` is the error `{nocatch, Thrown}` (Erlang reference manual, "Errors and Error Handling").
    fn ending(&mut self, ending: Ending) -> Words {
        let mut terms = self.desk.terms.borrow_mut();
        let reason = match ending {
            Ok(()) => Term::NORMAL,
            Err(Raise { class: Class::Exit, reason }) => reason,
            Err(Raise { class: Class::Error, reason })
                if self.is_wrong(Wrong::ErrorWithoutStack) =>
            {
                reason
            }
            Err(Raise { class: Class::Throw, reason }) if self.is_wrong(Wrong::ThrowIsExit) => {
                reason
            }
            Err(Raise { class: Class::Error, reason }) => terms.tuple(&[reason, Term::STACK]),
            Err(Raise { class: Class::Throw, reason }) => {
                let nocatch = terms.tuple(&[Term::atom("nocatch"), reason]);
                terms.tuple(&[nocatch, Term::STACK])
            }
        };
        Words::new(effect::EXIT, 0, 0, reason.0)
    }

    fn panicked(&mut self, me: u32, panic: Box<dyn Any + Send>) -> Words {
        self.desk.clear();
        self.tables.processes[me as usize].panic = Some(panic_text(&*panic));
        Words::new(effect::EXIT, 0, PANICKED, Term::atom("panic").0)
    }

    /// Keeps what the body declared; answers its history, which begins anew with a state.
    fn note(&mut self, me: u32, mut history: u64, trace: &mut Trace) -> u64 {
        for note in self.desk.take_notes() {
            let label_word =
                |world: &Self, label: &str| world.desk.terms.borrow_mut().atom(label).0;
            match note {
                Note::Hold(label, pid) => {
                    trace.push(Words::new(event::HOLD, me, pid.0, label_word(self, &label)));
                    self.holds_otherwise(me, pid.0);
                    self.tables.processes[me as usize].holds.push((label, pid.0));
                }
                Note::Release(label) => {
                    trace.push(Words::new(event::RELEASE, me, 0, label_word(self, &label)));
                    self.release(me, &label);
                }
                Note::Mark(label) => {
                    trace.push(Words::new(event::MARK, me, 0, label_word(self, &label)));
                }
                Note::State(state) => history = self.declare(me, state, trace),
                Note::Shelter(pid) => self.tables.processes[pid.index()].sheltered = true,
                Note::Hide(pid) => {
                    let row = &mut self.tables.processes[pid.index()];
                    (row.sheltered, row.hidden) = (true, true);
                }
            }
        }
        history
    }

    fn release(&mut self, me: u32, label: &str) {
        let row = &mut self.tables.processes[me as usize];
        let freed = row.holds.extract_if(.., |(held, _)| *held == label);
        let freed: Vec<u32> = freed.map(|(_, held)| held).collect();
        freed.into_iter().for_each(|held| self.holds_otherwise(me, held));
    }

    /// A server's state stands for all that it has seen since it was started: see Ctx::state.
    fn declare(&mut self, me: u32, state: Term, trace: &mut Trace) -> u64 {
        self.declares(me);
        let row = &mut self.tables.processes[me as usize];
        if row.state.replace(state) != Some(state) {
            trace.push(Words::new(event::STATE, me, 0, state.0));
        }
        let birth = row.birth;
        mix(mix(birth, 1), self.stable(state))
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

    // Spawn

    /// `spawn_opt/2`: the child is linked and monitored before it runs, the link first (beam:
    /// erl_create_process; AtomVM: do_spawn).
    fn spawn(&mut self, me: u32, options: u32, trace: &mut Trace) -> Outcome {
        let newborn = self.desk.take_newborn(me).expect("a spawn lays its body on the desk");
        let child = self.tables.add_process(Some(me), newborn.label);
        self.tables.processes[child as usize].client = options & spawn::CLIENT != 0;
        self.bodies.push(Some(newborn.body));
        self.places.push(newborn.place);
        self.remember_birth(me, child);
        self.writes(b'd', child);
        self.writes(b'l', child);
        self.changes_the_living();
        self.declares(me);
        trace.push(Words::new(event::SPAWN, me, child, u64::from(options)));
        let mut monitor = 0;
        if self.is_wrong(Wrong::TrapInherited) {
            self.tables.hot[child as usize].trapping = self.tables.hot[me as usize].trapping;
        }
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

    /// What a child was started with is known by its spawner's history, unless that is a server,
    /// which will forget.
    fn remember_birth(&mut self, me: u32, child: u32) {
        if self.tables.processes[me as usize].state.is_some() {
            let birth = mix(self.tables.id(child), self.tables.hot[me as usize].history);
            self.tables.processes[child as usize].birth = birth;
            self.tables.hot[child as usize].history = birth;
        }
    }

    /// `process_flag(trap_exit, _)`: the old value; queued EXIT messages stay.
    fn trap_exit(&mut self, me: u32, on: bool, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::TRAP, me, u32::from(on), 0));
        self.writes(b't', me);
        let old = std::mem::replace(&mut self.tables.hot[me as usize].trapping, on);
        let told = if self.is_wrong(Wrong::TrapAnswersNew) { on } else { old };
        value(u64::from(told))
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
        self.places.clear();
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
