//! Step programs: asyncio in a small language, for the world and for real CPython alike.
//!
//! A program says what its tasks do, who holds which object, and when the collector runs; its trace
//! says what came of it. `scenarios/conformance/asyncio/README.md` lists the operations, and `dsl.py`
//! beside it is their definition on a real asyncio. What [`run`] plays gives the same lines.
//!
//! [`run`] plays it in one schedule, CPython's own; a [`StepsScenario`] is hunted like any other.

pub mod conform;
mod interpret;
mod json;
pub mod model;
mod parse;
mod play;
pub mod random;
mod scenario;
pub mod smaller;
mod write;

pub use play::{Played, in_order, play, run, set_up};
pub use scenario::StepsScenario;
