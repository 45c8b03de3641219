//! `TaskTracker`: rules `tt-001`, `cost-tasktracker`; tokio-util 0.7, task/task_tracker.rs.

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        join::JoinHandle,
        kind::Op,
    },
    crowd::{Crowd, Seat},
};
use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Poll, ready},
};

struct Shared {
    place: Place,
    closed: Cell<bool>,
    tasks: Cell<usize>,
    /// How often it was closed and had become empty.
    rounds: Cell<u64>,
    crowd: Rc<Crowd>,
}

impl Shared {
    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    fn is_done(&self) -> bool {
        self.closed.get() && self.tasks.get() == 0
    }

    fn tells_if_done(&self) {
        if self.is_done() {
            self.rounds.set(self.rounds.get() + 1);
            self.crowd.wake_all(self.desk());
        }
    }
}

impl Held for Shared {
    fn words(&self, words: &mut Vec<u64>) {
        let (closed, tasks) = (u64::from(self.closed.get()), self.tasks.get() as u64);
        words.extend([closed, tasks, self.rounds.get()]);
        self.crowd.words(self.desk(), words);
    }

    fn is_there(&self, _: Op) -> bool {
        self.is_done()
    }
}

/// Counts tasks, and lets others wait until they are gone. Clones count together.
#[derive(Clone)]
pub struct TaskTracker {
    shared: Rc<Shared>,
    handle: Handle,
}

impl Handle {
    /// A tracker for tasks of this runtime.
    #[track_caller]
    pub fn task_tracker(&self) -> TaskTracker {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared>| Shared {
            place: self.place(self.desk.adopt("task tracker", site, me.clone())),
            closed: Cell::new(false),
            tasks: Cell::new(0),
            rounds: Cell::new(0),
            crowd: Rc::default(),
        });
        TaskTracker { shared, handle: self.clone() }
    }
}

impl TaskTracker {
    /// Starts a task that counts until its future is dropped.
    #[track_caller]
    pub fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        self.handle.spawn(self.track_future(future))
    }

    /// The same with a name for reports.
    #[track_caller]
    pub fn spawn_named<F: Future + 'static>(
        &self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) -> JoinHandle<F::Output> {
        self.handle.spawn_named(label, self.track_future(future))
    }

    /// The future, which counts from now until it is dropped.
    pub fn track_future<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let token = self.token();
        async move {
            let _token = token;
            future.await
        }
    }

    /// Something that counts until it is dropped.
    pub fn token(&self) -> TaskTrackerToken {
        self.shared.place.changes();
        self.shared.tasks.set(self.shared.tasks.get() + 1);
        TaskTrackerToken { shared: Rc::clone(&self.shared) }
    }

    /// Waits until it is closed and empty; it needs no budget.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = ()> + use<'_> {
        let site = Location::caller();
        let shared = &self.shared;
        let mut seat = Seat::new(&shared.crowd);
        let (was_done, rounds) = (shared.is_done(), shared.rounds.get());
        shared.place.looks(rounds << 1 | u64::from(was_done));
        poll_fn(move |cx| {
            ready!(shared.desk().gives_way(cx));
            if was_done || shared.is_done() || rounds != shared.rounds.get() {
                shared.place.acts(Op::TrackerWait);
                return Poll::Ready(());
            }
            shared.place.changes();
            seat.sit(shared.desk(), cx);
            shared.desk().waits_for(Op::TrackerWait, shared.place.index, Some(site), cx);
            Poll::Pending
        })
    }

    /// Lets those go on who wait, once it is empty; false if it was closed already.
    pub fn close(&self) -> bool {
        self.shared.place.acts(Op::Close);
        let was_open = !self.shared.closed.replace(true);
        self.shared.desk().sees(u64::from(was_open));
        if was_open {
            self.shared.tells_if_done();
        }
        was_open
    }

    /// Opens it again; false if it was open.
    pub fn reopen(&self) -> bool {
        self.shared.place.acts(Op::Close);
        let was_closed = self.shared.closed.replace(false);
        self.shared.desk().sees(u64::from(was_closed));
        was_closed
    }

    /// True if it is closed.
    pub fn is_closed(&self) -> bool {
        self.shared.place.looks(u64::from(self.shared.closed.get()));
        self.shared.closed.get()
    }

    /// How many tasks count.
    pub fn len(&self) -> usize {
        self.shared.place.looks(self.shared.tasks.get() as u64);
        self.shared.tasks.get()
    }

    /// True if no task counts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTracker").field("len", &self.shared.tasks.get()).finish()
    }
}

/// Counts until it is dropped.
pub struct TaskTrackerToken {
    shared: Rc<Shared>,
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.shared.tasks.set(self.shared.tasks.get() - 1);
        if !self.shared.desk().closing.get() {
            self.shared.place.changes();
            self.shared.desk().acts();
            self.shared.tells_if_done();
        }
    }
}

impl fmt::Debug for TaskTrackerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerToken").finish_non_exhaustive()
    }
}
