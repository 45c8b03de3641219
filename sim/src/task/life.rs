//! Polls of tasks, and their ends: how they return, panic, are aborted and dropped.

use super::{
    body::Boxed,
    desk::Desk,
    join::JoinError,
    kind::event,
    table::{Ending, NOBODY, OTHER, Phase, Role},
    waker::OwnWaker,
};
use crate::panics::panic_text;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll, Waker},
};

/// What a poll begins with.
struct Begun {
    /// What to poll.
    body: Option<Boxed>,
    /// It is dropped instead.
    aborted: bool,
    /// It has a waker of its own.
    keeps: bool,
}

/// Where a task stands that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Among those of many threads, in no order.
    Any,
    /// At the front of a queue, out of which it is taken.
    Front(u32),
    /// In a queue, out of which it was taken.
    Taken,
}

/// How a move left the task that it polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It waits to be woken.
    Waiting,
    /// It was woken already: on many threads its move stays, elsewhere it stands in its queue.
    Ready,
    /// It has ended.
    Ended,
    /// It has returned, and that is not told yet.
    Returned,
}

impl Desk {
    /// As [`Desk::run`], within the poll of another task or outside of every scheduler.
    pub(super) fn run_within(&self, task: u32, scheduler: u32) -> Left {
        let before = self.turn();
        self.forgets_abandoned();
        let mut own = self.wakers.borrow_mut().take();
        let mut left = self.run(task, scheduler, Stand::Taken, &mut own);
        if left == Left::Returned {
            self.tells_of(task, event::RETURNED, 0, 0);
            left = Left::Ended;
        }
        self.wakers.borrow_mut().give_back(own);
        self.set_turn(before);
        left
    }

    /// Polls a task that is ready, or drops its future if it was aborted; `own` is the waker of
    /// whoever has none of his own.
    #[inline(always)]
    pub(super) fn run(&self, task: u32, scheduler: u32, from: Stand, own: &mut OwnWaker) -> Left {
        self.takes_turn(task);
        let Begun { body, aborted, keeps } = self.begins(task, scheduler, from);
        let Some(mut body) = body else { return self.left() };
        if aborted | keeps {
            return self.runs_rarely(task, from, body, aborted);
        }
        let polled = self.polls(&mut body, own.of(task));
        if own.was_cloned() {
            self.keeps_waker(task, own);
        }
        self.polled(task, from, body, polled)
    }

    /// What is polled for the last time, or has a waker of its own.
    #[cold]
    fn runs_rarely(&self, task: u32, from: Stand, mut body: Boxed, aborted: bool) -> Left {
        if aborted {
            return self.drops(task, body);
        }
        let kept = self.wakers.borrow().of(task);
        let polled = self.polls(&mut body, &kept);
        self.polled(task, from, body, polled)
    }

