//! `JoinSet`: rules `js-*`, `cost-joinset-*`; tokio 1.54, task/join_set.rs, util/idle_notified_set.rs.
//!
//! Each task has a waker of its own that puts it on the list of those to be looked at, in the order in
//! which they ended, and wakes whoever waits for the set. Without a budget the task that is looked at
//! is pending: then the set wakes its waiter at once, and the task comes back later.

use super::super::{
    desk::{Desk, Held, Place},
    handle::Handle,
    join::{AbortHandle, JoinError, JoinHandle},
    kind::Op,
    table::Phase,
    waker::Waiter,
};
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker, ready},
};

type Outcome<T> = Result<T, JoinError>;

/// What the wakers of a set share.
#[derive(Default)]
struct Lists {
    /// Whom to look at, in the order in which they were woken.
    woken: VecDeque<u64>,
    waiter: Option<Waker>,
}

#[derive(Default)]
struct Board(Mutex<Lists>);

impl Board {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever polls waits from now on; the next to look at, if there is one.
    fn next(&self, waiter: Option<&Waker>) -> Option<u64> {
        let mut lists = self.lists();
        let mut before = None;
        if let Some(waiter) = waiter {
            let same = lists.waiter.as_ref().is_some_and(|old| old.will_wake(waiter));
            if !same {
                before = lists.waiter.replace(waiter.clone());
            }
        }
        let next = lists.woken.pop_front();
        drop(lists);
        drop(before);
        next
    }
}

/// The waker of one task of a set.
struct Bell {
    board: Arc<Board>,
    number: u64,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut lists = self.board.lists();
        if lists.woken.contains(&self.number) {
            return;
        }
        lists.woken.push_back(self.number);
        let waiter = lists.waiter.take();
        drop(lists);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// The set as the desk knows it.
struct Known {
    place: Place,
    board: Arc<Board>,
    /// The tasks that ever were in it; a ghost, for reports.
    members: RefCell<Vec<u32>>,
}

impl Held for Known {
    fn words(&self, words: &mut Vec<u64>) {
        let lists = self.board.lists();
        words.push(u64::from(lists.waiter.is_some()));
        words.extend(&lists.woken);
    }

    fn is_there(&self, _: Op) -> bool {
        !self.board.lists().woken.is_empty()
    }

    fn holders(&self, _: Op) -> (&'static str, Vec<u32>) {
        let tables = self.place.desk.tables.borrow();
        let runs = |task: &u32| tables.tasks[*task as usize].phase != Phase::Done;
        ("", self.members.borrow().iter().copied().filter(runs).collect())
    }
}

/// Goes with the future of a task: the order in which tasks of a set end counts.
struct Ends(Rc<Known>);

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.0.place.desk.closing.get() {
            self.0.place.changes();
        }
    }
}

struct Entry<T> {
    handle: JoinHandle<T>,
    bell: Waker,
}

/// Tasks that are joined in the order in which they end; dropped, it aborts them.
pub struct JoinSet<T> {
    known: Rc<Known>,
    handle: Handle,
    entries: BTreeMap<u64, Entry<T>>,
    /// How many there ever were.
    made: u64,
}

impl Handle {
    /// An empty set of tasks of this runtime.
    #[track_caller]
    pub fn join_set<T: 'static>(&self) -> JoinSet<T> {
        let site = Location::caller();
        let known = Rc::new_cyclic(|me: &std::rc::Weak<Known>| {
            let place = self.place(self.desk.adopt("join set", site, me.clone()));
            Known { place, board: Arc::default(), members: RefCell::default() }
        });
        JoinSet { known, handle: self.clone(), entries: BTreeMap::new(), made: 0 }
    }
}

impl<T: 'static> JoinSet<T> {
    /// Starts a task in the set.
    #[track_caller]
    pub fn spawn<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        self.insert(future)
    }

    /// Starts a task that reports call by this name.
    #[track_caller]
    pub fn spawn_named<F: Future<Output = T> + 'static>(
        &mut self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) -> AbortHandle {
        let abort = self.insert(future);
        self.handle.desk.labels(abort.task(), label.into());
        abort
    }

    #[track_caller]
    fn insert<F: Future<Output = T> + 'static>(&mut self, future: F) -> AbortHandle {
        let desk = &self.handle.desk;
        let ends = Ends(Rc::clone(&self.known));
        let counted = async move {
            let _ends = ends;
            future.await
        };
        self.known.place.changes();
        self.made += 1;
        let bell = Bell { board: Arc::clone(&self.known.board), number: self.made };
        let bell = Waker::from(Arc::new(bell));
        let (core, site) = (self.handle.core(), Location::caller());
        let task = desk.spawn(core, site, counted, Some(bell.clone()));
        let handle = JoinHandle::new(Rc::clone(desk), task);
        let abort = handle.abort_handle();
        self.known.members.borrow_mut().push(task);
        self.entries.insert(self.made, Entry { handle, bell });
        abort
    }
}

