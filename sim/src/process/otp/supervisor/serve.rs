//! The server that a supervisor is.

use super::{
    children::{Child, Children, Held},
    flags::{AutoShutdown, Flags, Strategy, Tree, check, check_all},
    shutdown::shutdown,
};
use crate::process::{
    Class, Ctx, Message, Pid, Raise, Term, Wrong,
    otp::{
        call::{Caller, ServerRef, cast},
        child::{ChildSpec, counts},
        restart::{Fate, Restarts, fate},
        server::{Answered, Behaviour, Handled, Init, ServerState},
        start::Started,
    },
};

/// The callback module of `supervisor` itself.
pub(super) struct Supervisor<T> {
    tree: T,
}

impl<T: Tree> Supervisor<T> {
    pub(super) fn new(tree: T) -> Self {
        Supervisor { tree }
    }
}

/// `#state{}`
#[derive(Clone)]
pub(super) struct State {
    flags: Flags,
    children: Children,
    restarts: Restarts,
}

impl ServerState for State {
    fn term(&self, ctx: &Ctx) -> Term {
        ctx.tuple(&[self.children.term(ctx), self.restarts.term(ctx)])
    }
}

/// A child could not be started.
struct Unstarted {
    id: Term,
    reason: Term,
}

/// How a restart went.
enum Restarted {
    Done,
    /// A child could not be started: its restart is tried again.
    TryAgain(Term),
}

/// Whether the supervisor goes on.
enum Onward {
    Yes,
    Shutdown,
}

impl From<Onward> for Handled {
    fn from(onward: Onward) -> Handled {
        match onward {
            Onward::Yes => Handled::NoReply,
            Onward::Shutdown => Handled::Stop(Term::SHUTDOWN),
        }
    }
}

impl<T: Tree> Supervisor<T> {
    /// `supervisor:do_start_child_i/3`: a start that was ignored leaves nobody; what is no answer to
    /// a start is its failure, as `catch` gives it.
    async fn start_one(&self, ctx: &Ctx, spec: &ChildSpec) -> Result<Held, Term> {
        match self.tree.start(ctx, spec.start).await {
            Ok(Started::Ok(pid)) => Ok(Held::Pid(pid)),
            Ok(Started::Ignore) => Ok(Held::Nobody),
            Ok(Started::Error(reason)) => Err(reason),
            Err(raise) => Err(caught(ctx, raise)),
        }
    }

    /// `supervisor:start_children/2`: from this place on, in order; a temporary child whose start was
    /// ignored is forgotten.
    async fn start_from(
        &self,
        ctx: &Ctx,
        children: &mut Children,
        from: usize,
    ) -> Result<(), Unstarted> {
        let mut at = from;
        while let Some(child) = children.rows.get(at).copied() {
            match self.start_one(ctx, &child.spec).await {
                Ok(Held::Nobody) if forgets_ignored(ctx, &child) => {
                    children.rows.remove(at);
                    continue;
                }
                Ok(held) => children.rows[at].held = held,
                Err(reason) => return Err(Unstarted { id: child.spec.id, reason }),
            }
            at += 1;
        }
        Ok(())
    }

    /// `supervisor:restart/2`
    async fn restart(&self, ctx: &Ctx, child: Child, state: &mut State) -> Onward {
        let Flags { intensity, period, .. } = state.flags;
        for _ in 0..self.counts(ctx, state) {
            if !state.restarts.add(ctx, intensity, period).await {
                state.children.end(child.spec.id);
                return Onward::Shutdown;
            }
        }
        let restarted = match state.flags.strategy {
            Strategy::OneForOne => self.restart_one(ctx, child, state).await,
            Strategy::RestForOne => {
                let all = ctx.is_wrong(Wrong::RestIsAll);
                let from = if all { 0 } else { state.children.place(child.spec.id) };
                self.restart_group(ctx, child, from, state).await
            }
            Strategy::OneForAll => self.restart_group(ctx, child, 0, state).await,
        };
        if let Restarted::TryAgain(id) = restarted {
            if ctx.is_wrong(Wrong::FailedRestartGivesUp) {
                return Onward::Shutdown;
            }
            let request = ctx.tuple(&[ctx.atom("try_again_restart"), id]);
            let _ = cast(ctx, ServerRef::Pid(ctx.me()), request).await;
        }
        Onward::Yes
    }

