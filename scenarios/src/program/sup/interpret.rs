//! What a program of kind `sup` does: one interpreter over the supervisors of OTP.
//!
//! As in the reference interpreter on the BEAM, a driver tells workers what to do, as a stranger; a
//! root, which traps exits, starts the tree and calls supervisors; a tracer is called from `init` and
//! `terminate`. Numbers of starts (`a#2`) come from the tracer, and its state is what happened.
//!
//! Promises to do nothing that the effects of [`Ctx`] do not do. Leaves out what came of it (see
//! `observe`).

use super::model::{Call, Node, Op, Step, SupProgram, What};
use crate::program::interpret::{
    plain_term,
    server::{Scripted, Watched, tell},
};
use atropos::process::{
    Class, Ctx, Ending, Filter, Message, Pace, Pid, ProcessWorld, Raise, Shape, Term,
    otp::{
        Options, ServerRef, Started, cast,
        child::{ChildSpec, ChildType, StartFunctions, Starting},
        dynamic, start_server_link,
        supervisor::{self, Flags, Tree},
    },
};
use std::{future::Future, pin::Pin, rc::Rc};

pub(super) const ROOT: Pid = Pid::root(0);
pub(super) const TRACER: Pid = Pid::root(1);
const DRIVER: Pid = Pid::root(2);

/// How long an answer of the root is waited for, in ms, and the end of who it has told to exit.
const ANSWER: u32 = 20_000;
const END: u32 = 8_000;
/// Longer than any batch of these.
const STAGE: u32 = 10_000_000;

/// Starts the four processes that are no part of the tree.
pub(super) fn start(world: &mut ProcessWorld, program: &Rc<SupProgram>) {
    let (root, driver, steps) = (Rc::clone(program), Rc::clone(program), Rc::clone(program));
    world.root("root", move |ctx| be_root(ctx, root));
    world.root("tracer", trace);
    world.root("driver", move |ctx| drive(ctx, driver));
    world.director("director", move |ctx| direct(ctx, steps));
}

/// Command 0 starts the tree, the others are the steps.
async fn direct(ctx: Ctx, program: Rc<SupProgram>) -> Ending {
    let settles = std::iter::once(true).chain(program.steps.iter().map(|step| step.settle));
    for (number, settles) in settles.enumerate() {
        let command = Term::int(number as i64);
        ctx.stage(&[(DRIVER, command)], Pace { settles, limit: STAGE }).await;
    }
    ctx.stage(&[], Pace { settles: true, limit: 0 }).await;
    Ok(())
}

// The tracer

/// `{init, Id, N, Pid}`: the n-th start of this id.
fn begun(ctx: &Ctx, id: Term, number: i64, pid: Term) -> Term {
    ctx.tuple(&[Term::atom("init"), id, Term::int(number), pid])
}

/// Keeps what it is told, the last first, and answers each who tells.
async fn trace(ctx: Ctx) -> Ending {
    ctx.shelter(TRACER);
    let mut events: Vec<Term> = Vec::new();
    let request = ctx.tuple(&[Term::ANY, Term::ANY, Term::ANY]);
    loop {
        ctx.state(ctx.list(&events));
        let message = ctx.receive(Filter::Matching(request)).await;
        let parts = ctx.elements(message.user().expect("only terms match"));
        let (from, tag) = (parts[0].as_pid().expect("a caller is a process"), parts[1]);
        let answer = match *ctx.elements(parts[2]) {
            [word, id, pid] if word == Term::atom("init") => {
                let number = starts(&ctx, &events, id).count() as i64 + 1;
                events.insert(0, begun(&ctx, id, number, pid));
                Term::int(number)
            }
            [_, id] => {
                let last = starts(&ctx, &events, id).next();
                last.unwrap_or(Term::UNDEFINED)
            }
            _ => {
                events.insert(0, parts[2]);
                Term::atom("ok")
            }
        };
        ctx.send(from, ctx.tuple(&[tag, answer])).await;
    }
}

/// The processes of an id, the last first.
fn starts<'a>(ctx: &'a Ctx, events: &'a [Term], id: Term) -> impl Iterator<Item = Term> + 'a {
    events.iter().filter_map(move |&event| match *ctx.elements(event) {
        [word, of, _, pid] if word == Term::atom("init") && of == id => Some(pid),
        _ => None,
    })
}

/// The process of an id that was started last, or `undefined`.
async fn newest(ctx: &Ctx, id: &str) -> Term {
    tell(ctx, TRACER, ctx.tuple(&[Term::atom("pid"), ctx.atom(id)])).await
}

// The driver

