//! `RwLock`: rules `cost-rwlock-*`; tokio 1.54, sync/rwlock.rs.
//!
//! A reader takes one permit and a writer all of them, in the order in which they came: a writer that
//! waits keeps later readers out.

use super::{
    super::{
        desk::{Held, Place},
        handle::Handle,
        kind::Op,
    },
    batch::{Acquire, Batch, Taker},
    mutex::TryLockError,
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{Future, poll_fn},
    ops::{Deref, DerefMut},
    panic::Location,
    rc::Rc,
    task::{Poll, ready},
};

/// How many may read at once.
const MAX_READS: usize = (u32::MAX >> 3) as usize;

struct Shared<T> {
    place: Place,
    batch: Rc<Batch>,
    /// The value; a writer takes it out.
    value: RefCell<Option<Rc<T>>>,
    /// What the last writer had seen.
    left: Cell<u64>,
}

impl<T> Shared<T> {
    fn reads(self: &Rc<Self>) -> RwLockReadGuard<T> {
        self.place.desk.sees(self.left.get());
        let (value, taker) = (self.value.borrow().clone(), self.batch.is_taken(1));
        RwLockReadGuard { value, taker, shared: Rc::clone(self) }
    }

    fn writes(self: &Rc<Self>) -> RwLockWriteGuard<T> {
        self.place.desk.sees(self.left.get());
        let (value, taker) = (self.value.borrow_mut().take(), self.batch.is_taken(MAX_READS));
        RwLockWriteGuard { value, taker, shared: Rc::clone(self) }
    }

    fn give_back(&self, taker: Taker, permits: usize) {
        if !self.place.desk.closing.get() {
            self.batch.give_back(taker, permits);
        }
    }
}

impl<T> Held for Shared<T> {
    fn words(&self, words: &mut Vec<u64>) {
        words.push(self.left.get());
        self.batch.words(words);
    }

    fn is_there(&self, op: Op) -> bool {
        self.batch.is_there(op) && (op == Op::Read || self.batch.free() == MAX_READS)
    }

    fn holders(&self, op: Op) -> (&'static str, Vec<u32>) {
        self.batch.holders(op)
    }
}

/// A value that many tasks may read or one may change.
pub struct RwLock<T> {
    shared: Rc<Shared<T>>,
}

impl Handle {
    /// A lock for readers and writers around a value.
    #[track_caller]
    pub fn rwlock<T: 'static>(&self, value: T) -> RwLock<T> {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared<T>>| {
            let place = self.place(self.desk.adopt("rwlock", site, me.clone()));
            Shared {
                batch: Batch::within(place.clone(), MAX_READS),
                place,
                value: RefCell::new(Some(Rc::new(value))),
                left: Cell::new(self.desk.seen()),
            }
        });
        RwLock { shared }
    }
}

impl<T> RwLock<T> {
    /// Waits until it may read.
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<T>> + use<T> {
        let shared = Rc::clone(&self.shared);
        let mut acquire = Acquire::new(&shared.batch, Op::Read, 1, Location::caller());
        poll_fn(move |cx| {
            ready!(acquire.poll(cx)).expect("a lock is never closed");
            Poll::Ready(shared.reads())
        })
    }

    /// Waits until it may write.
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<T>> + use<T> {
        let shared = Rc::clone(&self.shared);
        let mut acquire = Acquire::new(&shared.batch, Op::Write, MAX_READS, Location::caller());
        poll_fn(move |cx| {
            ready!(acquire.poll(cx)).expect("a lock is never closed");
            Poll::Ready(shared.writes())
        })
    }

    /// Reads, if nobody writes or waits to.
    pub fn try_read(&self) -> Result<RwLockReadGuard<T>, TryLockError> {
        match self.shared.batch.try_acquire(Op::Read, 1) {
            Ok(true) => Ok(self.shared.reads()),
            _ => Err(TryLockError(())),
        }
    }

    /// Writes, if nobody reads, writes or waits.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<T>, TryLockError> {
        match self.shared.batch.try_acquire(Op::Write, MAX_READS) {
            Ok(true) => Ok(self.shared.writes()),
            _ => Err(TryLockError(())),
        }
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

/// May read until it is dropped.
#[must_use = "dropped, it unlocks at once"]
pub struct RwLockReadGuard<T> {
    /// Gone only while it is dropped.
    value: Option<Rc<T>>,
    taker: Taker,
    shared: Rc<Shared<T>>,
}

impl<T> Deref for RwLockReadGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value")
    }
}

impl<T> Drop for RwLockReadGuard<T> {
    fn drop(&mut self) {
        // First: a writer wants to be the only one who has it.
        self.value = None;
        self.shared.give_back(self.taker, 1);
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// May write until it is dropped.
#[must_use = "dropped, it unlocks at once"]
pub struct RwLockWriteGuard<T> {
    /// Gone only while it is dropped. Nobody else has it.
    value: Option<Rc<T>>,
    taker: Taker,
    shared: Rc<Shared<T>>,
}

impl<T> Deref for RwLockWriteGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value")
    }
}

impl<T> DerefMut for RwLockWriteGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        let value = self.value.as_mut().expect("a guard has the value");
        Rc::get_mut(value).expect("a writer is alone")
    }
}

impl<T> Drop for RwLockWriteGuard<T> {
    fn drop(&mut self) {
        self.shared.value.replace(self.value.take());
        self.shared.left.set(self.shared.place.desk.seen());
        self.shared.give_back(self.taker, MAX_READS);
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
