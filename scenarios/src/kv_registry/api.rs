//! What clients of the store call.

pub(crate) use super::bucket::{crash, get, pairs, put};
use super::system::REGISTRY;
use atropos::process::{
    Ctx, Pid, Raise, Term,
    otp::{Dialect, ServerRef, call, cast, stop},
};

/// How long a lookup waits, in ms.
const PATIENCE: Option<u32> = Some(1_000);

pub(crate) fn registry(ctx: &Ctx) -> ServerRef {
    ServerRef::Name(ctx.atom(REGISTRY))
}

/// `KV.Registry.create/2`, a cast: `ok` whatever becomes of it.
pub(crate) async fn create(ctx: &Ctx, name: Term) -> Result<Term, Raise> {
    cast(ctx, registry(ctx), ctx.tuple(&[Term::atom("create"), name])).await?;
    Ok(Term::atom("ok"))
}

/// `KV.Registry.lookup/2`: `{ok, Pid}` or `error`.
pub(crate) async fn lookup(ctx: &Ctx, name: Term) -> Result<Term, Raise> {
    let request = ctx.tuple(&[Term::atom("lookup"), name]);
    call(ctx, Dialect::Elixir, registry(ctx), request, PATIENCE).await
}

/// `{:ok, bucket} = KV.Registry.lookup(name)`
pub(crate) async fn fetch(ctx: &Ctx, name: Term) -> Result<Pid, Raise> {
    let found = lookup(ctx, name).await?;
    let pid = match *ctx.elements(found) {
        [_, pid] => pid.as_pid(),
        _ => None,
    };
    pid.ok_or_else(|| Raise::error(ctx.tuple(&[ctx.atom("badmatch"), found])))
}

/// `Agent.stop/2` and `GenServer.stop/2`: returns when the server is dead.
pub(crate) async fn stop_server(
    ctx: &Ctx,
    server: impl Into<ServerRef>,
    reason: Term,
) -> Result<Term, Raise> {
    stop(ctx, Dialect::Elixir, server.into(), reason, None).await?;
    Ok(Term::atom("ok"))
}
