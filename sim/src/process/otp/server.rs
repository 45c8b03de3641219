//! `gen_server`: a process that answers requests one after another.
//!
//! What a server is lies in its callbacks ([`Behaviour`]) and its state, which is a term: the server
//! declares it before it waits for a message ([`Ctx::state`]), so that invariants can read it.

use super::{
    call::{Caller, reply},
    start::{self, Started, Starter},
};
use crate::process::{Class, Ctx, Ending, Filter, Message, Pid, Raise, Term, Wrong};
use std::{borrow::Cow, future::Future};

/// The state of a server: plain data that can be told as a term.
pub trait ServerState: Clone + 'static {
    /// All that the server will do depends on this term: pids and references that it keeps are in it.
    fn term(&self, ctx: &Ctx) -> Term;
}

impl ServerState for Term {
    fn term(&self, _: &Ctx) -> Term {
        *self
    }
}

/// What `init/1` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init<S> {
    /// `{ok, State}`
    Ok(S),
    /// `ignore`
    Ignore,
    /// `{stop, Reason}`
    Stop(Term),
    /// What is no return value of it: `{bad_return_value, Value}` is the reason.
    Other(Term),
}

/// What `handle_call/3` returns beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// `{reply, Reply, State}`
    Reply(Term),
    /// `{noreply, State}`: somebody replies later, or nobody ever does.
    NoReply,
    /// `{stop, Reason, State}`
    Stop(Term),
    /// `{stop, Reason, Reply, State}`
    StopReply(Term, Term),
    /// What is no return value of it.
    Other(Term),
}

/// What `handle_cast/2` and `handle_info/2` return beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// `{noreply, State}`
    NoReply,
    /// `{stop, Reason, State}`
    Stop(Term),
    /// What is no return value of it.
    Other(Term),
}

/// The callbacks of a server. They change the state in place; a callback that raises leaves it as it
/// was, as in Erlang. A throw is a return value that makes no sense (gs-call-throw-is-return).
pub trait Behaviour: Sized + 'static {
    /// What a server keeps from one message to the next.
    type State: ServerState;

    /// `init/1`
    fn init(&self, ctx: &Ctx) -> impl Future<Output = Result<Init<Self::State>, Raise>>;

    /// `handle_call/3`
    fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        caller: Caller,
        state: &mut Self::State,
    ) -> impl Future<Output = Result<Answered, Raise>>;

    /// `handle_cast/2`; a server that takes no casts fails.
    fn handle_cast(
        &self,
        ctx: &Ctx,
        _request: Term,
        _state: &mut Self::State,
    ) -> impl Future<Output = Result<Handled, Raise>> {
        let failure = Raise::error(ctx.atom("function_clause"));
        async move { Err(failure) }
    }

    /// `handle_info/2`; by default the message is dropped.
    fn handle_info(
        &self,
        _ctx: &Ctx,
        _message: Message,
        _state: &mut Self::State,
    ) -> impl Future<Output = Result<Handled, Raise>> {
        async { Ok(Handled::NoReply) }
    }

    /// `terminate/2`: runs before an exit that the server brings about itself.
    fn terminate(
        &self,
        _ctx: &Ctx,
        _reason: Term,
        _state: &mut Self::State,
    ) -> impl Future<Output = Result<(), Raise>> {
        async { Ok(()) }
    }
}

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What it is called for people.
    pub label: Cow<'static, str>,
    /// The name that it registers, `{local, Name}`.
    pub name: Option<Term>,
}

/// `gen_server:start/3,4`
pub async fn start<B: Behaviour>(ctx: &Ctx, options: Options, behaviour: B) -> Started {
    if let Some(taken) = taken(ctx, options.name).await {
        return taken;
    }
    let name = options.name;
    start::start(ctx, options.label, move |ctx, starter| run(ctx, starter, None, name, behaviour))
        .await
}

/// `gen_server:start_link/3,4`
pub async fn start_link<B: Behaviour>(ctx: &Ctx, options: Options, behaviour: B) -> Started {
    if let Some(taken) = taken(ctx, options.name).await {
        return taken;
    }
    let name = options.name;
    start::start_link(ctx, options.label, move |ctx, starter| {
        run(ctx, starter, Some(starter.starter), name, behaviour)
    })
    .await
}

/// `gen:start/6`: no process is started for a name that is taken.
async fn taken(ctx: &Ctx, name: Option<Term>) -> Option<Started> {
    let pid = ctx.whereis(name?).await.pid()?;
    Some(already_started(ctx, pid.into()))
}

