//! Who waits for the end of a task, and what is left of it then.
//!
//! Nearly always that is a task, through its own waker: its number stands in the row of the task that
//! it joins. Any other waker stands aside. Whoever joins last replaces who was there, as in tokio.

use super::{
    body::Boxed,
    desk::Desk,
    kind::{Op, event},
    table::{NOBODY, OTHER, Phase, Tables, Task},
};
use std::{
    any::Any,
    task::{Context, Waker},
};

/// What a handle leaves behind that is dropped.
pub(super) struct Left {
    /// Its task owes a result that was asked for.
    pub(super) owed: bool,
    pub(super) ended: bool,
    /// The result, which nobody wants.
    pub(super) unwanted: Option<Boxed>,
}

impl Desk {
    /// Whoever polls joins a task. Once it has ended `into` gets its result, and what the task has
    /// seen is returned; before that whoever polls waits.
    ///
    /// # Panics
    /// If somebody took the result already.
    #[inline]
    pub(super) fn joins(&self, task: u32, cx: &Context<'_>, into: &mut dyn Any) -> Option<u64> {
        let me = self.owner_of(cx.waker());
        let joiner = if me == NOBODY { OTHER } else { me };
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.tasks[task as usize];
        if row.phase == Phase::Done {
            return Some(self.joins_ended(&mut tables, task, into));
        }
        let before = std::mem::replace(&mut row.joiner, joiner);
        drop(tables);
        if joiner == OTHER {
            self.joins_by(task, cx.waker().clone());
            self.waits_for(Op::Join, task, None, cx);
            return None;
        }
        if before == OTHER {
            self.forgets_other(task);
        }
        self.waits_for_end(joiner, task);
        None
    }

    #[inline]
    fn joins_ended(&self, tables: &mut Tables, task: u32, into: &mut dyn Any) -> u64 {
        let row = &mut tables.tasks[task as usize];
        row.owed = false;
        let (history, ending) = (row.history, row.ending);
        let mut body = row.body.take().expect("JoinHandle polled after completion");
        body.as_mut().give(into);
        tables.spare.take_back(body);
        let ending = ending.map_or(0, |ending| ending as u64);
        self.tells_in(tables, self.me(), event::JOINED, task, ending);
        history
    }

    /// Whoever has this waker joins a task.
    #[cold]
    pub(super) fn joins_by(&self, task: u32, waker: Waker) {
        let before = self.joiners.borrow_mut().insert(task, waker);
        drop(before);
    }

    #[cold]
    fn forgets_other(&self, task: u32) {
        let before = self.joiners.borrow_mut().remove(&task);
        drop(before);
    }

    /// The waker that joined a task is woken.
    #[cold]
    pub(super) fn wakes_other(&self, task: u32) {
        let joiner = self.joiners.borrow_mut().remove(&task);
        if let Some(joiner) = joiner {
            joiner.wake();
        }
    }

    /// The handle of a task is dropped.
    #[inline]
    pub(super) fn lets_go(&self, task: u32) -> Left {
        let mut tables = self.tables.borrow_mut();
        let Some(row) = tables.tasks.get_mut(task as usize) else {
            return Left { owed: false, ended: true, unwanted: None };
        };
        row.wanted = false;
        let joiner = std::mem::replace(&mut row.joiner, NOBODY);
        let ended = row.ending.is_some();
        let unwanted = if ended { row.body.take() } else { None };
        let owed = row.owed;
        drop(tables);
        if joiner == OTHER {
            self.forgets_other(task);
        }
        Left { owed, ended, unwanted }
    }
}

impl Tables {
    /// Who joins a task, and whether a handle exists, as a word of the state.
    pub(super) fn joiner_word(&self, row: &Task) -> u64 {
        if row.phase == Phase::Done || row.body.is_none() {
            return 0;
        }
        let joiner = match row.joiner {
            NOBODY => 0,
            OTHER => 1,
            task => self.tasks[task as usize].id,
        };
        joiner << 1 | u64::from(row.wanted)
    }
}
