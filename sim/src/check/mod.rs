//! Exhaustive checking, and what keeps it honest.
//!
//! [`prove`] searches the schedules of a scenario's workload and watches its invariants. A [`Search`]
//! names who searches, a [`Claim`] what is to be shown of a variant without being asked. [`dpor`] runs
//! one schedule of each class, `states` visits each state once, `traces` counts every schedule by what
//! happened before what; the last two are walks, an odometer with memory. [`enumerate`] is the walk
//! that counts schedules by state, for worlds without a scenario. [`classes`] counts the schedules of
//! lc-v1 programs under each equivalence, [`observers`] what can be observed of a program in any
//! world. [`least`](mod@least) looks for the cheapest schedule that shows something. [`audit`] shows that footprints do not lie.

pub mod audit;
mod claim;
pub mod classes;
pub mod counting;
pub mod dpor;
mod engine;
pub mod enumerate;
pub mod least;
pub mod observers;
pub mod prove;
mod states;
mod traces;
mod walk;

pub use claim::Claim;
pub use engine::{Covered, Engine, Progress, Search};
pub(crate) use walk::Told;
