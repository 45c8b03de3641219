//! How a server is stopped from outside: `proc_lib:stop/3`.

use super::call::{Dialect, ServerRef, Timeout, down_of, gen_call, receive_within, timeout_term};
use super::in_call;
use crate::process::{Ctx, Filter, Message, Pid, Raise, Term, Wrong};

/// `gen_server:stop/3` and `GenServer.stop/3`: asks the server to terminate and waits for its end.
///
/// # Errors
/// Exits of the caller: bare in OTP, in Elixir `{Reason, {'Elixir.GenServer', stop, [..]}}`.
pub async fn stop(
    ctx: &Ctx,
    dialect: Dialect,
    server: ServerRef,
    reason: Term,
    timeout: Timeout,
) -> Result<(), Raise> {
    let stopped = match server.find(ctx).await {
        None => Err(Term::NOPROC),
        Some(pid) if dialect == Dialect::Elixir && pid == ctx.me() => Err(ctx.atom("calling_self")),
        Some(pid) => proc_stop(ctx, pid, reason, timeout).await,
    };
    let wraps = (dialect == Dialect::Elixir) != ctx.is_wrong(Wrong::StopReasonsSwapped);
    stopped.map_err(|why| match wraps {
        false => Raise::exit(why),
        true => {
            let arguments = [server.term(), reason, timeout_term(timeout)];
            in_call(ctx, why, "Elixir.GenServer", "stop", &arguments)
        }
    })
}

/// `proc_lib:stop/3`; the error is the reason of an exit.
async fn proc_stop(ctx: &Ctx, server: Pid, reason: Term, timeout: Timeout) -> Result<(), Term> {
    let monitor = ctx.monitor(server).await;
    let request = ctx.tuple(&[ctx.atom("terminate"), reason]);
    // sys:terminate/3
    let asked = gen_call(ctx, server, Term::atom("system"), request, timeout).await;
    if let Err(why) = asked {
        ctx.drop_monitor(monitor).await;
        return Err(match why {
            Term::NOPROC => why,
            timed_out if timed_out == Term::atom("timeout") => why,
            _ => sys_terminate(ctx, why, server, reason, timeout),
        });
    }
    match receive_within(ctx, Filter::Matching(down_of(ctx, monitor)), timeout).await {
        Some(Message::Down { reason: why, .. }) if why == reason => Ok(()),
        Some(Message::Down { reason: why, .. } | Message::Exit { reason: why, .. }) => Err(why),
        Some(Message::User(down)) => Err(down),
        None => {
            ctx.drop_monitor(monitor).await;
            Err(Term::atom("timeout"))
        }
    }
}

/// `{Why, {sys, terminate, [Server, Reason, Timeout]}}`: `sys:send_system_msg/3`.
fn sys_terminate(ctx: &Ctx, why: Term, server: Pid, reason: Term, timeout: Timeout) -> Term {
    in_call(ctx, why, "sys", "terminate", &[server.into(), reason, timeout_term(timeout)]).reason
}
