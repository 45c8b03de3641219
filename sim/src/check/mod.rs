//! Exhaustive checking, and what keeps it honest.
//!
//! [`enumerate`] visits every schedule by merging prefixes that lead to the same state: it is small
//! and the oracle that faster engines must match. [`audit`] shows that footprints do not lie.

pub mod audit;
pub mod enumerate;
