//! Mailboxes: what arrives, and what a selective receive takes of it.
//!
//! A receive scans the mailbox once, when it is announced; afterwards each newcomer is tested alone
//! against the filter that waits. The first match is taken and the rest keeps its order (Erlang
//! reference manual, "Expressions", "Receive").

use super::{
    BY_LINK, Mover, Pid, ProcessWorld, Term, Wrong,
    kind::{NO_TIMEOUT, effect, event, filter, message, reply},
    step::Outcome,
    table::Phase,
    timers::Purpose,
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    /// A receive was announced: a message that is there already enables it, else it waits.
    #[inline]
    pub(super) fn await_message(&mut self, me: u32, wanted: Words, trace: &mut Trace) {
        self.reads(b'u', me);
        let timeout = self.desk.extra();
        let inspects = wanted.arg() & filter::INSPECT != 0;
        if timeout != NO_TIMEOUT || inspects || self.tables.hot[me as usize].unfetched {
            return self.await_message_rare(me, wanted, trace);
        }
        let found = self.find_message(me, wanted);
        self.tables.processes[me as usize].found = found;
        if found.is_none() {
            self.tables.hot[me as usize].phase = Phase::Waiting;
            self.disable(Mover::Process(me));
        }
    }

    /// With a time-out, or with something to fetch.
    #[inline(never)]
    fn await_message_rare(&mut self, me: u32, wanted: Words, trace: &mut Trace) {
        let inspects = wanted.arg() & filter::INSPECT != 0;
        if !inspects {
            self.fetch(me, trace);
        }
        let timeout = self.desk.extra();
        let looks_once = timeout == 1 && self.is_wrong(Wrong::AfterZeroLooksOnce);
        let found = self.find_message(me, wanted).filter(|&at| at == 0 || !looks_once);
        let row = &mut self.tables.processes[me as usize];
        row.found = found;
        if timeout != NO_TIMEOUT {
            // Its ordinal is taken even if no timer is needed, so that names of later ones do not
            // depend on who came first.
            row.timers_made += 1;
        }
        if timeout > 1 && timeout != NO_TIMEOUT && self.fires_any_time() {
            // Whether a timer is armed, and may fire, depends on what has come.
            self.reads(b'm', me);
        }
        let row = &self.tables.processes[me as usize];
        if row.found.is_some() || timeout == 1 {
            return;
        }
        self.tables.hot[me as usize].phase = Phase::Waiting;
        self.disable(Mover::Process(me));
        if timeout != NO_TIMEOUT {
            let timer = self.arm(me, timeout - 1, Purpose::Timeout);
            self.tables.processes[me as usize].timeout = Some(timer);
        }
        if inspects {
            self.fetch_asleep(me, trace);
        }
    }

    /// Puts a message into a living process's mailbox; a newcomer is tested alone against the
    /// filter that waits.
    #[inline]
    pub(super) fn put_message(&mut self, to: u32, entry: Words) {
        self.puts_message(to);
        let hot = &self.tables.hot[to as usize];
        let wakes = hot.phase == Phase::Waiting
            && hot.pending.kind() == effect::RECEIVE
            && self.takes(hot.pending, entry);
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
    pub(super) fn receive(&mut self, me: u32, wanted: Words, trace: &mut Trace) -> Outcome {
        let row = &mut self.tables.processes[me as usize];
        let (found, taken) = match row.found.take() {
            Some(0) => (0, row.mailbox.pop_front()),
            Some(at) => (at, row.mailbox.remove(at as usize)),
            None => self.take_late(me, wanted),
        };
        let Some(entry) = taken else {
            self.finds_nothing(me);
            trace.push(Words::new(event::TIMEOUT, me, 0, 0));
            return Words::new(reply::TIMEOUT, 0, 0, 0);
        };
        self.takes_message(me, found as usize);
        if entry.kind() != message::USER || wanted.arg() & filter::INSPECT != 0 {
            return self.receive_rare(me, wanted, entry, trace);
        }
        trace.push(Words::new(event::RECEIVE, me, 0, entry.value()));
        Words::new(reply::MESSAGE + message::USER, 0, 0, entry.value())
    }

    /// The message of a receive that was enabled by none: `after 0` is enabled before it looks, and
    /// one may have come since. A time-out that fired takes none.
    #[inline(never)]
    fn take_late(&mut self, me: u32, wanted: Words) -> (u32, Option<Words>) {
        if std::mem::take(&mut self.tables.hot[me as usize].timed_out) {
            return (0, None);
        }
        let looks_once = self.is_wrong(Wrong::AfterZeroLooksOnce);
        match self.find_message(me, wanted).filter(|&at| at == 0 || !looks_once) {
            Some(at) => (at, self.tables.processes[me as usize].mailbox.remove(at as usize)),
            None => (0, None),
        }
    }

    /// Takes an EXIT or a DOWN, or any message as a term.
    #[inline(never)]
    fn receive_rare(&mut self, me: u32, wanted: Words, entry: Words, trace: &mut Trace) -> Outcome {
        let (who, arg, word) = (entry.who(), entry.arg(), entry.value());
        if let Some(dead) = self.death_in(me, entry) {
            self.mourn(me, dead);
        }
        trace.push(match entry.kind() {
            message::EXIT => {
                let by_link = if arg == 1 { BY_LINK } else { 0 };
                Words::new(event::RECEIVE_EXIT, me, who | by_link, word)
            }
            message::DOWN => Words::new(event::RECEIVE_DOWN, me, arg, word),
            _ => Words::new(event::RECEIVE, me, 0, word),
        });
        if wanted.arg() & filter::INSPECT != 0 {
            let term = self.message_term(entry);
            return Words::new(reply::MESSAGE + message::USER, 0, 0, term.0);
        }
        Words::new(reply::MESSAGE + entry.kind(), who, arg, word)
    }

    /// Where the message stands that a process will take.
    pub(super) fn place_found(&self, me: u32) -> Option<usize> {
        let late = || self.find_message(me, self.tables.hot[me as usize].pending);
        let found = self.tables.processes[me as usize].found.or_else(late);
        found.map(|at| at as usize)
    }

    /// Of whose death the message tells that a process will take, if of any.
    pub(super) fn death_found(&self, me: u32) -> Option<u32> {
        let row = &self.tables.processes[me as usize];
        self.death_in(me, *row.mailbox.get(self.place_found(me)?)?)
    }

    fn death_in(&self, me: u32, entry: Words) -> Option<u32> {
        let told = match entry.kind() {
            message::EXIT if entry.arg() == 1 => Some(entry.who()),
            message::DOWN => Some(self.tables.references[entry.arg() as usize].target),
            _ => None,
        };
        told.filter(|&dead| dead != me)
    }

    /// Notes that a process knows of a death. One that an exit signal has hit is dead for who asks,
    /// but its name leads to it until its exit event: who is told before knows of no death yet.
    pub(super) fn mourn(&mut self, me: u32, dead: u32) {
        self.reads(b'l', dead);
        if self.tables.is_alive(dead) {
            return;
        }
        self.declares(me);
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
    pub(super) fn uses(&self, me: u32, other: u32, trace: &mut Trace) {
        let stale = || self.process(Pid(me)).mourns(Pid(other));
        if self.tables.hot[me as usize].mourning && stale() {
            trace.push(Words::new(event::STALE_USE, me, other, 0));
        }
    }

    /// Where in the mailbox the first message stands that a filter takes.
    #[inline]
    fn find_message(&self, me: u32, wanted: Words) -> Option<u32> {
        let mailbox = &self.tables.processes[me as usize].mailbox;
        mailbox.iter().position(|&entry| self.takes(wanted, entry)).map(|at| at as u32)
    }

    /// Whether a receive with this filter takes this message.
    #[inline]
    fn takes(&self, wanted: Words, entry: Words) -> bool {
        match wanted.arg() & filter::KIND {
            filter::ANY => true,
            filter::USER => entry.kind() == message::USER,
            filter::TERM => self.matches(Term(wanted.value()), entry),
            filter::ONE_OF => {
                let terms = self.desk.terms.borrow();
                let patterns = terms.items(Term(wanted.value())).unwrap_or_default();
                patterns.iter().any(|&pattern| self.matches(pattern, entry))
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

    /// Whether a pattern matches a message; EXIT and DOWN are the tuples that they are in Erlang.
    fn matches(&self, pattern: Term, entry: Words) -> bool {
        let terms = self.desk.terms.borrow();
        let reason = Term(entry.value());
        match entry.kind() {
            message::EXIT => {
                let elements = [Term::atom("EXIT"), Pid(entry.who()).into(), reason];
                terms.matches_tuple(pattern, &elements)
            }
            message::DOWN => terms.matches_tuple(pattern, &self.down_elements(entry)),
            _ => pattern == reason || terms.matches(pattern, reason),
        }
    }
}
