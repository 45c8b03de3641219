//! What a program of kind `kv` does: one interpreter over the bodies of the store.
//!
//! As in the reference interpreter on the BEAM, a root, which traps exits, starts the store and is
//! its only client. After each step it looks who lives: a process that was never seen alive at rest
//! has no role there, and so no name in what is observed.
//!
//! Promises to do nothing that the effects of [`Ctx`] do not do. Leaves out what came of it (see
//! `observe`).

use super::model::{KvProgram, Owner, Step};
use crate::{
    kv_registry::{
        api,
        system::{self, BUCKET_SUPERVISOR, REGISTRY, TOP},
    },
    program::interpret::plain_term,
};
use atropos::process::{
    Class, Ctx, Ending, Filter, Pace, Pid, ProcessWorld, Raise, Term,
    otp::{Dialect, ServerRef, call, dynamic},
};
use std::rc::Rc;

pub(super) const ROOT: Pid = Pid::root(0);

/// How long the root is waited for, in ms.
const ANSWER: u32 = 20_000;
/// How long the root waits for the end of the top supervisor.
const END: u32 = 8_000;

/// Starts the root and the director.
pub(super) fn start(world: &mut ProcessWorld, program: &Rc<KvProgram>) {
    let (root, steps) = (Rc::clone(program), program.steps.len());
    world.root("root", move |ctx| be_root(ctx, root));
    world.director("director", move |ctx| direct(ctx, steps));
}

/// Command 0 starts the store, then come the steps, and in the end the state is asked for.
pub(super) fn commands(steps: usize) -> impl Iterator<Item = i64> {
    0..=steps as i64 + 1
}

async fn direct(ctx: Ctx, steps: usize) -> Ending {
    let pace = Pace { settles: true, limit: ANSWER };
    for number in commands(steps) {
        ctx.stage(&[(ROOT, Term::int(number))], pace).await;
        ctx.stage(&[(ROOT, Term::atom("look"))], pace).await;
    }
    Ok(())
}

async fn be_root(ctx: Ctx, program: Rc<KvProgram>) -> Ending {
    ctx.trap_exit(true).await;
    let mut report = Term::UNDEFINED;
    loop {
        let command = ctx.turn(report).await;
        report = match command.as_int().map(|number| number as usize) {
            None => ctx.list(&living(&ctx).await),
            Some(0) => system::start_link(&ctx, program.system.clone()).await.term(&ctx),
            Some(number) => match program.steps.get(number - 1) {
                Some(step) => caught(&ctx, "$exit", perform(&ctx, step).await),
                None => caught(&ctx, "EXIT", state(&ctx).await),
            },
        };
    }
}

/// The value of `catch`; the steps of the reference interpreter have another word for an exit.
fn caught(ctx: &Ctx, word: &str, result: Result<Term, Raise>) -> Term {
    let exit = |reason: Term| ctx.tuple(&[ctx.atom(word), reason]);
    match result {
        Ok(value) => value,
        Err(Raise { class: Class::Throw, reason }) => reason,
        Err(Raise { class: Class::Exit, reason }) => exit(reason),
        Err(Raise { class: Class::Error, reason }) => exit(ctx.tuple(&[reason, Term::STACK])),
    }
}

/// Who can be reached by links from those with a registered name: the whole store, at rest.
async fn living(ctx: &Ctx) -> Vec<Term> {
    let mut found: Vec<Pid> = Vec::new();
    for name in [TOP, REGISTRY, BUCKET_SUPERVISOR] {
        let owner = ctx.whereis(ctx.atom(name)).await.pid();
        found.extend(owner.filter(|pid| !found.contains(pid)));
    }
    let mut at = 0;
    while let Some(&pid) = found.get(at) {
        for peer in ctx.links(pid).await {
            if peer != ctx.me() && !found.contains(&peer) {
                found.push(peer);
            }
        }
        at += 1;
    }
    found.into_iter().map(Term::from).collect()
}

