//! Servers: start, call, stop, their state, and what their clients see.

use atropos::process::{
    Ctx, Ending, Filter, Message, Pid, ProcessScenario, Raise, Term,
    otp::{
        Answered, Behaviour, Caller, Dialect, Init, Options, ServerRef, Started, call, cast,
        start_server, start_server_link, stop,
    },
};

/// Replies what it is asked, counts what it was asked, and stops on `stop`.
struct Echo {
    init: Init<Term>,
}

impl Behaviour for Echo {
    type State = Term;

    async fn init(&self, _: &Ctx) -> Result<Init<Term>, Raise> {
        Ok(self.init)
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        _: Caller,
        state: &mut Term,
    ) -> Result<Answered, Raise> {
        *state = Term::int(state.as_int().unwrap_or(0) + 1);
        Ok(match request {
            stop if stop == Term::atom("stop") => Answered::Stop(Term::NORMAL),
            bye if bye == Term::atom("bye") => Answered::StopReply(ctx.atom("boom"), request),
            slow if slow == Term::atom("slow") => {
                ctx.sleep(40).await;
                Answered::Reply(request)
            }
            _ => Answered::Reply(request),
        })
    }
}

fn echo() -> Echo {
    Echo { init: Init::Ok(Term::int(0)) }
}

/// In 300 schedules the client comes to its end without a panic, under every condition that is drawn.
/// Timers may fire at any time, so a call that must not time out waits for ever.
fn holds(
    name: &'static str,
    traps: bool,
    client: impl AsyncFn(Ctx) -> Ending + Copy + Send + Sync + 'static,
) {
    let scenario = ProcessScenario::new(name, move |world| {
        world.client("client", move |ctx| async move {
            ctx.trap_exit(traps).await;
            client(ctx).await
        });
    });
    let found = scenario.fuzz(300);
    assert!(found.is_none(), "{name}: {:?}", found.map(|found| found.violation));
}

async fn started(ctx: &Ctx) -> ServerRef {
    match start_server(ctx, Options::default(), echo()).await {
        Started::Ok(pid) => pid.into(),
        other => panic!("{other:?}"),
    }
}

fn exit_of(ctx: &Ctx, raise: Raise) -> Term {
    ctx.elements(raise.reason).first().copied().unwrap_or(raise.reason)
}

#[test]
fn a_call_is_answered_and_a_stop_is_seen() {
    holds("call-stop", false, async |ctx| {
        let server = started(&ctx).await;
        let answer = call(&ctx, Dialect::Erlang, server, Term::int(7), None).await;
        assert_eq!(answer, Ok(Term::int(7)));
        stop(&ctx, Dialect::Erlang, server, Term::NORMAL, None).await?;
        let again = stop(&ctx, Dialect::Erlang, server, Term::NORMAL, None).await;
        assert_eq!(again, Err(Raise::exit(Term::NOPROC)), "bare: gs-stop-dead");
        let dead = call(&ctx, Dialect::Elixir, server, Term::int(7), None).await;
        assert_eq!(exit_of(&ctx, dead.unwrap_err()), Term::NOPROC, "wrapped");
        cast(&ctx, server, Term::int(1)).await
    });
}

#[test]
fn a_late_reply_reaches_nobody() {
    holds("late-reply", false, async |ctx| {
        let server = started(&ctx).await;
        let late = call(&ctx, Dialect::Erlang, server, Term::atom("slow"), Some(10)).await;
        // Where timers fire at any time, the sleep may be over first.
        if let Err(raise) = late {
            assert_eq!(exit_of(&ctx, raise), Term::atom("timeout"));
        }
        ctx.sleep(80).await;
        assert_eq!(ctx.receive_after(Filter::Any, 0).await, None);
        stop(&ctx, Dialect::Erlang, server, Term::NORMAL, None).await
    });
}

#[test]
fn a_server_that_stops_with_a_reply_answers() {
    holds("stop-reply", false, async |ctx| {
        let server = started(&ctx).await;
        let bye = Term::atom("bye");
        assert_eq!(call(&ctx, Dialect::Erlang, server, bye, None).await, Ok(bye));
        let server = started(&ctx).await;
        let gone = call(&ctx, Dialect::Erlang, server, Term::atom("stop"), None).await;
        assert_eq!(exit_of(&ctx, gone.unwrap_err()), Term::NORMAL);
        Ok(())
    });
}

#[test]
fn a_trapping_caller_has_both_the_error_and_the_exit_of_a_failed_start() {
    holds("failed-start", true, async |ctx| {
        let bad = Term::atom("bad");
        let failing = Echo { init: Init::Stop(bad) };
        let answer = start_server_link(&ctx, Options::default(), failing).await;
        assert_eq!(answer, Started::Error(bad));
        let exit = ctx.receive(Filter::Exit).await;
        assert!(matches!(exit, Message::Exit { reason, .. } if reason == bad));
        let ignoring = Echo { init: Init::Ignore };
        assert_eq!(start_server(&ctx, Options::default(), ignoring).await, Started::Ignore);
        Ok(())
    });
}

#[test]
fn a_taken_name_starts_nothing() {
    holds("taken-name", false, async |ctx| {
        let named = || Options { label: "srv".into(), name: Some(Term::atom("srv")) };
        let first: Option<Pid> = start_server(&ctx, named(), echo()).await.pid();
        let first = first.expect("the name is free");
        let taken = ctx.tuple(&[ctx.atom("already_started"), first.into()]);
        assert_eq!(start_server(&ctx, named(), echo()).await, Started::Error(taken));
        let by_name = ServerRef::Name(Term::atom("srv"));
        call(&ctx, Dialect::Erlang, by_name, Term::int(1), None).await?;
        stop(&ctx, Dialect::Elixir, by_name, Term::SHUTDOWN, Some(1000)).await
    });
}
