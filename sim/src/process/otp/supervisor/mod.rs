//! `supervisor` of OTP 25: starts children in order, ends them in the opposite order, and starts
//! those again that should not have ended.
//!
//! A supervisor is a server. Its children are its state, so invariants see the pids that it holds.
//!
//! Leaves out: `simple_one_for_one` (see [`super::dynamic`] for Elixir's), code changes, children
//! that come with more than a pid.

mod children;
mod flags;
mod serve;
mod shutdown;

pub use flags::{AutoShutdown, Flags, Strategy, Tree};
pub(super) use shutdown::unlink_flush;

use super::{
    call::{Dialect, ServerRef, call},
    child::ChildSpec,
    server::{self, Options},
    start::Started,
};
use crate::process::{Ctx, Raise, Term};

/// `supervisor:start_link/2,3`
pub async fn start_link(ctx: &Ctx, options: Options, tree: impl Tree) -> Started {
    server::start_link(ctx, options, serve::Supervisor::new(tree)).await
}

/// `supervisor:which_children/1`: a list of `{Id, Child, Type, Modules}`, the last started first.
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn which_children(ctx: &Ctx, supervisor: ServerRef) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.atom("which_children")).await
}

/// `supervisor:count_children/1`
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn count_children(ctx: &Ctx, supervisor: ServerRef) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.atom("count_children")).await
}

/// `supervisor:start_child/2`
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn start_child(ctx: &Ctx, supervisor: ServerRef, spec: ChildSpec) -> Result<Term, Raise> {
    let request = [ctx.atom("start_child"), spec.term(ctx)];
    ask(ctx, supervisor, ctx.tuple(&request)).await
}

/// `supervisor:terminate_child/2`
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn terminate_child(ctx: &Ctx, supervisor: ServerRef, id: Term) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.tuple(&[ctx.atom("terminate_child"), id])).await
}

/// `supervisor:restart_child/2`
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn restart_child(ctx: &Ctx, supervisor: ServerRef, id: Term) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.tuple(&[ctx.atom("restart_child"), id])).await
}

/// `supervisor:delete_child/2`
///
/// # Errors
/// Exits as those of `gen_server:call/3`.
pub async fn delete_child(ctx: &Ctx, supervisor: ServerRef, id: Term) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.tuple(&[ctx.atom("delete_child"), id])).await
}

async fn ask(ctx: &Ctx, supervisor: ServerRef, request: Term) -> Result<Term, Raise> {
    call(ctx, Dialect::Erlang, supervisor, request, None).await
}
