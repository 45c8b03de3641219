//! Links: one relation between two processes, kept as an entry at each end.
//!
//! The protocol is the Link Protocol of erlang/otp (`erts/doc/guides/erl_dist_protocol.md`), which
//! is also used inside a node. An entry is active, or waits for the acknowledgement of an unlink:
//!
//! | event | no entry | active | unlink pending |
//! |---|---|---|---|
//! | link/1 | active, send link | nothing | active again, send link |
//! | unlink/1 | nothing | pending, send unlink with a new id | nothing |
//! | link arrives | active | nothing | nothing |
//! | unlink arrives | acknowledge | remove, acknowledge | acknowledge |
//! | acknowledgement arrives | nothing | nothing | remove if the id is its own |
//! | link exit arrives | drop | react, remove | drop, remove |
//!
//! Where AtomVM differs, a field of [`Profile`](super::Profile) says so.

use super::{
    EntryAfterExit, LinkToDead, ProcessWorld, Term, Wrong,
    kind::{event, reply, signal},
    step::{DONE, OVER, Outcome},
    table::Tie,
};
use crate::{trace::Trace, word::Words};

impl ProcessWorld {
    /// `link/1`.
    pub(super) fn link(&mut self, me: u32, peer: u32, trace: &mut Trace) -> Outcome {
        self.reads(b'l', peer);
        self.writes_link(me, peer);
        let dead = !self.tables.is_alive(peer);
        let entry = self.link_entry(me, peer);
        let before = match entry {
            None => event::LINK_NEW,
            Some(at) if self.ties(me)[at].is_active_link_to(peer) => event::LINK_AGAIN,
            Some(_) => event::LINK_WHILE_PENDING,
        };
        trace.push(Words::new(event::LINK, me, peer, before));
        let raises = match self.profile.link_to_dead {
            _ if self.is_wrong(Wrong::LinkToDeadAlwaysRaises) => dead && entry.is_none(),
            LinkToDead::Raises => dead,
            LinkToDead::NoprocByTrap => {
                let hot = &self.tables.hot[me as usize];
                dead && entry.is_none() && !hot.trapping
            }
        };
        let own_noproc =
            dead && entry.is_none() && self.profile.link_to_dead == LinkToDead::NoprocByTrap;
        if raises {
            self.mourn(me, peer);
            trace.push(Words::new(event::RAISED, me, 0, Term::NOPROC.0));
            return Words::new(reply::RAISED, 0, 0, Term::NOPROC.0);
        }
        if me != peer || self.profile.links_to_self {
            if own_noproc && self.is_wrong(Wrong::LinkToDeadIsSilent) {
                return DONE;
            } else if own_noproc {
                let exit = Words::new(signal::LINK_EXIT, peer, signal::NOPROC, Term::NOPROC.0);
                self.own_signal(me, me, exit, trace);
            } else {
                self.owe(me, peer);
                self.make_link(me, peer, entry, trace);
            }
        }
        if self.tables.hot[me as usize].doomed {
            // The peer was about to die: its noproc came back at once and is fatal.
            return OVER;
        }
        DONE
    }

    fn make_link(&mut self, me: u32, peer: u32, entry: Option<usize>, trace: &mut Trace) {
        let pending = entry.is_some_and(|at| !self.ties(me)[at].is_active_link_to(peer));
        match entry {
            Some(at) if pending && self.profile.relink_reactivates => {
                self.tables.processes[me as usize].ties[at] = Tie::Link { peer, pending: 0 };
            }
            Some(_) if pending || !self.profile.link_again_adds => return,
            _ => self.tie(me, Tie::Link { peer, pending: 0 }),
        }
        self.signal(me, peer, Words::new(signal::LINK, peer, 0, 0), trace);
    }

    /// `unlink/1`: true for a stranger and for the dead, too.
    pub(super) fn unlink(&mut self, me: u32, peer: u32, trace: &mut Trace) {
        trace.push(Words::new(event::UNLINK, me, peer, 0));
        self.reads(b'l', peer);
        self.writes_link(me, peer);
        self.settle_debt(me, peer);
        let active = self.ties(me).iter().position(|tie| tie.is_active_link_to(peer));
        let Some(at) = active else { return };
        if self.is_wrong(Wrong::UnlinkWithoutFlush) {
            return self.untie_at(me, at);
        }
        if !self.tables.is_alive(peer) {
            if self.profile.unlink_of_dead_removes {
                self.untie_at(me, at);
            }
            return;
        }
        let row = &mut self.tables.processes[me as usize];
        row.unlinks_made += 1;
        let id = row.unlinks_made;
        row.ties[at] = Tie::Link { peer, pending: id };
        self.signal(me, peer, Words::new(signal::UNLINK, peer, id, 0), trace);
    }

    pub(super) fn link_arrives(&mut self, from: u32, to: u32, trace: &mut Trace) {
        self.writes_link(from, to);
        self.arrived(event::LINKED, to, from, 0, trace);
        let entry = self.link_entry(to, from);
        let pending = entry.is_some_and(|at| !self.ties(to)[at].is_active_link_to(from));
        if !pending {
            self.owe(to, from);
        }
        if entry.is_none() || (!pending && self.profile.link_again_adds) {
            self.tie(to, Tie::Link { peer: from, pending: 0 });
        }
    }

