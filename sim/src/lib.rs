//! Deterministic simulation testing for the lives of processes and tasks.
//!
//! Write bodies in plain async Rust, say what must be true, and let a seed choose who moves. What
//! fails comes back small, and comes back again from its tape:
//!
//! ```
//! use atropos::process::{Filter, ProcessScenario, Whereis, invariants};
//!
//! // A worker registers itself and ends; a client looks it up, then sends by name.
//! let scenario = ProcessScenario::new("check-then-use", |world| {
//!     world.root("worker", |ctx| async move {
//!         ctx.register("worker", ctx.me()).await?;
//!         ctx.receive(Filter::Any).await;
//!         Ok(())
//!     });
//!     for _ in 0..2 {
//!         world.client("client", |ctx| async move {
//!             if let Whereis::At(_) = ctx.whereis("worker").await {
//!                 ctx.send_name("worker", "job").await.expect("it was there a moment ago");
//!             }
//!             Ok(())
//!         });
//!     }
//! });
//! let found = scenario.fuzz(1_000).expect("the worker can die between the look and the send");
//! assert_eq!(found.violation.invariant, "no-panic");
//! let again = scenario.replay(&found.case).expect("a case of this scenario");
//! assert!(again.divergence.is_none());
//! println!("{}\n{}", found.violation.evidence, again.timeline);
//! # let _ = invariants::basics();
//! ```
//!
//! # One sentence
//!
//! **A run is a sequence of decisions; everything else is a reading of it.**
//!
//! ```text
//! decisions -> scheduler -> world -> events -> invariants -> verdict -> shrink -> explain -> report
//! ```
//!
//! # The rooms
//!
//! | module | what it holds |
//! |---|---|
//! | [`decisions`] | where every choice comes from: a seed, a tape, an odometer |
//! | [`scheduler`] | the one loop: moves, choose, play, observe |
//! | [`world`] | the trait that a world implements; [`footprint`], [`relation`] and [`moves`] belong to it |
//! | [`process`] | the world of BEAM processes: start here to write a scenario |
//! | [`task`] | the world of tokio's tasks: or here |
//! | [`event_loop`] | the world of asyncio's tasks and the collector: or here |
//! | [`trace`], [`timeline`] | what happened: events and their digest; the same for people |
//! | [`facts`], [`told`] | what is true between two steps; a run with that and what led to what |
//! | [`invariant`] | what must be true: always, sometimes, settled |
//! | [`strategy`] | how a seed picks the next move, one file an algorithm |
//! | [`plan`] | everything about a run in one value |
//! | [`scenario`], [`simple`], [`hunt`] | a system with its variants; one in a few lines; run after run of a variant |
//! | [`case`], [`shrink`] | one run as data; the same, smaller |
//! | [`script`], [`repair`] | one run by names alone, step by step; the nearest that fails where it is stale |
//! | [`raw`] | a run out of any bytes, for fuzzers |
//! | [`check`] | every schedule, and the audit of footprints |
//!
//! # What it promises
//!
//! Same plan, same bytes: across runs, processes, threads, debug and release. Nothing that decides
//! reads a clock, an address, a hash order, a thread or the environment. There is no `unsafe`, no
//! thread-local and no I/O in this crate. Panics in bodies and in their drops become verdicts.

#![forbid(unsafe_code)]

pub mod case;
pub mod check;
pub mod decisions;
pub mod event_loop;
pub mod explain;
pub mod facts;
pub mod footprint;
pub mod hunt;
pub mod invariant;
pub mod lc;
pub mod moves;
pub mod name;
mod panics;
pub mod plan;
pub mod process;
pub mod raw;
pub mod relation;
pub mod repair;
mod rounds;
pub mod scenario;
pub mod scheduler;
pub mod script;
pub mod shrink;
pub mod simple;
mod site;
pub mod strategy;
pub mod subject;
pub mod task;
pub mod timeline;
pub mod told;
pub mod trace;
pub mod waiting;
pub mod word;
pub mod world;
