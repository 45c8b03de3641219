//! The Elixir guide's key-value store: a registry that gives buckets their names, and the
//! supervisors above both.
//!
//! Source: the chapters on `GenServer`, supervisors and `DynamicSupervisor` of the guide "Mix and
//! OTP", as they were before its revision of 2025-07-11 (elixir commit ce64fc364d). One set of bodies
//! serves the story and the programs of kind `kv`, which a real BEAM has run.

pub(crate) mod api;
mod bucket;
mod registry;
pub mod system;
