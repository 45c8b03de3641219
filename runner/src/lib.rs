//! placeholder
pub mod bench;
