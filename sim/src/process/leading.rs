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
//! | a signal that its receiver will drop: it is dead, or the monitor or alias has ended | neither comes back |
//!
//! The end of their own process is no exception: what only a dead body knew makes no difference. A
//! body that reports right after its receive would make one, so whoever follows a cue gives way
//! before it reports ([`Ctx::turn`](super::Ctx::turn)).
//!
//! Only under pairwise delivery and with the rules of OTP, none of which is wrong.

use super::{
    Mover, ProcessWorld,
    kind::{alias, effect, filter, signal},
};
use crate::{moves::Move, word::Words};

impl ProcessWorld {
    /// A move that leads, if there is one.
    pub(super) fn find_leading(&self) -> Option<Move> {
        let rules_hold = !self.is_instant() && !self.orders_ties() && self.profile.wrong.is_none();
        let leads = |mv: &&Move| match Mover::of(**mv) {
            Mover::Process(process) => self.effect_leads(process),
            Mover::Channel(channel) => self.signal_leads(channel),
            Mover::Timer(_) | Mover::Fault => false,
        };
        self.moves.all().iter().filter(|_| rules_hold).find(leads).copied()
    }

    fn effect_leads(&self, process: u32) -> bool {
        let hot = &self.tables.hot[process as usize];
        if hot.doomed || !hot.phase.is_alive() || hot.unfetched {
            return false;
        }
        match hot.pending.kind() {
            effect::TURN | effect::MAKE_REF => true,
            effect::RECEIVE if hot.pending.arg() & filter::INSPECT == 0 => {
                hot.timed_out || self.tables.processes[process as usize].found.is_some()
            }
            _ => false,
        }
    }

    fn signal_leads(&self, channel: u32) -> bool {
        let channel = &self.tables.channels[channel as usize];
        let Some(&signal) = channel.queue.front() else { return false };
        let hot = &self.tables.hot[channel.to as usize];
        match hot.phase.is_alive() {
            false => !matches!(signal.kind(), signal::LINK | signal::MONITOR),
            true => !hot.unfetched && self.is_over(signal),
        }
    }

    /// Whether what a signal belongs to has ended for good.
    fn is_over(&self, signal: Words) -> bool {
        let row = || &self.tables.references[signal.arg() as usize];
        match signal.kind() {
            signal::DOWN => !row().active && self.profile.down_needs_monitor,
            signal::ALIAS_MESSAGE => row().alias == alias::NONE,
            _ => false,
        }
    }
}
