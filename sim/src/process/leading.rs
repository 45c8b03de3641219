//! Moves that may as well go first.
//!
//! A move leads if it stays possible and comes to the same whatever the others do before it. A run
//! that plays it later then ends as one that plays it at once, so one who looks for ends alone
//! ([`ends`](crate::check::enumerate::ends)) need not try the others beside it. These lead:
//!
//! | move | why |
//! |---|---|
//! | a receive that has its message, or whose time-out has fired | what arrives later stands behind |
//! | a turn that has its cue | the cue is there |
//! | `make_ref/0`, `alias/1` | nobody knows of it yet |
//! | to start a process, to give way, of one whom no exit signal can reach | nothing comes before |
//! | to send, to monitor, of such a one, where signals travel | the signal waits in its channel |
//! | the end of one of whom nobody knows | nobody is told |
//! | a signal that its receiver will drop: it is dead, or the monitor, alias or link has ended | these do not come back |
//! | the end of a monitor or link arrives | what its target would still send is dropped |
//!
//! The end of their own process is no exception to the first three: what only a dead body knew makes
//! no difference. A body that reports right after its receive would make one, so whoever follows a
//! cue gives way before it reports ([`Ctx::turn`](super::Ctx::turn)).
//!
//! One who asks after another sees more: its mailbox, its ties, and all that it has sent before the
//! answer. So what leads depends on the [`Questions`] that are expected.
//!
//! Only with the rules of OTP, none of which is wrong.

use super::{
    Mover, ProcessWorld, Questions,
    kind::{alias, effect, filter, signal},
    table::Tie,
};
use crate::{moves::Move, word::Words};

impl ProcessWorld {
    /// A move that leads, if there is one.
    pub(super) fn find_leading(&self) -> Option<Move> {
        let rules_hold = !self.orders_ties() && self.profile.wrong.is_none();
        let knows = self.questions < Questions::Anything && self.conditions.faults == 0;
        if !rules_hold || !knows {
            return None;
        }
        let leads = |mv: &&Move| match Mover::of(**mv) {
            Mover::Process(process) => self.effect_leads(process),
            Mover::Channel(channel) => self.signal_leads(channel),
            Mover::Timer(_) | Mover::Fault => false,
        };
        self.moves.all().iter().find(leads).copied()
    }

    fn is_unasked(&self) -> bool {
        self.questions == Questions::Nothing
    }

    fn effect_leads(&self, process: u32) -> bool {
        let hot = &self.tables.hot[process as usize];
        if hot.doomed || !hot.phase.is_alive() || hot.unfetched {
            return false;
        }
        let row = &self.tables.processes[process as usize];
        match hot.pending.kind() {
            effect::TURN | effect::MAKE_REF => true,
            effect::RECEIVE if hot.pending.arg() & filter::INSPECT == 0 => {
                hot.timed_out || row.found.is_some()
            }
            effect::YIELD if self.reports_late(process) => false,
            // Delivered at once, a signal finds its receiver as it is: before something or after.
            effect::SEND | effect::SEND_REF | effect::MONITOR if self.is_instant() => false,
            effect::YIELD | effect::SEND | effect::SEND_REF | effect::MONITOR | effect::SPAWN => {
                self.is_unasked() && self.is_out_of_reach(process)
            }
            effect::EXIT => {
                let told = !row.ties.is_empty() || row.registered.is_some();
                self.is_unasked() && row.hidden && !told
            }
            _ => false,
        }
    }

    /// Whether the director may miss a report in one stage and learn of it in the next.
    fn reports_late(&self, process: u32) -> bool {
        let following = self.tables.processes[process as usize].following;
        following.is_some_and(|cue| self.cues()[cue as usize].blocked)
    }

    /// Whether no exit signal can reach a process before it has linked itself.
    fn is_out_of_reach(&self, process: u32) -> bool {
        let linked = |tie: &Tie| matches!(tie, Tie::Link { pending: 0, .. });
        let row = &self.tables.processes[process as usize];
        row.sheltered && !row.ties.iter().any(linked)
    }

    fn signal_leads(&self, channel: u32) -> bool {
        let channel = &self.tables.channels[channel as usize];
        let Some(&signal) = channel.queue.front() else { return false };
        let hot = &self.tables.hot[channel.to as usize];
        match hot.phase.is_alive() {
            false => !matches!(signal.kind(), signal::LINK | signal::MONITOR),
            true => !hot.unfetched && self.is_over(channel.from, channel.to, signal),
        }
    }

    /// Whether what a signal belongs to has ended for good.
    fn is_over(&self, from: u32, to: u32, signal: Words) -> bool {
        let row = || &self.tables.references[signal.arg() as usize];
        match signal.kind() {
            signal::DOWN => !row().active && self.profile.down_needs_monitor,
            signal::ALIAS_MESSAGE => row().alias == alias::NONE,
            signal::DEMONITOR | signal::UNLINK | signal::UNLINK_ACK => self.is_unasked(),
            signal::LINK_EXIT if signal.arg() != signal::NOPROC => {
                let stands = self.ties(to).iter().any(|tie| tie.is_active_link_to(from));
                self.is_unasked() && !stands && self.profile.exit_needs_entry
            }
            _ => false,
        }
    }
}
