//! What bodies may do wrong becomes a verdict; nothing aborts and nothing hangs.

mod common;

use atropos::{
    decisions::{Draws, Purpose, RunIndex, Seeded},
    invariant::{Invariant, Invariants, NO_LIVELOCK},
    plan::{Conditions, Spec},
    process::{
        Ctx, Filter, OTP_25, PROFILES, Pid, ProcessScenario, ProcessWorld, Term, event, invariants,
    },
    scenario::Scenario,
    scheduler::{self, End, Record},
    strategy::StrategyKind,
    trace::EventMask,
    world::World,
};
use std::{
    collections::BTreeSet,
    future::Future,
    pin::pin,
    sync::Once,
    task::{Context, Poll, Waker},
};

/// Expected panics say nothing.
fn silent() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

/// The verdict of one run.
fn verdict(conditions: Conditions, limit: u32, start: impl Fn(&mut ProcessWorld)) -> End {
    silent();
    let mut world = ProcessWorld::new(&OTP_25);
    world.reset(&conditions, false);
    start(&mut world);
    let mut decisions = Seeded::new(1);
    decisions.start(RunIndex::default(), StrategyKind::Uniform, 0, limit);
    let rules = Invariants::new(invariants::basics());
    scheduler::run(&mut world, &mut decisions, &rules, limit, &mut Record::default())
}

/// What is violated and why.
fn violated(start: impl Fn(&mut ProcessWorld)) -> (String, String) {
    match verdict(Conditions::default(), 1_000, start) {
        End::Violated(violation) => (violation.invariant, violation.evidence.0),
        other => panic!("expected a violation, got {other:?}"),
    }
}

/// Polls a future once and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_panic_is_a_verdict_with_its_message() {
    let (name, why) = violated(|world| {
        world.root("p", |ctx| async move {
            ctx.yield_now().await;
            panic!("out of {}", "cheese")
        });
    });
    assert_eq!((name.as_str(), why.as_str()), ("no-panic", "p#1 panicked: out of cheese"));
}

#[test]
fn a_panic_before_the_first_effect_is_one_too() {
    let (name, _) = violated(|world| {
        world.root("p", |_| async move { panic!("at once") });
    });
    assert_eq!(name, "no-panic");
}

#[test]
fn two_effects_in_one_poll_are_refused_in_words() {
    let (name, why) = violated(|world| {
        world.root("p", |ctx| async move {
            let mut first = pin!(ctx.yield_now());
            let mut second = pin!(ctx.yield_now());
            std::future::poll_fn(|cx| {
                let _ = first.as_mut().poll(cx);
                second.as_mut().poll(cx)
            })
            .await;
            Ok(())
        });
    });
    assert_eq!(name, "no-panic");
    assert!(why.contains("a process does one thing at a time"), "{why}");
}

#[test]
fn an_effect_that_is_dropped_withdraws_its_announcement() {
    let end = verdict(Conditions::default(), 1_000, |world| {
        world.client("p", |ctx| async move {
            assert!(poll_once(ctx.receive(Filter::Any)).is_pending());
            assert!(poll_once(ctx.spawn("child", |_| async { Ok(()) })).is_pending());
            ctx.send(ctx.me(), "later").await;
            assert_eq!(ctx.receive(Filter::Any).await.user(), Some(Term::atom("later")));
            Ok(())
        });
    });
    assert_eq!(end, End::Settled);
}

#[test]
fn two_spawns_in_hand_start_their_own_bodies() {
    let end = verdict(Conditions::default(), 1_000, |world| {
        world.client("p", |ctx| async move {
            let say = |word: &'static str| {
                move |ctx: Ctx| async move {
                    ctx.send(Pid::root(0), word).await;
                    Ok(())
                }
            };
            let (first, second) =
                (ctx.spawn("first", say("first")), ctx.spawn("second", say("second")));
            let second = second.await;
            assert_eq!(ctx.receive(Filter::User).await.user(), Some(Term::atom("second")));
            let first = first.await;
            assert_eq!(ctx.receive(Filter::User).await.user(), Some(Term::atom("first")));
            assert_ne!(first, second);
            Ok(())
        });
    });
    assert_eq!(end, End::Settled);
}

struct SendsWhenDropped(Ctx);

impl Drop for SendsWhenDropped {
    fn drop(&mut self) {
        assert!(
            poll_once(self.0.send(self.0.me(), "last")).is_pending(),
            "a refused effect has no answer"
        );
    }
}

