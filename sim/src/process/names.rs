//! Registered names: one process a name, one name a process, free with its owner's exit event.
//!
//! erlang:register/2, unregister/1, whereis/1, and the send to a name.

use super::{
    ProcessWorld, Term, Wrong,
    kind::{event, reply, signal},
    step::{DONE, Outcome, value},
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    pub(super) fn raise(&mut self, me: u32, reason: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::RAISED, me, 0, reason.0));
        Words::new(reply::RAISED, 0, 0, reason.0)
    }

    /// `register/2`: badarg for a taken name, a second name of one pid, a dead pid, `undefined`.
    pub(super) fn register(&mut self, me: u32, pid: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::REGISTER, me, pid, name.0));
        self.writes_name(name);
        self.reads(b'l', pid);
        self.writes(b'g', pid);
        let named = self.tables.processes[pid as usize].registered.is_some()
            && !self.is_wrong(Wrong::SecondName);
        if self.is_wrong(Wrong::TakenNameMoves)
            && let Ok(at) = self.tables.name_at(name)
        {
            let (_, old) = self.tables.names.remove(at);
            self.tables.processes[old as usize].registered = None;
        }
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
    pub(super) fn unregister(&mut self, me: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::UNREGISTER, me, 0, name.0));
        self.writes_name(name);
        match self.tables.name_at(name) {
            Ok(at) => {
                let (_, pid) = self.tables.names.remove(at);
                self.writes(b'g', pid);
                self.tables.processes[pid as usize].registered = None;
                if self.is_wrong(Wrong::NameMonitorFollowsName) {
                    self.end_name_monitors(pid, trace);
                }
                DONE
            }
            Err(_) => self.raise(me, Term::BADARG, trace),
        }
    }

    /// All that [`Wrong::NameMonitorFollowsName`] gets wrong.
    fn end_name_monitors(&mut self, pid: u32, trace: &mut Trace) {
        let by_name =
            |row: &super::table::Reference| row.target == pid && row.object.as_pid().is_none();
        for monitor in 0..self.tables.references.len() {
            let row = self.tables.references[monitor];
            if row.active && by_name(&row) {
                let down = Words::new(signal::DOWN, row.owner, monitor as u32, Term::NOPROC.0);
                self.signal(pid, row.owner, down, trace);
            }
        }
    }

    pub(super) fn whereis(&mut self, me: u32, name: Term, trace: &mut Trace) -> Outcome {
        trace.push(Words::new(event::WHEREIS, me, 0, name.0));
        self.reads_name(name);
        match self.tables.registered(name) {
            Some(pid) => Words::new(reply::VALUE, pid, 0, 1),
            None => value(0),
        }
    }

    /// `Name ! Message`: badarg if the name is not bound, unlike a send to a dead pid and unlike
    /// `{Name, node()} ! Message`, which is silent.
    pub(super) fn send_name(
        &mut self,
        me: u32,
        term: Term,
        with_node: bool,
        trace: &mut Trace,
    ) -> Outcome {
        let name = Term(self.tables.processes[me as usize].extra);
        self.reads_name(name);
        match self.tables.registered(name) {
            Some(to) => {
                trace.push(Words::new(event::SEND, me, to, term.0));
                self.signal(me, to, Words::new(signal::MESSAGE, to, 0, term.0), trace);
                DONE
            }
            None if (with_node && !self.is_wrong(Wrong::NodeFormRaises))
                || self.is_wrong(Wrong::UnboundSendIsSilent) =>
            {
                trace.push(Words::new(event::LOST, me, me, term.0));
                DONE
            }
            None => self.raise(me, Term::BADARG, trace),
        }
    }
}
