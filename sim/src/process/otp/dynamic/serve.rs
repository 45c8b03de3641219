//! The server that a dynamic supervisor is.

use super::{Flags, shutdown::shutdown};
use crate::process::{
    Class, Ctx, Message, Pid, Raise, Term, Wrong,
    otp::{
        call::Caller,
        child::{ChildSpec, StartFunctions, counts},
        restart::{Fate, Restarts, fate},
        server::{Answered, Behaviour, Handled, Init, ServerState},
        start::Started,
    },
};

/// The callback module `DynamicSupervisor` itself.
pub(super) struct DynamicSupervisor<F> {
    pub(super) flags: Flags,
    pub(super) functions: F,
}

/// A child: its specification without an id, and its pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) spec: ChildSpec,
    /// Who it is, or was before its restart failed.
    pub(super) pid: Pid,
    /// Its restart failed and is tried again.
    pub(super) restarting: bool,
}

/// `%DynamicSupervisor{}`
#[derive(Clone, Default)]
pub(super) struct State {
    /// By pid, the oldest first. Elixir keeps a map, which up to 32 children goes by pid, too.
    children: Vec<Child>,
    restarts: Restarts,
}

impl ServerState for State {
    fn term(&self, ctx: &Ctx) -> Term {
        let row = |child: &Child| {
            let word = if child.restarting { "restarting" } else { "running" };
            ctx.tuple(&[child.spec.term(ctx), child.pid.into(), ctx.atom(word)])
        };
        let rows: Vec<Term> = self.children.iter().map(row).collect();
        ctx.tuple(&[ctx.list(&rows), self.restarts.term(ctx)])
    }
}

impl State {
    fn find(&self, pid: Pid) -> Option<Child> {
        self.children.iter().find(|child| child.pid == pid).copied()
    }

    fn delete(&mut self, pid: Pid) {
        self.children.retain(|child| child.pid != pid);
    }

    /// Children come with ever younger pids, so the youngest stands last.
    fn save(&mut self, spec: ChildSpec, pid: Pid) {
        self.children.push(Child { spec, pid, restarting: false });
    }
}

impl<F: StartFunctions> DynamicSupervisor<F> {
    /// `DynamicSupervisor.start_child/3`
    async fn start_one(&self, ctx: &Ctx, spec: &ChildSpec) -> Started {
        match self.functions.start(ctx, spec.start).await {
            Ok(started) => started,
            Err(raise) => Started::Error(exit_reason(ctx, raise)),
        }
    }

    /// `handle_call({start_child, _})`
    async fn add(&self, ctx: &Ctx, spec: ChildSpec, state: &mut State) -> Term {
        let count = state.children.len() as u32;
        let is_full = self.flags.max_children.is_some_and(|most| count >= most);
        if is_full && !ctx.is_wrong(Wrong::MaxChildrenIgnored) {
            return Started::Error(ctx.atom("max_children")).term(ctx);
        }
        let started = self.start_one(ctx, &spec).await;
        if let Started::Ok(pid) = started {
            state.save(spec, pid);
        }
        started.term(ctx)
    }

    /// `handle_call({terminate_child, _})`
    async fn terminate_child(&self, ctx: &Ctx, pid: Term, state: &mut State) -> Term {
        match pid.as_pid().and_then(|pid| state.find(pid)) {
            Some(child) => {
                shutdown(ctx, &[child]).await;
                state.delete(child.pid);
                Term::atom("ok")
            }
            None => Started::Error(ctx.atom("not_found")).term(ctx),
        }
    }

    /// `DynamicSupervisor.maybe_restart_child/3`
    async fn ended(&self, ctx: &Ctx, pid: Pid, reason: Term, state: &mut State) -> Handled {
        let Some(child) = state.find(pid) else { return Handled::NoReply };
        match fate(ctx, child.spec.restart, reason) {
            Fate::Again => self.restart(ctx, child, state).await,
            Fate::Gone => {
                state.delete(pid);
                Handled::NoReply
            }
        }
    }