    /// How often a restart counts: once, however many children it starts.
    fn counts(&self, ctx: &Ctx, state: &State) -> usize {
        let group = state.flags.strategy != Strategy::OneForOne;
        match group && ctx.is_wrong(Wrong::GroupCountsEach) {
            true => state.children.rows.len(),
            false => 1,
        }
    }

    /// `supervisor:restart/3`, one_for_one
    async fn restart_one(&self, ctx: &Ctx, child: Child, state: &mut State) -> Restarted {
        let id = child.spec.id;
        match self.start_one(ctx, &child.spec).await {
            Ok(held) => {
                state.children.set(id, held);
                Restarted::Done
            }
            Err(_) => {
                state.children.set(id, child.held.restarting());
                Restarted::TryAgain(id)
            }
        }
    }

    /// `supervisor:restart_multiple_children/3`: ends all from this place on, the last first, and
    /// starts them in order.
    async fn restart_group(
        &self,
        ctx: &Ctx,
        child: Child,
        from: usize,
        state: &mut State,
    ) -> Restarted {
        state.children.set(child.spec.id, Held::Nobody);
        terminate_from(ctx, &mut state.children, from).await;
        match self.start_from(ctx, &mut state.children, from).await {
            Ok(()) => Restarted::Done,
            Err(Unstarted { id, .. }) => {
                let was = if id == child.spec.id { child.held } else { Held::Nobody };
                state.children.set(id, was.restarting());
                Restarted::TryAgain(id)
            }
        }
    }

    /// `supervisor:restart_child/3`: a child has ended.
    async fn ended(&self, ctx: &Ctx, pid: Pid, reason: Term, state: &mut State) -> Onward {
        let Some(child) = state.children.find_pid(pid) else { return Onward::Yes };
        match fate(ctx, child.spec.restart, reason) {
            Fate::Again => self.restart(ctx, child, state).await,
            Fate::Gone => {
                state.children.end(child.spec.id);
                auto_shutdown(ctx, child, state)
            }
        }
    }

    /// `supervisor:handle_start_child/2`
    async fn add(&self, ctx: &Ctx, spec: ChildSpec, state: &mut State) -> Term {
        if let Err(wrong) = check(ctx, &spec, state.flags.auto_shutdown) {
            return error(ctx, wrong);
        }
        match state.children.find(spec.id).map(|child| child.held) {
            Some(Held::Pid(pid)) => {
                return error(ctx, ctx.tuple(&[ctx.atom("already_started"), pid.into()]));
            }
            Some(_) => return error(ctx, ctx.atom("already_present")),
            None => {}
        }
        let child = Child::new(spec);
        match self.start_one(ctx, &spec).await {
            Ok(held) => {
                if held != Held::Nobody || !child.is_temporary() {
                    state.children.rows.push(Child { held, ..child });
                }
                ok(ctx, held)
            }
            Err(reason) => {
                if ctx.is_wrong(Wrong::FailedChildStays) {
                    state.children.rows.push(child);
                }
                error(ctx, ctx.tuple(&[reason, spec.term(ctx)]))
            }
        }
    }

    /// `supervisor:restart_child/2`
    async fn start_again(&self, ctx: &Ctx, id: Term, state: &mut State) -> Term {
        let child = match at_rest(ctx, id, state) {
            Ok(child) => child,
            Err(refused) => return refused,
        };
        match self.start_one(ctx, &child.spec).await {
            Ok(held) => {
                state.children.set(id, held);
                ok(ctx, held)
            }
            Err(reason) => error(ctx, reason),
        }
    }
}