#[test]
fn an_effect_from_a_drop_is_refused_with_a_verdict() {
    let (name, why) = violated(|world| {
        world.root("p", |ctx| async move {
            let _guard = SendsWhenDropped(ctx.clone());
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        world.root("killer", |ctx| async move {
            ctx.exit2(Pid::root(0), "kill").await;
            Ok(())
        });
    });
    assert_eq!(name, "no-effect-from-drop");
    assert!(why.contains("p#1"), "{why}");
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

#[test]
fn a_panic_in_a_drop_is_a_verdict() {
    let (name, why) = violated(|world| {
        world.root("p", |ctx| async move {
            let _guard = PanicsWhenDropped;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        world.root("killer", |ctx| async move {
            ctx.exit2(Pid::root(0), "kill").await;
            Ok(())
        });
    });
    assert_eq!((name.as_str(), why.as_str()), ("no-panic", "p#1 panicked: in a drop"));
}

#[test]
fn a_panic_in_a_drop_after_the_run_spoils_nothing() {
    let end = verdict(Conditions::default(), 1_000, |world| {
        world.root("p", |ctx| async move {
            let _guard = PanicsWhenDropped;
            ctx.receive(Filter::Any).await;
            Ok(())
        });
    });
    assert_eq!(end, End::Settled);
}

#[test]
fn a_client_that_waits_for_ever_is_a_deadlock() {
    let (name, why) = violated(|world| {
        world.client("client", |ctx| async move {
            ctx.receive(Filter::Matching(Term::atom("answer"))).await;
            Ok(())
        });
    });
    assert_eq!(name, "no-deadlock");
    assert!(why.starts_with("client#1 waits for a message like answer for ever"), "{why}");
}

#[test]
fn a_body_that_awaits_no_effect_is_a_deadlock_too() {
    let (name, why) = violated(|world| {
        world.client("client", |_| async move {
            std::future::pending::<()>().await;
            Ok(())
        });
    });
    assert_eq!(
        (name.as_str(), why.as_str()),
        ("no-deadlock", "client#1 waits for something that is no effect")
    );
}

#[test]
fn an_idle_server_is_no_deadlock() {
    let end = verdict(Conditions::default(), 1_000, |world| {
        world.root("server", |ctx| async move {
            loop {
                ctx.receive(Filter::Any).await;
            }
        });
    });
    assert_eq!(end, End::Settled);
}

#[test]
fn a_run_without_an_end_is_a_livelock_and_tells_what_goes_round() {
    let (name, why) = violated(|world| {
        for (me, name) in [(0, "left"), (1, "right")] {
            world.client(name, move |ctx| async move {
                loop {
                    ctx.send(Pid::root(1 - me), "ball").await;
                    ctx.receive(Filter::Any).await;
                }
            });
        }
    });
    assert_eq!(name, NO_LIVELOCK);
    assert!(why.starts_with("still running after 1000 steps, the last 500 of them round"), "{why}");
    let lines: Vec<&str> = why.lines().collect();
    assert_eq!(lines[1], "again and again:", "{why}");
    assert!(lines.contains(&"  left#1 send ball → right#2"), "{why}");
    assert!(lines.contains(&"  right#2 receive ball"), "{why}");
    let who: Vec<&str> =
        lines.iter().filter(|line| line.ends_with(" is not done")).copied().collect();
    assert_eq!(who, ["left#1 is not done", "right#2 is not done"]);
    assert!(lines.len() < 12, "{why}");
}

#[test]
fn unfair_luck_is_no_livelock() {
    // The spinner ends once the other has moved; past half the limit everybody gets a turn.
    let end = verdict(Conditions::default(), 10_000, |world| {
        world.root("spinner", |ctx| async move {
            while ctx.receive_after(Filter::Any, 0).await.is_none() {}
            Ok(())
        });
        world.root("other", |ctx| async move {
            ctx.send(Pid::root(0), "stop").await;
            Ok(())
        });
    });
    assert_eq!(end, End::Settled);
}

#[test]
fn nobody_at_all_settles_at_once() {
    assert_eq!(verdict(Conditions::default(), 1_000, |_| {}), End::Settled);
}

#[test]
fn faults_kill_only_where_the_plan_allows_them() {
    let killed = |faults| {
        let scenario = ProcessScenario::new("victims", |world| {
            world.client("client", |ctx| async move {
                let (_, monitor) = ctx
                    .spawn_monitor("server", |ctx| async move {
                        ctx.receive(Filter::Matching(Term::atom("stop"))).await;
                        Ok(())
                    })
                    .await;
                let down = ctx.receive_after(Filter::DownOf(monitor), 10).await;
                assert!(down.is_none(), "the server was killed");
                Ok(())
            });
        });
        let spec = Spec { faults, ..Spec::default() };
        let mut hunt = atropos::hunt::Hunt::new(&scenario, &scenario.variants()[0], spec);
        silent();
        (0..4)
            .flat_map(|block| hunt.block(block, 64).found)
            .any(|found| found.violation.invariant == "no-panic")
    };
    assert!(!killed(0), "no fault was allowed");
    assert!(killed(1), "a kill is found within 256 runs");
}

#[test]
fn a_world_that_was_used_is_as_good_as_new() {
    let spec = Spec::default();
    let start = |world: &mut ProcessWorld| {
        for me in 0..3 {
            world.root("p", move |ctx| async move {
                ctx.trap_exit(me == 0).await;
                ctx.link(Pid::root((me + 1) % 3)).await?;
                ctx.send_after(5, Pid::root(0), "tick").await;
                ctx.spawn_monitor("child", |_| async { Ok(()) }).await;
                ctx.register(Term::int(i64::from(me)), ctx.me()).await?;
                ctx.receive_after(Filter::Down, 3).await;
                if me == 1 { Err(atropos::process::Raise::exit("boom")) } else { Ok(()) }
            });
        }
    };
    let rules = Invariants::new(invariants::links());
    let digest = |world: &mut ProcessWorld, number: u64| {
        let index = RunIndex::nth(number);
        let plan = spec.block(index.block)[index.run as usize];
        world.reset(&plan.conditions, plan.strategy.wants_arrivals());
        start(world);
        let mut decisions = Seeded::new(spec.seed);
        decisions.start(plan.index, plan.strategy, 30, plan.step_limit);
        let mut record = Record::default();
        scheduler::run(world, &mut decisions, &rules, plan.step_limit, &mut record);
        (record.trace.digest(), world.state())
    };
    let mut used = ProcessWorld::new(&OTP_25);
    for number in 0..2_000 {
        let fresh = digest(&mut ProcessWorld::new(&OTP_25), number);
        assert_eq!(digest(&mut used, number), fresh, "run {number}");
    }
}

#[test]
fn what_a_root_declares_before_its_first_effect_is_seen() {
    let marked = || {
        Invariant::always(
            "no-mark",
            "nobody marks",
            EventMask::of(&[event::MARK]),
            |world, event| {
                let world: &ProcessWorld = world;
                Some(world.shown(world.processes().nth(event.who() as usize)?.pid()).into())
            },
        )
    };
    let scenario = ProcessScenario::new("early", |world| {
        world.root("quiet", |_| async { Ok(()) });
        world.root("early", |ctx| async move {
            ctx.mark("at once");
            ctx.yield_now().await;
            Ok(())
        });
    })
    .invariant(marked);
    let found = scenario.fuzz(1).expect("the first step tells it");
    assert_eq!(found.violation.evidence.0, "early#2");
}

#[test]
fn a_run_of_exactly_the_step_limit_that_settles_is_no_livelock() {
    let start = |world: &mut ProcessWorld| {
        world.root("p", |ctx| async move {
            ctx.yield_now().await;
            ctx.receive_after(Filter::Any, 5).await;
            Ok(())
        });
    };
    // A yield, the timer, the time-out, the exit.
    assert_eq!(verdict(Conditions::default(), 4, start), End::Settled);
    let End::Violated(violation) = verdict(Conditions::default(), 3, start) else {
        panic!("the exit is the fourth step")
    };
    assert_eq!(violation.invariant, NO_LIVELOCK);
}

#[test]
fn a_chosen_value_is_below_its_options_and_comes_again_from_the_tape() {
    let scenario = ProcessScenario::new("dice", |world| {
        world.root("p", |ctx| async move {
            let thrown: Vec<u32> =
                vec![ctx.choose(1).await, ctx.choose(2).await, ctx.choose(100).await];
            assert!(thrown[0] == 0 && thrown[1] < 2 && thrown[2] < 100, "{thrown:?}");
            assert!(thrown[2] < 70, "seventy or more");
            Ok(())
        });
    });
    silent();
    let found = scenario.fuzz(200).expect("seventy or more comes in 200 throws");
    assert_eq!(found.case.tape.values, [0, 70], "the least that fails; one option is no value");
    let again = scenario.replay(&found.case).expect("a case of this scenario");
    assert_eq!((again.divergence, again.violation), (None, Some(found.violation)));
}

#[test]
fn a_full_mailbox_is_told_of_whoever_fills_it() {
    let by = |fill: fn(&mut ProcessWorld)| {
        let scenario = ProcessScenario::new("full", move |world| {
            world.root("idle", |ctx| async move {
                ctx.receive(Filter::Matching(Term::atom("never"))).await;
                Ok(())
            });
            fill(world);
        })
        .invariant(|| invariants::mailbox_bounded(1));
        scenario.fuzz(10).map(|found| found.violation.invariant)
    };
    let sender = |world: &mut ProcessWorld| {
        world.root("sender", |ctx| async move {
            for _ in 0..2 {
                ctx.send(Pid::root(0), "word").await;
            }
            Ok(())
        });
    };
    let clock = |world: &mut ProcessWorld| {
        world.root("clock", |ctx| async move {
            for ms in 1..3 {
                ctx.send_after(ms, Pid::root(0), "tick").await;
            }
            Ok(())
        });
    };
    let one = |world: &mut ProcessWorld| {
        world.root("sender", |ctx| async move {
            ctx.send(Pid::root(0), "word").await;
            Ok(())
        });
    };
    assert_eq!(by(sender).as_deref(), Some("mailbox-bounded"));
    assert_eq!(by(clock).as_deref(), Some("mailbox-bounded"));
    assert_eq!(by(one), None);
}

#[test]
fn whoever_was_not_told_of_a_death_may_use_the_pid() {
    let used = |told: bool| {
        let scenario = ProcessScenario::new("stale", move |world| {
            world.root("user", move |ctx| async move {
                ctx.trap_exit(told).await;
                let peer = ctx.spawn_link("peer", |_| async { Ok(()) }).await;
                ctx.receive_after(Filter::Exit, 10).await;
                ctx.send(peer, "hello").await;
                Ok(())
            });
        })
        .invariant(invariants::no_stale_pid);
        scenario.fuzz(64).map(|found| found.violation.invariant)
    };
    assert_eq!(used(true).as_deref(), Some("no-stale-pid"), "it took the EXIT");
    assert_eq!(used(false), None, "a normal exit of a link tells a process nothing");
}

#[test]
fn whoever_asked_and_heard_that_it_is_dead_uses_a_stale_pid() {
    let scenario = ProcessScenario::new("asked", |world| {
        world.root("user", |ctx| async move {
            let peer = ctx.spawn("peer", |_| async { Ok(()) }).await;
            if !ctx.is_alive(peer).await {
                ctx.send(peer, "hello").await;
            }
            Ok(())
        });
    })
    .invariant(invariants::no_stale_pid);
    let found = scenario.fuzz(64).expect("the peer can be dead");
    assert_eq!(found.violation.invariant, "no-stale-pid");
}

/// What a process does itself, as opposed to what happens to it.
const DEEDS: EventMask = EventMask::of(&[
    event::YIELD,
    event::SPAWN,
    event::LINK,
    event::UNLINK,
    event::EXIT2,
    event::TRAP,
    event::MONITOR,
    event::DEMONITOR,
    event::REGISTER,
    event::SEND,
    event::RECEIVE,
    event::RECEIVE_EXIT,
    event::RECEIVE_DOWN,
    event::TIMEOUT,
    event::CHOSE,
    event::MARK,
]);

#[test]
fn whoever_is_hit_by_a_fatal_signal_does_nothing_more_but_exit_once() {
    let mut fatal = 0;
    for number in 0..8_000 {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(17, index, Purpose::Workload);
        let mut world = ProcessWorld::new(PROFILES[draws.below(4) as usize]);
        let program = common::random_program(&mut draws, 4, 6);
        let plan = Spec::default().block(index.block)[index.run as usize];
        world.reset(&common::random_conditions(&mut draws, 2), plan.strategy.wants_arrivals());
        common::start(&mut world, &program);
        let mut decisions = Seeded::new(plan.seed);
        decisions.start(plan.index, plan.strategy, 30, plan.step_limit);
        let (mut record, rules) = (Record::default(), Invariants::new(Vec::new()));
        let end = scheduler::run(&mut world, &mut decisions, &rules, 10_000, &mut record);
        assert_eq!(end, End::Settled, "{program:?}");
        let (mut hit, mut dead) = (BTreeSet::new(), BTreeSet::new());
        for event in record.trace.events() {
            let who = event.who();
            match event.kind() {
                event::EXIT_FATAL => fatal += u32::from(hit.insert(who)),
                event::EXIT => assert!(dead.insert(who), "process {who} exits twice: {program:?}"),
                // Signals to oneself hit within the effect that sends them.
                _ if DEEDS.has(event) => {
                    assert!(!hit.contains(&who) && !dead.contains(&who), "{who}: {program:?}");
                }
                _ => {}
            }
        }
        assert!(hit.is_subset(&dead), "hit {hit:?}, dead {dead:?}: {program:?}");
    }
    assert!(fatal > 2_000, "only {fatal} were hit");
}
