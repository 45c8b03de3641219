//! The kinds of effects, replies, signals and events: the numbers in the packed records.

/// What a body announces. `who`, `arg` and `value` as noted.
pub(super) mod effect {
    /// No effect pending.
    pub(crate) const NONE: u8 = 0;
    /// Give way.
    pub(crate) const YIELD: u8 = 1;
    /// Start the new-born body on the desk; arg: [`super::spawn`] options.
    pub(crate) const SPAWN: u8 = 2;
    /// who: peer.
    pub(crate) const LINK: u8 = 3;
    /// who: peer.
    pub(crate) const UNLINK: u8 = 4;
    /// The body has ended; value: reason.
    pub(crate) const EXIT: u8 = 5;
    /// who: target, value: reason.
    pub(crate) const EXIT2: u8 = 6;
    /// arg: 1 on, 0 off.
    pub(crate) const TRAP: u8 = 7;
    /// who: target, arg: [`super::alias`].
    pub(crate) const MONITOR: u8 = 8;
    /// arg: reference, value: 1 to flush.
    pub(crate) const DEMONITOR: u8 = 9;
    /// who: pid, value: name.
    pub(crate) const REGISTER: u8 = 10;
    /// value: name.
    pub(crate) const UNREGISTER: u8 = 11;
    /// value: name.
    pub(crate) const WHEREIS: u8 = 12;
    /// who: receiver, value: message.
    pub(crate) const SEND: u8 = 13;
    /// arg: 1 for the form `{Name, Node}`, value: message; the name is the desk's second value.
    pub(crate) const SEND_NAME: u8 = 14;
    /// A filter record with this kind in front; see [`super::filter`]. The desk's second value is
    /// the time-out in ms, or [`super::NO_TIMEOUT`].
    pub(crate) const RECEIVE: u8 = 15;
    /// who: receiver, arg: delay in ms, value: message.
    pub(crate) const SEND_AFTER: u8 = 16;
    /// arg: timer.
    pub(crate) const CANCEL: u8 = 17;
    /// who: of whom, arg: [`super::item`].
    pub(crate) const INFO: u8 = 18;
    /// who: of whom.
    pub(crate) const ALIVE: u8 = 19;
    /// arg: number of options.
    pub(crate) const CHOOSE: u8 = 20;
    /// arg: delay in ms, value: message; the name is the desk's second value.
    pub(crate) const SEND_AFTER_NAME: u8 = 21;
    /// As SEND_AFTER, the message wrapped.
    pub(crate) const START_TIMER: u8 = 22;
    /// As SEND_AFTER_NAME, the message wrapped.
    pub(crate) const START_TIMER_NAME: u8 = 23;
    /// arg: [`super::alias`], value: name.
    pub(crate) const MONITOR_NAME: u8 = 24;
    /// arg: [`super::alias`]; 0 makes a plain reference.
    pub(crate) const MAKE_REF: u8 = 25;
    /// arg: reference.
    pub(crate) const UNALIAS: u8 = 26;
    /// arg: reference, value: message.
    pub(crate) const SEND_REF: u8 = 27;
    /// The cues of a stage, a list of `{Pid, Command}`; the desk's second value packs
    /// [`super::super::director::Pace`].
    pub(crate) const STAGE: u8 = 28;
    /// value: the report on the last command.
    pub(crate) const TURN: u8 = 29;
    /// Look at the clock.
    pub(crate) const MONOTONIC_TIME: u8 = 30;
}

/// What `demonitor/2` is asked, as bits of its value.
pub(crate) mod demonitor {
    pub(crate) const FLUSH: u64 = 1;
    /// Nobody looks at the answer.
    pub(crate) const UNTOLD: u64 = 2;
}

/// When an alias ends, in the `arg` of the effect that makes it (erlang:alias/1, monitor/3).
pub(super) mod alias {
    /// It is none.
    pub(crate) const NONE: u32 = 0;
    /// With unalias/1 alone.
    pub(crate) const EXPLICIT_UNALIAS: u32 = 1;
    /// With its monitor, too.
    pub(crate) const DEMONITOR: u32 = 2;
    /// With its monitor or the first message, which ends the monitor, too.
    pub(crate) const REPLY_DEMONITOR: u32 = 3;
    /// With the first message, too.
    pub(crate) const REPLY: u32 = 4;
}

/// Items of process_info/2.
pub(super) mod item {
    pub(crate) const LINKS: u32 = 0;
    pub(crate) const MONITORS: u32 = 1;
    pub(crate) const MONITORED_BY: u32 = 2;
    pub(crate) const TRAP_EXIT: u32 = 3;
    pub(crate) const REGISTERED_NAME: u32 = 4;
    pub(crate) const MESSAGES: u32 = 5;
    pub(crate) const MESSAGE_QUEUE_LEN: u32 = 6;
}

/// Options of a spawn.
pub(super) mod spawn {
    pub(crate) const LINK: u32 = 1;
    pub(crate) const MONITOR: u32 = 2;
    pub(crate) const CLIENT: u32 = 4;
}

