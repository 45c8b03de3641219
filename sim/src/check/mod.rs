//! Exhaustive checking, and what keeps it honest.
//!
//! [`enumerate`] visits every schedule by merging prefixes that lead to the same state: it is small
//! and the oracle that faster engines must match. [`classes`] counts the schedules of lc-v1 programs
//! under each equivalence. [`dpor`] runs one schedule of each class; [`prove`] does so for a
//! scenario and watches its invariants. [`observers`] counts what can be observed of a program in any
//! world. [`audit`] shows that footprints do not lie.

pub mod audit;
pub mod classes;
pub mod dpor;
pub mod enumerate;
pub mod observers;
pub mod prove;
mod traces;
