//! Programs of lc-v1 that only use processes, told as bodies of the process world.
//!
//! Each operation becomes one effect, so both worlds make the same steps; what differs is told in
//! docs/exploration.md. A name in a program stands for the pid that its spawn gave: every use of it
//! comes after that spawn, so bodies that share the table of names tell each other nothing.
//!
//! Leaves out variables, locks, timers and weak tasks, which are no processes.

use atropos::{
    lc::{Op, Program, Value},
    process::{Ctx, Ending, Filter, Message, Pid, ProcessWorld, Raise, Ref, Shape, Term, Whereis},
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::{Future, pending},
    pin::Pin,
    rc::Rc,
};

/// True if every operation has an effect that is the same thing.
pub fn can_tell(program: &Program) -> bool {
    program.vars.is_empty() && program.procs.values().chain([&program.main]).all(|ops| all(ops))
}

fn all(ops: &[Op]) -> bool {
    ops.iter().all(|op| match op {
        Op::Spawn { body, .. } => all(body),
        Op::When { then, otherwise, .. } => all(then) && all(otherwise),
        Op::Send { .. }
        | Op::SendName { .. }
        | Op::Recv { .. }
        | Op::Recv0 { .. }
        | Op::Trap { .. }
        | Op::Link { .. }
        | Op::Unlink { .. }
        | Op::Monitor { .. }
        | Op::Demonitor { .. }
        | Op::Exit { .. }
        | Op::Exit2 { .. }
        | Op::Register { .. }
        | Op::Unregister { .. }
        | Op::Whereis { .. }
        | Op::Alive { .. }
        | Op::Nop
        | Op::Return => true,
        _ => false,
    })
}

/// Starts the processes of a program: `main`, then the others by name.
///
/// # Panics
/// While it runs, if the program names a process before it is spawned or does what is no effect.
pub fn start(world: &mut ProcessWorld, program: &Program) {
    let mut tags = Vec::new();
    program.procs.values().chain([&program.main]).for_each(|ops| sent(ops, &mut tags));
    let shared = Rc::new(Shared { tags, ends: program.implicit_exit, pids: RefCell::default() });
    let others = program.procs.iter().map(|(name, ops)| (name.as_str(), ops));
    let roots = [("main", &program.main)].into_iter().chain(others);
    for (root, (name, ops)) in (0..).zip(roots) {
        shared.name(name, Pid::root(root));
        let (ops, shared) = (ops.clone(), Rc::clone(&shared));
        world.root(name.to_owned(), move |ctx| run(ctx, shared, ops));
    }
}

/// The tags that a program sends.
fn sent(ops: &[Op], into: &mut Vec<String>) {
    for op in ops {
        match op {
            Op::Send { tag, .. } | Op::SendName { tag, .. } => into.push(tag.clone()),
            Op::Spawn { body, .. } => sent(body, into),
            Op::When { then, otherwise, .. } => {
                sent(then, into);
                sent(otherwise, into);
            }
            _ => {}
        }
    }
}

/// What all bodies of a program know.
struct Shared {
    tags: Vec<String>,
    /// The end of the code is an exit.
    ends: bool,
    /// Which pid goes by which name.
    pids: RefCell<BTreeMap<String, Pid>>,
}

impl Shared {
    fn name(&self, name: &str, pid: Pid) {
        self.pids.borrow_mut().insert(name.to_owned(), pid);
    }

    fn pid(&self, name: &str) -> Pid {
        let pid = self.pids.borrow().get(name).copied();
        pid.unwrap_or_else(|| panic!("{name} is named before it is spawned"))
    }

    fn name_of(&self, pid: Pid) -> String {
        let pids = self.pids.borrow();
        let named = pids.iter().find(|&(_, &known)| known == pid);
        named.map_or_else(String::new, |(name, _)| name.clone())
    }
}

