//! A deadlock says who waits for whom, where each was started, and the circle.

use atropos::{
    event_loop::{Frame, LoopScenario, Ref, object},
    process::{
        Ctx, Filter, ProcessScenario, ProcessWorld, Raise, Term,
        otp::{
            Answered, Behaviour, Caller, Dialect, Init, Options, ServerRef, Started, call,
            start_server_link,
        },
    },
    simple::{Profiled, Simple},
    task::{Handle, TaskScenario, TaskWorld},
};
use std::{rc::Rc, time::Duration};

/// The lines of the deadlock that a hunt finds.
fn deadlock<W: Profiled>(scenario: &Simple<W>) -> Vec<String> {
    let found = scenario.fuzz(5_000).expect("it does not come to its end");
    assert_eq!(found.violation.invariant, "no-deadlock", "{:?}", found.violation);
    found.violation.evidence.0.lines().map(str::to_owned).collect()
}

/// A server that is asked for a round and asks the other one for his.
struct Polite;

impl Behaviour for Polite {
    type State = Term;

    async fn init(&self, _: &Ctx) -> Result<Init<Term>, Raise> {
        Ok(Init::Ok(Term::int(0)))
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        _: Term,
        _: Caller,
        state: &mut Term,
    ) -> Result<Answered, Raise> {
        *state = Term::int(1);
        let is_left = ctx.whereis(Term::atom("left")).await.pid() == Some(ctx.me());
        let other = ServerRef::Name(Term::atom(if is_left { "right" } else { "left" }));
        let answer = call(ctx, Dialect::Erlang, other, Term::int(0), None).await;
        answer.map(Answered::Reply)
    }
}

fn two_polite_servers(world: &mut ProcessWorld) {
    world.client("guest", |ctx| async move {
        for name in ["left", "right"] {
            let options = Options { name: Some(Term::atom(name)), label: name.into() };
            let started = start_server_link(&ctx, options, Polite).await;
            assert!(matches!(started, Started::Ok(_)), "{started:?}");
        }
        let left = ServerRef::Name(Term::atom("left"));
        call(&ctx, Dialect::Erlang, left, Term::int(0), None).await.map(drop)
    });
}

#[test]
fn servers_that_call_each_other_wait_in_a_circle() {
    let lines = deadlock(&ProcessScenario::new("polite", two_polite_servers));
    let [circle, guest, left, right] = lines.as_slice() else { panic!("{lines:#?}") };
    assert_eq!(circle, "each waits for the next: left#1.1 → right#1.2 → left#1.1");
    assert!(guest.starts_with("guest#1 waits for one of "), "{guest}");
    assert!(guest.contains(" of left#1.1 for ever, with an empty mailbox"), "{guest}");
    assert!(left.starts_with("left#1.1 (spawned by guest#1) waits for one of"), "{left}");
    assert!(right.contains(" of left#1.1 for ever"), "{right}");
}

/// The parent waits for the end of a child that waits for a word of nobody in particular.
#[test]
fn without_a_circle_it_is_told_as_far_as_one_knows() {
    let lines = deadlock(&ProcessScenario::new("orphan", |world| {
        world.client("parent", |ctx| async move {
            let child = |ctx: Ctx| async move {
                ctx.receive(Filter::Matching(Term::atom("go"))).await;
                Ok(())
            };
            let (_, monitor) = ctx.spawn_monitor("child", child).await;
            ctx.receive(Filter::DownOf(monitor)).await;
            Ok(())
        });
    }));
    let [parent, child] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(parent.contains("waits for the DOWN of monitor 1~1 of child#1.1 for ever"), "{parent}");
    assert!(child.starts_with("child#1.1 (spawned by parent#1 at deadlocks.rs:"), "{child}");
    assert!(child.contains("waits for a message like go for ever"), "{child}");
}

/// Each takes its own lock and then the other's.
fn locks_in_two_orders(world: &mut TaskWorld) {
    let handle = world.handle();
    let locks = ["ledger", "account"].map(|name| Rc::new(handle.named(name).mutex(0)));
    for (who, [first, second]) in [("teller", [0, 1]), ("auditor", [1, 0])] {
        let (first, second) = (Rc::clone(&locks[first]), Rc::clone(&locks[second]));
        world.client(who, async move {
            let _one = first.lock().await;
            let _two = second.lock().await;
        });
    }
}

