//! The client's side of a server: call, cast, reply.

use super::in_call;
use crate::process::{Alias, Ctx, Filter, Message, Pid, Raise, Ref, Term, Wrong};

/// How long something is waited for, in ms; `None` is `infinity`.
pub type Timeout = Option<u32>;

/// Whose words an exit uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The module `gen_server` of OTP.
    Erlang,
    /// The module `GenServer` of Elixir.
    Elixir,
}

/// A server as its clients know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRef {
    /// By its pid.
    Pid(Pid),
    /// By its registered name.
    Name(Term),
}

impl From<Pid> for ServerRef {
    fn from(pid: Pid) -> ServerRef {
        ServerRef::Pid(pid)
    }
}

impl ServerRef {
    /// The pid or the name.
    pub fn term(self) -> Term {
        match self {
            ServerRef::Pid(pid) => pid.into(),
            ServerRef::Name(name) => name,
        }
    }

    /// `gen:do_for_proc/2`: the pid; `None` if the name is not bound.
    pub(super) async fn find(self, ctx: &Ctx) -> Option<Pid> {
        match self {
            ServerRef::Pid(pid) => Some(pid),
            ServerRef::Name(name) => ctx.whereis(name).await.pid(),
        }
    }
}

/// Who waits for a reply: `From` of `handle_call/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The process that called.
    pub pid: Pid,
    /// What its reply carries.
    pub tag: Term,
}

impl Caller {
    /// `{Pid, Tag}`, to be kept in a state.
    pub fn term(self, ctx: &Ctx) -> Term {
        ctx.tuple(&[self.pid.into(), self.tag])
    }

    /// Reads what [`Caller::term`] made.
    pub fn of(ctx: &Ctx, term: Term) -> Option<Caller> {
        match *ctx.elements(term) {
            [pid, tag] => Some(Caller { pid: pid.as_pid()?, tag }),
            _ => None,
        }
    }
}

pub(super) fn timeout_term(timeout: Timeout) -> Term {
    timeout.map_or(Term::atom("infinity"), |ms| Term::int(i64::from(ms)))
}

/// `gen_server:call/3` and `GenServer.call/3`.
///
/// # Errors
/// Exits of the caller: `{Reason, {gen_server, call, [Server, Request, Timeout]}}`.
pub async fn call(
    ctx: &Ctx,
    dialect: Dialect,
    server: ServerRef,
    request: Term,
    timeout: Timeout,
) -> Result<Term, Raise> {
    let label = ctx.atom("$gen_call");
    let answer = match server.find(ctx).await {
        Some(pid) => gen_call(ctx, pid, label, request, timeout).await,
        None => Err(Term::NOPROC),
    };
    answer.map_err(|reason| {
        let module = match dialect {
            Dialect::Erlang => "gen_server",
            Dialect::Elixir => "Elixir.GenServer",
        };
        in_call(ctx, reason, module, "call", &[server.term(), request, timeout_term(timeout)])
    })
}

/// `gen_server:cast/2`: silent whatever becomes of it.
pub async fn cast(ctx: &Ctx, server: ServerRef, request: Term) -> Result<(), Raise> {
    let message = ctx.tuple(&[ctx.atom("$gen_cast"), request]);
    match server {
        ServerRef::Pid(pid) => ctx.send(pid, message).await,
        ServerRef::Name(name) => {
            let sent = ctx.send_name(name, message).await;
            if ctx.is_wrong(Wrong::CastToNobodyRaises) {
                return sent;
            }
        }
    }
    Ok(())
}

/// `gen:reply/2`: by the alias, if the call has a time limit.
pub async fn reply(ctx: &Ctx, caller: Caller, answer: Term) {
    let message = ctx.tuple(&[caller.tag, answer]);
    match alias_of(ctx, caller.tag) {
        Some(alias) if !ctx.is_wrong(Wrong::LateReplyArrives) => ctx.send_ref(alias, message).await,
        _ => ctx.send(caller.pid, message).await,
    }
}

/// The alias in `[alias | Alias]`, which here is the tuple of both.
fn alias_of(ctx: &Ctx, tag: Term) -> Option<Ref> {
    match *ctx.elements(tag) {
        [word, alias] if word == Term::atom("alias") => alias.as_ref(),
        _ => None,
    }
}

/// `gen:do_call/4`; the error is the reason of an exit.
pub(super) async fn gen_call(
    ctx: &Ctx,
    server: Pid,
    label: Term,
    request: Term,
    timeout: Timeout,
) -> Result<Term, Term> {
    if server == ctx.me() && !ctx.is_wrong(Wrong::CallToSelfWaits) {
        return Err(ctx.atom("calling_self"));
    }
    let (monitor, tag) = match timeout {
        // Waits until either comes: no alias is needed.
        None => {
            let monitor = ctx.monitor(server).await;
            (monitor, monitor.into())
        }
        Some(_) => {
            let monitor = ctx.monitor_with_alias(server, Alias::Demonitor).await;
            (monitor, ctx.tuple(&[Term::atom("alias"), monitor.into()]))
        }
    };
    ctx.send(server, ctx.tuple(&[label, ctx.tuple(&[ctx.me().into(), tag]), request])).await;
    await_reply(ctx, monitor, tag, timeout).await
}

async fn await_reply(ctx: &Ctx, monitor: Ref, tag: Term, timeout: Timeout) -> Result<Term, Term> {
    let answer = ctx.tuple(&[tag, Term::ANY]);
    let clauses = ctx.list(&[answer, down_of(ctx, monitor)]);
    match receive_within(ctx, Filter::OneOf(clauses), timeout).await {
        Some(Message::User(answer)) => {
            ctx.drop_monitor(monitor).await;
            Ok(ctx.elements(answer)[1])
        }
        Some(Message::Down { reason, .. } | Message::Exit { reason, .. }) => Err(reason),
        None => {
            ctx.drop_monitor(monitor).await;
            // The reply may have come before the alias ended.
            let late = ctx.receive_after(Filter::Matching(answer), 0).await;
            late.and_then(Message::user)
                .map_or(Err(Term::atom("timeout")), |answer| Ok(ctx.elements(answer)[1]))
        }
    }
}

/// The pattern of the DOWN of a monitor.
pub(super) fn down_of(ctx: &Ctx, monitor: Ref) -> Term {
    ctx.tuple(&[ctx.atom("DOWN"), monitor.into(), Term::ANY, Term::ANY, Term::ANY])
}

/// A receive that may have a time limit.
pub(super) async fn receive_within(ctx: &Ctx, wanted: Filter, timeout: Timeout) -> Option<Message> {
    match timeout {
        Some(ms) => ctx.receive_after(wanted, ms).await,
        None => Some(ctx.receive(wanted).await),
    }
}
