//! Polls of tasks, and their ends: how they return, panic, are aborted and dropped.

use super::{
    body::{Body, Boxed},
    desk::Desk,
    join::JoinError,
    kind::event,
    table::{Ending, NOBODY, Phase, Role},
};
use crate::panics::panic_text;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

/// How a move left the task that it polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It waits to be woken.
    Waiting,
    /// It was woken already: on many threads its move stays, elsewhere it stands in its queue.
    Ready,
    /// It has ended.
    Ended,
}

impl Desk {
    /// As [`Desk::run`], within the poll of another task or outside of every scheduler.
    pub(super) fn run_within(&self, task: u32, scheduler: u32) -> Left {
        let before = self.turn();
        let left = self.run(task, scheduler);
        self.set_turn(before);
        left
    }

    /// Polls a task that is ready, or drops its future if it was aborted.
    #[inline]
    pub(super) fn run(&self, task: u32, scheduler: u32) -> Left {
        self.takes_turn(task);
        if self.abandons.take() {
            self.abandoned.borrow_mut().clear();
        }
        let (body, aborted) = self.begins(task, scheduler);
        let Some(mut body) = body else { return self.left() };
        if aborted {
            return self.drops(task, body);
        }
        match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(self))) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => self.ends(task, &*body, Ending::Returned, None),
            Err(panic) => self.panics(task, &mut body, panic),
        }
        self.after_poll(task, body)
    }

    /// Begins a poll: what to poll, and whether to drop it instead.
    #[inline]
    pub(super) fn begins(&self, task: u32, scheduler: u32) -> (Option<Boxed>, bool) {
        let mut tables = self.tables.borrow_mut();
        self.newest.set(tables.tasks.len() as u32);
        let row = &mut tables.tasks[task as usize];
        self.enter(row, task, scheduler);
        (row.body.take(), row.aborted)
    }

    /// There is nothing to poll any more.
    #[cold]
    pub(super) fn left(&self) -> Left {
        self.leave();
        Left::Ended
    }

    #[cold]
    pub(super) fn panics(&self, task: u32, body: &mut Boxed, panic: Box<dyn Any + Send>) {
        // The future is dropped before anybody learns of the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        self.ends_by_panic(task, &**body, panic);
    }

    pub(super) fn ends_by_panic(&self, task: u32, body: &dyn Body, panic: Box<dyn Any + Send>) {
        let text = panic_text(&*panic);
        self.tables.borrow_mut().panics.push((task, text));
        let error = JoinError::panicked(task, self.id_of(task), panic);
        self.ends(task, body, Ending::Panicked, Some(error));
    }

    #[inline]
    pub(super) fn after_poll(&self, task: u32, body: Boxed) -> Left {
        self.settle_wakes();
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.tasks[task as usize];
        if row.phase == Phase::Done || row.aborted {
            drop(tables);
            return self.after_end(task, body);
        }
        row.body = Some(body);
        self.note(row);
        let woken = row.notified | self.notified.get();
        row.phase = if woken { Phase::Ready } else { Phase::Waiting };
        let core = row.core;
        if woken && !self.is_many(core) {
            self.queue(tables, core, task);
        }
        if self.abandons.get() {
            self.tells_abandoned();
        }
        self.leave();
        if woken { Left::Ready } else { Left::Waiting }
    }

    pub(super) fn after_end(&self, task: u32, mut body: Boxed) -> Left {
        let done = self.tables.borrow().tasks[task as usize].phase == Phase::Done;
        if !done {
            // It aborted itself: dropped at its first Pending (life-013).
            return self.drops(task, body);
        }
        let waker = body.as_mut().take_waker();
        drop(body);
        self.wakers.borrow_mut().give_back(task, waker);
        self.note_end(task);
        self.leave();
        // What was dropped may have woken somebody.
        self.settle_wakes();
        Left::Ended
    }

    /// A poll ends with the end of an aborted task.
    #[cold]
    pub(super) fn drops(&self, task: u32, body: Boxed) -> Left {
        self.drop_future(task, body);
        self.note_end(task);
        self.leave();
        self.settle_wakes();
        Left::Ended
    }

    #[cold]
    pub(super) fn tells_abandoned(&self) {
        let abandoned = std::mem::take(&mut *self.abandoned.borrow_mut());
        abandoned.into_iter().for_each(|other| self.tells(event::ABANDONED, other, 0));
    }

    /// Drops the future of an aborted task and ends it.
    pub(super) fn drop_future(&self, task: u32, mut body: Boxed) {
        let dropped = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        match dropped {
            Ok(()) => {
                let error = JoinError::cancelled(task, self.id_of(task));
                self.ends(task, &*body, Ending::Cancelled, Some(error));
            }
            Err(panic) => self.ends_by_panic(task, &*body, panic),
        }
    }

    /// Ends a task whose future will not be polled again, wherever it stands.
    pub(super) fn cancel(&self, task: u32) {
        let taken = self.tables.borrow_mut().tasks[task as usize].body.take();
        let Some(body) = taken else { return };
        self.takes_turn(task);
        self.drop_future(task, body);
    }

    #[inline]
    pub(super) fn ends(
        &self,
        task: u32,
        body: &dyn Body,
        ending: Ending,
        error: Option<JoinError>,
    ) {
        self.ended(task, ending);
        let settled = AssertUnwindSafe(|| body.settle(error, self));
        // An output that panics when it is dropped harms nobody: tokio swallows it, too.
        let _ = catch_unwind(settled);
    }

    /// A task counts as finished from here on.
    pub(super) fn ended(&self, task: u32, ending: Ending) {
        self.writes_end(task);
        self.changes_the_living();
        let holds = {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            row.phase = Phase::Done;
            row.ending = Some(ending);
            (!tables.holds.is_empty()).then(|| tables.take_holds(task))
        };
        let kind = match ending {
            Ending::Returned => event::RETURNED,
            Ending::Cancelled => event::CANCELLED,
            Ending::Panicked => event::PANICKED,
        };
        self.tells_of(task, kind, 0, 0);
        holds.into_iter().flatten().for_each(|label| self.released(task, &label));
    }

    /// Aborts a task: it is dropped when it is its turn. tokio 1.54, runtime/task/state.rs,
    /// `transition_to_notified_and_cancel`.
    pub(super) fn abort(&self, task: u32) {
        self.writes_abort(task);
        {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            if row.phase == Phase::Done || row.aborted {
                return;
            }
            row.aborted = true;
        }
        // It cannot be aborted once more.
        self.changes_the_living();
        self.wake(task);
    }

    pub(super) fn is_finished(&self, task: u32) -> bool {
        self.reads_end(task);
        self.tables.borrow().tasks.get(task as usize).is_none_or(|row| row.phase == Phase::Done)
    }

    /// Drops all tasks of a runtime that shuts down, in the order of their making, without a budget
    /// (coop-010, rtd-001).
    pub(super) fn shut_down(&self, core: u32) {
        self.tables.borrow_mut().cores[core as usize].shut = true;
        let mut task = 0;
        loop {
            let tables = self.tables.borrow();
            let Some(row) = tables.tasks.get(task as usize) else { break };
            let mine = row.core == core && row.phase != Phase::Done && row.role != Role::Root;
            drop(tables);
            if mine {
                self.outside(NOBODY, || self.cancel(task));
            }
            task += 1;
        }
    }
}