async fn drive(ctx: Ctx, program: Rc<SupProgram>) -> Ending {
    ctx.shelter(DRIVER);
    let mut report = Term::UNDEFINED;
    loop {
        let number = ctx.turn(report).await.as_int().expect("the director wrote a number");
        report = match number {
            0 => ask_root(&ctx, number, 0, &[]).await,
            _ => step(&ctx, &program.steps[number as usize - 1], number).await,
        };
    }
}

async fn step(ctx: &Ctx, step: &Step, number: i64) -> Term {
    match &step.op {
        Op::Batch(ops) => {
            let mut results = Vec::with_capacity(ops.len());
            for (place, op) in ops.iter().enumerate() {
                results.push(operation(ctx, op, number, place).await);
            }
            ctx.tuple(&results)
        }
        op => operation(ctx, op, number, 0).await,
    }
}

async fn operation(ctx: &Ctx, op: &Op, number: i64, place: usize) -> Term {
    let ok = Term::atom("ok");
    let tagged = |word: &str, term: Term| ctx.tuple(&[ctx.atom(word), term]);
    match op {
        Op::Batch(_) => unreachable!("a batch holds no other"),
        Op::Wait { ms } => {
            ctx.sleep(*ms).await;
            ok
        }
        Op::ChildExit { id, reason } => {
            let pid = newest(ctx, id).await;
            order(ctx, pid, tagged("exit", plain_term(ctx, reason))).await
        }
        Op::ChildStop { id, reason } => {
            let pid = newest(ctx, id).await;
            order(ctx, pid, tagged("stop", plain_term(ctx, reason))).await
        }
        Op::ChildLink { id, to } => {
            let pid = newest(ctx, id).await;
            let to = newest(ctx, to).await;
            order(ctx, pid, tagged("link", to)).await
        }
        Op::Signal { id, reason } => match newest(ctx, id).await.as_pid() {
            Some(pid) => {
                ctx.exit2(pid, plain_term(ctx, reason)).await;
                ok
            }
            // The reference interpreter fails here: there is nothing to compare.
            None => tagged("$crash", Term::BADARG),
        },
        Op::RootExit { id, .. } => {
            let pid = newest(ctx, id).await;
            ask_root(ctx, number, place, &[pid]).await;
            match pid.as_pid() {
                Some(pid) => end_of(ctx, pid).await,
                None => ok,
            }
        }
        Op::Call { sup, dynamic, call } => {
            let sup = newest(ctx, sup).await;
            let child = match call {
                Call::TerminateChild { child } if *dynamic => newest(ctx, child).await,
                _ => Term::UNDEFINED,
            };
            ask_root(ctx, number, place, &[sup, child]).await
        }
    }
}

/// `gen_server:cast(Pid, Request)`
async fn order(ctx: &Ctx, pid: Term, request: Term) -> Term {
    let Some(pid) = pid.as_pid() else { return ctx.atom("no_process") };
    let _ = cast(ctx, ServerRef::Pid(pid), request).await;
    Term::atom("ok")
}

/// Waits until a process has ended.
async fn end_of(ctx: &Ctx, pid: Pid) -> Term {
    let monitor = ctx.monitor(pid).await;
    match ctx.receive_after(Filter::DownOf(monitor), END).await {
        Some(_) => Term::atom("ok"),
        None => Term::atom("timeout"),
    }
}

/// Has the root do an operation: `{call, Driver, Tag, {Number, Place, Arguments}}`.
async fn ask_root(ctx: &Ctx, number: i64, place: usize, arguments: &[Term]) -> Term {
    let tag = ctx.make_ref().await;
    let what = [Term::int(number), Term::int(place as i64), ctx.tuple(arguments)];
    let call = [Term::atom("call"), ctx.me().into(), tag.into(), ctx.tuple(&what)];
    ctx.send(ROOT, ctx.tuple(&call)).await;
    let answer = ctx.tuple(&[tag.into(), Term::ANY]);
    let answer = ctx.receive_after(Filter::Matching(answer), ANSWER).await;
    let answer = answer.and_then(Message::user);
    answer.map_or(Term::atom("timeout"), |answer| ctx.elements(answer)[1])
}

// The root

