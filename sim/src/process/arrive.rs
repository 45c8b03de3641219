//! Signals: sending them, and what each does when it arrives.
//!
//! A signal acts in the step that sends it (instant) or is queued in the channel of its ordered
//! pair, which keeps order for messages and all other signals alike (pairwise; Erlang reference
//! manual, "Processes", "Signals"). Either way it arrives here, so there is one set of rules.

use super::{
    BY_LINK, Mover, ProcessWorld, Term, UNOWED, Wrong,
    kind::{event, message, signal},
    table::{Channel, Tie},
};
use crate::{decisions::Decisions, trace::Trace, word::Words};

impl ProcessWorld {
    /// Sends a signal. To oneself it arrives at once under both models.
    #[inline]
    pub(super) fn signal(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        if self.is_instant() || from == to {
            self.arrive(from, to, signal, trace);
        } else {
            self.post(from, to, signal);
        }
    }

    /// Puts a signal at the end of its channel, which can move from now on.
    #[inline(never)]
    pub(super) fn post(&mut self, from: u32, to: u32, signal: Words) {
        let channel = self.queue(from, to, signal);
        if self.tables.channels[channel as usize].queue.len() == 1 {
            self.enable(Mover::Channel(channel));
        }
    }

    /// Puts a signal at the end of its channel, which is not enabled by that.
    #[inline]
    pub(super) fn queue(&mut self, from: u32, to: u32, signal: Words) -> u32 {
        let channel = self.channel(from, to);
        self.writes_channel(channel);
        if self.profile.drains_at_death {
            // What is queued before the receiver's exit event is drained by it.
            self.reads(b'l', to);
        }
        self.tables.channels[channel as usize].queue.push_back(signal);
        channel
    }

    /// The channel between two processes, made when it is first used.
    pub(super) fn channel(&mut self, from: u32, to: u32) -> u32 {
        let outgoing = &self.tables.processes[from as usize].outgoing;
        match outgoing.binary_search_by_key(&to, |&(to, _)| to) {
            Ok(at) => outgoing[at].1,
            Err(at) => {
                let (index, channel) =
                    self.tables.channels.add(|channel: &mut Channel| channel.queue.clear());
                (channel.from, channel.to) = (from, to);
                self.tables.processes[from as usize].outgoing.insert(at, (to, index));
                self.tables.processes[to as usize].incoming.push(index);
                index
            }
        }
    }

    /// A step of a channel: its oldest signal arrives.
    #[inline(never)]
    pub(super) fn deliver(&mut self, channel: u32, trace: &mut Trace) {
        self.writes_channel(channel);
        let Channel { from, to, ref mut queue } = self.tables.channels[channel as usize];
        let signal = queue.pop_front().expect("an enabled channel holds a signal");
        if queue.is_empty() {
            self.disable(Mover::Channel(channel));
        }
        self.arrive(from, to, signal, trace);
    }

    /// Says that a signal has arrived, where that is a step of its own.
    #[inline]
    pub(super) fn arrived(&self, kind: u8, to: u32, from: u32, value: u64, trace: &mut Trace) {
        if !self.is_instant() && from != to {
            trace.push(Words::new(kind, to, from, value));
        }
    }

    /// Lets all signals arrive that are on their way from one process to another: who asks after a
    /// process asks behind what it sent before (erlang:is_process_alive/1, process_info/2).
    pub(super) fn bring_all(&mut self, from: u32, to: u32, trace: &mut Trace) {
        self.writes_channel_of(from, to);
        let outgoing = &self.tables.processes[from as usize].outgoing;
        let Ok(at) = outgoing.binary_search_by_key(&to, |&(to, _)| to) else { return };
        let channel = outgoing[at].1;
        while !self.tables.channels[channel as usize].queue.is_empty() {
            self.deliver(channel, trace);
        }
    }

    /// Whether a process is alive for those who ask, link or monitor. One that an exit signal has
    /// hit is not: it does nothing more, and what is sent to it comes too late.
    pub(super) fn counts_as_alive(&mut self, process: u32) -> bool {
        self.reads(b'l', process);
        if !self.profile.doom_is_death {
            return self.tables.is_alive(process);
        }
        self.reads(b'd', process);
        self.tables.is_alive(process) && !self.tables.hot[process as usize].doomed
    }

