//! What a program's operations do: one interpreter over the process world.
//!
//! Each actor is a body that waits for its turn, does what it is told and reports; the director is
//! a body that reads the steps. A name is bound where an operation says so and known to others once
//! the director has the report, as in the reference interpreter on the BEAM: an actor is told with
//! each command what is known so far.
//!
//! Promises to do nothing that the effects of [`Ctx`] do not do. Leaves out what came of it (see
//! `observe`).

mod otp;
pub(super) mod server;

use super::{
    model::{Act, Command, Data, Item, MonitorAlias, Op, Slot, Spawn, Step, Timer},
    script::Script,
};
use atropos::process::{
    self, Alias, Class, Ctx, Ending, Pace, Pid, ProcessWorld, Raise, Ref, Shape, Term,
};
use std::{future::Future, pin::Pin, rc::Rc};

/// How long the reports of a `par` are waited for, in ms.
const PAR_LIMIT: u32 = 400;
/// The node's name: nothing is distributed.
pub(super) const NODE: &str = "nonode@nohost";

/// Starts `@p0` and the director of a script.
pub(super) fn start(world: &mut ProcessWorld, script: &Rc<Script>) {
    let first = Rc::clone(script);
    world.root("p0", move |ctx| {
        shelter(&ctx, &first, Some(Slot::FIRST), Pid::root(0));
        actor(ctx, first)
    });
    let script = Rc::clone(script);
    world.director("director", move |ctx| direct(ctx, script));
}

/// What names are bound to.
type Env = Vec<(Slot, Term)>;

fn lookup(env: &Env, slot: Slot) -> Option<Term> {
    // The last binding counts.
    env.iter().rev().find(|(bound, _)| *bound == slot).map(|&(_, term)| term)
}

async fn direct(ctx: Ctx, script: Rc<Script>) -> Ending {
    let mut env: Env = vec![(Slot::FIRST, Pid::root(0).into())];
    for (number, step) in script.steps.iter().enumerate() {
        let cues: Vec<(Pid, Term)> = commands(step)
            .iter()
            .enumerate()
            .filter_map(|(place, command)| {
                let actor = lookup(&env, command.actor)?.as_pid()?;
                Some((actor, script.command_term(&ctx, number, place, &env)))
            })
            .collect();
        for (_, report) in ctx.stage(&cues, pace(step)).await {
            env.extend(bindings(&ctx, ctx.elements(report)[1]));
        }
    }
    // A last stage without cues: the world comes to rest once more.
    ctx.stage(&[], Pace { settles: true, limit: script.linger }).await;
    Ok(())
}

pub(super) fn commands(step: &Step) -> &[Command] {
    match step {
        Step::One { command, .. } => std::slice::from_ref(command),
        Step::Par { commands, .. } => commands,
        Step::Wait { .. } => &[],
    }
}

fn pace(step: &Step) -> Pace {
    match *step {
        Step::One { settle, limit, .. } => Pace { settles: settle, limit },
        Step::Par { settle, .. } => Pace { settles: settle, limit: PAR_LIMIT },
        Step::Wait { ms } => Pace { settles: true, limit: ms },
    }
}

/// The bindings in a list of `{Slot, Term}`.
fn bindings(ctx: &Ctx, list: Term) -> Env {
    ctx.items(list).into_iter().map(|item| Script::binding(ctx, item)).collect()
}

/// Why an operation is the last one of its process.
enum Leave {
    Return,
    Raise(Raise),
}

impl From<Raise> for Leave {
    fn from(raise: Raise) -> Leave {
        Leave::Raise(raise)
    }
}

fn ending(leave: Leave) -> Ending {
    match leave {
        Leave::Return => Ok(()),
        Leave::Raise(raise) => Err(raise),
    }
}

/// The body of every process of a program once it has done what it was born for.
async fn actor(ctx: Ctx, script: Rc<Script>) -> Ending {
    let mut report = Term::UNDEFINED;
    loop {
        let command = ctx.turn(report).await;
        let (op, env) = script.read_command(&ctx, command);
        let mut hand = Hand { ctx: &ctx, script: &script, env, made: Vec::new() };
        let result = match hand.execute(op).await {
            Ok(result) => result,
            Err(leave) => return ending(leave),
        };
        let made: Vec<Term> =
            hand.made.iter().map(|&(slot, term)| Script::pair(&ctx, slot, term)).collect();
        report = ctx.tuple(&[result, ctx.list(&made)]);
        // To report is a step of its own: who is hit before it has done what it did and is dead.
        ctx.yield_now().await;
    }
}

/// Says so of a process that nobody links to or sends an exit signal.
fn shelter(ctx: &Ctx, script: &Script, name: Option<Slot>, pid: Pid) {
    if name.is_some_and(|name| script.shelters(name)) {
        ctx.shelter(pid);
    }
}