fn already_started(ctx: &Ctx, pid: Term) -> Started {
    Started::Error(ctx.tuple(&[ctx.atom("already_started"), pid]))
}

/// `gen:init_it/7`, then `gen_server:init_it/6`.
async fn run<B: Behaviour>(
    ctx: Ctx,
    starter: Starter,
    parent: Option<Pid>,
    name: Option<Term>,
    behaviour: B,
) -> Ending {
    if let Some(name) = name
        && ctx.register(name, ctx.me()).await.is_err()
    {
        let pid = ctx.whereis(name).await.pid().map_or(Term::UNDEFINED, Term::from);
        starter.ack(&ctx, already_started(&ctx, pid)).await;
        return Ok(());
    }
    let unnamed = |raise: Raise| Failed { raise, keeps_name: false, ignores: false };
    let failed = match behaviour.init(&ctx).await {
        Ok(Init::Ok(state)) => {
            starter.ack(&ctx, Started::Ok(ctx.me())).await;
            let parent = parent.unwrap_or_else(|| ctx.me());
            return Server { ctx, parent, behaviour, state }.serve().await;
        }
        Ok(Init::Ignore) => Failed { ignores: true, ..unnamed(Raise::exit(Term::NORMAL)) },
        Ok(Init::Stop(reason)) => unnamed(Raise::exit(reason)),
        Ok(Init::Other(value)) | Err(Raise { class: Class::Throw, reason: value }) => {
            Failed { keeps_name: true, ..unnamed(bad_return(&ctx, value)) }
        }
        Err(raise) => unnamed(raise),
    };
    failed.leave(&ctx, starter, name).await
}

/// A start that came to nothing.
struct Failed {
    raise: Raise,
    /// A return value that makes no sense leaves the name to the exit.
    keeps_name: bool,
    /// `ignore`: an end that the starter need not take for a failure. An `exit(normal)` is none.
    ignores: bool,
}

impl Failed {
    async fn leave(self, ctx: &Ctx, starter: Starter, name: Option<Term>) -> Ending {
        if let (Some(name), false) = (name, self.keeps_name) {
            let _ = ctx.unregister(name).await;
        }
        let answer = match self.ignores {
            true => Started::Ignore,
            false => Started::Error(reason(ctx, self.raise)),
        };
        starter.ack(ctx, answer).await;
        Err(self.raise)
    }
}

fn bad_return(ctx: &Ctx, value: Term) -> Raise {
    Raise::exit(ctx.tuple(&[ctx.atom("bad_return_value"), value]))
}

/// `gen_server:terminate_reason/3`: an error brings its stack trace.
fn reason(ctx: &Ctx, raise: Raise) -> Term {
    match raise.class {
        Class::Error => ctx.tuple(&[raise.reason, Term::STACK]),
        Class::Exit | Class::Throw => raise.reason,
    }
}

/// A message as the term that it is in Erlang. The object of the DOWN of a monitor by name is told as
/// `undefined`.
pub fn message_term(ctx: &Ctx, message: Message) -> Term {
    match message {
        Message::User(term) => term,
        Message::Exit { from, reason } => ctx.tuple(&[ctx.atom("EXIT"), from.into(), reason]),
        Message::Down { monitor, object, reason } => {
            let object = object.map_or(Term::UNDEFINED, Term::from);
            ctx.tuple(&[ctx.atom("DOWN"), monitor.into(), ctx.atom("process"), object, reason])
        }
    }
}

/// A server at work.
struct Server<B: Behaviour> {
    ctx: Ctx,
    parent: Pid,
    behaviour: B,
    state: B::State,
}

/// What a message is to a server: `gen_server:decode_msg/9` and `handle_msg/6`.
enum Request {
    Call(Caller, Term),
    Cast(Term),
    /// `{system, From, {terminate, Reason}}`
    Terminate(Caller, Term),
    ParentExit(Term),
    Info,
}

impl<B: Behaviour> Server<B> {
    /// `gen_server:loop/7`
    async fn serve(mut self) -> Ending {
        loop {
            self.ctx.state(self.state.term(&self.ctx));
            let message = self.ctx.receive(Filter::Any).await;
            self.handle(message).await?;
        }
    }

