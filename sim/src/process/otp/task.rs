//! `Task` of Elixir 1.14: a function in a process of its own, whose value is waited for.
//!
//! A task is linked to its owner and monitored by it; its reply comes through the alias of that
//! monitor, which ends with it.

use super::{
    call::{Timeout, down_of, receive_within, timeout_term},
    in_call,
};
use crate::process::{
    Alias, Class, Ctx, Ending, Filter, Message, Pid, Raise, Ref, Shape, Term, Wrong,
};
use std::{borrow::Cow, future::Future};

/// `%Task{}`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The process that runs.
    pub pid: Pid,
    /// The monitor, its alias, and the tag of the reply.
    pub reference: Ref,
    /// Who started it and may wait for it.
    pub owner: Pid,
}

impl Task {
    /// The struct as a term.
    pub fn term(self, ctx: &Ctx) -> Term {
        let fields = [
            (ctx.atom("__struct__"), ctx.atom("Elixir.Task")),
            (ctx.atom("owner"), self.owner.into()),
            (ctx.atom("pid"), self.pid.into()),
            (ctx.atom("ref"), self.reference.into()),
        ];
        ctx.map(&fields)
    }

    /// Only its owner may wait for it.
    fn check(self, ctx: &Ctx) -> Result<(), Raise> {
        match self.owner == ctx.me() {
            true => Ok(()),
            false => {
                let error = (ctx.atom("__struct__"), ctx.atom("Elixir.ArgumentError"));
                Err(Raise::error(ctx.map(&[error])))
            }
        }
    }

    fn reply_pattern(self, ctx: &Ctx) -> Term {
        ctx.tuple(&[self.reference.into(), Term::ANY])
    }
}

/// What has become of a task so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yielded {
    /// `nil`: nothing yet, or nothing any more.
    Nothing,
    /// `{:ok, Reply}`
    Reply(Term),
    /// `{:exit, Reason}`
    Exit(Term),
}

impl Yielded {
    /// The return value as Elixir has it.
    pub fn term(self, ctx: &Ctx) -> Term {
        match self {
            Yielded::Nothing => Term::atom("nil"),
            Yielded::Reply(reply) => ctx.tuple(&[Term::atom("ok"), reply]),
            Yielded::Exit(reason) => ctx.tuple(&[Term::atom("exit"), reason]),
        }
    }
}

/// `Task.async/1`: starts a task; its value is what the code returns.
pub async fn start_async<F, Fut>(ctx: &Ctx, label: impl Into<Cow<'static, str>>, code: F) -> Task
where
    F: FnOnce(Ctx) -> Fut + 'static,
    Fut: Future<Output = Result<Term, Raise>> + 'static,
{
    let owner = ctx.me();
    let linked = !ctx.is_wrong(Wrong::TaskIsUnlinked);
    // Task.Supervised:start_link/2
    let born = ctx.spawn_opt(label, linked, false, move |ctx| reply(ctx, owner, code)).unplaced();
    let (pid, _) = born.await;
    let reference = ctx.monitor_with_alias(pid, Alias::Demonitor).await;
    ctx.send(pid, ctx.tuple(&[owner.into(), reference.into(), reference.into()])).await;
    Task { pid, reference, owner }
}

/// `Task.Supervised:reply/4`
async fn reply<F, Fut>(ctx: Ctx, owner: Pid, code: F) -> Ending
where
    F: FnOnce(Ctx) -> Fut,
    Fut: Future<Output = Result<Term, Raise>>,
{
    let order = ctx.tuple(&[owner.into(), Term::ANY, Term::ANY]);
    let order = ctx.receive(Filter::Matching(order)).await;
    let to = order.user().and_then(|order| ctx.elements(order)[2].as_ref());
    match code(ctx.clone()).await {
        Ok(value) => {
            if let Some(to) = to {
                ctx.send_ref(to, ctx.tuple(&[to.into(), value])).await;
            }
            Ok(())
        }
        Err(raise) => {
            // Task.Supervised:invoke_mfa/2 tells the logger first, which takes its time.
            if !is_quiet(&ctx, raise) {
                ctx.sleep(1).await;
            }
            Err(raise)
        }
    }
}

/// Whether nobody need know of an end: `normal`, `shutdown`, `{shutdown, _}`.
fn is_quiet(ctx: &Ctx, raise: Raise) -> bool {
    let why = raise.reason;
    let shutdown = |parts: &[Term]| matches!(*parts, [word, _] if word == Term::SHUTDOWN);
    raise.class == Class::Exit
        && (why == Term::NORMAL
            || why == Term::SHUTDOWN
            || ctx.look(why, |shape| matches!(shape, Shape::Tuple(parts) if shutdown(parts))))
}

/// `Task.await/2`
///
/// # Errors
/// Exits with `{Reason, {'Elixir.Task', await, [Task, Timeout]}}` when the task dies or the time is
/// over. In the latter case the task lives on, linked.
pub async fn await_reply(ctx: &Ctx, task: Task, timeout: Timeout) -> Result<Term, Raise> {
    task.check(ctx)?;
    let reason = match look(ctx, task, timeout).await {
        Yielded::Reply(reply) => return Ok(reply),
        Yielded::Exit(reason) => reason,
        Yielded::Nothing => {
            if !ctx.is_wrong(Wrong::AwaitKeepsMonitor) {
                ctx.drop_monitor(task.reference).await;
            }
            Term::atom("timeout")
        }
    };
    Err(in_call(ctx, reason, "Elixir.Task", "await", &[task.term(ctx), timeout_term(timeout)]))
}

/// `Task.yield/2`
///
/// # Errors
/// If the caller is not the owner.
pub async fn yield_reply(ctx: &Ctx, task: Task, timeout: Timeout) -> Result<Yielded, Raise> {
    task.check(ctx)?;
    Ok(look(ctx, task, timeout).await)
}

/// The receive of `Task.await/2` and `Task.yield/2`.
async fn look(ctx: &Ctx, task: Task, timeout: Timeout) -> Yielded {
    let clauses = ctx.list(&[task.reply_pattern(ctx), down_of(ctx, task.reference)]);
    match receive_within(ctx, Filter::OneOf(clauses), timeout).await {
        Some(Message::User(answer)) => {
            ctx.drop_monitor(task.reference).await;
            Yielded::Reply(ctx.elements(answer)[1])
        }
        Some(Message::Down { reason, .. } | Message::Exit { reason, .. }) => Yielded::Exit(reason),
        None => Yielded::Nothing,
    }
}

/// How a task is brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    Brutal,
    Asked,
    /// It was asked and did not end in time.
    TimedOut,
}