    /// What a signal does to its receiver.
    #[inline]
    pub(super) fn arrive(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        self.reads(b'l', to);
        self.reads(b'u', to);
        let hot = &self.tables.hot[to as usize];
        if signal.kind() == signal::MESSAGE && hot.phase.is_alive() && !hot.unfetched {
            self.message_arrives(from, to, signal, trace);
        } else {
            self.arrive_rare(from, to, signal, trace);
        }
    }

    #[inline]
    fn message_arrives(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        self.arrived(event::DELIVER, to, from, signal.value(), trace);
        self.put_message(to, Words::new(message::USER, 0, 0, signal.value()));
    }

    /// What is no message to somebody who lives and has fetched all.
    #[inline(never)]
    fn arrive_rare(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        // What the receiver brought upon itself before comes before.
        self.fetch(to, trace);
        let asks = matches!(signal.kind(), signal::LINK | signal::MONITOR);
        if !self.tables.is_alive(to) || (asks && !self.counts_as_alive(to)) {
            return self.arrive_at_the_dead(from, to, signal, trace);
        }
        match signal.kind() {
            signal::MESSAGE => self.message_arrives(from, to, signal, trace),
            signal::EXIT if signal.arg() == signal::OPEN => {
                self.exit_arrives(from, to, Term(signal.value()), false, trace);
            }
            signal::EXIT => self.decided_exit_arrives(from, to, signal, trace),
            signal::LINK_EXIT if signal.arg() == signal::NOPROC => {
                self.noproc_arrives(signal.who(), to, trace);
            }
            signal::LINK_EXIT => self.link_exit_arrives(from, to, Term(signal.value()), trace),
            signal::ALIAS_MESSAGE => self.alias_message_arrives(from, to, signal, trace),
            signal::LINK => self.link_arrives(from, to, trace),
            signal::UNLINK => self.unlink_arrives(from, to, signal.arg(), trace),
            signal::UNLINK_ACK => self.ack_arrives(from, to, signal.arg(), trace),
            signal::MONITOR => self.monitor_arrives(from, to, signal.arg(), trace),
            signal::DEMONITOR => {
                self.arrived(event::DEMONITORED, to, from, 0, trace);
                self.untie(to, Tie::Watch { monitor: signal.arg() });
            }
            signal::DOWN => self.down_arrives(to, signal.arg(), Term(signal.value()), trace),
            other => unreachable!("signal kind {other}"),
        }
    }

    /// Signals to a dead process: a link or monitor is answered with noproc, an unlink is
    /// acknowledged, everything else is dropped.
    #[inline(never)]
    fn arrive_at_the_dead(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        match signal.kind() {
            signal::MESSAGE | signal::ALIAS_MESSAGE => {
                trace.push(Words::new(event::LOST, to, from, signal.value()));
            }
            signal::LINK => {
                self.arrived(event::LINKED, to, from, 0, trace);
                let exit = Words::new(signal::LINK_EXIT, from, 0, Term::NOPROC.0);
                self.signal(to, from, exit, trace);
            }
            signal::UNLINK => {
                self.arrived(event::UNLINKED, to, from, 0, trace);
                let ack = Words::new(signal::UNLINK_ACK, from, signal.arg(), 0);
                self.signal(to, from, ack, trace);
            }
            signal::MONITOR => {
                self.arrived(event::MONITORED, to, from, 0, trace);
                let reason = self.noproc_of(to);
                let down = Words::new(signal::DOWN, to, signal.arg(), reason.0);
                self.noproc_down(to, from, down, trace);
            }
            signal::LINK_EXIT => {
                trace.push(Words::new(event::EXIT_DROPPED, to, from | BY_LINK, signal.value()));
            }
            signal::EXIT => trace.push(Words::new(event::EXIT_DROPPED, to, from, signal.value())),
            signal::DOWN => {
                trace.push(Words::new(event::DOWN_DROPPED, to, signal.arg(), signal.value()));
            }
            signal::UNLINK_ACK => self.arrived(event::UNLINK_ACKED, to, from, 0, trace),
            _ => self.arrived(event::DEMONITORED, to, from, 0, trace),
        }
    }