/// The body of a process that a program spawns.
async fn child(ctx: Ctx, script: Rc<Script>, spawn: Spawn, mut env: Env) -> Ending {
    env.extend(spawn.bind.map(|slot| (slot, ctx.me().into())));
    shelter(&ctx, &script, spawn.bind, ctx.me());
    let mut hand = Hand { ctx: &ctx, script: &script, env, made: Vec::new() };
    for op in &spawn.body {
        if let Err(leave) = hand.execute(op).await {
            return ending(leave);
        }
    }
    actor(ctx, script).await
}

/// A process at work.
struct Hand<'a> {
    ctx: &'a Ctx,
    script: &'a Rc<Script>,
    env: Env,
    /// What this command has bound.
    made: Env,
}

type Executed<'f> = Pin<Box<dyn Future<Output = Result<Term, Leave>> + 'f>>;

impl Hand<'_> {
    /// An operation's result: `{ok, Value}`, `{seq, Results}` or `{raise, Class, Reason}`.
    fn execute<'f>(&'f mut self, op: &'f Op) -> Executed<'f> {
        Box::pin(async move {
            let ctx = self.ctx;
            match &op.act {
                Act::Seq(ops) => {
                    let mut results = Vec::with_capacity(ops.len());
                    for op in ops {
                        results.push(self.execute(op).await?);
                    }
                    Ok(ctx.tuple(&[Term::atom("seq"), ctx.list(&results)]))
                }
                Act::Return => Err(Leave::Return),
                Act::Exit { reason } => Err(Raise::exit(self.term(reason)?).into()),
                Act::Error { reason } => Err(Raise::error(self.term(reason)?).into()),
                Act::Throw { reason } => Err(Raise::throw(self.term(reason)?).into()),
                act => match self.perform(act).await {
                    Ok(value) => Ok(ctx.tuple(&[Term::atom("ok"), value])),
                    Err(raise) if op.uncaught => Err(raise.into()),
                    Err(Raise { class, reason }) => {
                        let parts = [Term::atom("raise"), class_atom(class), reason];
                        Ok(ctx.tuple(&parts))
                    }
                },
            }
        })
    }

    async fn perform(&mut self, act: &Act) -> Result<Term, Raise> {
        match act {
            Act::Link { .. } | Act::Unlink { .. } | Act::Exit2 { .. } | Act::Trap { .. } => {
                self.relate(act).await
            }
            Act::Monitor { .. } | Act::Demonitor { .. } | Act::MakeRef { .. } => {
                self.refer(act).await
            }
            Act::Alias { .. } | Act::Unalias { .. } => self.refer(act).await,
            Act::Register { .. } | Act::Unregister { .. } | Act::Whereis { .. } => {
                self.name(act).await
            }
            Act::Send { .. } | Act::Recv { .. } => self.talk(act).await,
            Act::SendAfter(_) | Act::StartTimer(_) | Act::CancelTimer { .. } => {
                self.time(act).await
            }
            Act::Spawn(spawn) => self.spawn(spawn).await,
            Act::Server(op) => self.server(op).await,
            Act::Agent(op) => self.agent(op).await,
            Act::Task(op) => self.task(op).await,
            _ => self.look(act).await,
        }
    }

    /// Links, exit signals, trap_exit.
    async fn relate(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        match act {
            Act::Link { to } => ctx.link(self.pid(to)?).await?,
            Act::Unlink { to } => ctx.unlink(self.pid(to)?).await,
            Act::Exit2 { to, reason } => ctx.exit2(self.pid(to)?, self.term(reason)?).await,
            Act::Trap { on } => return Ok(ctx.trap_exit(*on).await.into()),
            other => unreachable!("{other:?}"),
        }
        Ok(true.into())
    }

    /// Monitors, aliases and plain references.
    async fn refer(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        let (reference, bind) = match act {
            Act::Monitor { to, alias, bind } => (self.monitor(to, *alias).await?, bind),
            Act::MakeRef { bind } => (ctx.make_ref().await, bind),
            Act::Alias { reply, bind } => {
                let until = if *reply { Alias::Reply } else { Alias::ExplicitUnalias };
                (ctx.alias(until).await, bind)
            }
            Act::Demonitor { reference, flush, info } => {
                let monitor = self.reference(reference)?;
                let stood = match flush {
                    true => ctx.demonitor_flush(monitor).await,
                    false => ctx.demonitor(monitor).await,
                };
                return Ok((stood || !info).into());
            }
            Act::Unalias { reference } => {
                return Ok(ctx.unalias(self.reference(reference)?).await.into());
            }
            other => unreachable!("{other:?}"),
        };
        Ok(self.bind(*bind, reference.into()))
    }

    async fn monitor(&self, to: &Data, alias: Option<MonitorAlias>) -> Result<Ref, Raise> {
        let ctx = self.ctx;
        let alias = alias.map(|alias| match alias {
            MonitorAlias::ExplicitUnalias => Alias::ExplicitUnalias,
            MonitorAlias::Demonitor => Alias::Demonitor,
            MonitorAlias::ReplyDemonitor => Alias::Reply,
        });
        Ok(match (self.target(to)?, alias) {
            (Target::Process(pid), None) => ctx.monitor(pid).await,
            (Target::Process(pid), Some(alias)) => ctx.monitor_with_alias(pid, alias).await,
            (Target::Name(name) | Target::AtNode(name), alias) => {
                ctx.monitor_name(name, alias).await
            }
            _ => return Err(badarg()),
        })
    }

    async fn name(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        match act {
            Act::Register { name, to } => {
                let (name, pid) = (self.atom(name)?, self.pid(to)?);
                ctx.register(name, pid).await?;
            }
            Act::Unregister { name } => ctx.unregister(self.atom(name)?).await?,
            Act::Whereis { name } => {
                let whereis = ctx.whereis(self.atom(name)?).await;
                return Ok(whereis.pid().map_or(Term::UNDEFINED, Term::from));
            }
            other => unreachable!("{other:?}"),
        }
        Ok(true.into())
    }

    async fn talk(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        match act {
            Act::Send { to, message } => {
                let (to, message) = (self.target(to)?, self.term(message)?);
                match to {
                    Target::Process(pid) => ctx.send(pid, message).await,
                    Target::Name(name) => ctx.send_name(name, message).await?,
                    Target::AtNode(name) => ctx.send_name_at_node(name, message).await?,
                    Target::Reference(reference) => ctx.send_ref(reference, message).await,
                    Target::Other => return Err(badarg()),
                }
                Ok(message)
            }
            Act::Recv { pattern, after } => {
                let pattern = self.term(pattern)?;
                let taken = ctx.poll_after(pattern, after.unwrap_or(u32::MAX)).await;
                Ok(taken.and_then(process::Message::user).unwrap_or(Term::atom("timeout")))
            }
            other => unreachable!("{other:?}"),
        }
    }

    async fn time(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        let (timer, wraps) = match act {
            Act::SendAfter(timer) => (timer, false),
            Act::StartTimer(timer) => (timer, true),
            Act::CancelTimer { reference } => {
                let armed = ctx.cancel_timer(self.reference(reference)?).await;
                return Ok(if armed { ctx.atom("$time_left") } else { false.into() });
            }
            other => unreachable!("{other:?}"),
        };
        let Timer { ms, to, message, bind } = timer;
        let message = self.term(message)?;
        let reference = match (self.target(to)?, wraps) {
            (Target::Process(pid), false) => ctx.send_after(*ms, pid, message).await,
            (Target::Process(pid), true) => ctx.start_timer(*ms, pid, message).await,
            (Target::Name(name), false) => ctx.send_after_name(*ms, name, message).await,
            (Target::Name(name), true) => ctx.start_timer_name(*ms, name, message).await,
            _ => return Err(badarg()),
        };
        Ok(self.bind(*bind, reference.into()))
    }

    async fn spawn(&mut self, spawn: &Spawn) -> Result<Term, Raise> {
        let label = self.label(spawn.bind, "child");
        let (script, born, env) = (Rc::clone(self.script), spawn.clone(), self.env.clone());
        let code = move |ctx| child(ctx, script, born, env);
        let born = self.ctx.spawn_opt(label, spawn.link, spawn.monitor, code);
        let (pid, reference) = born.unplaced().await;
        let pid = self.bind(spawn.bind, pid.into());
        if !spawn.monitor {
            return Ok(pid);
        }
        let reference = self.bind(spawn.bind_ref, reference.into());
        Ok(self.ctx.tuple(&[pid, reference]))
    }

    /// What only reads or waits.
    async fn look(&mut self, act: &Act) -> Result<Term, Raise> {
        let ctx = self.ctx;
        Ok(match act {
            Act::Me => ctx.me().into(),
            Act::Yield => {
                ctx.yield_now().await;
                true.into()
            }
            Act::Sleep { ms } => {
                ctx.sleep(*ms).await;
                Term::atom("ok")
            }
            Act::Value { value } => self.term(value)?,
            // Group leaders are left out: only whether it raises can be seen.
            Act::GroupLeaderTo { to } => {
                self.pid(to)?;
                true.into()
            }
            Act::Alive { to } => ctx.is_alive(self.pid(to)?).await.into(),
            Act::Mailbox => tuple_of_list(ctx, ctx.info(ctx.me(), Item::Messages).await),
            Act::Info { to, item } => {
                let value = ctx.info(self.pid(to)?, *item).await;
                let value = if *item == Item::Links { sorted(ctx, value) } else { value };
                tuple_of_list(ctx, value)
            }
            other => unreachable!("{other:?}"),
        })
    }

    /// What a process is called for people.
    fn label(&self, bind: Option<Slot>, otherwise: &str) -> String {
        let named = |slot: Slot| &self.script.names[usize::from(slot.0)];
        bind.map_or(otherwise, |slot| named(slot).trim_start_matches('@')).to_owned()
    }

    // Arguments

    fn bind(&mut self, slot: Option<Slot>, term: Term) -> Term {
        if let Some(slot) = slot {
            self.env.push((slot, term));
            self.made.push((slot, term));
        }
        term
    }

    fn term(&self, data: &Data) -> Result<Term, Raise> {
        let all = |parts: &[Data]| -> Result<Vec<Term>, Raise> {
            parts.iter().map(|part| self.term(part)).collect()
        };
        let ctx = self.ctx;
        Ok(match data {
            Data::Int(value) => Term::int(*value),
            Data::Atom(name) => ctx.atom(name),
            Data::Tuple(parts) => ctx.tuple(&all(parts)?),
            Data::List(items) => ctx.list(&all(items)?),
            Data::Map(pairs) => {
                let pair = |(key, value): &(Data, Data)| Ok((self.term(key)?, self.term(value)?));
                ctx.map(&pairs.iter().map(pair).collect::<Result<Vec<_>, Raise>>()?)
            }
            Data::Name(slot) => match lookup(&self.env, *slot) {
                Some(term) => term,
                None => {
                    let name = ctx.atom(&self.script.names[usize::from(slot.0)]);
                    return Err(Raise::error(ctx.tuple(&[Term::atom("badkey"), name])));
                }
            },
        })
    }

    fn pid(&self, data: &Data) -> Result<Pid, Raise> {
        self.term(data)?.as_pid().ok_or_else(badarg)
    }

    fn reference(&self, data: &Data) -> Result<Ref, Raise> {
        self.term(data)?.as_ref().ok_or_else(badarg)
    }

    fn atom(&self, data: &Data) -> Result<Term, Raise> {
        match self.target(data)? {
            Target::Name(name) => Ok(name),
            _ => Err(badarg()),
        }
    }

    fn target(&self, data: &Data) -> Result<Target, Raise> {
        let (term, node) = (self.term(data)?, self.ctx.atom(NODE));
        Ok(self.ctx.look(term, |shape| match shape {
            Shape::Pid(pid) => Target::Process(pid),
            Shape::Ref(reference) => Target::Reference(reference),
            Shape::ShortAtom(name) => Target::Name(name),
            Shape::LongAtom(_) => Target::Name(term),
            Shape::Tuple(&[name, at]) if at == node => Target::AtNode(name),
            _ => Target::Other,
        }))
    }
}

