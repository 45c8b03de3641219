//! The handle through which code reaches its runtime: what `tokio::` is elsewhere.

use super::{
    desk::{Desk, NOBODY, Place},
    join::{Id, JoinHandle},
    kind::event,
    profile::{Profile, TOKIO_1_54},
    table::Role,
};
use std::{borrow::Cow, fmt, future::Future, panic::Location, rc::Rc};

/// Reaches a runtime, or nothing but its thread. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) desk: Rc<Desk>,
    core: u32,
}

impl Handle {
    pub(super) fn new(desk: Rc<Desk>, core: u32) -> Self {
        Handle { desk, core }
    }

    /// A thread of its own without a runtime, under the rules of tokio 1.54.
    pub fn outside() -> Self {
        Handle::outside_of(&TOKIO_1_54)
    }

    /// The same under another profile.
    pub fn outside_of(profile: &'static Profile) -> Self {
        Handle::new(Rc::new(Desk::new(profile)), NOBODY)
    }

    /// The queue of its runtime.
    ///
    /// # Panics
    /// If there is none.
    pub(super) fn core(&self) -> u32 {
        assert!(
            self.core != NOBODY,
            "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
        );
        self.core
    }

    /// Starts a task; it runs when it is its turn.
    ///
    /// # Panics
    /// If there is no runtime.
    #[track_caller]
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.spawn_on(self.core(), future)
    }

    /// Starts a task that reports call by this name.
    ///
    /// # Panics
    /// If there is no runtime.
    #[track_caller]
    pub fn spawn_named<F: Future + 'static>(
        &self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<F::Output> {
        let handle = self.spawn_on(self.core(), future);
        self.desk.labels(handle.task(), label.into());
        handle
    }

    /// Starts a task that must be done when the run ends: if it is not, that is a deadlock.
    ///
    /// # Panics
    /// If there is no runtime.
    #[track_caller]
    pub fn spawn_client<F: Future + 'static>(
        &self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<F::Output> {
        let handle = self.spawn_named(label, future);
        self.desk.tables.borrow_mut().tasks[handle.task() as usize].role = Role::Client;
        handle
    }

    /// Runs a closure that may block, on a thread of its own.
    ///
    /// # Panics
    /// If there is no runtime.
    #[track_caller]
    pub fn spawn_blocking<T: 'static>(&self, run: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
        let desk = Rc::clone(&self.desk);
        let blocking = async move { desk.aside(run) };
        let handle = self.spawn_named("blocking", blocking);
        self.desk.tables.borrow_mut().tasks[handle.task() as usize].role = Role::Blocking;
        handle
    }

    #[track_caller]
    pub(super) fn spawn_on<F: Future + 'static>(
        &self,
        core: u32,
        future: F,
    ) -> JoinHandle<F::Output> {
        let task = self.desk.spawn(core, Location::caller(), future, None);
        JoinHandle::new(Rc::clone(&self.desk), task)
    }

    /// The task that is polled; `None` outside of every task.
    pub fn task_id(&self) -> Option<Id> {
        let me = self.desk.me();
        let tables = self.desk.tables.borrow();
        tables.tasks.get(me as usize).filter(|row| row.role != Role::Root).map(|row| Id(row.id))
    }

    /// The primitive that is made next goes by this name in reports.
    pub fn named(&self, name: &'static str) -> &Self {
        self.desk.name.set(Some(name));
        self
    }

    /// The task declares that it holds something from now on; it releases it at its end at the latest.
    pub fn hold(&self, label: impl Into<Cow<'static, str>>) {
        let label = label.into();
        let hash = self.desk.label_hash(&label);
        self.desk.writes_label(hash);
        let me = self.desk.me();
        if me != NOBODY {
            self.desk.tables.borrow_mut().holds.push((me, label));
        }
        self.desk.tells(event::HOLD, 0, hash);
    }

    /// The task declares that it holds something no longer.
    pub fn release(&self, label: impl Into<Cow<'static, str>>) {
        let label = label.into();
        let me = self.desk.me();
        let mut tables = self.desk.tables.borrow_mut();
        let this = |(holder, held): &(u32, Cow<'static, str>)| *holder == me && *held == label;
        let Some(at) = tables.holds.iter().position(this) else { return };
        tables.holds.remove(at);
        drop(tables);
        self.desk.released(me, &label);
    }

    /// The task has reached a point that an invariant may look for.
    pub fn mark(&self, label: impl Into<Cow<'static, str>>) {
        let hash = self.desk.label_hash(&label.into());
        self.desk.tells(event::MARK, 0, hash);
    }

    pub(super) fn place(&self, (index, id): (u32, u64)) -> Place {
        Place { desk: Rc::clone(&self.desk), index, id }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("profile", &self.desk.profile.name).finish_non_exhaustive()
    }
}
