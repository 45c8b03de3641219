//! The tables of lc-v1: plain data.

use super::{
    order::ANY,
    program::{Compiled, Value},
};
use crate::word::mix;
use std::collections::{BTreeMap, VecDeque};

/// A message: its text and the event that sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) text: String,
    /// The hash of that event's id.
    pub(super) identity: u64,
}

/// What a dead process has still to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Notice {
    Link(u32),
    Down(u32),
}

/// A monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Monitor {
    pub(super) watcher: u32,
    pub(super) target: u32,
    /// Which one of the watcher on this target, from 0.
    pub(super) ordinal: u32,
    pub(super) active: bool,
    pub(super) taken_back: bool,
}

/// What travels between two processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Signal {
    Message(Message),
    /// An exit signal; of a link, or of exit2.
    Exit {
        reason: u32,
        of_link: bool,
        identity: u64,
    },
    Down {
        monitor: u32,
        reason: u32,
        identity: u64,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Process {
    pub(super) born: bool,
    pub(super) place: u32,
    pub(super) steps: u32,
    pub(super) registers: BTreeMap<u32, Value>,
    pub(super) mailbox: VecDeque<Message>,
    pub(super) trapping: bool,
    /// It was hit by an exit signal: its next step is its exit.
    pub(super) doomed: Option<u32>,
    /// An operation of its own failed: its next step is its exit.
    pub(super) failed: Option<u32>,
    /// Why it has exited.
    pub(super) reason: Option<u32>,
    pub(super) notices: VecDeque<Notice>,
    /// In the order in which they were made.
    pub(super) links: Vec<u32>,
    /// Whom it was ever linked to, in the same order.
    pub(super) ever_linked: Vec<u32>,
    /// Monitors on it, in the order in which they were made.
    pub(super) watched: Vec<u32>,
    pub(super) name: Option<u32>,
    /// The event that its first event depends on.
    pub(super) origin: Option<u64>,
}

impl Process {
    pub(super) fn is_alive(&self) -> bool {
        self.born && self.reason.is_none()
    }
}

/// Where a timer is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Timer {
    #[default]
    Unset,
    Armed,
    Fired,
    Cancelled,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Task {
    pub(super) exists: bool,
    pub(super) held: bool,
    pub(super) collected: bool,
    pub(super) ran: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) processes: Vec<Process>,
    pub(super) vars: Vec<Option<Value>>,
    /// Who holds each lock.
    pub(super) locks: Vec<Option<u32>>,
    pub(super) names: Vec<Option<u32>>,
    pub(super) monitors: Vec<Monitor>,
    pub(super) timers: Vec<Timer>,
    pub(super) tasks: Vec<Task>,
    /// What travels, by sender and receiver.
    pub(super) channels: BTreeMap<(u32, u32), VecDeque<Signal>>,
}

impl State {
    pub(super) fn new(program: &Compiled) -> State {
        let mut processes = vec![Process::default(); program.processes.len()];
        processes[..program.roots].iter_mut().for_each(|process| process.born = true);
        State {
            processes,
            vars: program.first.clone(),
            locks: vec![None; program.locks.len()],
            names: vec![None; program.names.len()],
            monitors: Vec::new(),
            timers: vec![Timer::Unset; program.timers.len()],
            tasks: vec![Task::default(); program.tasks.len()],
            channels: BTreeMap::new(),
        }
    }

    /// What a process chooses that does not wait for a message, so many steps from now.
    pub(super) fn timeout_of(&self, process: u32, ahead: u32) -> u64 {
        let steps = self.processes[process as usize].steps + ahead;
        mix(mix(u64::from(b'0'), u64::from(process)), u64::from(steps)) & !ANY
    }

    /// A monitor, whatever the schedule.
    pub(super) fn monitor_id(&self, monitor: u32) -> u64 {
        let Monitor { watcher, target, ordinal, .. } = self.monitors[monitor as usize];
        u64::from(watcher) << 40 | u64::from(target) << 16 | u64::from(ordinal)
    }

    pub(super) fn is_alive(&self, process: u32) -> bool {
        self.processes[process as usize].is_alive()
    }

    pub(super) fn are_linked(&self, a: u32, b: u32) -> bool {
        self.processes[a as usize].links.contains(&b)
    }

    pub(super) fn link(&mut self, a: u32, b: u32) {
        for (of, peer) in [(a, b), (b, a)] {
            let Process { links, ever_linked, .. } = &mut self.processes[of as usize];
            for list in [links, ever_linked] {
                if !list.contains(&peer) {
                    list.push(peer);
                }
            }
        }
    }

    pub(super) fn unlink(&mut self, a: u32, b: u32) {
        self.processes[a as usize].links.retain(|&peer| peer != b);
        self.processes[b as usize].links.retain(|&peer| peer != a);
    }
}