impl Shutdown {
    /// The reason that is no news.
    fn expected(self) -> Term {
        match self {
            Shutdown::Brutal => Term::KILLED,
            Shutdown::Asked | Shutdown::TimedOut => Term::SHUTDOWN,
        }
    }
}

/// `Task.shutdown/2`: with a time asks it to shut down and kills it when the time is over; without
/// one, `brutal_kill`.
///
/// # Errors
/// If the caller is not the owner.
pub async fn shutdown(ctx: &Ctx, task: Task, timeout: Option<u32>) -> Result<Yielded, Raise> {
    task.check(ctx)?;
    let monitor = ctx.monitor(task.pid).await;
    let how = if timeout.is_some() { Shutdown::Asked } else { Shutdown::Brutal };
    exit(ctx, task.pid, if timeout.is_some() { Term::SHUTDOWN } else { Term::KILL }).await;
    Ok(shutdown_receive(ctx, task, monitor, how, timeout).await)
}

/// `Task.shutdown_receive/4`
async fn shutdown_receive(
    ctx: &Ctx,
    task: Task,
    monitor: Ref,
    mut how: Shutdown,
    timeout: Timeout,
) -> Yielded {
    let down = Filter::Matching(down_of(ctx, monitor));
    let mut arrived = receive_within(ctx, down, timeout).await;
    if arrived.is_none() {
        exit(ctx, task.pid, Term::KILL).await;
        how = Shutdown::TimedOut;
        arrived = Some(ctx.receive(down).await);
    }
    let why = match arrived {
        Some(Message::Down { reason, .. }) => reason,
        _ => Term::UNDEFINED,
    };
    let otherwise = match why {
        Term::NOPROC => flush_noproc(ctx, task.reference, how).await,
        why => {
            ctx.drop_monitor(task.reference).await;
            news(why, how)
        }
    };
    // Task.flush_reply/1
    let reply = ctx.receive_after(Filter::Matching(task.reply_pattern(ctx)), 0).await;
    let reply = reply.and_then(Message::user);
    reply.map_or(otherwise, |reply| Yielded::Reply(ctx.elements(reply)[1]))
}

/// Why it ended, unless it was brought to that end.
fn news(why: Term, how: Shutdown) -> Yielded {
    if why == how.expected() { Yielded::Nothing } else { Yielded::Exit(why) }
}

/// `Task.flush_noproc/3`: it was dead before; the DOWN of the task's own monitor knows why.
async fn flush_noproc(ctx: &Ctx, monitor: Ref, how: Shutdown) -> Yielded {
    match ctx.receive_after(Filter::Matching(down_of(ctx, monitor)), 0).await {
        Some(Message::Down { reason, .. }) => news(reason, how),
        _ => {
            ctx.drop_monitor(monitor).await;
            Yielded::Exit(Term::NOPROC)
        }
    }
}

/// `Task.exit/2`: unlinks and sends the signal; a third process sends it if the caller dies between.
async fn exit(ctx: &Ctx, task: Pid, reason: Term) {
    let (caller, tag) = (ctx.me(), ctx.make_ref().await);
    let code = move |ctx| enforce(ctx, task, reason, caller, tag);
    let enforcer = ctx.spawn("enforcer", code).unplaced().await;
    ctx.hide(enforcer);
    if !ctx.is_wrong(Wrong::ShutdownKeepsLink) {
        ctx.unlink(task).await;
    }
    ctx.exit2(task, reason).await;
    ctx.send(enforcer, ctx.tuple(&[Term::atom("done"), tag.into()])).await;
}

/// `Task.enforce_exit/4`
async fn enforce(ctx: Ctx, task: Pid, reason: Term, caller: Pid, tag: Ref) -> Ending {
    let monitor = ctx.monitor(caller).await;
    let done = ctx.tuple(&[Term::atom("done"), tag.into()]);
    let clauses = ctx.list(&[done, down_of(&ctx, monitor)]);
    if let Message::Down { .. } = ctx.receive(Filter::OneOf(clauses)).await {
        ctx.exit2(task, reason).await;
    }
    Ok(())
}
