//! What is true of processes between two steps, for people.

use super::{
    Pid, ProcessWorld, Term,
    kind::{message, signal},
    table::{Phase, Tie},
    timers::{Purpose, Timer},
};
use crate::{
    facts::{Fact, few},
    name::Name,
    word::Words,
};

impl ProcessWorld {
    pub(super) fn facts_now(&self, into: &mut Vec<Fact>) {
        let director = self.director_pid();
        for process in (0..self.len() as u32).filter(|&p| Some(Pid(p)) != director) {
            into.push(self.life_of(process));
            if !self.is_dead(process) {
                self.ties_of(process, into);
            }
            self.belongings_of(process, into);
        }
        self.named(into);
        into.extend(self.tables.timers.armed().map(|(_, timer)| self.timer_fact(timer)));
        self.on_their_way(into);
    }

    fn is_dead(&self, process: u32) -> bool {
        !self.tables.is_alive(process)
    }

    /// Alive and doing what, or dead and why.
    fn life_of(&self, process: u32) -> Fact {
        let hot = &self.tables.hot[process as usize];
        let reason = || {
            let reason = self.tables.processes[process as usize].reason;
            reason.map(|reason| self.text(reason)).unwrap_or_default()
        };
        let trapping = if hot.trapping { ", traps exits" } else { "" };
        let text = match hot.phase {
            Phase::Exiting | Phase::Dead => format!("dead: {}", reason()),
            _ if hot.doomed => format!("about to die: {}", reason()),
            Phase::Waiting => {
                let wanted = self.tables.awaited(process);
                let what = wanted.map_or("something".to_owned(), |wanted| self.wanted_text(wanted));
                format!("waits for {what}{trapping}")
            }
            Phase::Running => format!("runs{trapping}"),
        };
        Fact::new("alive", self.shown(Pid(process)), text).dead_if(self.is_dead(process))
    }

    /// Its links, and its monitors on others.
    fn ties_of(&self, process: u32, into: &mut Vec<Fact>) {
        let who = || self.shown(Pid(process));
        for tie in &self.tables.processes[process as usize].ties {
            let Tie::Link { peer, pending } = *tie else { continue };
            let unlinking = if pending == 0 { "" } else { ", unlinking" };
            let text = format!("{}{unlinking}", self.shown(Pid(peer)));
            into.push(Fact::new("link", who(), text).dead_if(self.is_dead(peer)));
        }
        let references = self.tables.references.iter();
        for row in references.filter(|row| row.owner == process && row.is_monitor() && row.active) {
            let by_name = row.object.as_pid().is_none();
            let name = by_name.then(|| format!("{} as ", self.text(row.object)));
            let text = format!("{}{}", name.unwrap_or_default(), self.shown(Pid(row.target)));
            into.push(Fact::new("monitor", who(), text).dead_if(self.is_dead(row.target)));
        }
    }

    /// What it keeps, what it has declared, what waits for it.
    fn belongings_of(&self, process: u32, into: &mut Vec<Fact>) {
        let who = || self.shown(Pid(process));
        let row = &self.tables.processes[process as usize];
        // Who was started before the run may hold a pid that nobody got.
        let known = |&&(_, held): &&(_, u32)| (held as usize) < self.len();
        for &(ref label, held) in row.holds.iter().filter(known) {
            let text = format!("{label}: {}", self.shown(Pid(held)));
            into.push(Fact::new("handle", who(), text).dead_if(self.is_dead(held)));
        }
        if let Some(state) = row.state.filter(|_| !self.is_dead(process)) {
            into.push(Fact::new("state", who(), self.text(state)));
        }
        if !row.mailbox.is_empty() {
            let text = few(row.mailbox.iter().map(|&entry| self.message_text(entry)));
            into.push(Fact::new("mailbox", who(), text));
        }
    }

    fn named(&self, into: &mut Vec<Fact>) {
        for &(name, process) in &self.tables.names {
            let fact = Fact::new("name", self.shown(Pid(process)), self.text(name));
            into.push(fact.dead_if(self.is_dead(process)));
        }
    }

    fn timer_fact(&self, timer: &Timer) -> Fact {
        let owner = self.tables.path(timer.owner);
        let what = match timer.purpose {
            Purpose::Timeout => "its receive".to_owned(),
            Purpose::Send { to, message } => {
                format!("{} to {}", self.text(message), self.shown(Pid(to)))
            }
            Purpose::SendName { name, message } => {
                format!("{} to {}", self.text(message), self.text(name))
            }
        };
        let text =
            format!("{} at {} ms: {what}", Name::Timer(owner, timer.ordinal), timer.deadline);
        Fact::new("timer", self.shown(Pid(timer.owner)), text)
    }

    /// Signals that were sent and have not arrived.
    fn on_their_way(&self, into: &mut Vec<Fact>) {
        for channel in self.tables.channels.iter().filter(|channel| !channel.queue.is_empty()) {
            let signals = few(channel.queue.iter().map(|&signal| self.signal_text(signal)));
            let text = format!("to {}: {signals}", self.shown(Pid(channel.to)));
            let fact = Fact::new("channel", self.shown(Pid(channel.from)), text);
            into.push(fact.dead_if(self.is_dead(channel.to)));
        }
    }

    fn message_text(&self, entry: Words) -> String {
        let value = || self.text(Term(entry.value()));
        let party = || match entry.who() {
            message::NO_ONE => String::new(),
            pid => format!(" {}", self.shown(Pid(pid))),
        };
        match entry.kind() {
            message::EXIT => format!("EXIT{} {}", party(), value()),
            message::DOWN => format!("DOWN{} {}", party(), value()),
            _ => value(),
        }
    }

    fn signal_text(&self, entry: Words) -> String {
        let value = || self.text(Term(entry.value()));
        match entry.kind() {
            signal::EXIT | signal::LINK_EXIT => format!("EXIT {}", value()),
            signal::DOWN => format!("DOWN {}", value()),
            signal::LINK => "link".to_owned(),
            signal::UNLINK => "unlink".to_owned(),
            signal::UNLINK_ACK => "unlink acknowledgement".to_owned(),
            signal::MONITOR => "monitor".to_owned(),
            signal::DEMONITOR => "demonitor".to_owned(),
            _ => value(),
        }
    }
}
