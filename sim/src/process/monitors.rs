//! Monitors: one-sided, stacked, each with a reference of its own.
//!
//! Erlang reference manual, "Processes", "Monitors"; erlang:monitor/2,3, erlang:demonitor/2. A
//! monitor by name follows the process that has the name at the call; its DOWN names
//! `{Name, Node}`, and a name that is not bound gives a DOWN with reason noproc at once.

use super::{
    ProcessWorld, Term, Wrong,
    kind::{alias, event, message, signal},
    step::{Outcome, value},
    table::Reference,
};
use crate::{trace::Trace, word::Words};

/// The node of a world, as `node()` says where no distribution runs.
pub(super) const NODE: &str = "nonode@nohost";

impl ProcessWorld {
    /// A reference of its owner: a monitor of `target` if `object` says so.
    pub(super) fn new_reference(
        &mut self,
        owner: u32,
        target: u32,
        object: Term,
        alias: u32,
    ) -> u32 {
        let row = &mut self.tables.processes[owner as usize];
        row.references_made += 1;
        let ordinal = row.references_made;
        let index = self.tables.references.len() as u32;
        let active = object != Term::UNDEFINED;
        self.tables.references.push(Reference { owner, target, ordinal, active, alias, object });
        self.writes_reference(index);
        index
    }

    /// A monitor of a process that is told of it otherwise: with its birth.
    pub(super) fn new_monitor(&mut self, owner: u32, target: u32) -> u32 {
        self.new_reference(owner, target, super::Pid(target).into(), alias::NONE)
    }

    /// `monitor(process, Pid)`: monitors stack; one on the dead gives a DOWN with reason noproc.
    /// One on oneself is none: it has a reference, is no alias and never fires (erlang:monitor/3).
    pub(super) fn monitor(&mut self, me: u32, target: u32, alias: u32, trace: &mut Trace) -> u32 {
        if self.is_wrong(Wrong::MonitorsMerge) {
            let same = |row: &Reference| row.owner == me && row.target == target && row.active;
            if let Some(first) = self.tables.references.iter().position(same) {
                trace.push(Words::new(event::MONITOR, me, target, first as u64));
                return first as u32;
            }
        }
        let object = super::Pid(target).into();
        let alias = if me == target { alias::NONE } else { alias };
        let monitor = self.new_reference(me, target, object, alias);
        self.tables.references[monitor as usize].active = me != target;
        trace.push(Words::new(event::MONITOR, me, target, u64::from(monitor)));
        self.signal(me, target, Words::new(signal::MONITOR, target, monitor, 0), trace);
        monitor
    }

    /// `monitor(process, Name)`.
    pub(super) fn monitor_name(
        &mut self,
        me: u32,
        name: Term,
        alias: u32,
        trace: &mut Trace,
    ) -> u32 {
        self.reads_name(name);
        let object = {
            let mut terms = self.desk.terms.borrow_mut();
            let node = terms.atom(NODE);
            terms.tuple(&[name, node])
        };
        let target = self.tables.registered(name);
        let object = match target {
            Some(pid) if self.is_wrong(Wrong::NameMonitorNamesPid) => super::Pid(pid).into(),
            _ => object,
        };
        let monitor = self.new_reference(me, target.unwrap_or(me), object, alias);
        trace.push(Words::new(event::MONITOR_NAME, me, monitor, name.0));
        match target {
            Some(target) if target == me => {
                self.tables.references[monitor as usize].active = false;
                self.tables.references[monitor as usize].alias = alias::NONE;
            }
            Some(target) => {
                self.signal(me, target, Words::new(signal::MONITOR, target, monitor, 0), trace);
            }
            None => {
                let down = Words::new(signal::DOWN, me, monitor, Term::NOPROC.0);
                self.own_signal(me, me, down, trace);
            }
        }
        monitor
    }

    /// `demonitor/2`: true iff the monitor still existed; afterwards no DOWN of it arrives, and with
    /// `flush` none that has arrived stays. An alias made to end with it ends.
    pub(super) fn demonitor(
        &mut self,
        me: u32,
        monitor: u32,
        flush: bool,
        trace: &mut Trace,
    ) -> Outcome {
        trace.push(Words::new(event::DEMONITOR, me, monitor, 0));
        let own = |row: &&Reference| row.owner == me && row.is_monitor();
        let Some(&row) = self.tables.references.get(monitor as usize).filter(own) else {
            return value(0);
        };
        self.writes_reference(monitor);
        let kept = self.is_wrong(Wrong::DemonitorKeeps);
        let ends_alias = !self.is_wrong(Wrong::AliasOutlivesDemonitor);
        let reference = &mut self.tables.references[monitor as usize];
        if !kept && ends_alias {
            reference.end_monitor();
        } else if !kept {
            reference.active = false;
        }
        if row.active && !kept && !self.is_wrong(Wrong::DemonitorUntold) {
            self.tell_demonitored(me, monitor, trace);
        }
        if flush && !self.is_wrong(Wrong::FlushLeaves) {
            self.writes(b'm', me);
            let is_down = |m: &Words| m.kind() == message::DOWN && m.arg() == monitor;
            if self.recorder.on {
                let mailbox = &self.tables.processes[me as usize].mailbox;
                let goes: Vec<bool> = mailbox.iter().map(is_down).collect();
                self.keep_identities(me, |at| !goes[at]);
            }
            self.tables.processes[me as usize].mailbox.retain(|entry| !is_down(entry));
        }
        value(u64::from(row.active || self.is_wrong(Wrong::InfoIsTrue)))
    }

    pub(super) fn tell_demonitored(&mut self, me: u32, monitor: u32, trace: &mut Trace) {
        let target = self.tables.references[monitor as usize].target;
        if target != me {
            self.signal(me, target, Words::new(signal::DEMONITOR, target, monitor, 0), trace);
        }
    }
}
