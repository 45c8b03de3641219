//! `process_info/2` and what else reads a process from outside.
//!
//! Both are requests to the process: they come behind what the caller sent it before, and the
//! answer behind what it sent the caller before (reference manual, "Processes", "Signals"). A
//! process that is dead is no party to this: it is `undefined` at once.

use super::{
    Pid, ProcessWorld, Term, Wrong,
    kind::{event, item, message},
    step::{OVER, Outcome, value},
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    /// `process_info(Pid, Item)`: the value of the item, `undefined` of the dead. `registered_name`
    /// is `[]` for a process without one.
    pub(super) fn info(&mut self, me: u32, of: u32, item: u32, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::INFO, me, of, u64::from(item)));
        self.ask(me, of, trace);
        if self.tables.hot[me as usize].doomed {
            return OVER;
        }
        let alive = self.counts_as_alive(of);
        self.reads_item(of, item);
        let answer = if alive {
            self.item(of, item)
        } else if self.is_wrong(Wrong::InfoOfTheDead) {
            self.list(&[])
        } else {
            Term::UNDEFINED
        };
        value(answer.0)
    }

    /// `is_process_alive(Pid)`.
    pub(super) fn alive(&mut self, me: u32, of: u32, trace: &mut Trace) -> Outcome {
        if self.profile.doom_is_death {
            self.ask(me, of, trace);
            if self.tables.hot[me as usize].doomed {
                return OVER;
            }
        }
        let alive = self.counts_as_alive(of);
        trace.push(Words::new(event::ALIVE, me, of, u64::from(alive)));
        if !alive {
            self.mourn(me, of);
        }
        value(u64::from(alive))
    }

    /// A request to a process and its answer.
    fn ask(&mut self, me: u32, of: u32, trace: &mut Trace) {
        if me == of {
            return;
        }
        self.bring_all(me, of, trace);
        if self.counts_as_alive(of) {
            self.fetch(of, trace);
            self.bring_all(of, me, trace);
        }
    }

    fn reads_item(&mut self, of: u32, item: u32) {
        match item {
            item::LINKS => self.reads_ties(of),
            item::TRAP_EXIT => self.reads(b't', of),
            item::REGISTERED_NAME => self.reads(b'g', of),
            item::MESSAGES | item::MESSAGE_QUEUE_LEN => self.sees_mailbox(of),
            _ => self.touches_anything(),
        }
    }

    fn item(&mut self, of: u32, item: u32) -> Term {
        let of = Pid(of);
        match item {
            item::LINKS => {
                let peers: Vec<Term> = self.process(of).links().map(Term::from).collect();
                self.list(&peers)
            }
            item::MONITORS => {
                let process = self.process(of);
                let active = process.monitors().filter(|monitor| monitor.active);
                let objects: Vec<Term> = active.map(|monitor| monitor.object).collect();
                let pairs: Vec<Term> =
                    objects.iter().map(|&o| self.tuple(&[Term::atom("process"), o])).collect();
                self.list(&pairs)
            }
            item::MONITORED_BY => {
                let owners: Vec<Term> = self.process(of).monitored_by().map(Term::from).collect();
                self.list(&owners)
            }
            item::TRAP_EXIT => self.process(of).is_trapping().into(),
            item::REGISTERED_NAME => {
                self.process(of).registered().unwrap_or_else(|| self.list(&[]))
            }
            item::MESSAGES => {
                let messages = self.messages(of);
                self.list(&messages)
            }
            _ => Term::int(self.process(of).mailbox_len() as i64),
        }
    }

    fn list(&self, items: &[Term]) -> Term {
        self.desk.terms.borrow_mut().list(items)
    }

    fn tuple(&self, elements: &[Term]) -> Term {
        self.desk.terms.borrow_mut().tuple(elements)
    }

    /// The mailbox of a process as terms, oldest first.
    pub fn messages(&self, pid: Pid) -> Vec<Term> {
        let mailbox = &self.tables.processes[pid.index()].mailbox;
        mailbox.iter().map(|&entry| self.message_term(entry)).collect()
    }

    /// A message as the term that a receive would see.
    pub(super) fn message_term(&self, entry: Words) -> Term {
        let reason = Term(entry.value());
        match entry.kind() {
            message::EXIT => self.tuple(&[Term::atom("EXIT"), Pid(entry.who()).into(), reason]),
            message::DOWN => self.tuple(&self.down_elements(entry)),
            _ => reason,
        }
    }

    /// The elements of `{'DOWN', Ref, process, Object, Reason}`.
    pub(super) fn down_elements(&self, entry: Words) -> [Term; 5] {
        let reference = super::Ref(entry.arg());
        let object = self.tables.references[entry.arg() as usize].object;
        let (down, process) = (Term::atom("DOWN"), Term::atom("process"));
        [down, reference.into(), process, object, Term(entry.value())]
    }

    /// What a process brought upon itself: the noproc of a link or monitor of the dead, a message to
    /// its own alias.
    ///
    /// It is put into the caller's own queue of incoming signals and not handled there and then:
    /// `demonitor` right after finds the monitor standing, `process_info(self(), messages)` does not
    /// show the EXIT (OTP 25.2.3: link_1 ends in erts_deliver_exit_message to oneself, 20 of 20
    /// runs). The next [`ProcessWorld::fetch`] brings it; under pairwise delivery it is a delivery
    /// like any other, from the dead or, for what is no signal of theirs, from oneself.
    ///
    /// `signal` names in its `who` whom it is about.
    pub(super) fn own_signal(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        if !self.is_instant() {
            self.post(from, to, signal);
        } else if self.profile.doom_is_death {
            self.writes(b'u', to);
            self.queue(to, to, signal);
            self.tables.hot[to as usize].unfetched = true;
        } else {
            self.arrive(from, to, signal, trace);
        }
    }

    /// The process looks at its queue of incoming signals: at a receive that finds nothing, with a
    /// signal to itself, or when another process asks after it.
    #[inline]
    pub(super) fn fetch(&mut self, me: u32, trace: &mut Trace) {
        self.reads(b'u', me);
        if self.tables.hot[me as usize].unfetched {
            self.fetch_all(me, trace);
        }
    }

    #[inline(never)]
    fn fetch_all(&mut self, me: u32, trace: &mut Trace) {
        self.writes(b'u', me);
        self.tables.hot[me as usize].unfetched = false;
        let own = self.channel(me, me) as usize;
        while let Some(signal) = self.tables.channels[own].queue.pop_front() {
            self.fetches(Some(me));
            self.arrive(signal.who(), me, signal, trace);
            self.fetches(None);
        }
    }

    /// The process goes to sleep: what waits is fetched if there is more than an EXIT, which alone is
    /// an ordinary message to OTP 25 and wakes nobody.
    pub(super) fn fetch_asleep(&mut self, me: u32, trace: &mut Trace) {
        self.reads(b'u', me);
        if !self.tables.hot[me as usize].unfetched {
            return;
        }
        let own = self.channel(me, me) as usize;
        let wakes = |signal: &Words| signal.kind() != super::kind::signal::LINK_EXIT;
        if self.tables.channels[own].queue.iter().any(wakes) {
            self.fetch_all(me, trace);
        }
    }
}