async fn run(ctx: Ctx, shared: Rc<Shared>, ops: Vec<Op>) -> Ending {
    let ends = shared.ends;
    let mut told = Told { ctx, shared, registers: BTreeMap::new(), monitors: Vec::new() };
    match told.all(&ops).await {
        Flow::On | Flow::Return if !ends => pending().await,
        Flow::On | Flow::Return => Ok(()),
        Flow::Exit(raise) => Err(raise),
    }
}

/// What comes after an operation.
enum Flow {
    On,
    Return,
    Exit(Raise),
}

impl From<Result<(), Raise>> for Flow {
    fn from(done: Result<(), Raise>) -> Self {
        done.map_or_else(Flow::Exit, |()| Flow::On)
    }
}

/// A process of a program.
struct Told {
    ctx: Ctx,
    shared: Rc<Shared>,
    registers: BTreeMap<String, Value>,
    /// Its monitors and whom they watch.
    monitors: Vec<(Pid, Ref)>,
}

impl Told {
    fn all<'a>(&'a mut self, ops: &'a [Op]) -> Pin<Box<dyn Future<Output = Flow> + 'a>> {
        Box::pin(async move {
            for op in ops {
                match self.one(op).await {
                    Flow::On => {}
                    end => return end,
                }
            }
            Flow::On
        })
    }

    fn keep(&mut self, into: &Option<String>, value: impl FnOnce(&Self) -> Value) {
        if let Some(register) = into {
            let value = value(self);
            self.registers.insert(register.clone(), value);
        }
    }

    fn pid(&self, name: &str) -> Pid {
        self.shared.pid(name)
    }

    async fn one(&mut self, op: &Op) -> Flow {
        match op {
            Op::Spawn { child, body, link, monitor } => {
                self.spawn(child, body, (*link, *monitor)).await;
            }
            Op::Send { to, tag } => self.ctx.send(self.pid(to), self.ctx.atom(tag)).await,
            Op::SendName { name, tag } => {
                return self.ctx.send_name(self.ctx.atom(name), self.ctx.atom(tag)).await.into();
            }
            Op::Recv { tag, into } => {
                let message = self.ctx.receive(self.filter(tag.as_deref())).await;
                self.keep(into, |told| Value::Text(told.text(message)));
            }
            Op::Recv0 { tag, into } => {
                let message = self.ctx.receive_after(self.filter(tag.as_deref()), 0).await;
                let text = |told: &Self| message.map_or("timeout".to_owned(), |m| told.text(m));
                self.keep(into, |told| Value::Text(text(told)));
            }
            Op::Trap { on } => drop(self.ctx.trap_exit(*on).await),
            Op::Link { to } => return self.ctx.link(self.pid(to)).await.into(),
            Op::Unlink { to } => self.ctx.unlink(self.pid(to)).await,
            Op::Monitor { to, .. } => {
                let target = self.pid(to);
                let monitor = self.ctx.monitor(target).await;
                self.monitors.push((target, monitor));
            }
            Op::Demonitor { to, flush, into } => self.demonitor(to, *flush, into).await,
            Op::Exit { reason } => return Flow::Exit(Raise::exit(self.ctx.atom(reason))),
            Op::Exit2 { to, reason } => self.ctx.exit2(self.pid(to), self.ctx.atom(reason)).await,
            Op::Register { name, pid, catch, into } => {
                let pid = pid.as_ref().map_or(self.ctx.me(), |pid| self.pid(pid));
                let done = self.ctx.register(self.ctx.atom(name), pid).await;
                self.keep(into, |_| Value::Bool(done.is_ok()));
                return if *catch { Flow::On } else { done.into() };
            }
            Op::Unregister { name } => {
                return self.ctx.unregister(self.ctx.atom(name)).await.into();
            }
            Op::Whereis { name, into } => {
                let found = self.ctx.whereis(self.ctx.atom(name)).await;
                self.keep(into, |told| Value::Text(told.found(found)));
            }
            Op::Alive { of, into } => {
                let alive = self.ctx.is_alive(self.pid(of)).await;
                self.keep(into, |_| Value::Bool(alive));
            }
            Op::When { var, is, not, then, otherwise } => {
                let value = self.registers.get(var);
                let holds = match (is, not) {
                    (Some(is), _) => value == Some(is),
                    (None, not) => value != not.as_ref(),
                };
                return self.all(if holds { then } else { otherwise }).await;
            }
            Op::Return => return Flow::Return,
            Op::Nop => self.ctx.yield_now().await,
            other => panic!("{other:?} is no effect of a process"),
        }
        Flow::On
    }

