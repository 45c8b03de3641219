//! Wakers: who is told that something is there.
//!
//! A task's own waker is known by its address, so a primitive keeps the number of the task and not
//! the waker: the common case costs no reference count. Any other waker (of a combinator, of a probe,
//! the one that does nothing) is kept as it is, and whoever registers last replaces what was there, as
//! in tokio.

use super::desk::{Desk, NOBODY};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
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

/// The waker of a task.
#[derive(Debug)]
pub(super) struct TaskWaker {
    woken: Arc<Woken>,
    task: u32,
    /// Kept by somebody of an earlier run: it wakes nobody any more.
    retired: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.retired.load(Relaxed) {
            self.woken.push(self.task);
        }
    }
}

/// One waker for each task, kept from run to run.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    pub(super) woken: Arc<Woken>,
    pool: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    inner: Arc<TaskWaker>,
    /// As it was given back: to take it costs no reference count.
    waker: Option<Waker>,
}

impl Kept {
    fn new(woken: &Arc<Woken>, task: u32) -> Self {
        let (woken, retired) = (Arc::clone(woken), AtomicBool::new(false));
        Kept { inner: Arc::new(TaskWaker { woken, task, retired }), waker: None }
    }

    /// Somebody of an earlier run has it still.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.inner) > 1 + usize::from(self.waker.is_some())
    }

    fn take(&mut self) -> Waker {
        self.waker.take().unwrap_or_else(|| Waker::from(Arc::clone(&self.inner)))
    }
}

impl Wakers {
    /// The waker of a task that is new in this run.
    pub(super) fn of(&mut self, task: u32) -> Waker {
        let at = task as usize;
        match self.pool.get_mut(at) {
            None => self.pool.push(Kept::new(&self.woken, task)),
            Some(old) if old.is_held() => {
                old.inner.retired.store(true, Relaxed);
                *old = Kept::new(&self.woken, task);
            }
            Some(_) => {}
        }
        self.pool[at].take()
    }

    /// A task has ended: its waker can be that of another one in the next run.
    pub(super) fn give_back(&mut self, task: u32, waker: Waker) {
        if let Some(kept) = self.pool.get_mut(task as usize) {
            kept.waker = Some(waker);
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