/// Who an operation is about.
enum Target {
    Process(Pid),
    Name(Term),
    /// `{Name, node()}`.
    AtNode(Term),
    Reference(Ref),
    Other,
}

fn badarg() -> Raise {
    Raise::error(Term::BADARG)
}

fn class_atom(class: Class) -> Term {
    Term::atom(match class {
        Class::Error => "error",
        Class::Exit => "exit",
        Class::Throw => "throw",
    })
}

/// A list in the order of its pids.
fn sorted(ctx: &Ctx, list: Term) -> Term {
    let pids = ctx.look(list, |shape| match shape {
        Shape::List(items) => items.iter().filter_map(|item| item.as_pid()).collect(),
        _ => Vec::new(),
    });
    if pids.is_empty() {
        return list;
    }
    let mut pids: Vec<Pid> = pids;
    pids.sort_unstable();
    let pids: Vec<Term> = pids.into_iter().map(Term::from).collect();
    ctx.list(&pids)
}

/// A list as the tuple of its items: in programs an array is a tuple.
fn tuple_of_list(ctx: &Ctx, value: Term) -> Term {
    let items = ctx.look(value, |shape| match shape {
        Shape::List(items) => Some(items.to_vec()),
        _ => None,
    });
    items.map_or(value, |items| ctx.tuple(&items))
}

/// A term of a program that names no processes: it is what it says.
pub(super) fn plain_term(ctx: &Ctx, data: &Data) -> Term {
    let all = |parts: &[Data]| parts.iter().map(|part| plain_term(ctx, part)).collect::<Vec<_>>();
    match data {
        Data::Int(value) => Term::int(*value),
        Data::Atom(name) => ctx.atom(name),
        Data::Tuple(parts) => ctx.tuple(&all(parts)),
        Data::List(items) => ctx.list(&all(items)),
        Data::Map(pairs) => {
            let pair = |(key, value): &(Data, Data)| (plain_term(ctx, key), plain_term(ctx, value));
            ctx.map(&pairs.iter().map(pair).collect::<Vec<_>>())
        }
        Data::Name(_) => unreachable!("names are refused where the program is read"),
    }
}