    #[inline(always)]
    fn polls(&self, body: &mut Boxed, waker: &Waker) -> std::thread::Result<Poll<()>> {
        self.own_waker.set(waker.data());
        let mut cx = Context::from_waker(waker);
        catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut cx)))
    }

    #[inline(always)]
    fn polled(
        &self,
        task: u32,
        from: Stand,
        body: Boxed,
        polled: std::thread::Result<Poll<()>>,
    ) -> Left {
        match polled {
            Ok(Poll::Pending) => self.pends(task, from, body),
            Ok(Poll::Ready(())) => self.returns(task, body),
            Err(panic) => self.panics(task, body, panic),
        }
    }

    /// Begins a poll.
    #[inline]
    fn begins(&self, task: u32, scheduler: u32, from: Stand) -> Begun {
        let mut tables = self.tables.borrow_mut();
        if let Stand::Front(core) = from {
            tables.cores[core as usize].takes(task);
        }
        self.newest.set(tables.tasks.len() as u32);
        let row = &mut tables.tasks[task as usize];
        self.enter(row, task, scheduler);
        Begun { body: row.body.take(), aborted: row.aborted, keeps: row.keeps }
    }

    /// The task has cloned the waker, which serves nobody else from now on.
    #[cold]
    fn keeps_waker(&self, task: u32, own: &mut OwnWaker) {
        let mut wakers = self.wakers.borrow_mut();
        let next = wakers.take();
        wakers.keep(task, std::mem::replace(own, next));
        self.tables.borrow_mut().tasks[task as usize].keeps = true;
    }

    /// There is nothing to poll any more.
    #[cold]
    fn left(&self) -> Left {
        self.leave();
        Left::Ended
    }

    /// The usual end: a task joins it or may do so, and nothing is dropped.
    #[inline(always)]
    fn returns(&self, task: u32, body: Boxed) -> Left {
        self.settle_wakes();
        let mut tables = self.tables.borrow_mut();
        let holds = !tables.holds.is_empty();
        let row = &mut tables.tasks[task as usize];
        let joiner = row.joiner;
        if joiner == OTHER || !row.wanted || holds {
            drop(tables);
            return self.returns_otherwise(task, body);
        }
        (row.phase, row.ending) = (Phase::Done, Some(Ending::Returned));
        (row.body, row.joiner) = (Some(body), NOBODY);
        self.note(row);
        if joiner == NOBODY {
            drop(tables);
        } else {
            self.wake_in(tables, joiner);
            self.reads_wake(joiner);
        }
        self.records_end(task);
        self.forgets_abandoned();
        self.leave();
        Left::Returned
    }

    #[inline(never)]
    fn returns_otherwise(&self, task: u32, body: Boxed) -> Left {
        self.ends(task, body, Ending::Returned);
        self.note_end(task);
        self.leaves()
    }

    #[cold]
    fn panics(&self, task: u32, mut body: Boxed, panic: Box<dyn Any + Send>) -> Left {
        // The future is dropped before anybody learns of the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        self.ends_by_panic(task, body, panic);
        self.note_end(task);
        self.leaves()
    }

    fn ends_by_panic(&self, task: u32, mut body: Boxed, panic: Box<dyn Any + Send>) {
        let text = panic_text(&*panic);
        self.tables.borrow_mut().panics.push((task, text));
        body.as_mut().fails(JoinError::panicked(task, self.id_of(task), panic));
        self.ends(task, body, Ending::Panicked);
    }

    /// A poll came to Pending.
    #[inline(always)]
    fn pends(&self, task: u32, from: Stand, body: Boxed) -> Left {
        self.settle_wakes();
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.tasks[task as usize];
        if row.aborted {
            drop(tables);
            // It aborted itself: dropped at its first Pending (life-013).
            return self.drops(task, body);
        }
        row.body = Some(body);
        self.note(row);
        let woken = row.notified | self.notified.get();
        row.phase = if woken { Phase::Ready } else { Phase::Waiting };
        let core = u32::from(row.core);
        if woken && from != Stand::Any {
            self.queues(tables, core, task);
        } else {
            drop(tables);
        }
        if self.abandons.get() {
            self.tells_abandoned();
        }
        self.leave();
        if woken { Left::Ready } else { Left::Waiting }
    }

    /// A poll ends with the end of an aborted task.
    #[cold]
    fn drops(&self, task: u32, body: Boxed) -> Left {
        self.drop_future(task, body);
        self.note_end(task);
        self.leaves()
    }

    /// The last poll of a task is over.
    #[inline]
    fn leaves(&self) -> Left {
        self.forgets_abandoned();
        self.leave();
        // What was dropped may have woken somebody.
        self.settle_wakes();
        Left::Ended
    }

    /// Who ends does not go on: what it abandoned does not count.
    #[inline]
    fn forgets_abandoned(&self) {
        if self.abandons.get() {
            self.abandons.set(false);
            self.abandoned.borrow_mut().clear();
        }
    }

    #[cold]
    pub(super) fn tells_abandoned(&self) {
        self.abandons.set(false);
        let abandoned = std::mem::take(&mut *self.abandoned.borrow_mut());
        abandoned.into_iter().for_each(|other| self.tells(event::ABANDONED, other, 0));
    }

    /// Drops the future of an aborted task and ends it.
    fn drop_future(&self, task: u32, mut body: Boxed) {
        let dropped = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        match dropped {
            Ok(()) => {
                body.as_mut().fails(JoinError::cancelled(task, self.id_of(task)));
                self.ends(task, body, Ending::Cancelled);
            }
            Err(panic) => self.ends_by_panic(task, body, panic),
        }
    }

    /// Ends a task whose future will not be polled again, wherever it stands.
    pub(super) fn cancel(&self, task: u32) {
        let taken = self.tables.borrow_mut().tasks[task as usize].body.take();
        let Some(body) = taken else { return };
        self.takes_turn(task);
        self.drop_future(task, body);
    }

    /// A task counts as finished from here on. Its body holds nothing but its result.
    #[inline(never)]
    fn ends(&self, task: u32, body: Boxed, ending: Ending) {
        self.settle_wakes();
        self.records_end(task);
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.tasks[task as usize];
        (row.phase, row.ending) = (Phase::Done, Some(ending));
        let joiner = std::mem::replace(&mut row.joiner, NOBODY);
        let unwanted = if row.wanted {
            row.body = Some(body);
            None
        } else {
            Some(body)
        };
        let holds = !tables.holds.is_empty();
        drop(tables);
        self.tells_of(task, ending.event(), 0, 0);
        if holds {
            self.releases_all(task);
        }
        // An output that panics when it is dropped harms nobody: tokio swallows it, too.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            match joiner {
                NOBODY => {}
                OTHER => self.wakes_other(task),
                joiner => self.wake(joiner),
            }
            drop(unwanted);
        }));
    }

    fn records_end(&self, task: u32) {
        self.writes_end(task);
        self.changes_the_living();
    }

    #[cold]
    fn releases_all(&self, task: u32) {
        let holds = self.tables.borrow_mut().take_holds(task);
        holds.into_iter().for_each(|label| self.released(task, &label));
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
            let mine =
                u32::from(row.core) == core && row.phase != Phase::Done && row.role != Role::Root;
            drop(tables);
            if mine {
                self.outside(NOBODY, || self.cancel(task));
            }
            task += 1;
        }
    }
}
