//! A runtime driven by hand: what `tokio::runtime::Runtime` is, with the clock paused.
//!
//! For code outside of a campaign: it plays the one schedule of a current-thread runtime. What tokio
//! leaves to chance (the first branch of a `select!`) is drawn from a fixed seed.

use super::{
    desk::{Desk, NOBODY},
    handle::Handle,
    schedule::Next,
    table::{Ending, Kind, Phase, Role, Stage, Task},
    waker::Waiter,
};
use crate::decisions::{Ahead, Draws, Purpose, RunIndex};
use std::{
    future::Future,
    panic::Location,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// A current-thread runtime whose clock is paused.
#[derive(Debug)]
pub struct Runtime {
    handle: Handle,
}

const DROPPED_INSIDE: &str = "Cannot drop a runtime in a context where blocking is not allowed. This happens when a runtime is dropped from within an asynchronous context.";

impl Runtime {
    /// A runtime on the thread of a handle.
    pub fn new(thread: &Handle) -> Self {
        let desk = Rc::clone(&thread.desk);
        if !desk.ahead_lasts.get() {
            let draws = Draws::new(0, RunIndex::default(), Purpose::Data);
            desk.take_ahead(Ahead::drawn(draws));
        }
        let core = desk.add_core(Kind::CurrentThread);
        Runtime { handle: Handle::new(desk, core) }
    }

    /// One without timers.
    pub fn without_time(thread: &Handle) -> Self {
        let runtime = Runtime::new(thread);
        let core = runtime.handle.core() as usize;
        runtime.handle.desk.tables.borrow_mut().cores[core].timed = false;
        runtime
    }

    /// A handle of it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs the future to its end, and tasks beside it.
    ///
    /// # Panics
    /// If the future panics, if this is called from a task, or if nothing can happen any more.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let (desk, core) = (&self.handle.desk, self.handle.core());
        let root = desk.enter_root(core, Location::caller());
        desk.begin_loop(core, root.task);
        let mut future = pin!(future);
        loop {
            desk.settle_wakes();
            desk.forget_told();
            match desk.next(core) {
                Next::Task(task) if task == root.task => {
                    desk.takes(core, task);
                    let mut cx = Context::from_waker(&root.waker);
                    if let Poll::Ready(output) = root.poll(core, || future.as_mut().poll(&mut cx)) {
                        return output;
                    }
                }
                Next::Task(task) => {
                    desk.takes(core, task);
                    desk.run_within(task, core);
                }
                Next::Timer(timer) => desk.fire(timer),
                Next::Idle => assert!(desk.pass_time(), "nothing can happen any more"),
            }
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let desk = &self.handle.desk;
        let inside = desk.me() != NOBODY && !std::thread::panicking();
        assert!(!inside, "{DROPPED_INSIDE}");
        desk.shut_down(self.handle.core());
    }
}

impl Handle {
    /// Runs a future to its end on this thread, without driving the runtime.
    ///
    /// # Panics
    /// If the future panics, if this is called from a task, or if the future waits for something
    /// that only the runtime could bring.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let (desk, core) = (&self.desk, self.core());
        let root = desk.enter_root(core, Location::caller());
        let mut future = pin!(future);
        loop {
            let mut cx = Context::from_waker(&root.waker);
            if let Poll::Ready(output) = root.poll(NOBODY, || future.as_mut().poll(&mut cx)) {
                return output;
            }
            desk.settle_wakes();
            let woken = desk.tables.borrow().tasks[root.task as usize].phase == Phase::Ready;
            assert!(woken, "Handle::block_on waits for what only its runtime can bring");
        }
    }
}

/// What a thread blocks on, as a task.
struct Root<'d> {
    desk: &'d Desk,
    task: u32,
    waker: Waker,
}

impl Desk {
    #[track_caller]
    fn enter_root(&self, core: u32, site: &'static Location<'static>) -> Root<'_> {
        assert!(self.me() == NOBODY, "{}", self.profile.started_inside);
        let mut tables = self.tables.borrow_mut();
        let (role, phase) = (Role::Root, Phase::Ready);
        let (joiner, waits) = (NOBODY, NOBODY);
        let row = Task { core: core as u16, joiner, waits, role, phase, ..Task::default() };
        let (task, _) = tables.add(row, NOBODY, site);
        drop(tables);
        self.labels(task, "block_on".into());
        Root { desk: self, task, waker: self.wakers.borrow_mut().lasting(task) }
    }

    /// The loop of a runtime begins: what it blocks on comes first.
    fn begin_loop(&self, core: u32, root: u32) {
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.cores[core as usize];
        (row.root, row.stage) = (Some(root), Stage::Root);
    }

    /// The loop is left. Who was deferred in it is never woken (coop-114).
    fn end_loop(&self, core: u32) {
        self.tables.borrow_mut().cores[core as usize].root = None;
        self.forget_deferred(core);
    }

    /// By hand nobody reads events.
    fn forget_told(&self) {
        self.tables.borrow_mut().events.clear();
        self.asked.borrow_mut().clear();
        self.fresh_timers.borrow_mut().clear();
        self.stale_timers.borrow_mut().clear();
    }
}

impl Root<'_> {
    fn poll<T>(&self, scheduler: u32, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let at = self.task as usize;
        let before = self.desk.begin(self.task, &self.waker, scheduler);
        // A panic leaves through here: the turn before must come back.
        let ends = Ends { root: self, before };
        let polled = poll();
        drop(ends);
        let mut tables = self.desk.tables.borrow_mut();
        let row = &mut tables.tasks[at];
        let woken = std::mem::take(&mut row.notified);
        row.phase = if woken { Phase::Ready } else { Phase::Waiting };
        polled
    }
}

struct Ends<'r, 'd> {
    root: &'r Root<'d>,
    before: super::turn::Turn,
}

impl Drop for Ends<'_, '_> {
    fn drop(&mut self) {
        self.root.desk.end(self.root.task, self.before);
    }
}

impl Drop for Root<'_> {
    fn drop(&mut self) {
        let mut tables = self.desk.tables.borrow_mut();
        let row = &mut tables.tasks[self.task as usize];
        (row.phase, row.ending) = (Phase::Done, Some(Ending::Returned));
        let core = u32::from(row.core);
        let is_loop = tables.cores[core as usize].root == Some(self.task);
        drop(tables);
        if is_loop {
            self.desk.end_loop(core);
        }
    }
}

impl Waiter {
    pub(super) fn forget(&mut self) {
        *self = Waiter::Nobody;
    }
}