async fn perform(ctx: &Ctx, step: &Step) -> Result<Term, Raise> {
    let bucket = |name: &str| api::fetch(ctx, ctx.atom(name));
    match step {
        Step::Create { name } => api::create(ctx, ctx.atom(name)).await,
        Step::Lookup { name } => api::lookup(ctx, ctx.atom(name)).await,
        Step::BucketStop { name, reason } => {
            api::stop_server(ctx, bucket(name).await?, plain_term(ctx, reason)).await
        }
        Step::BucketSignal { name, reason } => {
            ctx.exit2(bucket(name).await?, plain_term(ctx, reason)).await;
            Ok(Term::atom("ok"))
        }
        Step::Put { name, key, value } => {
            let (key, value) = (plain_term(ctx, key), plain_term(ctx, value));
            api::put(ctx, bucket(name).await?.into(), key, value).await
        }
        Step::Get { name, key } => {
            api::get(ctx, bucket(name).await?.into(), plain_term(ctx, key)).await
        }
        Step::RegistryStop { reason } => {
            api::stop_server(ctx, api::registry(ctx), plain_term(ctx, reason)).await
        }
        Step::Signal { to, reason } => {
            let name = match to {
                Owner::Registry => REGISTRY,
                Owner::BucketSupervisor => BUCKET_SUPERVISOR,
            };
            ctx.exit2(owner(ctx, name).await?, plain_term(ctx, reason)).await;
            Ok(Term::atom("ok"))
        }
        Step::StopTop { reason } => stop_top(ctx, plain_term(ctx, reason)).await,
        Step::State => state(ctx).await,
    }
}

/// `whereis/1` where a pid is needed: `exit(undefined, _)` is badarg.
async fn owner(ctx: &Ctx, name: &str) -> Result<Pid, Raise> {
    let pid = ctx.whereis(ctx.atom(name)).await.pid();
    pid.ok_or_else(|| Raise::error(Term::BADARG))
}

async fn stop_top(ctx: &Ctx, reason: Term) -> Result<Term, Raise> {
    let top = owner(ctx, TOP).await?;
    ctx.exit2(top, reason).await;
    let monitor = ctx.monitor(top).await;
    let down = ctx.receive_after(Filter::DownOf(monitor), END).await;
    Ok(Term::atom(if down.is_some() { "ok" } else { "timeout" }))
}

/// `KVx.state/0`
async fn state(ctx: &Ctx) -> Result<Term, Raise> {
    let none = Term::atom("none");
    let (names, monitors) = match ctx.whereis(ctx.atom(REGISTRY)).await.pid() {
        Some(_) => known(ctx).await?,
        None => (Vec::new(), Term::int(0)),
    };
    let supervisor = ctx.whereis(ctx.atom(BUCKET_SUPERVISOR)).await.pid();
    let (children, counts) = match supervisor {
        Some(pid) => supervised(ctx, pid.into()).await?,
        None => (Vec::new(), none),
    };
    let (mut shown, mut stale) = (Vec::new(), 0);
    for &(name, pid) in &names {
        let alive = ctx.is_alive(pid).await;
        stale += i64::from(!alive);
        shown.push((name, ctx.tuple(&[pid.into(), alive.into()])));
    }
    let orphans = children.iter().filter(|child| names.iter().all(|(_, known)| known != *child));
    let top = ctx.whereis(ctx.atom(TOP)).await.pid();
    let registry = ctx.whereis(ctx.atom(REGISTRY)).await.pid();
    let fields = [
        ("top", top.is_some().into()),
        ("registry", registry.map_or(none, Term::from)),
        ("bucket_sup", supervisor.map_or(none, Term::from)),
        ("names", ctx.map(&shown)),
        ("monitors", monitors),
        ("supervised_active_specs", counts),
        ("orphans", Term::int(orphans.count() as i64)),
        ("stale_names", Term::int(stale)),
    ];
    Ok(ctx.map(&fields.map(|(key, value)| (ctx.atom(key), value))))
}

/// What the registry knows: names with their pids, and how many monitors it has.
async fn known(ctx: &Ctx) -> Result<(Vec<(Term, Pid)>, Term), Raise> {
    let request = Term::atom("names");
    let answer = call(ctx, Dialect::Elixir, api::registry(ctx), request, Some(5_000)).await?;
    let [names, monitors] = *ctx.elements(answer) else {
        return Err(Raise::error(ctx.tuple(&[ctx.atom("badmatch"), answer])));
    };
    let pairs = api::pairs(ctx, names).into_iter();
    Ok((pairs.filter_map(|(name, pid)| Some((name, pid.as_pid()?))).collect(), monitors))
}

/// The children of the bucket supervisor, and `{Active, Specs}`.
async fn supervised(ctx: &Ctx, supervisor: ServerRef) -> Result<(Vec<Pid>, Term), Raise> {
    let rows = dynamic::which_children(ctx, supervisor).await?;
    let child = |&row: &Term| ctx.elements(row).get(1)?.as_pid();
    let children = ctx.items(rows).iter().filter_map(child).collect();
    let counts = api::pairs(ctx, dynamic::count_children(ctx, supervisor).await?);
    let count = |what: &str| {
        let found = counts.iter().find(|&&(key, _)| key == ctx.atom(what));
        found.map_or(Term::UNDEFINED, |&(_, count)| count)
    };
    Ok((children, ctx.tuple(&[count("active"), count("specs")])))
}