/// What a receive waits for, in the `arg` of its effect.
pub(super) mod filter {
    /// Any message.
    pub(crate) const ANY: u32 = 0;
    /// A message that matches the pattern in `value`.
    pub(crate) const TERM: u32 = 1;
    /// An EXIT from `who`.
    pub(crate) const EXIT_FROM: u32 = 2;
    /// The DOWN of the reference in `value`.
    pub(crate) const DOWN_OF: u32 = 3;
    /// Any message that is neither EXIT nor DOWN.
    pub(crate) const USER: u32 = 4;
    /// Any EXIT.
    pub(crate) const EXIT: u32 = 5;
    /// Any DOWN.
    pub(crate) const DOWN: u32 = 6;
    /// A message that matches one of the patterns in the list `value`.
    pub(crate) const ONE_OF: u32 = 7;
    /// Added to a filter: looks only at what process_info(self(), messages) shows, and answers the
    /// message as a term.
    pub(crate) const INSPECT: u32 = 1 << 8;
    /// The filter without that.
    pub(crate) const KIND: u32 = 0xff;
}

/// A receive without a time-out.
pub(super) const NO_TIMEOUT: u64 = u64::MAX;

/// Answers to effects.
pub(super) mod reply {
    /// Nothing to say.
    pub(crate) const DONE: u8 = 1;
    /// `true`, with a pid, reference, number or term in the other fields.
    pub(crate) const VALUE: u8 = 2;
    /// An error was raised; value: reason.
    pub(crate) const RAISED: u8 = 3;
    /// The time is over.
    pub(crate) const TIMEOUT: u8 = 4;
    /// A message from the mailbox follows, its own kind plus this.
    pub(crate) const MESSAGE: u8 = 16;
}

/// Messages in a mailbox.
pub(super) mod message {
    /// value: the term.
    pub(crate) const USER: u8 = 1;
    /// who: the sender of the exit signal, arg: 1 if a link broke, value: reason.
    pub(crate) const EXIT: u8 = 2;
    /// who: the dead, or NO_ONE if the monitor is one by name; arg: reference, value: reason.
    pub(crate) const DOWN: u8 = 3;
    /// Stands for no process.
    pub(crate) const NO_ONE: u32 = crate::word::Words::MAX_WHO;
}

/// Signals between processes; who: the receiver.
pub(super) mod signal {
    /// value: the term.
    pub(crate) const MESSAGE: u8 = 1;
    /// From exit/2; arg: what its sender decided, value: reason.
    pub(crate) const EXIT: u8 = 2;
    /// Its receiver decides, by its trap_exit flag on arrival.
    pub(crate) const OPEN: u32 = 0;
    /// It becomes a message.
    pub(crate) const TRAPPED: u32 = 1;
    /// It ends the receiver.
    pub(crate) const FATAL: u32 = 2;
    /// From a broken link; value: reason. Or, with arg 1, the noproc of a link/1 to the dead `who`.
    pub(crate) const LINK_EXIT: u8 = 3;
    /// A LINK_EXIT that no entry stands for: it is a message already.
    pub(crate) const NOPROC: u32 = 1;
    pub(crate) const LINK: u8 = 4;
    /// arg: the id of the unlink.
    pub(crate) const UNLINK: u8 = 5;
    /// arg: the id of the unlink.
    pub(crate) const UNLINK_ACK: u8 = 6;
    /// arg: reference.
    pub(crate) const MONITOR: u8 = 7;
    /// arg: reference.
    pub(crate) const DEMONITOR: u8 = 8;
    /// arg: reference, value: reason.
    pub(crate) const DOWN: u8 = 9;
    /// arg: the alias it was sent to, value: the term.
    pub(crate) const ALIAS_MESSAGE: u8 = 10;
}