    /// The DOWN of a monitor that came too late. One who is about to die sends it behind what it has
    /// sent; of the dead it comes from nobody, in no order with what they had sent (OTP 25.2.3: a
    /// message to one's own alias, sent later, may stand before it).
    fn noproc_down(&mut self, dead: u32, owner: u32, down: Words, trace: &mut Trace) {
        if self.tables.is_alive(dead) {
            self.signal(dead, owner, down, trace);
        } else if self.is_instant() {
            self.own_signal(dead, owner, down, trace);
        } else {
            self.arrive(dead, owner, down, trace);
        }
    }

    /// What a monitor of the dead is told.
    pub(super) fn noproc_of(&self, dead: u32) -> Term {
        match self.tables.processes[dead as usize].reason {
            Some(reason) if self.is_wrong(Wrong::NoprocTellsReason) => reason,
            _ => Term::NOPROC,
        }
    }

    /// An exit signal meets its receiver. Erlang reference manual, "Processes", "Receiving Exit
    /// Signals":
    ///
    /// | reason | from a link | trapping | then |
    /// |---|---|---|---|
    /// | `kill` | no | either | the receiver dies, its reason is `killed` |
    /// | any | either | yes | a message `{'EXIT', From, Reason}` |
    /// | `normal` | either | no | nothing, unless the receiver sent it itself |
    /// | other | either | no | the receiver dies of it |
    pub(super) fn exit_arrives(
        &mut self,
        from: u32,
        to: u32,
        reason: Term,
        by_link: bool,
        trace: &mut Trace,
    ) {
        self.reads(b't', to);
        self.reads(b'd', to);
        if self.tables.hot[to as usize].doomed && !self.is_wrong(Wrong::LastExitWins) {
            return trace.push(Words::new(
                event::EXIT_DROPPED,
                to,
                from | flag(by_link, BY_LINK),
                reason.0,
            ));
        }
        let owed = by_link && self.settle_debt(to, from);
        let party = from | flag(by_link, BY_LINK) | flag(by_link && !owed, UNOWED);
        let trapping = self.tables.hot[to as usize].trapping;
        let killed = if self.is_wrong(Wrong::KillStaysKill) { Term::KILL } else { Term::KILLED };
        let harmless = self.is_harmless(reason, from == to);
        match (reason, by_link, trapping) {
            (Term::KILL, false, true) if self.is_wrong(Wrong::KillIsTrapped) => {
                self.put_message(to, Words::new(message::EXIT, from, 0, reason.0));
                trace.push(Words::new(event::EXIT_TRAPPED, to, party, reason.0));
            }
            (Term::KILL, false, _) => self.doom(to, party, killed, trace),
            (_, _, true) => {
                if self.is_wrong(Wrong::ExitSignalUnlinks) {
                    self.untie(to, Tie::Link { peer: from, pending: 0 });
                }
                trace.push(Words::new(event::EXIT_TRAPPED, to, party, reason.0));
                self.put_message(to, Words::new(message::EXIT, from, u32::from(by_link), reason.0));
            }
            (_, _, false) if harmless => {
                trace.push(Words::new(event::EXIT_IGNORED, to, party, reason.0));
            }
            (_, _, false) => self.doom(to, party, reason, trace),
        }
    }

    /// True for an exit signal that means nothing to a receiver that does not trap.
    fn is_harmless(&self, reason: Term, own: bool) -> bool {
        if self.is_wrong(Wrong::ShutdownIsNormal) && reason == Term::SHUTDOWN {
            return true;
        }
        let own_counts = !self.is_wrong(Wrong::OwnNormalIgnored);
        let kills = self.is_wrong(Wrong::NormalKills) || (own && own_counts);
        reason == Term::NORMAL && !kills
    }

