//! Deaths: the exit event, and who is told of it.
//!
//! Alive, name, links, EXIT and DOWN are separate things. The exit event (dead, name free, mailbox
//! gone) comes first; then each link and each monitor is told. Under instant delivery and
//! [`Death::Steps`] each telling is a step of the dying process, so that others can run in between;
//! under pairwise delivery the exit event puts all signals into their channels, and each delivery
//! is a step. Erlang reference manual, "Processes": exit signals, monitors, the order of signals.

use super::{
    Death, Mover, Notices, ProcessWorld, Term, Wrong,
    kind::{alias, event, signal},
    table::{Phase, Tie},
    timers::{Purpose, Timer},
};
use crate::{decisions::Decisions, trace::Trace, word::Words};

impl ProcessWorld {
    /// Links and monitors are told in the order in which they were made.
    pub(super) fn orders_ties(&self) -> bool {
        self.profile.death == Death::OnePass
    }

    /// The exit event.
    #[inline(never)]
    pub(super) fn die(
        &mut self,
        me: u32,
        reason: Term,
        decisions: &mut dyn Decisions,
        trace: &mut Trace,
    ) {
        self.writes(b'l', me);
        self.writes(b'm', me);
        self.changes_the_living();
        if self.profile.wrong.is_some() {
            self.die_wrongly(me, reason, trace);
        }
        trace.push(Words::new(event::EXIT, me, 0, reason.0));
        self.stop_timeout(me);
        self.forget_name(me);
        self.holds_nothing(me);
        let row = &mut self.tables.processes[me as usize];
        row.mailbox.clear();
        self.keep_identities(me, |_| false);
        let row = &mut self.tables.processes[me as usize];
        row.reason = Some(reason);
        row.cursor = 0;
        row.monitors_first = self.profile.notices == Notices::Either && decisions.value(2) == 1;
        self.tables.hot[me as usize].phase = Phase::Exiting;
        self.tables.hot[me as usize].doomed = false;
        self.drop_body(me, trace);
        self.disarm_timers_to(me);
        self.drop_cues(me);
        if !self.orders_ties() {
            self.end_own_monitors(me, trace);
        }
        if self.profile.drains_at_death {
            self.drain(me, trace);
        }
        if !self.is_instant() || self.orders_ties() {
            while let Some(tie) = self.next_tie(me) {
                self.tell(me, tie, reason, trace);
            }
        }
        self.settle_notices(me);
    }

    /// What a rule that is wrong does before the exit event.
    #[cold]
    fn die_wrongly(&mut self, me: u32, reason: Term, trace: &mut Trace) {
        if self.is_wrong(Wrong::DownBeforeExit) {
            self.tell_monitors(me, reason, trace);
        }
        if self.is_wrong(Wrong::TimerDiesWithCreator) {
            self.disarm_timers(|timer| timer.owner == me);
        }
    }

    fn forget_name(&mut self, me: u32) {
        if self.is_wrong(Wrong::NameKept) {
            return;
        }
        if self.is_wrong(Wrong::NameFreedLate) && self.next_tie(me).is_some() {
            self.tables.processes[me as usize].cursor -= 1;
            return;
        }
        self.writes(b'g', me);
        if let Some(name) = self.tables.processes[me as usize].registered.take() {
            self.writes_name(name);
            if let Ok(at) = self.tables.name_at(name) {
                self.tables.names.remove(at);
            }
        }
    }

    /// A timer with a pid as its target dies with it (erlang:start_timer/4).
    fn disarm_timers_to(&mut self, me: u32) {
        if self.tables.timers.earliest().is_none() || self.is_wrong(Wrong::TimerOutlivesTarget) {
            return;
        }
        self.disarm_timers(|timer| matches!(timer.purpose, Purpose::Send { to, .. } if to == me));
    }

    fn disarm_timers(&mut self, which: impl Fn(&Timer) -> bool) {
        let armed = self.tables.timers.armed();
        let timers: Vec<u32> =
            armed.filter(|(_, timer)| which(timer)).map(|(index, _)| index).collect();
        for timer in timers {
            self.disarm(timer);
        }
    }

    /// All that [`Wrong::DownBeforeExit`] gets wrong.
    fn tell_monitors(&mut self, me: u32, reason: Term, trace: &mut Trace) {
        let watch = |tie: &Tie| matches!(tie, Tie::Watch { .. });
        let ties: Vec<Tie> = self.ties(me).iter().copied().filter(watch).collect();
        for tie in ties {
            self.tell(me, tie, reason, trace);
            self.untie(me, tie);
        }
    }

