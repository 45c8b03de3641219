//! Wakers: who is told that something is there.
//!
//! The waker of whoever is polled is known by its address, so a primitive keeps the number of the task
//! and not the waker: the common case costs no reference count. Any other waker (of a combinator, of a probe,
//! the one that does nothing) is kept as it is, and whoever registers last replaces what was there, as
//! in tokio.

use super::desk::{Desk, NOBODY};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Wake, Waker},
};

/// The tasks that were woken through a real waker, in order.
#[derive(Debug, Default)]
pub(super) struct Woken {
    any: AtomicBool,
    tasks: Mutex<Vec<u32>>,
}

impl Woken {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        !self.any.load(Relaxed)
    }

    pub(super) fn take(&self) -> Vec<u32> {
        self.any.store(false, Relaxed);
        std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, task: u32) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        self.any.store(true, Relaxed);
    }
}

/// What a real waker leads to.
#[derive(Debug)]
struct Bell {
    woken: Arc<Woken>,
    /// Whom it wakes; [`NOBODY`] once that is over.
    task: AtomicU32,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let task = self.task.load(Relaxed);
        if task != NOBODY {
            self.woken.push(task);
        }
    }
}

/// The waker with which a task is polled.
///
/// Hardly any task clones its waker, so one serves them all in turn; whoever clones it keeps it.
#[derive(Debug)]
pub(super) struct OwnWaker {
    bell: Arc<Bell>,
    waker: Waker,
}

impl OwnWaker {
    fn new(woken: &Arc<Woken>) -> Self {
        let (woken, task) = (Arc::clone(woken), AtomicU32::new(NOBODY));
        let bell = Arc::new(Bell { woken, task });
        OwnWaker { waker: Waker::from(Arc::clone(&bell)), bell }
    }

    /// The waker, which wakes this task from now on.
    #[inline]
    pub(super) fn of(&self, task: u32) -> &Waker {
        self.bell.task.store(task, Relaxed);
        &self.waker
    }

    /// Somebody else has it, too.
    #[inline]
    pub(super) fn was_cloned(&self) -> bool {
        Arc::strong_count(&self.bell) > 2
    }
}

/// The wakers of a world.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    pub(super) woken: Arc<Woken>,
    /// Those that nobody has cloned, kept from run to run.
    spare: Vec<OwnWaker>,
    /// Those that somebody has cloned, by task.
    kept: BTreeMap<u32, OwnWaker>,
}

impl Wakers {
    /// One that serves whoever is polled.
    pub(super) fn take(&mut self) -> OwnWaker {
        self.spare.pop().unwrap_or_else(|| OwnWaker::new(&self.woken))
    }

    pub(super) fn give_back(&mut self, own: OwnWaker) {
        self.spare.push(own);
    }

    /// A task has cloned its waker, which is its own from now on.
    pub(super) fn keep(&mut self, task: u32, own: OwnWaker) {
        self.kept.insert(task, own);
    }

    /// A waker of its own for a task.
    pub(super) fn lasting(&mut self, task: u32) -> Waker {
        let own = self.take();
        let waker = own.of(task).clone();
        self.keep(task, own);
        waker
    }

    /// The waker that a task has cloned.
    pub(super) fn of(&self, task: u32) -> Waker {
        self.kept[&task].waker.clone()
    }

    /// The run is over: who still has a waker of it wakes nobody.
    pub(super) fn reset(&mut self) {
        for own in std::mem::take(&mut self.kept).into_values() {
            own.of(NOBODY);
            if !own.was_cloned() {
                self.give_back(own);
            }
        }
    }
}

/// Somebody who waits.
#[derive(Debug, Default)]
pub(super) enum Waiter {
    /// Nobody.
    #[default]
    Nobody,
    /// A task, through its own waker.
    Task(u32),
    /// Whoever gave this waker.
    Other(Waker),
}

impl Waiter {
    /// Whoever polls.
    pub(super) fn of(desk: &Desk, cx: &Context<'_>) -> Self {
        match desk.owner_of(cx.waker()) {
            NOBODY => Waiter::Other(cx.waker().clone()),
            task => Waiter::Task(task),
        }
    }

    /// Whoever polls takes the place, if it is not his already.
    pub(super) fn set(&mut self, desk: &Desk, cx: &Context<'_>) {
        if !self.is(desk, cx) {
            *self = Waiter::of(desk, cx);
        }
    }

    /// True if it is whoever polls.
    pub(super) fn is(&self, desk: &Desk, cx: &Context<'_>) -> bool {
        match self {
            Waiter::Nobody => false,
            Waiter::Task(task) => desk.owner_of(cx.waker()) == *task,
            Waiter::Other(waker) => waker.will_wake(cx.waker()),
        }
    }

    /// Wakes whoever waits, once.
    pub(super) fn wake(&mut self, desk: &Desk) {
        match std::mem::take(self) {
            Waiter::Nobody => {}
            Waiter::Task(task) => desk.wake(task),
            Waiter::Other(waker) => waker.wake(),
        }
    }

    /// The task that waits, for those who compare states: 0 nobody, 1 somebody else.
    pub(super) fn word(&self, desk: &Desk) -> u64 {
        match self {
            Waiter::Nobody => 0,
            Waiter::Task(task) => desk.id_of(*task),
            Waiter::Other(_) => 1,
        }
    }
}