async fn be_root(ctx: Ctx, program: Rc<SupProgram>) -> Ending {
    ctx.trap_exit(true).await;
    let call = ctx.tuple(&[Term::atom("call"), Term::ANY, Term::ANY, Term::ANY]);
    loop {
        ctx.state(Term::UNDEFINED);
        let message = ctx.receive(Filter::Matching(call)).await;
        let parts = ctx.elements(message.user().expect("only terms match"));
        let what = ctx.elements(parts[3]);
        let number = |at: usize| what[at].as_int().expect("the driver wrote a number") as usize;
        let done = match number(0) {
            0 => {
                Functions::of(&program).start(&ctx, start_term(&ctx, 0)).await.map(|s| s.term(&ctx))
            }
            step => {
                let op = match &program.steps[step - 1].op {
                    Op::Batch(ops) => &ops[number(1)],
                    op => op,
                };
                by_root(&ctx, &program, op, &ctx.elements(what[2])).await
            }
        };
        let answer = ctx.tuple(&[parts[2], caught(&ctx, done)]);
        ctx.send(parts[1].as_pid().expect("the driver is a process"), answer).await;
    }
}

/// What `catch` gives, with `$exit` in the place of `'EXIT'`.
fn caught(ctx: &Ctx, done: Result<Term, Raise>) -> Term {
    let exit = |reason: Term| ctx.tuple(&[ctx.atom("$exit"), reason]);
    match done {
        Ok(value) | Err(Raise { class: Class::Throw, reason: value }) => value,
        Err(Raise { class: Class::Exit, reason }) => exit(reason),
        Err(Raise { class: Class::Error, reason }) => exit(ctx.tuple(&[reason, Term::STACK])),
    }
}

async fn by_root(
    ctx: &Ctx,
    program: &Rc<SupProgram>,
    op: &Op,
    arguments: &[Term],
) -> Result<Term, Raise> {
    match op {
        Op::RootExit { reason, .. } => {
            let pid = arguments[0].as_pid().ok_or_else(|| Raise::error(Term::BADARG))?;
            ctx.exit2(pid, plain_term(ctx, reason)).await;
            Ok(true.into())
        }
        Op::Call { dynamic: true, call, .. } => {
            call_dynamic(ctx, program, server(arguments[0]), call, arguments[1]).await
        }
        Op::Call { call, .. } => call_supervisor(ctx, program, server(arguments[0]), call).await,
        other => unreachable!("the driver does {other:?} itself"),
    }
}

/// A supervisor by its pid; the atom `undefined` is a name that nobody has.
fn server(sup: Term) -> ServerRef {
    sup.as_pid().map_or(ServerRef::Name(sup), ServerRef::Pid)
}

async fn call_supervisor(
    ctx: &Ctx,
    program: &SupProgram,
    sup: ServerRef,
    call: &Call,
) -> Result<Term, Raise> {
    match call {
        Call::Which => supervisor::which_children(ctx, sup).await.map(|all| rows(ctx, all)),
        Call::Count => supervisor::count_children(ctx, sup).await,
        Call::TerminateChild { child } => {
            supervisor::terminate_child(ctx, sup, ctx.atom(child)).await
        }
        Call::RestartChild { child } => supervisor::restart_child(ctx, sup, ctx.atom(child)).await,
        Call::DeleteChild { child } => supervisor::delete_child(ctx, sup, ctx.atom(child)).await,
        Call::StartChild { child } => {
            supervisor::start_child(ctx, sup, spec(ctx, program, *child)).await
        }
    }
}

async fn call_dynamic(
    ctx: &Ctx,
    program: &SupProgram,
    sup: ServerRef,
    call: &Call,
    pid: Term,
) -> Result<Term, Raise> {
    match call {
        Call::Which => dynamic::which_children(ctx, sup).await.map(|all| rows(ctx, all)),
        Call::Count => dynamic::count_children(ctx, sup).await.map(|counts| pairs(ctx, counts)),
        Call::TerminateChild { .. } => match pid.as_pid() {
            Some(pid) => dynamic::terminate_child(ctx, sup, pid).await,
            None => Err(Raise::error(ctx.atom("function_clause"))),
        },
        Call::StartChild { child } => {
            dynamic::start_child(ctx, sup, spec(ctx, program, *child)).await
        }
        Call::RestartChild { .. } | Call::DeleteChild { .. } => {
            unreachable!("a DynamicSupervisor has no such function")
        }
    }
}

/// `{Id, Child, Type, Modules}` without the modules.
fn rows(ctx: &Ctx, all: Term) -> Term {
    let rows: Vec<Term> =
        ctx.items(all).into_iter().map(|row| ctx.tuple(&ctx.elements(row)[..3])).collect();
    ctx.list(&rows)
}

/// `lists:sort(maps:to_list(Counts))`
fn pairs(ctx: &Ctx, counts: Term) -> Term {
    let flat = ctx.look(counts, |shape| match shape {
        Shape::Map(parts) => parts.to_vec(),
        _ => Vec::new(),
    });
    let of = |key: &str| {
        let key = ctx.atom(key);
        flat.chunks(2).find(|pair| pair[0] == key).map(|pair| ctx.tuple(pair))
    };
    let keys = ["active", "specs", "supervisors", "workers"];
    ctx.list(&keys.into_iter().filter_map(of).collect::<Vec<_>>())
}

