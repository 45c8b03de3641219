//! `Semaphore`: rules `sem-*`, `cost-semaphore`, `comb-015`; tokio 1.54, sync/semaphore.rs.

use super::{
    super::{handle::Handle, kind::Op},
    batch::{Acquire, Batch, Closed, Taker},
};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// Permits that tasks take and give back.
pub struct Semaphore {
    batch: Rc<Batch>,
}

/// The semaphore is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl std::error::Error for AcquireError {}

/// Why no permit was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed.
    Closed,
    /// Too few are free.
    NoPermits,
}

impl Handle {
    /// A semaphore with so many permits.
    #[track_caller]
    pub fn semaphore(&self, permits: usize) -> Semaphore {
        Semaphore { batch: Batch::new(self, "semaphore", Location::caller(), permits) }
    }
}

impl Semaphore {
    /// How many permits are free.
    pub fn available_permits(&self) -> usize {
        self.batch.available()
    }

    /// Adds permits.
    pub fn add_permits(&self, permits: usize) {
        self.batch.place.acts(Op::AddPermits);
        self.batch.add(permits);
    }

    /// Takes free permits away for good; how many it were.
    pub fn forget_permits(&self, most: usize) -> usize {
        self.batch.forget(most)
    }

    /// Ends all waiting.
    pub fn close(&self) {
        self.batch.close();
    }

    /// True if it is closed.
    pub fn is_closed(&self) -> bool {
        self.batch.is_closed()
    }

    /// Waits for a permit.
    #[track_caller]
    pub fn acquire(&self) -> Acquiring {
        self.acquire_many(1)
    }

    /// Waits for permits.
    #[track_caller]
    pub fn acquire_many(&self, permits: u32) -> Acquiring {
        let acquire = Acquire::new(&self.batch, Op::Acquire, permits as usize, Location::caller());
        Acquiring { acquire, batch: Rc::clone(&self.batch), permits }
    }

    /// The same; permits of this world outlive a borrow anyway.
    #[track_caller]
    pub fn acquire_owned(self: Rc<Self>) -> Acquiring {
        self.acquire_many(1)
    }

    /// Takes a permit if one is free.
    pub fn try_acquire(&self) -> Result<SemaphorePermit, TryAcquireError> {
        match self.batch.try_acquire(Op::TryAcquire, 1) {
            Ok(true) => Ok(SemaphorePermit::of(&self.batch, 1)),
            Ok(false) => Err(TryAcquireError::NoPermits),
            Err(Closed) => Err(TryAcquireError::Closed),
        }
    }
}

/// See [`Semaphore::acquire`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Acquiring {
    acquire: Acquire,
    batch: Rc<Batch>,
    permits: u32,
}

impl Future for Acquiring {
    type Output = Result<SemaphorePermit, AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let taken = ready!(self.acquire.poll(cx));
        let permit = || SemaphorePermit::of(&self.batch, self.permits);
        Poll::Ready(taken.map(|()| permit()).map_err(|Closed| AcquireError(())))
    }
}

/// Permits that come back when this is dropped.
#[must_use = "dropped, it gives the permit back"]
pub struct SemaphorePermit {
    batch: Rc<Batch>,
    permits: u32,
    taker: Taker,
}

impl SemaphorePermit {
    fn of(batch: &Rc<Batch>, permits: u32) -> Self {
        let taker = batch.is_taken(permits as usize);
        SemaphorePermit { batch: Rc::clone(batch), permits, taker }
    }

    /// Keeps the permits for good.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// How many.
    pub fn num_permits(&self) -> usize {
        self.permits as usize
    }
}

impl Drop for SemaphorePermit {
    fn drop(&mut self) {
        if self.permits > 0 && !self.batch.place.desk.closing.get() {
            self.batch.give_back(self.taker, self.permits as usize);
        }
    }
}
