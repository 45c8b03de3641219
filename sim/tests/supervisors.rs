//! Supervisors: who is started again, who is not, and when they give up. What each says to its
//! clients is held against OTP by the vectors of kind sup.

use atropos::process::{
    Ctx, Ending, Filter, Message, Pid, ProcessScenario, Raise, Term,
    otp::{
        Answered, Behaviour, Caller, Init, Options, ServerRef, Started,
        child::{ChildSpec, ChildType, Restart, Shutdown, StartFunctions, Starting},
        dynamic, start_server_link,
        supervisor::{self, Flags, Strategy, Tree},
    },
};

/// A server that is there.
struct Idle;

impl Behaviour for Idle {
    type State = Term;

    async fn init(&self, _: &Ctx) -> Result<Init<Term>, Raise> {
        Ok(Init::Ok(Term::UNDEFINED))
    }

    async fn handle_call(
        &self,
        _: &Ctx,
        request: Term,
        _: Caller,
        _: &mut Term,
    ) -> Result<Answered, Raise> {
        Ok(Answered::Reply(request))
    }
}

/// Idle servers, or a supervisor of one.
#[derive(Clone)]
struct Plant {
    flags: Flags,
    children: Vec<ChildSpec>,
}

impl StartFunctions for Plant {
    fn start<'a>(&'a self, ctx: &'a Ctx, start: Term) -> Starting<'a> {
        Box::pin(async move {
            if start == Term::atom("nested") {
                let spec = ChildSpec::worker(ctx.atom("leaf"), ctx.atom("leaf"));
                let plant = Plant { flags: Flags::default(), children: vec![patient(spec)] };
                return Ok(supervisor::start_link(ctx, Options::default(), plant).await);
            }
            Ok(start_server_link(ctx, Options::default(), Idle).await)
        })
    }
}

impl Tree for Plant {
    async fn init(&self, _: &Ctx) -> Result<(Flags, Vec<ChildSpec>), Raise> {
        Ok((self.flags, self.children.clone()))
    }
}

/// Timers may fire at any time here: a child that is given all the time is not killed.
fn patient(spec: ChildSpec) -> ChildSpec {
    ChildSpec { shutdown: Shutdown::Infinity, ..spec }
}

fn worker(ctx: &Ctx, id: &str, restart: Restart) -> ChildSpec {
    patient(ChildSpec { restart, ..ChildSpec::worker(ctx.atom(id), ctx.atom(id)) })
}

/// In 300 schedules the client comes to its end without a panic, under every condition that is
/// drawn.
fn holds(name: &'static str, client: impl AsyncFn(Ctx) -> Ending + Copy + Send + Sync + 'static) {
    let scenario = ProcessScenario::new(name, move |world| {
        world.client("client", move |ctx| async move {
            ctx.trap_exit(true).await;
            client(ctx).await
        });
    });
    let found = scenario.fuzz(300);
    assert!(found.is_none(), "{name}: {:?}", found.map(|found| found.violation));
}

async fn planted(ctx: &Ctx, strategy: Strategy, children: Vec<ChildSpec>) -> Pid {
    let flags = Flags { strategy, ..Flags::default() };
    let plant = Plant { flags, children };
    let started = supervisor::start_link(ctx, Options::default(), plant).await;
    started.pid().expect("a supervisor of servers that start well starts well")
}

/// Who its children are, in the order of their start; `None` for one that does not run.
async fn children(ctx: &Ctx, top: Pid) -> Vec<Option<Pid>> {
    let list = supervisor::which_children(ctx, top.into()).await.expect("the supervisor lives");
    let mut pids: Vec<Option<Pid>> =
        ctx.items(list).iter().map(|&row| ctx.elements(row)[1].as_pid()).collect();
    pids.reverse();
    pids
}

/// Kills a process and waits until the supervisor has seen it: its next answer comes after.
async fn kill(ctx: &Ctx, victim: Pid) {
    let monitor = ctx.monitor(victim).await;
    ctx.exit2(victim, Term::KILL).await;
    ctx.receive(Filter::DownOf(monitor)).await;
}

/// How often a client looks again; in an unfair schedule it looks often before others move.
const PATIENCE: u32 = 500;

/// Waits until the children are as wanted.
async fn until(ctx: &Ctx, top: Pid, wanted: impl Fn(&[Option<Pid>]) -> bool) -> Vec<Option<Pid>> {
    for _ in 0..PATIENCE {
        let now = children(ctx, top).await;
        if wanted(&now) {
            return now;
        }
        ctx.sleep(1).await;
    }
    panic!("the supervisor does not do what it should: {:?}", children(ctx, top).await);
}