    /// `DynamicSupervisor.restart_child/3`
    async fn restart(&self, ctx: &Ctx, child: Child, state: &mut State) -> Handled {
        let Flags { intensity, period, .. } = self.flags;
        if !state.restarts.add(ctx, intensity, period).await {
            state.delete(child.pid);
            return Handled::Stop(Term::SHUTDOWN);
        }
        match self.start_one(ctx, &child.spec).await {
            Started::Ok(pid) => {
                state.delete(child.pid);
                state.save(child.spec, pid);
            }
            Started::Ignore => state.delete(child.pid),
            Started::Error(_) => {
                let rows = state.children.iter_mut().filter(|row| row.pid == child.pid);
                rows.for_each(|row| row.restarting = true);
                let again = ctx.tuple(&[ctx.atom("$gen_restart"), child.pid.into()]);
                ctx.send(ctx.me(), again).await;
            }
        }
        Handled::NoReply
    }

    /// `handle_info({'$gen_restart', Pid})`
    async fn try_again(&self, ctx: &Ctx, message: Term, state: &mut State) -> Handled {
        let pid = match *ctx.elements(message) {
            [word, pid] if word == ctx.atom("$gen_restart") => pid.as_pid(),
            _ => None,
        };
        match pid.and_then(|pid| state.find(pid)).filter(|child| child.restarting) {
            Some(child) => self.restart(ctx, child, state).await,
            None => Handled::NoReply,
        }
    }
}

/// `DynamicSupervisor.exit_reason/3`
fn exit_reason(ctx: &Ctx, raise: Raise) -> Term {
    let with_stack = |reason: Term| ctx.tuple(&[reason, Term::STACK]);
    match raise.class {
        Class::Exit => raise.reason,
        Class::Error => with_stack(raise.reason),
        Class::Throw => with_stack(ctx.tuple(&[Term::atom("nocatch"), raise.reason])),
    }
}

fn which(ctx: &Ctx, state: &State) -> Term {
    let row = |child: &Child| {
        let who = if child.restarting { Term::atom("restarting") } else { child.pid.into() };
        ctx.tuple(&[Term::UNDEFINED, who, child.spec.kind.term(), ctx.list(&[])])
    };
    let rows: Vec<Term> = state.children.iter().map(row).collect();
    ctx.list(&rows)
}

/// Unlike `supervisor` it counts who has ended unseen.
fn count(ctx: &Ctx, state: &State) -> Term {
    let active = state.children.iter().filter(|child| !child.restarting).count();
    counts(ctx, active, state.children.iter().map(|child| child.spec.kind))
}

impl<F: StartFunctions> Behaviour for DynamicSupervisor<F> {
    type State = State;

    async fn init(&self, ctx: &Ctx) -> Result<Init<State>, Raise> {
        ctx.trap_exit(true).await;
        Ok(Init::Ok(State::default()))
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        _: Caller,
        state: &mut State,
    ) -> Result<Answered, Raise> {
        let function_clause = || Raise::error(ctx.atom("function_clause"));
        let answer = match *ctx.elements(request) {
            [what, spec] if what == ctx.atom("start_child") => {
                let spec = ChildSpec::of(ctx, spec).ok_or_else(function_clause)?;
                self.add(ctx, spec, state).await
            }
            [what, pid] if what == ctx.atom("terminate_child") => {
                self.terminate_child(ctx, pid, state).await
            }
            _ if request == ctx.atom("which_children") => which(ctx, state),
            _ if request == ctx.atom("count_children") => count(ctx, state),
            _ => return Err(function_clause()),
        };
        Ok(Answered::Reply(answer))
    }

    async fn handle_cast(&self, _: &Ctx, _: Term, _: &mut State) -> Result<Handled, Raise> {
        Ok(Handled::NoReply)
    }

    async fn handle_info(
        &self,
        ctx: &Ctx,
        message: Message,
        state: &mut State,
    ) -> Result<Handled, Raise> {
        Ok(match message {
            Message::Exit { from, reason } => self.ended(ctx, from, reason, state).await,
            Message::User(message) => self.try_again(ctx, message, state).await,
            Message::Down { .. } => Handled::NoReply,
        })
    }

    async fn terminate(&self, ctx: &Ctx, _: Term, state: &mut State) -> Result<(), Raise> {
        let at_a_time = match ctx.is_wrong(Wrong::DynamicEndsOneByOne) {
            true => 1,
            false => state.children.len().max(1),
        };
        for children in state.children.chunks(at_a_time) {
            shutdown(ctx, children).await;
        }
        Ok(())
    }
}
