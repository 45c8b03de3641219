//! Which runtime the process world stands for: its rules as data.
//!
//! The rules of links and exits differ between the BEAM and AtomVM, and between AtomVM's releases;
//! the differences are the fields of a [`Profile`]. Sources: the Link Protocol in
//! `erts/doc/guides/erl_dist_protocol.md` and `erl_process.c`/`bif.c` of erlang/otp 25; AtomVM's
//! `src/libAtomVM/{context,nifs,mailbox}.c` at the tags v0.6.2 (1a52db98), v0.6.3 (3a107ae4) and
//! v0.6.6 (ff993a80).

use super::Wrong;
use serde::Serialize;

/// What `link/1` to a process that is dead does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum LinkToDead {
    /// Trapping: an EXIT with reason noproc. Not trapping: `error:noproc`, since a node knows its own
    /// dead; a peer that dies before the link signal arrives answers with the exit signal. OTP:
    /// erlang:link/1.
    NoprocByTrap,
    /// `error:noproc`, always. AtomVM: nif_erlang_link.
    Raises,
}

/// Which entries the other end of a link loses when its peer dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum EntryAfterExit {
    /// The entry is removed whatever becomes of the exit signal.
    Removed,
    /// Only where the EXIT was trapped. AtomVM v0.6.3: context_monitors_handle_terminate.
    RemovedIfTrapped,
    /// Never. AtomVM v0.6.2: context_monitors_handle_terminate.
    Kept,
}

/// How the notifications of a death are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Death {
    /// One step each, links before monitors: between the exit event and an EXIT others may run.
    Steps,
    /// All in the step of the exit event, links and monitors in the order in which they were made.
    /// AtomVM: context_destroy holds the process table's write lock for its whole pass.
    OnePass,
}

/// Whether links or monitors are told first of a death, where that is no matter of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Notices {
    /// Links, then monitors: one receiver of both sees EXIT before DOWN. A fact of ERTS (20 of 20
    /// runs), promised by no documentation.
    LinksFirst,
    /// Either, decided at each death: all that the documentation promises.
    Either,
}

/// The rules that differ between runtimes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Profile {
    /// Its name, `otp-25`.
    pub name: &'static str,
    /// Nothing travels: links, exits and messages act under a lock in the step that causes them,
    /// so the only delivery model is instant. AtomVM before v0.6.6.
    pub instant_only: bool,
    /// `link/1` to a linked peer adds a second entry on both sides. AtomVM v0.6.2: context_link.
    pub link_again_adds: bool,
    /// `link/1` while an unlink waits for its acknowledgement makes the link anew. Where false it
    /// returns true and does nothing. AtomVM v0.6.6: context_add_monitor.
    pub relink_reactivates: bool,
    /// An unlink signal is acknowledged whatever the receiver's entry. Where false, only by a
    /// receiver whose own entry is active. AtomVM v0.6.6: context_ack_unlink.
    pub unlink_always_acked: bool,
    /// `unlink/1` of a dead peer removes the caller's entry. AtomVM returns before it looks.
    pub unlink_of_dead_removes: bool,
    /// An exit signal of a link acts only where an active entry stands. AtomVM delivers it anyway.
    pub exit_needs_entry: bool,
    /// What the other end's entry becomes.
    pub entry_after_exit: EntryAfterExit,
    /// What linking to the dead does.
    pub link_to_dead: LinkToDead,
    /// `link(self())` makes an entry (OTP: it does nothing).
    pub links_to_self: bool,
    /// How a death is told.
    pub death: Death,
    /// Who is told first, under [`Death::Steps`].
    pub notices: Notices,
    /// A dying process first handles the link, unlink and monitor signals on their way to it.
    /// AtomVM v0.6.6: context_destroy drains its mailbox.
    pub drains_at_death: bool,
    /// Who sends an exit/2 decides what it does, by the target's trap_exit flag at the call. AtomVM:
    /// nif_erlang_exit.
    pub exit2_by_sender: bool,
    /// A process that an exit signal has hit counts as dead for link/1, monitor/2,
    /// is_process_alive/1 and process_info/2, and is_process_alive/1 comes behind the caller's
    /// earlier signals. AtomVM: until context_destroy it is in the process table like any other.
    pub doom_is_death: bool,
    /// A DOWN whose monitor is gone is dropped on arrival. AtomVM before v0.6.6 has the DOWN in the
    /// mailbox at once.
    pub down_needs_monitor: bool,
    /// A rule that is wrong on purpose: see [`Wrong`].
    #[doc(hidden)]
    pub wrong: Option<Wrong>,
}

/// OTP 25 (erts 13).
pub const OTP_25: Profile = Profile {
    name: "otp-25",
    instant_only: false,
    link_again_adds: false,
    relink_reactivates: true,
    unlink_always_acked: true,
    unlink_of_dead_removes: true,
    exit_needs_entry: true,
    entry_after_exit: EntryAfterExit::Removed,
    link_to_dead: LinkToDead::NoprocByTrap,
    links_to_self: false,
    death: Death::Steps,
    notices: Notices::LinksFirst,
    drains_at_death: false,
    exit2_by_sender: false,
    doom_is_death: true,
    down_needs_monitor: true,
    wrong: None,
};

/// OTP 25, less what only its implementation says: a receiver of both EXIT and DOWN may get them in
/// either order.
pub const OTP_25_STRICT: Profile =
    Profile { name: "otp-25-strict", notices: Notices::Either, ..OTP_25 };

/// AtomVM v0.6.2: the links that issue #1193 is about.
pub const ATOMVM_0_6_2: Profile = Profile {
    name: "atomvm-0.6.2",
    instant_only: true,
    link_again_adds: true,
    relink_reactivates: true,
    unlink_always_acked: true,
    unlink_of_dead_removes: false,
    exit_needs_entry: false,
    entry_after_exit: EntryAfterExit::Kept,
    link_to_dead: LinkToDead::Raises,
    links_to_self: true,
    death: Death::OnePass,
    notices: Notices::LinksFirst,
    drains_at_death: false,
    exit2_by_sender: true,
    doom_is_death: false,
    down_needs_monitor: false,
    wrong: None,
};

/// AtomVM v0.6.3: the first fix (commit 353ae55e).
pub const ATOMVM_0_6_3: Profile = Profile {
    name: "atomvm-0.6.3",
    link_again_adds: false,
    entry_after_exit: EntryAfterExit::RemovedIfTrapped,
    ..ATOMVM_0_6_2
};

/// AtomVM v0.6.6: signals (a639cbc6) and unlink ids (9f299e7e).
pub const ATOMVM_0_6_6: Profile = Profile {
    name: "atomvm-0.6.6",
    instant_only: false,
    link_again_adds: false,
    relink_reactivates: false,
    unlink_always_acked: false,
    entry_after_exit: EntryAfterExit::Removed,
    drains_at_death: true,
    down_needs_monitor: true,
    ..ATOMVM_0_6_2
};

/// All profiles, the default first.
pub const PROFILES: [&Profile; 5] =
    [&OTP_25, &OTP_25_STRICT, &ATOMVM_0_6_2, &ATOMVM_0_6_3, &ATOMVM_0_6_6];

/// The profile of this name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|profile| profile.name == name)
}
