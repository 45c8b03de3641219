//! What the suite is written against, as the simulated world of tasks.

use atropos::task::{self, sync::DuplexStream};
use std::{
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

pub(crate) use atropos::task::{
    AbortHandle, AbortOnDropHandle, JoinError, MissedTickBehavior, join, select,
};

/// What tasks share.
pub(crate) type Shared<T> = std::rc::Rc<T>;

/// A future of any kind that a task may hold.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Which release's rules hold, by its place among the profiles: the suite names none.
static PROFILE: AtomicUsize = AtomicUsize::new(0);

/// From here on the rules of this release hold.
pub(crate) fn use_profile(name: &str) {
    let place = task::PROFILES.iter().position(|profile| profile.name == name);
    PROFILE.store(place.expect("a profile"), Ordering::Relaxed);
}

/// One thread that runs tasks, with a paused clock.
pub(crate) struct Runtime(task::Runtime);

impl Runtime {
    /// A runtime on the thread of the handle.
    pub(crate) fn new(thread: &Handle) -> Self {
        Self(task::Runtime::new(thread))
    }

    /// A runtime that has no clock.
    pub(crate) fn without_time(thread: &Handle) -> Self {
        Self(task::Runtime::without_time(thread))
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle(self.0.handle())
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// The handle of the world; what is not here is the same there.
#[derive(Clone)]
pub(crate) struct Handle(task::Handle);

impl Deref for Handle {
    type Target = task::Handle;

    fn deref(&self) -> &task::Handle {
        &self.0
    }
}

impl Handle {
    /// The handle of a thread without a runtime.
    pub(crate) fn outside() -> Self {
        Self(task::Handle::outside_of(task::PROFILES[PROFILE.load(Ordering::Relaxed)]))
    }

    /// A busy thread takes no simulated time.
    pub(crate) fn busy(&self, _: Duration) {}

    /// Bytes in both directions: what carries them is not simulated.
    pub(crate) fn unix_pair(&self) -> (DuplexStream, DuplexStream) {
        self.duplex(4096)
    }
}
