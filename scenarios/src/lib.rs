//! The worked stories of Atropos: real systems with real lifecycle bugs, each as shipped and as
//! fixed.
//!
//! A story is one file or one folder: its operations as plain data, the bodies that interpret them,
//! the proptest strategy that makes workloads, and a table of variants with what each must break. Sources and
//! upstream issues are told in `docs/stories/`.
//!
//! Leaves out: running them. That is the library's hunt and the runner's command line.

#![forbid(unsafe_code)]

pub mod ash_limiter;
pub mod atomvm_links;
pub mod exact;
mod generate;
pub mod kv_registry;
pub mod llama_chat;
pub mod program;
pub mod restate_join;
pub mod steps;

use atropos::subject::Subject;

/// All stories, in the order in which they are listed.
pub fn catalog() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(atomvm_links::AtomvmLinks),
        Box::new(ash_limiter::AshLimiter),
        Box::new(kv_registry::KvRegistry),
        Box::new(restate_join::RestateJoin),
        Box::new(llama_chat::LlamaChat),
    ]
}
