//! Operations on servers, agents and tasks.

use super::{Env, Hand, Leave, Target, badarg, lookup, server::Scripted, shelter};
use crate::program::{
    model::{Act, AgentOp, Data, Op, ServerOp, ServerStart, Slot, Stop, TaskOp},
    script::Script,
};
use atropos::process::{
    Ctx, Raise, Term,
    otp::{
        Dialect, Options, ServerRef, Started,
        agent::{self, Functions, function},
        call, cast, start_server, start_server_link, stop,
        task::{self, Task},
    },
};
use std::rc::Rc;

/// How long the calls of an agent wait, in ms.
const AGENT: Option<u32> = Some(5000);

impl Hand<'_> {
    /// `gen_server`.
    pub(super) async fn server(&mut self, op: &ServerOp) -> Result<Term, Raise> {
        let ctx = self.ctx;
        match op {
            ServerOp::Start(start) => self.start_server(start).await,
            ServerOp::Call { to, request, timeout } => {
                let (to, request) = (self.server_ref(to)?, self.term(request)?);
                call(ctx, Dialect::Erlang, to, request, Some(*timeout)).await
            }
            ServerOp::Cast { to, request } => {
                cast(ctx, self.server_ref(to)?, self.term(request)?).await?;
                Ok(Term::atom("ok"))
            }
            ServerOp::Stop(op) => self.stop(Dialect::Erlang, op).await,
        }
    }

    async fn start_server(&mut self, start: &ServerStart) -> Result<Term, Raise> {
        let ctx = self.ctx;
        let scripted = Scripted {
            trap: start.trap,
            init: self.term(&start.init)?,
            terminate: self.term(&start.terminate)?,
            watched: None,
        };
        let name = start.name.as_ref().map(|name| self.term(name)).transpose()?;
        let options = Options { label: self.label(start.bind, "server").into(), name };
        let started = match start.link {
            true => start_server_link(ctx, options, scripted).await,
            false => start_server(ctx, options, scripted).await,
        };
        Ok(self.started(start.bind, started))
    }

    fn started(&mut self, bind: Option<Slot>, started: Started) -> Term {
        if let Some(pid) = started.pid() {
            self.bind(bind, pid.into());
            shelter(self.ctx, self.script, bind, pid);
        }
        started.term(self.ctx)
    }

    async fn stop(&self, dialect: Dialect, op: &Stop) -> Result<Term, Raise> {
        let (to, reason) = (self.server_ref(&op.to)?, self.term(&op.reason)?);
        stop(self.ctx, dialect, to, reason, Some(op.timeout)).await?;
        Ok(Term::atom("ok"))
    }

    fn server_ref(&self, to: &Data) -> Result<ServerRef, Raise> {
        match self.target(to)? {
            Target::Process(pid) => Ok(ServerRef::Pid(pid)),
            Target::Name(name) | Target::AtNode(name) => Ok(ServerRef::Name(name)),
            Target::Reference(_) | Target::Other => Err(badarg()),
        }
    }

    /// `Agent`.
    pub(super) async fn agent(&mut self, op: &AgentOp) -> Result<Term, Raise> {
        let ctx = self.ctx;
        let known = |name| function(ctx, name, &[]);
        match op {
            AgentOp::Start { bind, link, state } => {
                let state = self.term(state)?;
                let options = Options { label: self.label(*bind, "agent").into(), name: None };
                let started = match link {
                    true => agent::start_link(ctx, options, state, Limiter).await,
                    false => agent::start(ctx, options, state, Limiter).await,
                };
                Ok(self.started(*bind, started))
            }
            AgentOp::Get { to } => agent::get(ctx, self.server_ref(to)?, known("get"), AGENT).await,
            AgentOp::Claim { to } => {
                agent::get_and_update(ctx, self.server_ref(to)?, known("claim"), AGENT).await
            }
            AgentOp::Release { to } => {
                agent::update(ctx, self.server_ref(to)?, known("release"), AGENT).await
            }
            AgentOp::Crash { to, reason } => {
                let crash = function(ctx, "crash", &[self.term(reason)?]);
                agent::get(ctx, self.server_ref(to)?, crash, AGENT).await
            }
            AgentOp::Stop(op) => self.stop(Dialect::Elixir, op).await,
        }
    }

    /// `Task`.
    pub(super) async fn task(&mut self, op: &TaskOp) -> Result<Term, Raise> {
        let ctx = self.ctx;
        match op {
            TaskOp::Async { bind, bind_ref, body } => {
                Ok(self.start_task(*bind, *bind_ref, body).await)
            }
            TaskOp::Await { task, timeout } => {
                task::await_reply(ctx, self.own_task(task)?, Some(*timeout)).await
            }
            TaskOp::Yield { task, timeout } => {
                let yielded = task::yield_reply(ctx, self.own_task(task)?, Some(*timeout)).await?;
                Ok(yielded.term(ctx))
            }
            TaskOp::Shutdown { task, timeout } => {
                Ok(task::shutdown(ctx, self.own_task(task)?, *timeout).await?.term(ctx))
            }
        }
    }

    async fn start_task(
        &mut self,
        bind: Option<Slot>,
        bind_ref: Option<Slot>,
        body: &[Op],
    ) -> Term {
        let ctx = self.ctx;
        let (script, body, env) = (Rc::clone(self.script), body.to_vec(), self.env.clone());
        let label = self.label(bind, "task");
        let code = move |ctx| task_body(ctx, script, body, env);
        let task = task::start_async(ctx, label, code).await;
        self.bind(bind, task.pid.into());
        self.bind(bind_ref, task.reference.into());
        let whole = [task.pid.into(), task.reference.into(), task.owner.into()];
        self.bind(bind.map(|slot| self.behind(slot)), ctx.tuple(&whole));
        ctx.tuple(&[Term::atom("task"), task.pid.into(), task.reference.into()])
    }

    /// The slot of the task behind the name of its pid.
    fn behind(&self, slot: Slot) -> Slot {
        Slot(slot.0 + self.script.names.len() as u16)
    }

    /// The task that this process knows by its pid.
    fn own_task(&self, data: &Data) -> Result<Task, Raise> {
        let ctx = self.ctx;
        self.term(data)?;
        let known = match data {
            Data::Name(slot) => lookup(&self.env, self.behind(*slot)),
            _ => None,
        };
        let task = known.and_then(|task| match *ctx.elements(task) {
            [pid, reference, owner] => Some(Task {
                pid: pid.as_pid()?,
                reference: reference.as_ref()?,
                owner: owner.as_pid()?,
            }),
            _ => None,
        });
        // The reference interpreter keeps tasks in the dictionary of the process that started them.
        let own = task.filter(|task| task.owner == ctx.me());
        own.ok_or_else(|| Raise::error(ctx.atom("function_clause")))
    }
}

