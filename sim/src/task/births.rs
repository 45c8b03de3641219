//! Tasks and primitives that are new.

use super::{
    body::Boxed,
    desk::{Desk, Held, Origin, Thing},
    kind::event,
    table::{NOBODY, Tables, Task},
};
use crate::{
    name,
    word::{Words, mix},
};
use std::{borrow::Cow, panic::Location, rc::Weak, task::Waker};

impl Desk {
    /// The id of what comes next of this kind, under the task that makes it.
    pub(super) fn next_id(&self, salt: u64, count: impl Fn(&mut Tables, u32) -> u32) -> u64 {
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let ordinal = count(&mut tables, me);
        let maker = tables.tasks.get(me as usize).map_or(name::root_id(), |row| row.id);
        mix(mix(maker, salt), u64::from(ordinal))
    }

    /// Makes a primitive known.
    pub(super) fn adopt(
        &self,
        word: &'static str,
        site: &'static Location<'static>,
        held: Weak<dyn Held>,
    ) -> (u32, u64) {
        let id = self.next_id(0x70, Tables::next_made);
        let mut things = self.things.borrow_mut();
        let name = self.name.take();
        things.push(Thing { id, word, name, site, held });
        (things.len() as u32 - 1, id)
    }

    /// A row for a new task.
    pub(super) fn add_task(
        &self,
        core: u32,
        label: Cow<'static, str>,
        site: &'static Location<'static>,
    ) -> u32 {
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let task = tables.tasks.len() as u32;
        assert!(task < Words::MAX_WHO, "a run has at most {} tasks", Words::MAX_WHO);
        let (parent, ordinal) = match tables.tasks.get_mut(me as usize) {
            Some(row) => {
                row.children += 1;
                (row.id, row.children)
            }
            None => {
                tables.roots += 1;
                (name::root_id(), tables.roots)
            }
        };
        let id = name::child_id(parent, ordinal);
        tables.tasks.push(Task { id, core, parent: me, ordinal, ..Task::default() });
        self.origins.borrow_mut().push(Origin { label, site });
        task
    }

    /// Gives a new task its future, and a place in the queue.
    pub(super) fn start(&self, task: u32, body: Boxed) {
        let (id, shut) = {
            let tables = &mut *self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            row.body = Some(body);
            (row.id, tables.cores[row.core as usize].shut)
        };
        if self.me() != NOBODY {
            self.tells(event::SPAWNED, task, 0);
            self.sees(id);
            self.acts();
            self.changes_the_living();
        }
        if shut || self.closing.get() {
            // Accepted and cancelled at once: rtd-005.
            self.cancel(task);
        } else {
            self.settle_wakes();
            self.reads_wake(task);
            self.wake_other(task);
        }
    }

    /// The waker of a task that is new.
    pub(super) fn waker_of(&self, task: u32) -> Waker {
        self.wakers.borrow_mut().of(task)
    }
}
