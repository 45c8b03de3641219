//! Programs as data: what actors do, step by step, without a line of Rust.
//!
//! A program is a JSON file (`docs/program.md`); [`model`] is what it says. One interpreter executes
//! it over the process world, step by step with rest in between; [`observe`] tells what came of a
//! run in the words in which the BEAM vectors tell it, and [`explore`] all that can come of it.

pub mod conform;
pub mod explore;
mod interpret;
pub mod kv;
pub mod model;
pub mod observe;
pub mod parse;
pub mod random;
mod reach;
mod scenario;
mod script;
pub mod sup;
pub mod write;

pub use model::Program;
pub use scenario::{ProgramScenario, Unknown};