#[test]
fn one_for_one_starts_the_failed_child_alone() {
    holds("one-for-one", async |ctx| {
        let specs = ["a", "b"].map(|id| worker(&ctx, id, Restart::Permanent));
        let top = planted(&ctx, Strategy::OneForOne, specs.to_vec()).await;
        let before = children(&ctx, top).await;
        kill(&ctx, before[0].expect("a runs")).await;
        let after = until(&ctx, top, |now| now[0].is_some() && now[0] != before[0]).await;
        assert_eq!(after[1], before[1], "the sibling was not touched");
        Ok(())
    });
}

#[test]
fn a_group_restart_forgets_the_temporary() {
    holds("one-for-all", async |ctx| {
        let specs = vec![
            worker(&ctx, "a", Restart::Temporary),
            worker(&ctx, "b", Restart::Permanent),
            worker(&ctx, "c", Restart::Transient),
        ];
        let top = planted(&ctx, Strategy::OneForAll, specs).await;
        let before = children(&ctx, top).await;
        kill(&ctx, before[1].expect("b runs")).await;
        let after = until(&ctx, top, |now| now.len() == 2).await;
        assert!(after.iter().all(Option::is_some), "{after:?}");
        assert!(!ctx.is_alive(before[0].expect("a ran")).await, "it was ended all the same");
        Ok(())
    });
}

#[test]
fn one_restart_too_many_ends_the_supervisor_and_what_it_holds() {
    holds("intensity", async |ctx| {
        let mut nested = patient(ChildSpec::supervisor(ctx.atom("sub"), ctx.atom("nested")));
        nested.kind = ChildType::Supervisor;
        let specs = vec![nested, worker(&ctx, "b", Restart::Permanent)];
        let top = planted(&ctx, Strategy::OneForOne, specs).await;
        let sub = children(&ctx, top).await[0].expect("the nested supervisor runs");
        let leaf = children(&ctx, sub).await[0].expect("its child runs");
        let first = children(&ctx, top).await[1];
        kill(&ctx, first.expect("b runs")).await;
        let second = until(&ctx, top, |now| now[1].is_some() && now[1] != first).await[1];
        ctx.exit2(second.expect("b runs again"), "boom").await;
        let exit = ctx.receive(Filter::ExitOf(top)).await;
        assert!(matches!(exit, Message::Exit { reason: Term::SHUTDOWN, .. }), "{exit:?}");
        assert!(!ctx.is_alive(leaf).await, "the last leaf ended before the top did");
        Ok(())
    });
}

#[test]
fn a_dynamic_supervisor_forgets_what_is_temporary_and_restarts_what_is_not() {
    holds("dynamic", async |ctx| {
        let plant = Plant { flags: Flags::default(), children: Vec::new() };
        let flags = dynamic::Flags { max_children: Some(2), ..dynamic::Flags::default() };
        let started = dynamic::start_link(&ctx, Options::default(), flags, plant).await;
        let top: ServerRef = started.pid().expect("it starts").into();
        let mut born = Vec::new();
        for restart in [Restart::Temporary, Restart::Permanent, Restart::Permanent] {
            let spec = worker(&ctx, "w", restart);
            let answer = dynamic::start_child(&ctx, top, spec).await?;
            born.extend(ctx.elements(answer)[1].as_pid());
        }
        assert_eq!(born.len(), 2, "the third found no room");
        kill(&ctx, born[0]).await;
        kill(&ctx, born[1]).await;
        let pids = async || {
            let list = dynamic::which_children(&ctx, top).await?;
            let who = |&row: &Term| ctx.elements(row)[1].as_pid();
            Ok::<Vec<Option<Pid>>, Raise>(ctx.items(list).iter().map(who).collect())
        };
        let new = |pid: &Option<Pid>| pid.is_some_and(|pid| !born.contains(&pid));
        let mut last = pids().await?;
        for _ in 0..PATIENCE {
            if last.len() == 1 && last.iter().all(new) {
                let gone = dynamic::terminate_child(&ctx, top, born[1]).await?;
                assert_eq!(gone, Started::Error(ctx.atom("not_found")).term(&ctx));
                return Ok(());
            }
            ctx.sleep(1).await;
            last = pids().await?;
        }
        panic!("the permanent child was not started again: {born:?} {last:?}");
    });
}