/// What happened. `who` is whose lane it is, `arg` the other party unless noted.
pub mod event {
    /// Gave way.
    pub const YIELD: u8 = 1;
    /// `who` spawned `arg`; value: options.
    pub const SPAWN: u8 = 2;
    /// `who` called link(`arg`); value: [`LINK_NEW`], [`LINK_AGAIN`] or [`LINK_WHILE_PENDING`].
    pub const LINK: u8 = 3;
    /// The caller had no entry for the peer.
    pub const LINK_NEW: u64 = 0;
    /// The caller was linked already.
    pub const LINK_AGAIN: u64 = 1;
    /// An unlink of the caller waited for its acknowledgement.
    pub const LINK_WHILE_PENDING: u64 = 2;
    /// `who` called unlink(`arg`).
    pub const UNLINK: u8 = 4;
    /// `who` exited (dead, name free); value: reason.
    pub const EXIT: u8 = 5;
    /// `who` sent `arg` an exit signal; value: reason.
    pub const EXIT2: u8 = 6;
    /// `who` set trap_exit to `arg`.
    pub const TRAP: u8 = 7;
    /// `who` monitors `arg`; value: reference.
    pub const MONITOR: u8 = 8;
    /// `who` ended the monitor `arg`.
    pub const DEMONITOR: u8 = 9;
    /// `who` registered `arg`; value: name.
    pub const REGISTER: u8 = 10;
    /// `who` unregistered value: name.
    pub const UNREGISTER: u8 = 11;
    /// `who` looked up value: name.
    pub const WHEREIS: u8 = 12;
    /// `who` sent `arg` a message; value: the term.
    pub const SEND: u8 = 13;
    /// `who` took a message from its mailbox; value: the term.
    pub const RECEIVE: u8 = 14;
    /// `who` took the EXIT of `arg` ([`super::BY_LINK`] if a link broke); value: reason.
    pub const RECEIVE_EXIT: u8 = 15;
    /// `who` took the DOWN of the reference `arg`; value: reason.
    pub const RECEIVE_DOWN: u8 = 16;
    /// `who` waited in vain.
    pub const TIMEOUT: u8 = 17;
    /// An exit signal of `arg` became a message of `who`; value: reason. `arg` carries
    /// [`super::BY_LINK`] and [`super::UNOWED`], here and in the next three.
    pub const EXIT_TRAPPED: u8 = 18;
    /// An exit signal of `arg` meant nothing to `who`; value: reason.
    pub const EXIT_IGNORED: u8 = 19;
    /// An exit signal of `arg` ends `who`; value: reason.
    pub const EXIT_FATAL: u8 = 20;
    /// An exit signal of `arg` found no link at `who`, or nobody.
    pub const EXIT_DROPPED: u8 = 21;
    /// A DOWN with reference `arg` reached `who`; value: reason.
    pub const DOWN: u8 = 22;
    /// A DOWN with reference `arg` came too late for `who`.
    pub const DOWN_DROPPED: u8 = 23;
    /// The link signal of `arg` reached `who`.
    pub const LINKED: u8 = 24;
    /// The unlink signal of `arg` reached `who`.
    pub const UNLINKED: u8 = 25;
    /// The unlink acknowledgement of `arg` reached `who`.
    pub const UNLINK_ACKED: u8 = 26;
    /// The monitor signal of `arg` reached `who`.
    pub const MONITORED: u8 = 27;
    /// The demonitor signal of `arg` reached `who`.
    pub const DEMONITORED: u8 = 28;
    /// A message of `arg` reached `who`; value: the term.
    pub const DELIVER: u8 = 29;
    /// A message of `arg` came too late for `who`; value: the term.
    pub const LOST: u8 = 30;
    /// `who` set the timer `arg`; value: its time in ms.
    pub const TIMER_SET: u8 = 31;
    /// A timer of `who` fired for `arg`, whose time-out it is or whose message; value: its ordinal.
    pub const TIMER_FIRED: u8 = 32;
    /// `who` cancelled the timer `arg`; value: 1 if it was armed.
    pub const TIMER_CANCELLED: u8 = 33;
    /// `who` read process_info of `arg`; value: which item.
    pub const INFO: u8 = 34;
    /// `who` asked whether `arg` is alive; value: 1 if so.
    pub const ALIVE: u8 = 35;
    /// `who` chose value of `arg` options.
    pub const CHOSE: u8 = 36;
    /// An effect of `who` raised an error; value: reason.
    pub const RAISED: u8 = 37;
    /// The body of `who` panicked.
    pub const PANICKED: u8 = 38;
    /// The fault process killed `arg`, or nobody (`who` is meaningless; value: 1 if somebody).
    pub const FAULT: u8 = 39;
    /// `who` keeps the pid `arg`; value: label.
    pub const HOLD: u8 = 40;
    /// `who` lets go of what it kept under value: label.
    pub const RELEASE: u8 = 41;
    /// `who` passed the point value: label.
    pub const MARK: u8 = 42;
    /// `who` uses `arg`, of whose death it was told; follows the event of the use.
    pub const STALE_USE: u8 = 44;
    /// `who` announced an effect while it was being dropped.
    pub const REFUSED: u8 = 43;
    /// `who` monitors a name by the reference `arg`; value: the name.
    pub const MONITOR_NAME: u8 = 45;
    /// `who` made the reference `arg`; value: 0 for a plain one, else an alias.
    pub const MAKE_REF: u8 = 46;
    /// `who` ended the alias `arg`.
    pub const UNALIAS: u8 = 47;
    /// `who` sent a message to the reference `arg`; value: the term.
    pub const SEND_REF: u8 = 48;
    /// The director `who` told `arg` to do something; value: the command.
    pub const CUE: u8 = 49;
    /// The stage `arg` of the director `who` is over; value: the virtual time in ms.
    pub const STAGE: u8 = 50;
    /// `who` begins with a command; value: the command.
    pub const TURN: u8 = 51;
    /// The server `who` has a new state; value: the state.
    pub const STATE: u8 = 52;
    /// `who` looked at the clock; value: ms of virtual time.
    pub const MONOTONIC_TIME: u8 = 53;
}

/// In the `arg` of an exit event: the signal came from a link, not from exit/2.
pub const BY_LINK: u32 = 1 << 31;
/// In the `arg` of an exit event: no link was standing that could owe this EXIT.
pub const UNOWED: u32 = 1 << 30;
/// The party in the `arg` of an exit event.
pub const PARTY: u32 = (1 << 24) - 1;
