//! What tasks share: channels, locks, notifications.
//!
//! Each is made from a handle ([`Handle::channel`](super::Handle::channel), ..). Its methods are
//! tokio's. A primitive keeps its own state; the desk knows of it what counts: its footprint, its
//! words for the state of the world, whether a waiter would get what it waits for.

mod barrier;
mod batch;
pub mod broadcast;
mod cancellation;
mod crowd;
mod duplex;
mod join_set;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod rwlock;
mod semaphore;
mod send_error;
#[cfg(test)]
mod tests;
mod tracker;
pub mod watch;

pub use barrier::{Barrier, BarrierWaitResult};
pub use cancellation::{CancellationToken, Cancelled, DropGuard};
pub use duplex::DuplexStream;
pub use join_set::JoinSet;
pub use mutex::{Mutex, MutexGuard, TryLockError};
pub use notify::{Notified, Notify};
pub use once_cell::{OnceCell, SetError};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{AcquireError, Acquiring, Semaphore, SemaphorePermit, TryAcquireError};
pub use tracker::{TaskTracker, TaskTrackerToken};
