//! `Agent` of Elixir 1.14: a state that is read and changed by functions that are sent to it.
//!
//! A function crosses as data, a term that begins with `'$fun'`; [`Functions`] says what each does.
//! So a call of it looks in an exit as it does on the BEAM, and the server stays plain data.

use super::{
    call::{Caller, Dialect, ServerRef, Timeout, call, cast as gen_cast},
    server::{self, Answered, Behaviour, Handled, Init, Options},
    start::Started,
};
use crate::process::{Ctx, Raise, Term};

/// What the functions do that an agent is sent.
pub trait Functions: 'static {
    /// The function applied to the state. For [`get_and_update`] its result is the pair of the
    /// reply and the new state.
    ///
    /// # Errors
    /// What it raises; the agent dies of it.
    fn apply(&self, ctx: &Ctx, function: Term, state: Term) -> Result<Term, Raise>;
}

/// A function as data: its name and what it has closed over.
pub fn function(ctx: &Ctx, name: &str, closed_over: &[Term]) -> Term {
    let head = [ctx.atom("$fun"), ctx.atom(name)];
    ctx.tuple(&[&head, closed_over].concat())
}

/// `Agent.start/2`
pub async fn start(ctx: &Ctx, options: Options, state: Term, functions: impl Functions) -> Started {
    server::start(ctx, options, Agent { state, functions }).await
}

/// `Agent.start_link/2`
pub async fn start_link(
    ctx: &Ctx,
    options: Options,
    state: Term,
    functions: impl Functions,
) -> Started {
    server::start_link(ctx, options, Agent { state, functions }).await
}

/// `Agent.get/3`
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn get(
    ctx: &Ctx,
    agent: ServerRef,
    function: Term,
    timeout: Timeout,
) -> Result<Term, Raise> {
    ask(ctx, "get", agent, function, timeout).await
}

/// `Agent.get_and_update/3`
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn get_and_update(
    ctx: &Ctx,
    agent: ServerRef,
    function: Term,
    timeout: Timeout,
) -> Result<Term, Raise> {
    ask(ctx, "get_and_update", agent, function, timeout).await
}

/// `Agent.update/3`
///
/// # Errors
/// Exits as those of `GenServer.call/3`.
pub async fn update(
    ctx: &Ctx,
    agent: ServerRef,
    function: Term,
    timeout: Timeout,
) -> Result<Term, Raise> {
    ask(ctx, "update", agent, function, timeout).await
}

/// `Agent.cast/2`: silent whatever becomes of it.
///
/// # Errors
/// None.
pub async fn cast(ctx: &Ctx, agent: ServerRef, function: Term) -> Result<(), Raise> {
    gen_cast(ctx, agent, ctx.tuple(&[ctx.atom("cast"), function])).await
}

async fn ask(
    ctx: &Ctx,
    what: &str,
    agent: ServerRef,
    function: Term,
    timeout: Timeout,
) -> Result<Term, Raise> {
    let request = ctx.tuple(&[ctx.atom(what), function]);
    call(ctx, Dialect::Elixir, agent, request, timeout).await
}

/// `Agent.Server`
struct Agent<F> {
    state: Term,
    functions: F,
}

impl<F: Functions> Agent<F> {
    /// `handle_call/3` in terms of what the functions do.
    fn answer(
        &self,
        ctx: &Ctx,
        what: Term,
        function: Term,
        state: &mut Term,
    ) -> Result<Answered, Raise> {
        let result = || self.functions.apply(ctx, function, *state);
        Ok(if what == ctx.atom("get") {
            Answered::Reply(result()?)
        } else if what == ctx.atom("update") {
            *state = result()?;
            Answered::Reply(Term::atom("ok"))
        } else if what == ctx.atom("get_and_update") {
            let pair = result()?;
            match *ctx.elements(pair) {
                [answer, next] => {
                    *state = next;
                    Answered::Reply(answer)
                }
                _ => Answered::Stop(ctx.tuple(&[ctx.atom("bad_return_value"), pair])),
            }
        } else {
            return Err(function_clause(ctx));
        })
    }
}

impl<F: Functions> Behaviour for Agent<F> {
    type State = Term;

    async fn init(&self, _: &Ctx) -> Result<Init<Term>, Raise> {
        Ok(Init::Ok(self.state))
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        _: Caller,
        state: &mut Term,
    ) -> Result<Answered, Raise> {
        match *ctx.elements(request) {
            [what, function] => self.answer(ctx, what, function, state),
            _ => Err(function_clause(ctx)),
        }
    }

    async fn handle_cast(
        &self,
        ctx: &Ctx,
        request: Term,
        state: &mut Term,
    ) -> Result<Handled, Raise> {
        match *ctx.elements(request) {
            [word, function] if word == ctx.atom("cast") => {
                *state = self.functions.apply(ctx, function, *state)?;
                Ok(Handled::NoReply)
            }
            _ => Err(function_clause(ctx)),
        }
    }
}

fn function_clause(ctx: &Ctx) -> Raise {
    Raise::error(ctx.atom("function_clause"))
}