// The tree

/// The start functions of a program: `{bo_gw, start_link, [Node]}` and `{bo_sup, start_link, [Node]}`.
#[derive(Clone)]
struct Functions {
    program: Rc<SupProgram>,
}

impl Functions {
    fn of(program: &Rc<SupProgram>) -> Functions {
        Functions { program: Rc::clone(program) }
    }
}

fn start_term(ctx: &Ctx, node: usize) -> Term {
    ctx.tuple(&[Term::atom("start"), Term::int(node as i64)])
}

fn spec(ctx: &Ctx, program: &SupProgram, at: usize) -> ChildSpec {
    let node = &program.nodes[at];
    ChildSpec {
        id: ctx.atom(&node.id),
        start: start_term(ctx, at),
        restart: node.restart,
        shutdown: node.shutdown,
        kind: if node.what.is_supervisor() { ChildType::Supervisor } else { ChildType::Worker },
        significant: node.significant,
    }
}

impl StartFunctions for Functions {
    fn start<'a>(&'a self, ctx: &'a Ctx, start: Term) -> Starting<'a> {
        let at = ctx.elements(start)[1].as_int().expect("a start names a node") as usize;
        Box::pin(async move { Ok(self.start_node(ctx, at).await) })
    }
}

impl Functions {
    fn start_node<'a>(
        &'a self,
        ctx: &'a Ctx,
        at: usize,
    ) -> Pin<Box<dyn Future<Output = Started> + 'a>> {
        let node = &self.program.nodes[at];
        match &node.what {
            What::Worker { .. } => Box::pin(start_worker(ctx, node)),
            What::Supervisor { .. } => {
                let options = Options { label: node.id.clone().into(), name: None };
                let tree = Branch { functions: self.clone(), at };
                Box::pin(supervisor::start_link(ctx, options, tree))
            }
            What::Dynamic { .. } => Box::pin(self.start_dynamic(ctx, node)),
        }
    }

    /// A DynamicSupervisor has no callback module: its starter tells the tracer.
    async fn start_dynamic(&self, ctx: &Ctx, node: &Node) -> Started {
        let What::Dynamic { intensity, period, max_children } = node.what else {
            unreachable!("it is dynamic")
        };
        let options = Options { label: node.id.clone().into(), name: None };
        let flags = dynamic::Flags { intensity, period, max_children };
        let started = dynamic::start_link(ctx, options, flags, self.clone()).await;
        if let Some(pid) = started.pid() {
            register(ctx, &node.id, pid).await;
        }
        started
    }
}

/// Tells the tracer of a start; its number.
async fn register(ctx: &Ctx, id: &str, pid: Pid) -> Term {
    tell(ctx, TRACER, ctx.tuple(&[Term::atom("init"), ctx.atom(id), pid.into()])).await
}

async fn start_worker(ctx: &Ctx, node: &Node) -> Started {
    let What::Worker { trap, init, terminate, fail_on, name } = &node.what else {
        unreachable!("it is a worker")
    };
    let scripted = Scripted {
        trap: *trap,
        init: plain_term(ctx, init),
        terminate: plain_term(ctx, terminate),
        watched: Some(Watched { tracer: TRACER, id: ctx.atom(&node.id), fail_on: fail_on.clone() }),
    };
    let name = name.as_ref().map(|name| ctx.atom(name));
    start_server_link(ctx, Options { label: node.id.clone().into(), name }, scripted).await
}

/// The callback module of a supervisor.
struct Branch {
    functions: Functions,
    at: usize,
}

impl StartFunctions for Branch {
    fn start<'a>(&'a self, ctx: &'a Ctx, start: Term) -> Starting<'a> {
        self.functions.start(ctx, start)
    }
}

impl Tree for Branch {
    async fn init(&self, ctx: &Ctx) -> Result<(Flags, Vec<ChildSpec>), Raise> {
        let program = &self.functions.program;
        let Node { id, what, .. } = &program.nodes[self.at];
        let &What::Supervisor { strategy, intensity, period, auto_shutdown, ref children } = what
        else {
            unreachable!("it is a supervisor")
        };
        register(ctx, id, ctx.me()).await;
        let specs = children.iter().map(|&child| spec(ctx, program, child)).collect();
        Ok((Flags { strategy, intensity, period, auto_shutdown }, specs))
    }
}
