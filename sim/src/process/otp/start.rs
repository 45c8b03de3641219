//! The start protocol of `proc_lib`: a start returns once the process has said how it began.
//!
//! A start without a link watches the newborn by a monitor, one with a link by the link alone: so a
//! caller that traps exits has the EXIT of a failed start in its mailbox besides the answer, and one
//! that does not dies of it (OTP 25; vectors gs-startlink-*). OTP 26 does otherwise.

use crate::process::{Ctx, Ending, Filter, Item, Message, Pid, Term, Wrong};
use std::{borrow::Cow, future::Future};

/// What a start returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// `{ok, Pid}`
    Ok(Pid),
    /// `ignore`
    Ignore,
    /// `{error, Reason}`
    Error(Term),
}

impl Started {
    /// The return value as Erlang has it.
    pub fn term(self, ctx: &Ctx) -> Term {
        match self {
            Started::Ok(pid) => ctx.tuple(&[Term::atom("ok"), pid.into()]),
            Started::Ignore => Term::atom("ignore"),
            Started::Error(reason) => ctx.tuple(&[Term::atom("error"), reason]),
        }
    }

    /// The pid, if all went well.
    pub fn pid(self) -> Option<Pid> {
        match self {
            Started::Ok(pid) => Some(pid),
            _ => None,
        }
    }

    fn of(ctx: &Ctx, term: Term) -> Started {
        match *ctx.elements(term) {
            [ok, pid] if ok == Term::atom("ok") => {
                pid.as_pid().map_or(Started::Ignore, Started::Ok)
            }
            [_, reason] => Started::Error(reason),
            _ => Started::Ignore,
        }
    }
}

/// What a process that is being started knows of its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Who waits for it to have begun.
    pub starter: Pid,
}

impl Starter {
    /// `proc_lib:init_ack/2`
    pub async fn ack(self, ctx: &Ctx, started: Started) {
        let answer = [ack(), ctx.me().into(), started.term(ctx)];
        ctx.send(self.starter, ctx.tuple(&answer)).await;
    }
}

fn ack() -> Term {
    Term::atom("ack")
}

/// The pattern of the acknowledgement of a start.
fn acknowledgement(ctx: &Ctx, of: Pid) -> Term {
    ctx.tuple(&[ack(), of.into(), Term::ANY])
}

fn started(ctx: &Ctx, answer: Term) -> Started {
    Started::of(ctx, ctx.elements(answer).last().copied().unwrap_or(Term::UNDEFINED))
}

/// `proc_lib:start/3`: starts a process and waits until it has said how it began.
pub async fn start<F, Fut>(ctx: &Ctx, label: impl Into<Cow<'static, str>>, code: F) -> Started
where
    F: FnOnce(Ctx, Starter) -> Fut,
    Fut: Future<Output = Ending> + 'static,
{
    let starter = ctx.me();
    let born = ctx.spawn_monitor(label, move |ctx| code(ctx, Starter { starter })).unplaced();
    let (pid, monitor) = born.await;
    // proc_lib:sync_start/2
    let down = [ctx.atom("DOWN"), monitor.into(), Term::ANY, Term::ANY, Term::ANY];
    let clauses = ctx.list(&[acknowledgement(ctx, pid), ctx.tuple(&down)]);
    match ctx.receive(Filter::OneOf(clauses)).await {
        Message::User(answer) => {
            ctx.drop_monitor(monitor).await;
            started(ctx, answer)
        }
        Message::Down { reason, .. } | Message::Exit { reason, .. } => Started::Error(reason),
    }
}

/// `proc_lib:start_link/3`
pub async fn start_link<F, Fut>(ctx: &Ctx, label: impl Into<Cow<'static, str>>, code: F) -> Started
where
    F: FnOnce(Ctx, Starter) -> Fut,
    Fut: Future<Output = Ending> + 'static,
{
    let starter = ctx.me();
    let born = ctx.spawn_link(label, move |ctx| code(ctx, Starter { starter })).unplaced();
    let pid = born.await;
    // proc_lib:sync_start_link/2
    let exit = [ctx.atom("EXIT"), pid.into(), Term::ANY];
    let clauses = ctx.list(&[acknowledgement(ctx, pid), ctx.tuple(&exit)]);
    match ctx.receive(Filter::OneOf(clauses)).await {
        Message::User(answer) => {
            let started = started(ctx, answer);
            if started.pid().is_none() {
                failed(ctx, pid).await;
            }
            started
        }
        Message::Exit { reason, .. } | Message::Down { reason, .. } => Started::Error(reason),
    }
}

/// The newborn has said that it failed, and ends. A starter that does not trap dies of that: on the
/// BEAM it did not run again (vector gs-startlink-init-stop-notrap: 20 of 20 runs). For one that traps
/// its EXIT is a message that comes when it comes; a supervisor may be gone before it, and take along
/// a newborn that does not trap.
async fn failed(ctx: &Ctx, newborn: Pid) {
    let traps = ctx.info(ctx.me(), Item::TrapExit).await == Term::from(true);
    match traps {
        false => drop(ctx.sleep(1).await),
        true if ctx.is_wrong(Wrong::FailedStartIsQuiet) => {
            ctx.receive(Filter::ExitOf(newborn)).await;
        }
        true => {}
    }
}
