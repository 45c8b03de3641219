//! Monitors: one-sided, stacked, each with a reference of its own.
//!
//! Erlang reference manual, "Processes", "Monitors"; erlang:monitor/2, erlang:demonitor/2.

use super::{
    ProcessWorld,
    kind::{event, message, signal},
    step::{Outcome, value},
    table::Monitor,
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    pub(super) fn new_monitor(&mut self, owner: u32, target: u32) -> u32 {
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
    pub(super) fn monitor(&mut self, me: u32, target: u32, trace: &mut Trace) -> u32 {
        let monitor = self.new_monitor(me, target);
        self.tables.monitors[monitor as usize].active = me != target;
        trace.push(Words::new(event::MONITOR, me, target, u64::from(monitor)));
        self.signal(me, target, Words::new(signal::MONITOR, target, monitor, 0), trace);
        monitor
    }

    /// `demonitor/2`: true iff the monitor still existed; afterwards no DOWN of it arrives, and with
    /// `flush` none that has arrived stays.
    pub(super) fn demonitor(
        &mut self,
        me: u32,
        monitor: u32,
        flush: bool,
        trace: &mut Trace,
    ) -> Outcome {
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
}
