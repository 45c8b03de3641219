//! `Mutex`: rules `mtx-*`, `cost-mutex`; tokio 1.54, sync/mutex.rs.
//!
//! First come, first served; no poisoning. A guard holds the value itself and puts it back.

use super::{
    super::{
        desk::{Held, Place},
        handle::Handle,
        kind::Op,
    },
    batch::{Acquire, Batch, Taker},
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

struct Shared<T> {
    place: Place,
    batch: Rc<Batch>,
    /// The value, while nobody holds it.
    value: RefCell<Option<T>>,
    /// What the last holder had seen.
    left: Cell<u64>,
}

impl<T> Shared<T> {
    /// The lock is his: he sees what the last one left.
    fn guard(self: &Rc<Self>) -> MutexGuard<T> {
        self.place.desk.sees(self.left.get());
        let (value, taker) = (self.value.borrow_mut().take(), self.batch.is_taken(1));
        MutexGuard { value, taker, shared: Rc::clone(self) }
    }
}

impl<T> Held for Shared<T> {
    fn words(&self, words: &mut Vec<u64>) {
        words.push(self.left.get());
        self.batch.words(words);
    }

    fn is_there(&self, op: Op) -> bool {
        self.batch.is_there(op)
    }

    fn holders(&self, op: Op) -> (&'static str, Vec<u32>) {
        self.batch.holders(op)
    }

    fn text(&self) -> Option<String> {
        let held = if self.value.borrow().is_some() { "free" } else { "held" };
        Some(held.to_owned())
    }
}

/// A value that one task at a time may use.
pub struct Mutex<T> {
    shared: Rc<Shared<T>>,
}

impl Handle {
    /// A lock around a value.
    #[track_caller]
    pub fn mutex<T: 'static>(&self, value: T) -> Mutex<T> {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared<T>>| {
            let place = self.place(self.desk.adopt("mutex", site, me.clone()));
            Shared {
                batch: Batch::within(place.clone(), 1),
                place,
                value: RefCell::new(Some(value)),
                left: Cell::new(self.desk.seen()),
            }
        });
        Mutex { shared }
    }
}

impl<T> Mutex<T> {
    /// Waits for the lock. A future that is dropped loses its place (`mtx-001`).
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<T>> + use<T> {
        let shared = Rc::clone(&self.shared);
        let mut acquire = Acquire::new(&shared.batch, Op::Lock, 1, Location::caller());
        poll_fn(move |cx| {
            ready!(acquire.poll(cx)).expect("a mutex is never closed");
            Poll::Ready(shared.guard())
        })
    }

    /// The same; guards of this world outlive a borrow anyway.
    #[track_caller]
    pub fn lock_owned(self: Rc<Self>) -> impl Future<Output = MutexGuard<T>> + use<T> {
        self.lock()
    }

    /// The lock, if it is free.
    pub fn try_lock(&self) -> Result<MutexGuard<T>, TryLockError> {
        match self.shared.batch.try_acquire(Op::Lock, 1) {
            Ok(true) => Ok(self.shared.guard()),
            _ => Err(TryLockError(())),
        }
    }

    /// The value.
    ///
    /// # Panics
    /// If somebody holds the lock.
    pub fn into_inner(self) -> T {
        self.shared.place.desk.sees(self.shared.left.get());
        self.shared.value.borrow_mut().take().expect("nobody holds the lock")
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

/// The lock; dropped, it is free.
#[must_use = "dropped, it unlocks at once"]
pub struct MutexGuard<T> {
    /// Gone only while it is dropped.
    value: Option<T>,
    taker: Taker,
    shared: Rc<Shared<T>>,
}

impl<T> Deref for MutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value")
    }
}

impl<T> DerefMut for MutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("a guard has the value")
    }
}

impl<T> Drop for MutexGuard<T> {
    fn drop(&mut self) {
        self.shared.value.replace(self.value.take());
        if !self.shared.place.desk.closing.get() {
            self.shared.left.set(self.shared.place.desk.seen());
            self.shared.batch.give_back(self.taker, 1);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Somebody holds the lock.
#[derive(Debug, PartialEq, Eq)]
pub struct TryLockError(pub(super) ());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl std::error::Error for TryLockError {}