    fn decode(&self, message: Message) -> Request {
        let ctx = &self.ctx;
        let term = match message {
            Message::Exit { from, reason } if self.is_parent(from) => {
                return Request::ParentExit(reason);
            }
            Message::Exit { .. } if ctx.is_wrong(Wrong::StrangersExitEnds) => {
                return Request::ParentExit(message_reason(message));
            }
            Message::User(term) => term,
            _ => return Request::Info,
        };
        let parts = ctx.elements(term);
        let word = |at: usize, word: &str| parts.get(at) == Some(&ctx.atom(word));
        let caller = || parts.get(1).and_then(|&from| Caller::of(ctx, from));
        match *parts {
            [_, request] if word(0, "$gen_cast") => Request::Cast(request),
            [_, _, request] if word(0, "$gen_call") => {
                caller().map_or(Request::Info, |caller| Request::Call(caller, request))
            }
            [_, _, request] if word(0, "system") => match (caller(), &*ctx.elements(request)) {
                (Some(caller), &[_, reason]) => Request::Terminate(caller, reason),
                _ => Request::Info,
            },
            [_, from, reason] if word(0, "EXIT") && from == self.parent.into() => {
                Request::ParentExit(reason)
            }
            _ => Request::Info,
        }
    }

    fn is_parent(&self, pid: Pid) -> bool {
        pid == self.parent && !self.ctx.is_wrong(Wrong::ParentExitIsInfo)
    }

    async fn handle(&mut self, message: Message) -> Ending {
        match self.decode(message) {
            Request::Call(caller, request) => self.answer(caller, request).await,
            Request::Cast(request) => {
                let before = self.state.clone();
                let handled = self.behaviour.handle_cast(&self.ctx, request, &mut self.state).await;
                self.go_on(before, handled).await
            }
            Request::Terminate(caller, reason) => {
                // sys:do_cmd/8
                reply(&self.ctx, caller, Term::atom("ok")).await;
                self.terminate(Raise::exit(reason)).await
            }
            Request::ParentExit(reason) => self.terminate(Raise::exit(reason)).await,
            Request::Info => {
                let before = self.state.clone();
                let handled = self.behaviour.handle_info(&self.ctx, message, &mut self.state).await;
                self.go_on(before, handled).await
            }
        }
    }

    async fn answer(&mut self, caller: Caller, request: Term) -> Ending {
        let before = self.state.clone();
        let answered =
            self.behaviour.handle_call(&self.ctx, request, caller, &mut self.state).await;
        match answered {
            Ok(Answered::Reply(answer)) => {
                reply(&self.ctx, caller, answer).await;
                Ok(())
            }
            Ok(Answered::StopReply(why, answer)) => {
                // terminate/2 runs first; the reply is sent even if it raises.
                let ending = self.terminate(Raise::exit(why)).await;
                if !self.ctx.is_wrong(Wrong::StopReplyIsLost) {
                    reply(&self.ctx, caller, answer).await;
                }
                ending
            }
            Ok(Answered::NoReply) => self.go_on(before, Ok(Handled::NoReply)).await,
            Ok(Answered::Stop(why)) => self.go_on(before, Ok(Handled::Stop(why))).await,
            Ok(Answered::Other(value)) => self.go_on(before, Ok(Handled::Other(value))).await,
            Err(raise) => self.go_on(before, Err(raise)).await,
        }
    }

    /// `gen_server:handle_common_reply/8`
    async fn go_on(&mut self, before: B::State, handled: Result<Handled, Raise>) -> Ending {
        let raise = match handled {
            Ok(Handled::NoReply) => return Ok(()),
            Ok(Handled::Stop(why)) => return self.terminate(Raise::exit(why)).await,
            Ok(Handled::Other(value)) | Err(Raise { class: Class::Throw, reason: value }) => {
                bad_return(&self.ctx, value)
            }
            Err(raise) => raise,
        };
        self.state = before;
        self.terminate(raise).await
    }

    /// `gen_server:terminate/10`: the callback runs; if it raises, its reason counts.
    async fn terminate(&mut self, raise: Raise) -> Ending {
        if self.ctx.is_wrong(Wrong::TerminateIsSkipped) {
            return Err(raise);
        }
        let why = reason(&self.ctx, raise);
        match self.behaviour.terminate(&self.ctx, why, &mut self.state).await {
            Err(other) if other.class != Class::Throw => Err(other),
            _ => Err(raise),
        }
    }
}

fn message_reason(message: Message) -> Term {
    match message {
        Message::User(term) => term,
        Message::Exit { reason, .. } | Message::Down { reason, .. } => reason,
    }
}