/// The body of a task: its value is that of its last operation.
async fn task_body(ctx: Ctx, script: Rc<Script>, body: Vec<Op>, env: Env) -> Result<Term, Raise> {
    let mut hand = Hand { ctx: &ctx, script: &script, env, made: Vec::new() };
    let mut value = Term::atom("ok");
    for op in &body {
        value = match &op.act {
            Act::Value { value } => hand.term(value)?,
            _ => match hand.execute(op).await {
                Ok(result) => result,
                Err(Leave::Return) => return Ok(Term::atom("ok")),
                Err(Leave::Raise(raise)) => return Err(raise),
            },
        };
    }
    Ok(value)
}

/// The functions that programs send to agents. All but `get` and `crash` are for `{Count, Limit}`.
struct Limiter;

impl Functions for Limiter {
    fn apply(&self, ctx: &Ctx, function: Term, state: Term) -> Result<Term, Raise> {
        let parts = ctx.elements(function);
        let is = |name: &str| parts.get(1) == Some(&ctx.atom(name));
        if is("get") {
            return Ok(state);
        }
        if is("crash") {
            return Err(Raise::exit(parts[2]));
        }
        let [count, limit] = *ctx.elements(state) else {
            return Err(Raise::error(ctx.atom("function_clause")));
        };
        if is("claim") && count == limit {
            return Ok(ctx.tuple(&[false.into(), state]));
        }
        let by = if is("claim") { 1 } else { -1 };
        let count = count.as_int().ok_or_else(|| Raise::error(ctx.atom("badarith")))?;
        let next = ctx.tuple(&[Term::int(count + by), limit]);
        Ok(if is("claim") { ctx.tuple(&[true.into(), next]) } else { next })
    }
}