impl<T> JoinSet<T> {
    fn desk(&self) -> &Desk {
        &self.known.place.desk
    }

    /// Aborts all; they stay in the set until they are joined (`js-002`).
    pub fn abort_all(&mut self) {
        self.entries.values().for_each(|entry| entry.handle.abort());
    }

    fn forget_woken(&self) {
        self.known.board.lists().woken.clear();
    }
}

impl<T: 'static> JoinSet<T> {
    /// The outcome of the next task that ends, in the order of the ends; `None` if the set is empty.
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Outcome<T>>> + use<'_, T> {
        let site = Location::caller();
        poll_fn(move |cx| self.poll_at(cx, site))
    }

    /// As [`JoinSet::join_next`], polled by hand.
    #[track_caller]
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T>>> {
        self.poll_at(cx, Location::caller())
    }

    fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Option<Outcome<T>>> {
        let desk = Rc::clone(&self.known.place.desk);
        ready!(desk.gives_way(cx));
        if self.entries.is_empty() {
            return Poll::Ready(None);
        }
        self.known.place.changes();
        let Some(number) = self.next(Some(cx.waker())) else {
            desk.waits_for(Op::JoinNext, self.known.place.index, Some(site), cx);
            return Poll::Pending;
        };
        if let Poll::Ready(outcome) = self.look_at(number) {
            self.known.place.acts(Op::JoinNext);
            return Poll::Ready(Some(outcome));
        }
        // Only a lack of budget makes it pending.
        Waiter::of(&desk, cx).wake(&desk);
        Poll::Pending
    }

    /// Whom to look at next. Who was taken out of the set meanwhile is passed over.
    fn next(&self, waiter: Option<&Waker>) -> Option<u64> {
        loop {
            let number = self.known.board.next(waiter)?;
            if self.entries.contains_key(&number) {
                return Some(number);
            }
        }
    }

    /// Polls a handle with its own waker, and forgets it once it has given its outcome.
    fn look_at(&mut self, number: u64) -> Poll<Outcome<T>> {
        let entry = self.entries.get_mut(&number).expect("who was woken is in the set");
        let mut cx = Context::from_waker(&entry.bell);
        let outcome = ready!(Pin::new(&mut entry.handle).poll(&mut cx));
        self.entries.remove(&number);
        Poll::Ready(outcome)
    }

    /// The outcome of a task that has ended, if there is one; it needs no budget.
    pub fn try_join_next(&mut self) -> Option<Outcome<T>> {
        let desk = Rc::clone(&self.known.place.desk);
        self.known.place.acts(Op::JoinNext);
        let outcome = loop {
            let Some(number) = self.next(None) else { break None };
            let looked = desk.with_unconstrained(|| self.look_at(number));
            if let Poll::Ready(outcome) = looked {
                break Some(outcome);
            }
        };
        desk.sees(u64::from(outcome.is_some()));
        outcome
    }

    /// Aborts all and waits for them.
    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> + use<'_, T> {
        let site = Location::caller();
        async move {
            self.abort_all();
            while poll_fn(|cx| self.poll_at(cx, site)).await.is_some() {}
        }
    }

    /// The outputs of all, in the order in which they end.
    ///
    /// # Panics
    /// If one of them panicked or was aborted.
    #[track_caller]
    pub fn join_all(mut self) -> impl Future<Output = Vec<T>> + use<T> {
        let site = Location::caller();
        async move {
            let mut outputs = Vec::with_capacity(self.entries.len());
            while let Some(outcome) = poll_fn(|cx| self.poll_at(cx, site)).await {
                match outcome {
                    Ok(output) => outputs.push(output),
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(error) => panic!("{error}"),
                    },
                }
            }
            outputs
        }
    }

    /// Empties the set; the tasks run on.
    pub fn detach_all(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        self.forget_woken();
        drop(entries);
    }

    /// How many tasks are in the set.
    pub fn len(&self) -> usize {
        self.known.place.looks(self.entries.len() as u64);
        self.entries.len()
    }

    /// True if no task is in the set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        if !self.desk().closing.get() {
            self.abort_all();
            self.forget_woken();
        }
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.entries.len()).finish()
    }
}
