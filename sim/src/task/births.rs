//! Tasks and primitives that are new.

use super::{
    body::Boxed,
    desk::{Desk, Held, Thing},
    kind::event,
    table::{NOBODY, OTHER, Origin, Phase, Tables, Task},
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

    /// Starts a task; `joiner` is told of its end.
    #[inline]
    pub(super) fn spawn(
        &self,
        core: u32,
        site: &'static Location<'static>,
        body: Boxed,
        joiner: Option<Waker>,
    ) -> u32 {
        self.settle_wakes();
        let mut tables = self.tables.borrow_mut();
        let row = Task {
            core,
            joiner: if joiner.is_some() { OTHER } else { NOBODY },
            body: Some(body),
            phase: Phase::Ready,
            wanted: true,
            ..Task::default()
        };
        let (task, id) = tables.add(row, self.me(), site);
        let shut = tables.cores[core as usize].shut || self.closing.get();
        if !shut {
            self.queues(tables, core, task);
        } else {
            drop(tables);
        }
        if let Some(joiner) = joiner {
            self.joins_by(task, joiner);
        }
        self.tells_birth(task, id);
        if shut {
            // Accepted and cancelled at once: rtd-005.
            self.cancel(task);
        }
        task
    }

    /// Reports call a task by this name.
    pub(super) fn labels(&self, task: u32, label: Cow<'static, str>) {
        self.tables.borrow_mut().labels.push((task, label));
    }

    #[inline]
    fn tells_birth(&self, task: u32, id: u64) {
        self.reads_wake(task);
        if self.me() != NOBODY {
            self.tells(event::SPAWNED, task, 0);
            self.sees(id);
            self.acts();
            self.changes_the_living();
        }
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