    pub(super) fn unlink_arrives(&mut self, from: u32, to: u32, id: u32, trace: &mut Trace) {
        self.writes_link(from, to);
        self.arrived(event::UNLINKED, to, from, 0, trace);
        self.settle_debt(to, from);
        let active = self.ties(to).iter().position(|tie| tie.is_active_link_to(from));
        if let Some(at) = active {
            self.untie_at(to, at);
        }
        if active.is_some() || self.profile.unlink_always_acked {
            self.signal(to, from, Words::new(signal::UNLINK_ACK, from, id, 0), trace);
        }
    }

    pub(super) fn ack_arrives(&mut self, from: u32, to: u32, id: u32, trace: &mut Trace) {
        self.writes_link(from, to);
        self.arrived(event::UNLINK_ACKED, to, from, 0, trace);
        self.untie(to, Tie::Link { peer: from, pending: id });
    }

    /// The EXIT of a link/1 to the dead, by a caller that trapped exits at the call: no entry was
    /// made, and it is a message whatever the caller's flag says by now. The call owes it, no link.
    pub(super) fn noproc_arrives(&mut self, from: u32, to: u32, trace: &mut Trace) {
        trace.push(Words::new(event::EXIT_TRAPPED, to, from | super::BY_LINK, Term::NOPROC.0));
        self.put_message(to, Words::new(super::kind::message::EXIT, from, 1, Term::NOPROC.0));
    }

    /// The exit signal of a link arrives.
    pub(super) fn link_exit_arrives(
        &mut self,
        from: u32,
        to: u32,
        reason: Term,
        trace: &mut Trace,
    ) {
        self.writes_link(from, to);
        let active = self.ties(to).iter().any(|tie| tie.is_active_link_to(from));
        let trapping = self.tables.hot[to as usize].trapping;
        let removed = match self.profile.entry_after_exit {
            EntryAfterExit::Removed => true,
            EntryAfterExit::RemovedIfTrapped => trapping,
            EntryAfterExit::Kept => false,
        };
        if let Some(at) = self.link_entry(to, from).filter(|_| removed) {
            self.untie_at(to, at);
        }
        let unflushed = self.is_wrong(Wrong::UnlinkWithoutFlush);
        if active || unflushed || !self.profile.exit_needs_entry {
            self.exit_arrives(from, to, reason, true, trace);
        } else {
            trace.push(Words::new(event::EXIT_DROPPED, to, from | super::BY_LINK, reason.0));
        }
    }

    pub(super) fn ties(&self, of: u32) -> &[Tie] {
        &self.tables.processes[of as usize].ties
    }

    /// Where the first entry for a peer stands, active or not.
    fn link_entry(&self, of: u32, peer: u32) -> Option<usize> {
        self.ties(of).iter().position(|tie| tie.is_link_to(peer))
    }

    /// Adds an entry. Where the order of entries is no part of the rules they are kept sorted, so
    /// that two links made in either order give one state.
    pub(super) fn tie(&mut self, of: u32, tie: Tie) {
        let at = if self.orders_ties() {
            self.writes(b'o', of);
            self.ties(of).len()
        } else {
            self.ties(of).partition_point(|&other| !self.stands_before(tie, other))
        };
        self.tables.processes[of as usize].ties.insert(at, tie);
    }

    /// Links before monitors, each by the descent of the other party, which is the order in which
    /// they are told (OTP 25.2.3 keeps links in a tree by pid: 50 of 50 runs); several monitors of
    /// one owner as they came, which is the order of their DOWNs (60 of 60 runs).
    fn stands_before(&self, tie: Tie, other: Tie) -> bool {
        match (tie, other) {
            (Tie::Link { peer, .. }, Tie::Link { peer: other, .. }) => {
                self.tables.by_descent(peer, other).is_lt()
            }
            (Tie::Watch { monitor }, Tie::Watch { monitor: other }) => {
                let owner = |monitor: u32| self.tables.references[monitor as usize].owner;
                self.tables.by_descent(owner(monitor), owner(other)).is_lt()
            }
            (tie, _) => matches!(tie, Tie::Link { .. }),
        }
    }

    /// Removes the first entry like this one, if there is one.
    pub(super) fn untie(&mut self, of: u32, tie: Tie) {
        if let Some(at) = self.ties(of).iter().position(|&other| other == tie) {
            self.untie_at(of, at);
        }
    }

    fn untie_at(&mut self, of: u32, at: usize) {
        if self.orders_ties() {
            self.writes(b'o', of);
        }
        self.tables.processes[of as usize].ties.remove(at);
    }

    /// Notes that an EXIT of `peer` may come to `me` from now on.
    pub(super) fn owe(&mut self, me: u32, peer: u32) {
        if me == peer {
            return;
        }
        let owed = &mut self.tables.processes[me as usize].owed;
        if let Err(at) = owed.binary_search(&peer) {
            owed.insert(at, peer);
        }
    }

    /// Notes that no EXIT of `peer` may come to `me` any more; false if none was due.
    pub(super) fn settle_debt(&mut self, me: u32, peer: u32) -> bool {
        let owed = &mut self.tables.processes[me as usize].owed;
        owed.binary_search(&peer).map(|at| owed.remove(at)).is_ok()
    }
}
