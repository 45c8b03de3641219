//! `LocalSet`: tasks that run only while somebody polls the set.
//!
//! Rules: `loc-*`, `coop-011`, `coop-012`; tokio 1.54, task/local.rs. At most 61 of its tasks are
//! polled in one poll of the set, each with a budget of its own.

use super::{
    handle::Handle,
    join::JoinHandle,
    kind::event,
    life::Left,
    table::{Kind, Phase},
};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// tokio 1.54, task/local.rs, `MAX_TASKS_PER_TICK`.
const TASKS_PER_POLL: u32 = 61;

/// See the module.
#[derive(Debug)]
pub struct LocalSet {
    handle: Handle,
    core: u32,
}

impl Handle {
    /// A set of tasks that stay with whoever polls it.
    pub fn local_set(&self) -> LocalSet {
        let core = self.desk.add_core(Kind::Local);
        LocalSet { handle: self.clone(), core }
    }
}

impl LocalSet {
    /// Starts a task of the set; it runs while somebody polls the set.
    #[track_caller]
    pub fn spawn_local<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        let handle = self.handle.spawn_on(self.core, future);
        self.handle.desk.labels(handle.task(), "local".into());
        handle
    }

    /// The future, and the tasks of the set beside it. It uses the budget of whoever polls.
    pub fn run_until<F: Future>(&self, inner: F) -> RunUntil<'_, F> {
        RunUntil { set: self, inner }
    }

    /// Runs the future to its end on a runtime, and the tasks of the set beside it.
    ///
    /// # Panics
    /// As [`Runtime::block_on`](super::Runtime::block_on).
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &super::Runtime, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Polls tasks; true if there may be more.
    fn tick(&self) -> bool {
        let desk = &self.handle.desk;
        for _ in 0..TASKS_PER_POLL {
            desk.settle_wakes();
            let front = desk.tables.borrow_mut().cores[self.core as usize].queue.pop_front();
            let Some(task) = front else { return false };
            if desk.run_within(task, desk.scheduler()) != Left::Ended {
                desk.tells_of(task, event::PENDING, 0, 0);
            }
        }
        true
    }

    fn poll_tasks(&self, cx: &mut Context<'_>) {
        self.handle.desk.hosted_by(self.core, cx);
        if self.tick() {
            cx.waker().wake_by_ref();
        }
    }

    fn is_done(&self) -> bool {
        let tables = self.handle.desk.tables.borrow();
        tables.tasks.iter().all(|row| u32::from(row.core) != self.core || row.phase == Phase::Done)
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Ready once all its tasks have ended (loc-003).
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_tasks(cx);
        if self.is_done() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        if !self.handle.desk.closing.get() {
            self.handle.desk.shut_down(self.core);
        }
    }
}

pin_project! {
    /// See [`LocalSet::run_until`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RunUntil<'s, F> {
        set: &'s LocalSet,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for RunUntil<'_, F> {
    type Output = F::Output;

    /// The future first, then the tasks.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.set.handle.desk.hosted_by(this.set.core, cx);
        if let Poll::Ready(output) = this.inner.poll(cx) {
            return Poll::Ready(output);
        }
        this.set.poll_tasks(cx);
        Poll::Pending
    }
}