    /// A process that dies monitors nobody any more (erl_process.c, erts_proc_exit_handle_monitor).
    fn end_own_monitors(&mut self, me: u32, trace: &mut Trace) {
        if self.tables.processes[me as usize].references_made == 0 {
            return;
        }
        for monitor in 0..self.tables.references.len() {
            let row = &mut self.tables.references[monitor];
            if row.owner != me {
                continue;
            }
            row.alias = alias::NONE;
            let was_active = std::mem::take(&mut row.active);
            self.writes_reference(monitor as u32);
            if was_active {
                self.tell_demonitored(me, monitor as u32, trace);
            }
        }
    }

    /// AtomVM v0.6.6: a dying process handles the link, unlink and monitor signals that are on
    /// their way to it, and no others (context_destroy).
    fn drain(&mut self, me: u32, trace: &mut Trace) {
        let mut incoming = self.tables.processes[me as usize].incoming.clone();
        // Which channel was used first is no state: drained in the order of their senders' names.
        incoming
            .sort_by_key(|&channel| self.tables.id(self.tables.channels[channel as usize].from));
        for channel in incoming {
            self.drains(channel);
            let from = self.tables.channels[channel as usize].from;
            while let Some(signal) = self.tables.channels[channel as usize].queue.pop_front() {
                let (id, monitor) = (signal.arg(), signal.arg());
                match signal.kind() {
                    signal::LINK => self.link_arrives(from, me, trace),
                    signal::UNLINK => self.unlink_arrives(from, me, id, trace),
                    signal::UNLINK_ACK => self.ack_arrives(from, me, id, trace),
                    signal::MONITOR => {
                        self.writes_reference(monitor);
                        self.tie(me, Tie::Watch { monitor });
                    }
                    signal::DEMONITOR => self.untie(me, Tie::Watch { monitor }),
                    signal::MESSAGE => {
                        trace.push(Words::new(event::LOST, me, from, signal.value()));
                    }
                    _ => {}
                }
            }
            self.disable(Mover::Channel(channel));
        }
    }

    /// One step of a process that is telling its death.
    #[inline(never)]
    pub(super) fn notify_next(&mut self, me: u32, trace: &mut Trace) {
        let reason = self.tables.processes[me as usize].reason.unwrap_or(Term::NORMAL);
        let tie = self.next_tie(me).expect("a dying process that can move has somebody to tell");
        self.tell(me, tie, reason, trace);
        self.settle_notices(me);
    }

    /// Moves on if nobody is left to tell: then the process is done.
    pub(super) fn settle_notices(&mut self, me: u32) {
        match self.next_tie(me) {
            // Left for its own step to find again.
            Some(_) => {
                self.tables.processes[me as usize].cursor -= 1;
                self.enable(Mover::Process(me));
            }
            None => {
                if self.is_wrong(Wrong::NameFreedLate) {
                    self.forget_name(me);
                }
                self.tables.hot[me as usize].phase = Phase::Dead;
                self.tables.processes[me as usize].ties.clear();
                self.disable(Mover::Process(me));
            }
        }
    }

    /// The next entry to tell, by the cursor: where order counts, one pass; else links and monitors
    /// in a pass each, in the order of [`Notices`].
    fn next_tie(&mut self, me: u32) -> Option<Tie> {
        let ordered = self.orders_ties();
        let row = &mut self.tables.processes[me as usize];
        let passes = if ordered { 1 } else { 2 };
        let link_pass = if row.monitors_first { 1 } else { 0 };
        let watch_pass = passes - 1 - link_pass;
        let count = row.ties.len();
        while (row.cursor as usize) < count * passes {
            let cursor = row.cursor as usize;
            let (pass, at) = if cursor < count { (0, cursor) } else { (1, cursor - count) };
            let tie = row.ties[at];
            row.cursor += 1;
            let wanted = match tie {
                // A link that is being unlinked sends no exit (OTP PR 6150, AtomVM v0.6.6).
                Tie::Link { pending, .. } => pass == link_pass && pending == 0,
                Tie::Watch { .. } => pass == watch_pass,
            };
            if wanted {
                return Some(tie);
            }
        }
        None
    }

    fn tell(&mut self, me: u32, tie: Tie, reason: Term, trace: &mut Trace) {
        match tie {
            Tie::Link { peer, .. } => {
                self.writes_link(me, peer);
                self.signal(me, peer, Words::new(signal::LINK_EXIT, peer, 0, reason.0), trace);
            }
            Tie::Watch { monitor } => {
                let owner = self.tables.references[monitor as usize].owner;
                self.signal(me, owner, Words::new(signal::DOWN, owner, monitor, reason.0), trace);
            }
        }
    }
}
