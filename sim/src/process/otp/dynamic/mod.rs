//! `DynamicSupervisor` of Elixir 1.14: children that are started while it runs, known by their pids.
//!
//! Its strategy is one_for_one; children have no ids and end side by side.

mod serve;
mod shutdown;

use super::{
    call::{Dialect, ServerRef, call},
    child::{ChildSpec, StartFunctions},
    server::{self, Options},
    start::Started,
};
use crate::process::{Ctx, Pid, Raise, Term};

/// The options of `DynamicSupervisor.start_link/1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// `max_restarts`: so many restarts within the period are allowed.
    pub intensity: u32,
    /// `max_seconds`, from 1.
    pub period: u32,
    /// `max_children`; `None` is `infinity`.
    pub max_children: Option<u32>,
}

/// Three restarts in 5 s, any number of children: Elixir's defaults.
impl Default for Flags {
    fn default() -> Self {
        Flags { intensity: 3, period: 5, max_children: None }
    }
}

/// `DynamicSupervisor.start_link/1`
pub async fn start_link(
    ctx: &Ctx,
    options: Options,
    flags: Flags,
    functions: impl StartFunctions,
) -> Started {
    server::start_link(ctx, options, serve::DynamicSupervisor { flags, functions }).await
}

/// `DynamicSupervisor.start_child/2`
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn start_child(ctx: &Ctx, supervisor: ServerRef, spec: ChildSpec) -> Result<Term, Raise> {
    let request = [ctx.atom("start_child"), spec.term(ctx)];
    ask(ctx, supervisor, ctx.tuple(&request)).await
}

/// `DynamicSupervisor.terminate_child/2`
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn terminate_child(ctx: &Ctx, supervisor: ServerRef, child: Pid) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.tuple(&[ctx.atom("terminate_child"), child.into()])).await
}

/// `DynamicSupervisor.which_children/1`: a list of `{undefined, Child, Type, Modules}`, the oldest
/// pid first.
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn which_children(ctx: &Ctx, supervisor: ServerRef) -> Result<Term, Raise> {
    ask(ctx, supervisor, ctx.atom("which_children")).await
}

/// `DynamicSupervisor.count_children/1`: a map.
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn count_children(ctx: &Ctx, supervisor: ServerRef) -> Result<Term, Raise> {
    let counts = ask(ctx, supervisor, ctx.atom("count_children")).await?;
    let pairs: Vec<(Term, Term)> = ctx
        .items(counts)
        .iter()
        .filter_map(|&pair| match *ctx.elements(pair) {
            [what, n] => Some((what, n)),
            _ => None,
        })
        .collect();
    Ok(ctx.map(&pairs))
}

async fn ask(ctx: &Ctx, supervisor: ServerRef, request: Term) -> Result<Term, Raise> {
    call(ctx, Dialect::Elixir, supervisor, request, None).await
}
