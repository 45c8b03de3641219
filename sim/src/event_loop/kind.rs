//! The kinds of events of the event-loop world.

/// Events; `who` is the task, or [`LOOP`](event::LOOP) or [`PROGRAM`](event::PROGRAM); `arg` and
/// `value` as noted.
pub mod event {
    /// `who` of what the loop does for nobody.
    pub const LOOP: u32 = crate::word::Words::MAX_WHO;
    /// `who` of code outside of any coroutine.
    pub const PROGRAM: u32 = crate::word::Words::MAX_WHO - 1;

    /// Its step ended at an await of the object `arg`, or of nothing; value: which kind of await.
    pub const AWAITS: u8 = 1;
    /// Its coroutine returned.
    pub const RETURNED: u8 = 2;
    /// Its coroutine raised; value: which exception.
    pub const RAISED: u8 = 3;
    /// It ended as cancelled.
    pub const CANCELLED: u8 = 4;
    /// arg: the new task.
    pub const SPAWNED: u8 = 5;
    /// It cancelled the future `arg`; value: 1 if that was not done.
    pub const CANCEL: u8 = 6;
    /// The loop calls a callback.
    pub const CALLBACK: u8 = 7;
    /// The timer `value` of the task fired.
    pub const TIMER: u8 = 8;
    /// Somebody outside answered the future `arg`.
    pub const REPLY: u8 = 9;
    /// Nothing reaches it any more.
    pub const UNREACHABLE: u8 = 10;
    /// It was destroyed although it was pending.
    pub const DESTROYED: u8 = 11;
    /// The collector runs; value: how many objects no root reaches.
    pub const COLLECT: u8 = 12;
    /// `GeneratorExit` is raised at its await: its coroutine is closed.
    pub const GENERATOR_EXIT: u8 = 13;
    /// An exception that nobody can catch went to `sys.unraisablehook`; value: which.
    pub const UNRAISABLE: u8 = 14;
    /// The loop's exception handler was called; arg: which [`Message`](super::Message), value: which
    /// exception, from 1.
    pub const HANDLER: u8 = 15;
    /// value: hash of the text that it logged.
    pub const LOG: u8 = 16;
    /// value: hash of the point that it has reached.
    pub const MARK: u8 = 17;
    /// The queue `arg` went with `value` items that nobody had got.
    pub const ITEMS_LOST: u8 = 18;
    /// The loop stopped.
    pub const STOPPED: u8 = 19;
    /// The fault process cancels the task.
    pub const FAULT: u8 = 20;
    /// The fault process cancels nobody.
    pub const NO_FAULT: u8 = 21;
    /// It panicked: no Python program does; value: which exception.
    pub const PANICKED: u8 = 22;
    /// It put an item into the queue `arg`.
    pub const PUT: u8 = 23;
    /// It got an item from the queue `arg`.
    pub const GOT: u8 = 24;
    /// The result of the future `arg` was set.
    pub const RESULT: u8 = 25;
    /// It let go of the object `arg`.
    pub const DROPPED: u8 = 26;
    /// `run_until_complete` raised; value: which exception.
    pub const RUN_RAISED: u8 = 27;
    /// The asynchronous generator `arg` is closed by a task of its own.
    pub const CLOSE_GENERATOR: u8 = 28;
}

/// What the loop's exception handler is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Message {
    /// A pending task was destroyed.
    Destroyed,
    /// A task failed and nobody looked.
    TaskUnretrieved,
    /// A future failed and nobody looked.
    FutureUnretrieved,
    /// A `gather` failed and nobody looked.
    GatherUnretrieved,
    /// A callback raised.
    Callback,
    /// A task raised while `run` cancelled it.
    Shutdown,
    /// A task of a group failed after the group's own task had ended.
    ParentCompleted,
    /// An asynchronous generator raised while the loop closed it.
    GeneratorClosing,
}

impl Message {
    const ALL: [Message; 8] = [
        Message::Destroyed,
        Message::TaskUnretrieved,
        Message::FutureUnretrieved,
        Message::GatherUnretrieved,
        Message::Callback,
        Message::Shutdown,
        Message::ParentCompleted,
        Message::GeneratorClosing,
    ];

    /// CPython's words for it, up to the first name in them.
    pub fn text(self) -> &'static str {
        match self {
            Message::Destroyed => "Task was destroyed but it is pending!",
            Message::TaskUnretrieved => "Task exception was never retrieved",
            Message::FutureUnretrieved => "Future exception was never retrieved",
            Message::GatherUnretrieved => "_GatheringFuture exception was never retrieved",
            Message::Callback => "Exception in callback",
            Message::Shutdown => "unhandled exception during asyncio.run() shutdown",
            Message::ParentCompleted => "Task",
            Message::GeneratorClosing => {
                "an error occurred during closing of asynchronous generator"
            }
        }
    }

    pub(super) fn of_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }

    /// True if it tells of an exception at which nobody has looked.
    pub fn is_unretrieved(self) -> bool {
        use Message::{FutureUnretrieved, GatherUnretrieved, TaskUnretrieved};
        matches!(self, TaskUnretrieved | FutureUnretrieved | GatherUnretrieved)
    }
}

/// What a coroutine awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum What {
    Bare,
    Sleep,
    Own,
    Task,
    Future,
    Wait,
    WaitFor,
    TaskGroup,
    QueueGet,
    QueuePut,
    EventWait,
    LockAcquire,
    SemaphoreAcquire,
}

impl What {
    const TEXTS: [&str; 13] = [
        "sleep(0)",
        "sleep",
        "a future of its own",
        "a task",
        "a future",
        "wait",
        "wait_for",
        "TaskGroup",
        "Queue.get",
        "Queue.put",
        "Event.wait",
        "Lock.acquire",
        "Semaphore.acquire",
    ];

    /// What it is called.
    pub(super) fn text(self) -> &'static str {
        Self::TEXTS[self as usize]
    }

    /// The text of this number.
    pub(super) fn text_of(number: u64) -> &'static str {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        Self::TEXTS.get(at).copied().unwrap_or("a future")
    }
}