/// Whether a child whose start was ignored is no longer among the children.
fn forgets_ignored(ctx: &Ctx, child: &Child) -> bool {
    child.is_temporary() && !ctx.is_wrong(Wrong::IgnoredTemporaryStays)
}

fn ok(ctx: &Ctx, held: Held) -> Term {
    ctx.tuple(&[Term::atom("ok"), held.shown()])
}

fn error(ctx: &Ctx, reason: Term) -> Term {
    ctx.tuple(&[Term::atom("error"), reason])
}

/// The value of `catch`.
fn caught(ctx: &Ctx, raise: Raise) -> Term {
    let exit = |reason: Term| ctx.tuple(&[ctx.atom("EXIT"), reason]);
    match raise.class {
        Class::Throw => raise.reason,
        Class::Exit => exit(raise.reason),
        Class::Error => exit(ctx.tuple(&[raise.reason, Term::STACK])),
    }
}

/// `supervisor:terminate_children/2`: from this place on, the last first; temporary children are
/// forgotten.
async fn terminate_from(ctx: &Ctx, children: &mut Children, from: usize) {
    let mut places: Vec<usize> = (from..children.rows.len()).rev().collect();
    if ctx.is_wrong(Wrong::EndsInStartOrder) {
        places.reverse();
    }
    for at in places {
        let child = children.rows[at];
        terminate(ctx, child).await;
        children.rows[at].held = Held::Nobody;
    }
    if ctx.is_wrong(Wrong::TemporaryComesBack) {
        return;
    }
    let mut place = 0..;
    children.rows.retain(|child| place.next() < Some(from) || !child.is_temporary());
}

/// `supervisor:do_terminate/2`
async fn terminate(ctx: &Ctx, child: Child) {
    if let Some(pid) = child.held.pid() {
        shutdown(ctx, pid, child.spec.shutdown).await;
    }
}

/// `supervisor:do_auto_shutdown/2`
fn auto_shutdown(ctx: &Ctx, ended: Child, state: &State) -> Onward {
    if ctx.is_wrong(Wrong::AutoShutdownIgnored) {
        return Onward::Yes;
    }
    let significant = ended.spec.significant || ctx.is_wrong(Wrong::AllAreSignificant);
    let others = || state.children.rows.iter().filter(|child| child.held != Held::Nobody);
    let over = match state.flags.auto_shutdown {
        AutoShutdown::Never => false,
        AutoShutdown::AnySignificant => significant,
        AutoShutdown::AllSignificant => {
            significant && !others().any(|child| child.spec.significant)
        }
    };
    if over { Onward::Shutdown } else { Onward::Yes }
}

/// The child of this id, if it does not run; else what a client is told.
fn at_rest(ctx: &Ctx, id: Term, state: &State) -> Result<Child, Term> {
    let child = state.children.find(id).ok_or_else(|| error(ctx, ctx.atom("not_found")))?;
    match child.held {
        Held::Nobody => Ok(child),
        Held::Pid(_) => Err(error(ctx, ctx.atom("running"))),
        Held::Restarting(_) => Err(error(ctx, ctx.atom("restarting"))),
    }
}

fn which(ctx: &Ctx, children: &Children) -> Term {
    let row = |child: &Child| {
        let Child { spec, held } = child;
        ctx.tuple(&[spec.id, held.shown(), spec.kind.term(), ctx.list(&[])])
    };
    let rows: Vec<Term> = children.rows.iter().rev().map(row).collect();
    ctx.list(&rows)
}

/// `supervisor:count_child/2`: active are those who live, whether their end was seen or not.
async fn count(ctx: &Ctx, children: &Children) -> Term {
    let mut active = 0;
    for child in &children.rows {
        if let Some(pid) = child.held.pid()
            && ctx.is_alive(pid).await
        {
            active += 1;
        }
    }
    counts(ctx, active, children.rows.iter().map(|child| child.spec.kind))
}

