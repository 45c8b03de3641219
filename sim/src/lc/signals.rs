//! How a process dies, whom it tells, and how signals arrive.
//!
//! What a signal depends on is told twice: as the page of lc-v1 has it, which is what classes are
//! counted by, and as *ties*, which hold whatever the relation: what would have made it come to
//! something else belongs to them, or a reduction misses that order.

use super::{
    order::ANY,
    program::TimerCode,
    relation::{Nature, kind},
    state::{Message, Monitor, Notice, Signal, Timer},
    step::{Step, link_of},
};
use crate::{footprint::Resource, word::mix};

impl Step<'_> {
    /// E0: dead, name free, and a list of whom to tell.
    pub(super) fn exit(&mut self, me: u32, reason: u32) {
        self.writes(kind::LIFE, me);
        self.played.nature.drops_links = true;
        let links = self.state.processes[me as usize].links.clone();
        for &peer in &links {
            self.played.full.read(link_of(me, peer));
        }
        // Where nobody observes the list, each notice finds for itself whether there is a link.
        let linked = if self.observer {
            self.state.processes[me as usize].ever_linked.clone()
        } else {
            self.played.ties.write(Resource::new(kind::LINKS, u64::from(me)));
            links
        };
        let row = &mut self.state.processes[me as usize];
        row.reason = Some(reason);
        let watched = std::mem::take(&mut row.watched);
        let told = linked.into_iter().map(Notice::Link);
        // The other ends keep their entries until they are told.
        row.notices = told.chain(watched.iter().map(|&monitor| Notice::Down(monitor))).collect();
        match row.name.take() {
            Some(name) => {
                self.writes(kind::NAME, name);
                self.writes(kind::NAME_OF, me);
                self.state.names[name as usize] = None;
            }
            None => self.reads(kind::NAME_OF, me),
        }
        let reason = self.program.words.name(reason).to_owned();
        self.said(&format!("exit {reason}"), reason);
    }

    pub(super) fn notify(&mut self, me: u32, notice: Notice) {
        let reason = self.state.processes[me as usize].reason;
        let reason = reason.expect("who tells its death is dead");
        let identity = self.played.id;
        match notice {
            Notice::Link(peer) => {
                self.said(&format!("tell {}", self.name(peer)), "");
                if self.travels(me, peer) {
                    self.played.nature.is_message = true;
                    self.put(me, peer, Signal::Exit { reason, of_link: true, identity });
                } else {
                    self.link_exit_arrives(me, peer, reason, identity);
                }
            }
            Notice::Down(monitor) => {
                let watcher = self.state.monitors[monitor as usize].watcher;
                self.said(&format!("down {}", self.name(watcher)), "");
                if self.travels(me, watcher) {
                    self.played.nature.is_message = true;
                    self.put(me, watcher, Signal::Down { monitor, reason, identity });
                } else {
                    self.down_arrives(me, monitor, reason, identity);
                }
            }
        }
    }

    fn link_exit_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) {
        self.writes_link(from, to);
        self.reads(kind::LIFE, to);
        let linked = self.state.are_linked(from, to);
        self.ties_of_notice(from, to, reason);
        if !linked || !self.state.is_alive(to) {
            return self.is_idle();
        }
        let comes_to_something = self.exit_arrives(from, to, reason, identity);
        // Who tells is dead, so an entry that is left changes nothing, and removing it is no event.
        if comes_to_something || !self.observer {
            self.changes_link(from, to, false);
        }
        if comes_to_something {
            self.state.processes[to as usize].ever_linked.retain(|&peer| peer != from);
        } else {
            self.is_idle();
        }
    }

    /// What a link notification depends on: whatever could make it come to something, or to nothing.
    fn ties_of_notice(&mut self, from: u32, to: u32, reason: u32) {
        let (link, linked) = (link_of(from, to), self.state.are_linked(from, to));
        if !linked && !self.observer {
            return;
        }
        self.ties_to(kind::TRAP, to);
        let row = &self.state.processes[to as usize];
        let (alive, doomed) = (row.is_alive(), row.doomed.is_some());
        if !row.trapping && self.is_normal(reason) {
            if !self.observer {
                self.ties_to(kind::DOOM, to);
            }
            return;
        }
        match (linked, doomed) {
            (false, _) => self.played.ties.read(link),
            (true, true) => self.ties_to(kind::DOOM, to),
            (true, false) => {
                self.ties_to(kind::DOOM, to);
                self.ties_to(kind::LIFE, to);
                if alive {
                    self.played.ties.write(link);
                }
            }
        }
    }

    /// A notification without effect.
    fn is_idle(&mut self) {
        self.played.nature = Nature { is_idle_notice: true, ..self.neutral() };
    }

    fn is_normal(&self, reason: u32) -> bool {
        self.program.words.name(reason) == "normal"
    }

    /// What an exit signal that dooms nobody is.
    fn neutral(&self) -> Nature {
        Nature { is_message: true, drops_links: true, ..self.played.nature }
    }

    /// An exit signal reaches a living process; false if that makes no difference to it.
    fn exit_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) -> bool {
        self.reads(kind::TRAP, to);
        let text = self.program.words.name(reason);
        let row = &self.state.processes[to as usize];
        if row.doomed.is_some() {
            self.reads(kind::DOOM, to);
            self.played.nature = self.neutral();
            return false;
        }
        if row.trapping {
            let text = format!("EXIT:{}:{text}", self.name(from));
            self.tie_put(identity);
            self.put_in_mailbox(to, Message { text, identity });
            self.played.nature = self.neutral();
        } else if text == "normal" {
            self.played.nature = self.neutral();
            return false;
        } else {
            self.doom(to, reason);
        }
        true
    }

    fn doom(&mut self, to: u32, reason: u32) {
        self.writes(kind::DOOM, to);
        self.state.processes[to as usize].doomed = Some(reason);
    }

    pub(super) fn exit2(&mut self, me: u32, to: u32, reason: u32) {
        let text = self.program.words.name(reason).to_owned();
        self.said(&format!("exit2 {} {text}", self.name(to)), "ok");
        let identity = self.played.id;
        if self.travels(me, to) {
            self.played.nature.is_message = true;
            return self.put(me, to, Signal::Exit { reason, of_link: false, identity });
        }
        self.signal_arrives(me, to, reason, identity);
    }

    /// The signal of exit2 arrives.
    fn signal_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) {
        self.reads(kind::LIFE, to);
        let row = &self.state.processes[to as usize];
        let (alive, doomed) = (row.is_alive(), row.doomed.is_some());
        let kills = self.program.words.name(reason) == "kill";
        let has_effect = kills || row.trapping || !self.is_normal(reason);
        self.ties_to(kind::TRAP, to);
        self.ties_to(kind::DOOM, to);
        if has_effect {
            self.ties_to(kind::LIFE, to);
        }
        if !alive {
            self.played.nature = self.neutral();
            return;
        }
        if kills && !doomed {
            self.reads(kind::TRAP, to);
            return self.doom(to, self.program.reasons.killed);
        }
        self.exit_arrives(from, to, reason, identity);
    }

    fn down_arrives(&mut self, from: u32, monitor: u32, reason: u32, identity: u64) {
        self.played.nature.is_message = true;
        self.writes_monitor(monitor);
        self.ties_to_monitor(monitor);
        let Monitor { watcher, active, .. } = self.state.monitors[monitor as usize];
        self.reads(kind::LIFE, watcher);
        self.state.monitors[monitor as usize].active = false;
        if active && self.takes_messages(watcher) {
            let reason = self.program.words.name(reason);
            let text = format!("DOWN:{}:{reason}", self.name(from));
            self.tie_put(identity);
            self.put_in_mailbox(watcher, Message { text, identity });
        }
    }

    pub(super) fn fire(&mut self, timer: u32) {
        let TimerCode { to, tag, .. } = self.program.timers[timer as usize];
        self.played.id = mix(0x7e, u64::from(timer)) & !ANY;
        self.played.nature.is_message = true;
        self.writes(kind::TIMER, timer);
        self.state.timers[timer as usize] = Timer::Fired;
        let text = self.program.words.name(tag).to_owned();
        self.said("fire", "");
        self.message_arrives(to, Message { text, identity: self.played.id });
    }

    pub(super) fn deliver(&mut self, from: u32, to: u32) {
        self.writes_channel(from, to);
        let queue = self.state.channels.get_mut(&(from, to)).expect("the channel is known");
        let signal = queue.pop_front().expect("a delivery finds a signal");
        if queue.is_empty() {
            self.state.channels.remove(&(from, to));
        }
        let identity = match &signal {
            Signal::Message(message) => message.identity,
            Signal::Exit { identity, .. } | Signal::Down { identity, .. } => *identity,
        };
        self.played.id = mix(0xc4, mix(identity, u64::from(to)));
        self.said("deliver", "");
        match signal {
            Signal::Message(message) => {
                self.played.nature.is_message = true;
                self.message_arrives(to, message);
            }
            Signal::Exit { reason, of_link: true, identity } => {
                self.link_exit_arrives(from, to, reason, identity);
            }
            Signal::Exit { reason, of_link: false, identity } => {
                self.signal_arrives(from, to, reason, identity);
            }
            Signal::Down { monitor, reason, identity } => {
                self.down_arrives(from, monitor, reason, identity);
            }
        }
    }
}
