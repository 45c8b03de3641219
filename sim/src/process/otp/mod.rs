//! OTP on top of processes: servers and supervisors.
//!
//! Ordinary bodies over the process world: they do nothing that the effects of [`Ctx`] do not do, so
//! delivery models, faults and exploration hold for them as for any body. Each rule names the
//! function of OTP 25.2.3 or Elixir 1.14 that it follows, step by step.
//!
//! Leaves out: `sys` but for its terminate, hibernation, time-outs and continuations that a callback
//! returns, names that are not local, other nodes.

pub mod agent;
mod call;
pub mod child;
pub mod dynamic;
mod restart;
mod server;
mod start;
mod stop;
pub mod supervisor;
pub mod task;

pub use call::{Caller, Dialect, ServerRef, Timeout, call, cast, reply};
pub use server::{Answered, Behaviour, Handled, Init, Options, ServerState, message_term};
pub use server::{start as start_server, start_link as start_server_link};
pub use start::{Started, Starter, start, start_link};
pub use stop::stop;

use super::{Ctx, Raise, Term};

/// `{Wrapped, {Module, Function, Arguments}}`: how OTP says in which call an exit was raised.
fn in_call(ctx: &Ctx, reason: Term, module: &str, function: &str, arguments: &[Term]) -> Raise {
    let mfa = [ctx.atom(module), ctx.atom(function), ctx.list(arguments)];
    Raise::exit(ctx.tuple(&[reason, ctx.tuple(&mfa)]))
}
