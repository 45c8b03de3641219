//! What tasks share: channels, locks, notifications.
//!
//! Each is made from a handle ([`Handle::channel`](super::Handle::channel), ..). Its methods are
//! tokio's. A primitive keeps its own state; the desk knows of it what counts: its footprint, its
//! words for the state of the world, whether a waiter would get what it waits for.

mod batch;
mod crowd;
pub mod mpsc;
pub mod oneshot;
mod semaphore;
#[cfg(test)]
mod tests;
pub mod watch;

pub use semaphore::{AcquireError, Acquiring, Semaphore, SemaphorePermit, TryAcquireError};