impl<T: Tree> Behaviour for Supervisor<T> {
    type State = State;

    async fn init(&self, ctx: &Ctx) -> Result<Init<State>, Raise> {
        ctx.trap_exit(true).await;
        let (flags, specs) = self.tree.init(ctx).await?;
        if let Err(wrong) = check_all(ctx, &specs, flags.auto_shutdown) {
            return Ok(Init::Stop(ctx.tuple(&[ctx.atom("start_spec"), wrong])));
        }
        let rows = specs.into_iter().map(Child::new).collect();
        let mut children = Children { rows };
        match self.start_from(ctx, &mut children, 0).await {
            Ok(()) => Ok(Init::Ok(State { flags, children, restarts: Restarts::default() })),
            Err(Unstarted { id, reason }) => {
                if !ctx.is_wrong(Wrong::FailedStartLeavesChildren) {
                    terminate_from(ctx, &mut children, 0).await;
                }
                let failed = ctx.tuple(&[ctx.atom("failed_to_start_child"), id, reason]);
                Ok(Init::Stop(ctx.tuple(&[Term::SHUTDOWN, failed])))
            }
        }
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        _: Caller,
        state: &mut State,
    ) -> Result<Answered, Raise> {
        if request == ctx.atom("which_children") {
            return Ok(Answered::Reply(which(ctx, &state.children)));
        }
        if request == ctx.atom("count_children") {
            return Ok(Answered::Reply(count(ctx, &state.children).await));
        }
        let [what, argument] = *ctx.elements(request) else {
            return Err(Raise::error(ctx.atom("function_clause")));
        };
        let answer = if what == ctx.atom("start_child") {
            let spec = ChildSpec::of(ctx, argument);
            self.add(ctx, spec.ok_or_else(|| badarg(ctx))?, state).await
        } else if what == ctx.atom("restart_child") {
            self.start_again(ctx, argument, state).await
        } else if what == ctx.atom("terminate_child") {
            match state.children.find(argument) {
                Some(child) => {
                    terminate(ctx, child).await;
                    state.children.end(argument);
                    if ctx.is_wrong(Wrong::TerminateForgets) {
                        state.children.remove(argument);
                    }
                    Term::atom("ok")
                }
                None => error(ctx, ctx.atom("not_found")),
            }
        } else if what == ctx.atom("delete_child") {
            match at_rest(ctx, argument, state) {
                Ok(_) => {
                    state.children.remove(argument);
                    Term::atom("ok")
                }
                Err(refused) => refused,
            }
        } else {
            return Err(Raise::error(ctx.atom("function_clause")));
        };
        Ok(Answered::Reply(answer))
    }

    async fn handle_cast(
        &self,
        ctx: &Ctx,
        request: Term,
        state: &mut State,
    ) -> Result<Handled, Raise> {
        let [_, id] = *ctx.elements(request) else {
            return Err(Raise::error(ctx.atom("function_clause")));
        };
        match state.children.find(id) {
            Some(child) if matches!(child.held, Held::Restarting(_)) => {
                Ok(self.restart(ctx, child, state).await.into())
            }
            _ => Ok(Handled::NoReply),
        }
    }

    async fn handle_info(
        &self,
        ctx: &Ctx,
        message: Message,
        state: &mut State,
    ) -> Result<Handled, Raise> {
        match message {
            Message::Exit { from, reason } => Ok(self.ended(ctx, from, reason, state).await.into()),
            // It is told to the log.
            Message::User(_) | Message::Down { .. } => Ok(Handled::NoReply),
        }
    }

    async fn terminate(&self, ctx: &Ctx, _: Term, state: &mut State) -> Result<(), Raise> {
        terminate_from(ctx, &mut state.children, 0).await;
        Ok(())
    }
}

fn badarg(ctx: &Ctx) -> Raise {
    Raise::error(ctx.atom("badarg"))
}