    async fn spawn(&mut self, child: &str, body: &[Op], (link, monitor): (bool, bool)) {
        let (ops, shared) = (body.to_vec(), Rc::clone(&self.shared));
        let start = move |ctx| run(ctx, shared, ops);
        let (pid, watch) = self.ctx.spawn_opt(child.to_owned(), link, monitor, start).await;
        self.shared.name(child, pid);
        if monitor {
            self.monitors.push((pid, watch));
        }
    }

    /// Ends the youngest monitor on a process; without one it gives way, which is a step, too.
    async fn demonitor(&mut self, to: &str, flush: bool, into: &Option<String>) {
        let target = self.pid(to);
        let youngest = self.monitors.iter().rev().find(|&&(watched, _)| watched == target);
        let stood = match youngest.copied() {
            Some((_, monitor)) if flush => self.ctx.demonitor_flush(monitor).await,
            Some((_, monitor)) => self.ctx.demonitor(monitor).await,
            None => {
                self.ctx.yield_now().await;
                false
            }
        };
        self.keep(into, |_| Value::Bool(stood));
    }

    /// What a tag takes: a message that is the tag or begins with `tag:`, where an EXIT is
    /// `EXIT:who:reason` and a DOWN `DOWN:who:reason`.
    fn filter(&self, tag: Option<&str>) -> Filter {
        let Some(tag) = tag else { return Filter::Any };
        let mut parts = tag.split(':');
        let (first, who) = (parts.next(), parts.next());
        match (first, who) {
            (Some("EXIT"), None) => Filter::Exit,
            (Some("EXIT"), Some(who)) => Filter::ExitOf(self.pid(who)),
            (Some("DOWN"), None) => Filter::Down,
            (Some("DOWN"), Some(who)) => {
                let of =
                    [Term::atom("DOWN"), Term::ANY, Term::ANY, self.pid(who).into(), Term::ANY];
                Filter::Matching(self.ctx.tuple(&of))
            }
            _ => {
                let fits = |sent: &&String| {
                    sent.strip_prefix(tag)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                };
                let fitting = self.shared.tags.iter().filter(fits);
                let mut atoms: Vec<Term> = fitting.map(|sent| self.ctx.atom(sent)).collect();
                atoms.push(self.ctx.atom(tag));
                Filter::OneOf(self.ctx.list(&atoms))
            }
        }
    }

    /// A message as lc-v1 tells it.
    fn text(&self, message: Message) -> String {
        let atom = |term: Term| match self.ctx.elements(term).first() {
            // An error: its stack trace is no part of it.
            Some(&error) => self.atom(error),
            None => self.atom(term),
        };
        match message {
            Message::User(term) => atom(term),
            Message::Exit { from, reason } => {
                format!("EXIT:{}:{}", self.shared.name_of(from), atom(reason))
            }
            Message::Down { object, reason, .. } => {
                let who = object.map_or_else(String::new, |pid| self.shared.name_of(pid));
                format!("DOWN:{who}:{}", atom(reason))
            }
        }
    }

    fn atom(&self, term: Term) -> String {
        self.ctx.look(term, |shape| match shape {
            Shape::LongAtom(name) => name.to_owned(),
            _ => format!("{term:?}"),
        })
    }

    fn found(&self, found: Whereis) -> String {
        match found {
            Whereis::At(pid) => self.shared.name_of(pid),
            Whereis::Undefined => "undefined".to_owned(),
        }
    }
}
