//! The kinds of events of the task world, and of the operations that its tasks perform.

/// Events; `who` is the task, `arg` and `value` as noted.
pub mod event {
    /// Its poll came to Pending.
    pub const PENDING: u8 = 1;
    /// Its future returned.
    pub const RETURNED: u8 = 2;
    /// Its future panicked.
    pub const PANICKED: u8 = 3;
    /// Its future was dropped before it returned.
    pub const CANCELLED: u8 = 4;
    /// arg: the new task.
    pub const SPAWNED: u8 = 5;
    /// arg: whom.
    pub const ABORTED: u8 = 6;
    /// A handle gave the result of the task `arg`; value: [`super::super::Ending`].
    pub const JOINED: u8 = 7;
    /// A handle of the task `arg`, which has ended, was pending: the budget is used up.
    pub const FINISHED_PENDING: u8 = 8;
    /// The budget is used up: the operation `arg` is pending although it might be ready.
    pub const FORCED: u8 = 9;
    /// The fault process aborts the task.
    pub const FAULT: u8 = 10;
    /// The timer `value` of the task fired.
    pub const TIMER: u8 = 11;
    /// The operation `arg` on the primitive `value` was performed.
    pub const DID: u8 = 12;
    /// The operation `arg` on the primitive `value` waits.
    pub const WAITS: u8 = 13;
    /// value: hash of the label that the task holds from now on.
    pub const HOLD: u8 = 14;
    /// value: hash of the label that it releases.
    pub const RELEASE: u8 = 15;
    /// value: hash of the label; a point that the task has reached.
    pub const MARK: u8 = 16;
    /// A message was dropped by the primitive `value`, and nobody had received it.
    pub const LOST: u8 = 17;
    /// The fault process aborts nobody any more.
    pub const NO_FAULT: u8 = 18;
    /// The handle of the task `arg` was dropped before that ended.
    pub const DETACHED: u8 = 19;
    /// It goes on, and has dropped the handle of the task `arg`, which had ended and was pending when
    /// it was asked.
    pub const ABANDONED: u8 = 20;
}

/// What a task does with a primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(super) enum Op {
    Join,
    JoinNext,
    Sleep,
    ConsumeBudget,
    Select,
    MpscSend,
    MpscTrySend,
    MpscRecv,
    MpscClosed,
    OneshotSend,
    OneshotRecv,
    OneshotClosed,
    WatchSend,
    WatchChanged,
    BroadcastSend,
    BroadcastRecv,
    Acquire,
    TryAcquire,
    AddPermits,
    Lock,
    Read,
    Write,
    Notify,
    Notified,
    Barrier,
    OnceCell,
    Cancel,
    Cancelled,
    TrackerWait,
    StreamRead,
    StreamWrite,
    Close,
}

const TEXTS: [&str; 32] = [
    "JoinHandle",
    "JoinSet::join_next",
    "sleep",
    "consume_budget",
    "select!",
    "mpsc send",
    "mpsc try_send",
    "mpsc recv",
    "mpsc closed",
    "oneshot send",
    "oneshot recv",
    "oneshot closed",
    "watch send",
    "watch changed",
    "broadcast send",
    "broadcast recv",
    "Semaphore::acquire",
    "Semaphore::try_acquire",
    "Semaphore::add_permits",
    "Mutex::lock",
    "RwLock::read",
    "RwLock::write",
    "notify",
    "notified",
    "Barrier::wait",
    "OnceCell::get_or_init",
    "cancel",
    "cancelled",
    "TaskTracker::wait",
    "read",
    "write",
    "close",
];

impl Op {
    /// The operation of this number, as people call it.
    pub(super) fn text(number: u32) -> &'static str {
        TEXTS.get(number as usize).copied().unwrap_or("?")
    }
}
