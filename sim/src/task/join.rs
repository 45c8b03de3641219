//! Handles of tasks: to await the result, to abort, to ask whether it has ended.
//!
//! Rules: `life-*`, `cost-joinhandle-pending`, `coop-101` to `-103`; tokio 1.54,
//! runtime/task/{join,abort,error}.rs.

use super::{
    body::Outcome,
    desk::Desk,
    joiners::Left,
    kind::{Op, event},
};
use crate::panics::panic_text;
use std::{
    any::Any,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// Names a task within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

enum Why {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

/// Why a task has no output.
pub struct JoinError(Box<Failure>);

/// On the heap, so that an output is not carried about in as much room as this.
struct Failure {
    task: u32,
    id: u64,
    why: Why,
}

impl JoinError {
    pub(super) fn cancelled(task: u32, id: u64) -> Self {
        JoinError(Box::new(Failure { task, id, why: Why::Cancelled }))
    }

    pub(super) fn panicked(task: u32, id: u64, panic: Box<dyn Any + Send>) -> Self {
        JoinError(Box::new(Failure { task, id, why: Why::Panicked(panic) }))
    }

    /// True if it was aborted, or its runtime has shut down.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.why, Why::Cancelled)
    }

    /// True if it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.why, Why::Panicked(_))
    }

    /// What it panicked with.
    ///
    /// # Panics
    /// If it did not.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.try_into_panic().expect("`JoinError` reason is not a panic.")
    }

    /// What it panicked with, if it did.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        let Failure { task, id, why } = *self.0;
        match why {
            Why::Panicked(panic) => Ok(panic),
            Why::Cancelled => Err(JoinError::cancelled(task, id)),
        }
    }

    /// Which task.
    pub fn id(&self) -> Id {
        Id(self.0.id)
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.why {
            Why::Cancelled => write!(f, "JoinError::Cancelled(task {})", self.0.task),
            Why::Panicked(panic) => write!(f, "JoinError::Panic({:?})", panic_text(&**panic)),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.why {
            Why::Cancelled => write!(f, "task {} was cancelled", self.0.task),
            Why::Panicked(panic) => {
                write!(f, "task {} panicked with message {:?}", self.0.task, panic_text(&**panic))
            }
        }
    }
}

impl std::error::Error for JoinError {}

/// Owns the right to a task's result. Dropped, it leaves the task alone: the task goes on, detached.
///
/// Kept past the end of its run it finds its task cancelled, as on a runtime that has shut down.
pub struct JoinHandle<T> {
    desk: Rc<Desk>,
    task: u32,
    run: u32,
    /// It has given the result: nothing is left to let go of.
    given: bool,
    output: PhantomData<T>,
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(super) fn new(desk: Rc<Desk>, task: u32) -> Self {
        let run = desk.run.get();
        JoinHandle { desk, task, run, given: false, output: PhantomData }
    }

    /// Asks the task to stop: its future is dropped when it is its turn. No effect once it has ended.
    pub fn abort(&self) {
        abort(&self.desk, self.task, self.run);
    }

    /// A handle that can abort and no more.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { desk: Rc::clone(&self.desk), task: self.task, run: self.run }
    }

    /// True once the task has ended. That does not mean that awaiting the handle is ready at once:
    /// with no budget left it is pending.
    pub fn is_finished(&self) -> bool {
        is_finished(&self.desk, self.task, self.run)
    }

    /// Which task it is.
    pub fn id(&self) -> Id {
        id(&self.desk, self.task, self.run)
    }

    /// Where the waker stands that is told of the end, for the ready-made sets.
    pub(super) fn task(&self) -> u32 {
        self.task
    }
}

// The rows of a run that is over belong to the tasks of the next one.

fn abort(desk: &Desk, task: u32, run: u32) {
    if desk.is_over(run) {
        return;
    }
    desk.tells(event::ABORTED, task, 0);
    desk.sees(0xab);
    desk.acts();
    desk.abort(task);
}

fn is_finished(desk: &Desk, task: u32, run: u32) -> bool {
    if desk.is_over(run) {
        return true;
    }
    let finished = desk.is_finished(task);
    desk.sees(0xf0 | u64::from(finished));
    desk.acts();
    finished
}

fn id(desk: &Desk, task: u32, run: u32) -> Id {
    Id(if desk.is_over(run) { 0 } else { desk.id_of(task) })
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { desk, task, run, given, .. } = &mut *self;
        if desk.is_over(*run) {
            return Poll::Ready(Err(JoinError::cancelled(*task, 0)));
        }
        let coop = match desk.proceed(cx, Op::Join) {
            Poll::Ready(coop) => coop,
            Poll::Pending => {
                if desk.budget.get() == 0 && desk.is_finished(*task) {
                    desk.tells(event::FINISHED_PENDING, *task, 0);
                    desk.owes(*task);
                }
                desk.waits_for(Op::Join, *task, None, cx);
                return Poll::Pending;
            }
        };
        desk.writes_end(*task);
        let mut result: Option<Outcome<T>> = None;
        let Some(history) = desk.joins(*task, cx, &mut result) else { return Poll::Pending };
        *given = true;
        let result = result.expect("a task that has ended has a result");
        coop.made_progress();
        desk.sees(history ^ 0x6a);
        desk.acts();
        Poll::Ready(result)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let Self { desk, task, run, given, .. } = self;
        if desk.records.get() && !desk.is_over(*run) {
            // Before the end or after it: whoever comes last drops the output.
            desk.writes_end(*task);
        }
        if *given || desk.closing.get() || desk.is_over(*run) {
            return;
        }
        let Left { owed, ended, unwanted } = desk.lets_go(*task);
        if owed {
            desk.abandoned.borrow_mut().push(*task);
            desk.abandons.set(true);
        } else if !ended {
            // Of one that was just spawned nobody wanted a handle.
            if *task < desk.newest.get() {
                desk.tells(event::DETACHED, *task, 0);
            }
        }
        drop(unwanted);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish()
    }
}

/// Can abort a task and ask whether it has ended; dropped, it does nothing.
#[derive(Clone)]
pub struct AbortHandle {
    desk: Rc<Desk>,
    task: u32,
    run: u32,
}

impl AbortHandle {
    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        abort(&self.desk, self.task, self.run);
    }

    /// As [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        is_finished(&self.desk, self.task, self.run)
    }

    /// Which task it is.
    pub fn id(&self) -> Id {
        id(&self.desk, self.task, self.run)
    }

    pub(super) fn task(&self) -> u32 {
        self.task
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}

/// Aborts its task when it is dropped: tokio-util 0.7, task/abort_on_drop.rs.
#[must_use = "dropping the handle aborts the task immediately"]
#[derive(Debug)]
pub struct AbortOnDropHandle<T>(JoinHandle<T>);

impl<T> AbortOnDropHandle<T> {
    /// Takes the task over.
    pub fn new(handle: JoinHandle<T>) -> Self {
        AbortOnDropHandle(handle)
    }

    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.0.abort();
    }

    /// As [`JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if !self.0.desk.closing.get() {
            self.0.abort();
        }
    }
}

impl<T: 'static> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(cx)))
    }
}

impl Desk {
    /// True of a run before this one.
    #[inline]
    fn is_over(&self, run: u32) -> bool {
        self.run.get() != run
    }

    fn owes(&self, task: u32) {
        self.tables.borrow_mut().tasks[task as usize].owed = true;
    }
}