    /// An exit/2 arrives whose sender has decided what it does; the first doom stays.
    fn decided_exit_arrives(&mut self, from: u32, to: u32, signal: Words, trace: &mut Trace) {
        self.reads(b'd', to);
        let reason = Term(signal.value());
        if self.tables.hot[to as usize].doomed {
            trace.push(Words::new(event::EXIT_DROPPED, to, from, reason.0));
        } else if signal.arg() == signal::TRAPPED {
            trace.push(Words::new(event::EXIT_TRAPPED, to, from, reason.0));
            self.put_message(to, Words::new(message::EXIT, from, 0, reason.0));
        } else {
            let reason = if reason == Term::KILL { Term::KILLED } else { reason };
            self.doom(to, from, reason, trace);
        }
    }

    /// The receiver's next step will be its exit; the first doom stays.
    fn doom(&mut self, to: u32, party: u32, reason: Term, trace: &mut Trace) {
        let sheltered = self.tables.processes[to as usize].sheltered;
        let expected = !sheltered || party == to || party & BY_LINK != 0;
        assert!(expected, "an exit signal has reached a process that is said to be sheltered");
        self.writes(b'd', to);
        trace.push(Words::new(event::EXIT_FATAL, to, party, reason.0));
        self.tables.hot[to as usize].doomed = true;
        self.tables.processes[to as usize].reason = Some(reason);
        self.wake(to);
    }

    fn monitor_arrives(&mut self, from: u32, to: u32, monitor: u32, trace: &mut Trace) {
        self.arrived(event::MONITORED, to, from, 0, trace);
        self.writes_reference(monitor);
        if from != to {
            self.tie(to, Tie::Watch { monitor });
        }
    }

    /// A DOWN arrives: once for each monitor, and never after demonitor returned.
    fn down_arrives(&mut self, to: u32, monitor: u32, reason: Term, trace: &mut Trace) {
        self.writes_reference(monitor);
        let keeps_alias = self.is_wrong(Wrong::AliasOutlivesDown);
        let row = &mut self.tables.references[monitor as usize];
        let was_active = row.active;
        if was_active && keeps_alias {
            row.active = false;
        } else if was_active {
            row.end_monitor();
        }
        let who = if row.object.as_pid().is_some() { row.target } else { message::NO_ONE };
        if !was_active && self.profile.down_needs_monitor {
            return trace.push(Words::new(event::DOWN_DROPPED, to, monitor, reason.0));
        }
        trace.push(Words::new(event::DOWN, to, monitor, reason.0));
        self.put_message(to, Words::new(message::DOWN, who, monitor, reason.0));
    }

    /// The director is no part of what is told.
    fn can_be_killed(&self, process: u32) -> bool {
        let directs = self.tables.director.as_ref().is_some_and(|d| d.process == process);
        self.tables.is_alive(process) && !directs
    }

    /// A step of the fault process: it kills somebody who lives, or nobody. Where nobody else can move
    /// it lets time pass instead of killing nobody, and may strike later.
    #[inline(never)]
    pub(super) fn fault(&mut self, decisions: &mut dyn Decisions, trace: &mut Trace) {
        self.counts_the_living();
        let mut living: Vec<u32> =
            (0..self.tables.hot.len() as u32).filter(|&p| self.can_be_killed(p)).collect();
        living.sort_by_cached_key(|&process| self.tables.path(process));
        let answer = decisions.value(living.len() as u32 + 1);
        let victim = answer.checked_sub(1).map(|nth| living[nth as usize]);
        let is_alone = self.moves.len() == 1 && self.tables.director.is_none();
        if victim.is_none() {
            // Whether time passes depends on who else can move.
            self.touches_anything();
        }
        if victim.is_some() || !is_alone || !self.let_time_pass() {
            self.tables.faults -= 1;
        }
        if self.tables.faults == 0 {
            self.disable(Mover::Fault);
        }
        trace.push(Words::new(event::FAULT, 0, victim.unwrap_or(0), u64::from(victim.is_some())));
        let Some(victim) = victim else { return };
        self.reads(b'd', victim);
        if !self.tables.hot[victim as usize].doomed {
            self.doom(victim, victim, Term::KILLED, trace);
        }
    }
}

fn flag(set: bool, flag: u32) -> u32 {
    if set { flag } else { 0 }
}
