//! The limiter: an Agent whose state is `{count, limit}`, and the ways to claim, release and stop.
//!
//! Follows `lib/ash/actions/read/async_limiter.ex` of Ash v3.5.24. The reader counts as one, so a
//! limit of N lets N - 1 tasks run; there is no queue: who gets no slot does the work itself.

use super::{Calls, Rules, Stop};
use atropos::process::{
    Class, Ctx, Pid, Raise, Term,
    otp::{
        Dialect, Options,
        agent::{self, Functions, function},
        stop,
    },
};
use std::cell::Cell;

/// What the process is called, for invariants to know it by.
pub(super) const LABEL: &str = "limiter";
/// The label under which a task keeps the limiter whose slot it runs in.
pub(super) const SLOT: &str = "slot";

/// How long `Agent.get_and_update/2` and `Agent.update/2` wait, in ms.
const CALL: Option<u32> = Some(5000);

/// What the limiter is sent.
struct Slots {
    /// A release never takes the count below the reader's own one.
    clamps: bool,
}

impl Functions for Slots {
    fn apply(&self, ctx: &Ctx, function: Term, state: Term) -> Result<Term, Raise> {
        let (count, limit) = ledger(&ctx.elements(state)).expect("the state is {count, limit}");
        let state = |count| ctx.tuple(&[Term::int(count), Term::int(limit)]);
        if ctx.elements(function)[1] == ctx.atom("claim") {
            // fn {limit, limit} -> {false, ..}; {count, limit} -> {true, {count + 1, limit}} end
            let granted = count != limit;
            let word = Term::atom(if granted { "true" } else { "false" });
            return Ok(ctx.tuple(&[word, state(count + i64::from(granted))]));
        }
        let least = if self.clamps { 1 } else { i64::MIN };
        Ok(state((count - 1).max(least)))
    }
}

/// The count and the limit in a limiter's state.
pub(super) fn ledger(state: &[Term]) -> Option<(i64, i64)> {
    match *state {
        [count, limit] => Some((count.as_int()?, limit.as_int()?)),
        _ => None,
    }
}

/// A limiter as one process knows it.
pub(super) struct Limiter {
    /// The process.
    pub(super) pid: Pid,
    rules: &'static Rules,
    /// This process was told that it is dead.
    gone: Cell<bool>,
}

impl Limiter {
    /// The limiter of a pid found in a context.
    pub(super) fn found(rules: &'static Rules, pid: Pid) -> Self {
        Limiter { pid, rules, gone: Cell::new(false) }
    }

    /// `AsyncLimiter.start_link/1`. One that is killed before it has begun is none.
    pub(super) async fn start_link(ctx: &Ctx, rules: &'static Rules, limit: u8) -> Option<Self> {
        let options = Options { label: LABEL.into(), name: None };
        let state = ctx.tuple(&[Term::int(1), Term::int(i64::from(limit))]);
        let slots = Slots { clamps: rules.clamps };
        let started = agent::start_link(ctx, options, state, slots).await;
        started.pid().map(|pid| Limiter::found(rules, pid))
    }

    /// Asks for a slot; false if there is none, or no limiter.
    pub(super) async fn claim(&self, ctx: &Ctx) -> Result<bool, Raise> {
        if !self.answers(ctx).await {
            return Ok(false);
        }
        let claim = function(ctx, "claim", &[]);
        let claimed = agent::get_and_update(ctx, self.pid.into(), claim, CALL).await;
        let granted = self.or_gone(ctx, claimed)?.is_some_and(|word| word == Term::atom("true"));
        if !granted && !self.gone.get() {
            ctx.mark("limiter-full");
        }
        Ok(granted)
    }

    /// Gives a slot back.
    pub(super) async fn release(&self, ctx: &Ctx) -> Result<(), Raise> {
        if self.answers(ctx).await {
            let release = function(ctx, "release", &[]);
            let released = agent::update(ctx, self.pid.into(), release, CALL).await;
            self.or_gone(ctx, released)?;
        }
        Ok(())
    }

    /// `Agent.stop/1`, whose exit comes instead of the result that the read had. One that is known
    /// to be dead is not stopped again.
    pub(super) async fn stop(&self, ctx: &Ctx) -> Result<(), Raise> {
        if self.gone.get() {
            return Ok(());
        }
        let stopped = stop(ctx, Dialect::Elixir, self.pid.into(), Term::NORMAL, None).await;
        if stopped.is_err() {
            ctx.mark("dead-before-stop");
        }
        match self.rules.stop {
            Stop::Plain => stopped,
            Stop::Tolerant => Ok(()),
        }
    }

    /// Whether it makes sense to call it, as far as the variant looks.
    async fn answers(&self, ctx: &Ctx) -> bool {
        if !self.gone.get() && self.rules.calls == Calls::AliveFirst {
            self.gone.set(!ctx.is_alive(self.pid).await);
        }
        !self.gone.get()
    }

    /// The answer of a call; `None` from a limiter that has died, where the variant can bear it.
    fn or_gone(&self, ctx: &Ctx, answer: Result<Term, Raise>) -> Result<Option<Term>, Raise> {
        let Err(raise) = answer else { return answer.map(Some) };
        ctx.mark("limiter-gone");
        self.gone.set(true);
        match self.rules.calls {
            Calls::Tolerant if raise.class == Class::Exit => Ok(None),
            _ => Err(raise),
        }
    }
}