#[test]
fn locks_in_two_orders_are_a_circle() {
    let lines = deadlock(&TaskScenario::new("locks", locks_in_two_orders));
    let [circle, teller, auditor] = lines.as_slice() else { panic!("{lines:#?}") };
    assert_eq!(circle, "each waits for the next: teller#1 → auditor#2 → teller#1");
    assert!(teller.starts_with("teller#1 (spawned at deadlocks.rs:"), "{teller}");
    assert!(teller.contains("on account (deadlocks.rs:"), "{teller}");
    assert!(teller.ends_with(", taken by auditor#2"), "{teller}");
    assert!(auditor.ends_with(", taken by teller#1"), "{auditor}");
}

#[test]
fn a_task_may_wait_for_its_own_lock() {
    let lines = deadlock(&TaskScenario::new("twice", |world| {
        let lock = Rc::new(world.handle().named("door").rwlock(()));
        world.client("porter", async move {
            let _reads = lock.read().await;
            let _writes = lock.write().await;
        });
    }));
    assert_eq!(lines[0], "it waits for itself: porter#1 → porter#1");
}

/// A permit that was given back is nobody's.
#[test]
fn who_gave_back_is_not_waited_for() {
    let lines = deadlock(&TaskScenario::new("permits", |world| {
        let permits = Rc::new(world.handle().named("seats").semaphore(1));
        let forgotten = Rc::clone(&permits);
        world.spawn("guest", async move {
            drop(permits.acquire().await);
            permits.acquire().await.expect("it is open").forget();
        });
        world.client("late", async move {
            let _ = forgotten.acquire_many(2).await;
        });
    }));
    // The guest came to his end and kept the permit: nobody on the list can end the wait.
    let [late] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(late.starts_with("late#2"), "{late}");
}

/// The leader waits for his set, the worker for room in a channel that only the leader reads.
fn full_channel(world: &mut TaskWorld, handle: &Handle) {
    let (sender, mut receiver) = handle.named("results").channel::<u32>(1);
    let tasks = handle.clone();
    world.client("leader", async move {
        let mut workers = tasks.join_set();
        for value in 0..2 {
            let sender = sender.clone();
            workers.spawn_named("worker", async move {
                for _ in 0..2 {
                    sender.send(value).await.expect("the leader listens");
                }
            });
        }
        receiver.recv().await;
        while workers.join_next().await.is_some() {}
    });
}

#[test]
fn a_full_channel_and_a_join_are_a_circle() {
    let lines = deadlock(&TaskScenario::new("results", |world| {
        let handle = world.handle();
        full_channel(world, &handle);
    }));
    assert!(lines[0].starts_with("each waits for the next: leader#1 → worker#1."), "{lines:#?}");
    assert!(lines[0].ends_with(" → leader#1"), "{lines:#?}");
    let worker = lines.iter().find(|line| line.contains("mpsc send")).expect("a sender waits");
    assert!(worker.ends_with(", received by leader#1"), "{worker}");
}

fn holder(
    frame: &Frame,
    name: &'static str,
    locks: (Ref<object::Lock>, Ref<object::Lock>),
) -> Ref<object::Task> {
    frame.create_named(name, locks, |frame, (one, two)| async move {
        one.acquire().await?;
        frame.sleep(Duration::ZERO).await?;
        two.acquire().await
    })
}

#[test]
fn asyncio_locks_in_two_orders_are_a_circle() {
    let lines = deadlock(&LoopScenario::new("locks", |world| {
        world.main((), |frame, ()| async move {
            let (one, two) = (frame.lock().named("ledger"), frame.lock().named("account"));
            let teller = holder(&frame, "teller", (one.clone(), two.clone()));
            let auditor = holder(&frame, "auditor", (two, one));
            let both = frame.gather(&[teller.future(), auditor.future()], false);
            both.await.map(drop)
        });
    }));
    assert_eq!(lines[0], "each waits for the next: teller#1.1 → auditor#1.2 → teller#1.1");
    let teller = lines.iter().find(|line| line.starts_with("teller#1.1 (created at"));
    let teller = teller.expect("the teller waits");
    assert!(teller.contains("awaits Lock.acquire at deadlocks.rs:"), "{teller}");
    assert!(teller.ends_with(", taken by auditor#1.2"), "{teller}");
}
