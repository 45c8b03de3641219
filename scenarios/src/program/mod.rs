//! Programs as data: what actors do, step by step, without a line of Rust.
//!
//! A program is a JSON file (`docs/program.md`); [`model`] is what it says.

pub mod model;
pub mod random;

pub use model::Program;
