//! Tasks and primitives that are new.

use super::{
    desk::{Desk, Held, Thing},
    kind::event,
    table::{NOBODY, OTHER, Origin, Phase, Tables, Task},
};
use crate::{
    name,
    word::{Words, mix},
};
use std::{borrow::Cow, future::Future, panic::Location, rc::Weak, task::Waker};

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

    /// Starts a task; `joiner` is told of its end.
    #[inline]
    pub(super) fn spawn<F: Future + 'static>(
        &self,
        core: u32,
        site: &'static Location<'static>,
        future: F,
        joiner: Option<Waker>,
    ) -> u32 {
        // It is written before the row is made and read after that: read at once, it would wait for
        // the writes to be over.
        let mut future = Some(future);
        let (task, shut) = self.adds(core, site, joiner);
        let mut tables = self.tables.borrow_mut();
        tables.tasks[task as usize].body = Some(tables.spare.body(&mut future));
        drop(tables);
        if shut {
            // Accepted and cancelled at once: rtd-005.
            self.cancel(task);
        }
        task
    }

    /// A task without a future; true if it is cancelled at once.
    #[inline(never)]
    fn adds(
        &self,
        core: u32,
        site: &'static Location<'static>,
        joiner: Option<Waker>,
    ) -> (u32, bool) {
        self.settle_wakes();
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let row = Task {
            core: core as u16,
            joiner: if joiner.is_some() { OTHER } else { NOBODY },
            waits: NOBODY,
            phase: Phase::Ready,
            wanted: true,
            ..Task::default()
        };
        let (task, id) = tables.add(row, me, site);
        if me != NOBODY {
            self.tells_in(&mut tables, me, event::SPAWNED, task, 0);
        }
        let shut = tables.cores[core as usize].shut || self.closing.get();
        if !shut {
            self.queues(tables, core, task);
        } else {
            drop(tables);
        }
        if let Some(joiner) = joiner {
            self.joins_by(task, joiner);
        }
        self.reads_wake(task);
        if me != NOBODY {
            self.sees(id);
            self.acts();
            self.changes_the_living();
        }
        (task, shut)
    }

    /// Reports call a task by this name.
    pub(super) fn labels(&self, task: u32, label: Cow<'static, str>) {
        self.tables.borrow_mut().labels.push((task, label));
    }
}

impl Tables {
    /// Adds a row for a new task; returns its place and its id.
    #[inline]
    pub(super) fn add(
        &mut self,
        row: Task,
        parent: u32,
        site: &'static Location<'static>,
    ) -> (u32, u64) {
        let task = self.tasks.len() as u32;
        assert!(task < Words::MAX_WHO, "a run has at most {} tasks", Words::MAX_WHO);
        let (above, ordinal) = match self.tasks.get_mut(parent as usize) {
            Some(row) => {
                row.children += 1;
                (row.id, row.children)
            }
            None => {
                self.roots += 1;
                (name::root_id(), self.roots)
            }
        };
        let id = name::child_id(above, ordinal);
        // What it sends counts by its history: two tasks that do the same are two.
        self.tasks.push(Task { id, history: id, ..row });
        self.origins.push(Origin { parent, ordinal, site });
        (task, id)
    }
}
