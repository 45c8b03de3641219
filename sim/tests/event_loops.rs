//! Event loops: each ready-made invariant has a program that breaks it, and reports say who, what and
//! where.

use atropos::{
    decisions::Enumerated,
    event_loop::{
        CPYTHON_3_11, Class, EventLoopWorld, Exception, Frame, LoopScenario, Plain, Ref,
        ReturnWhen, Value, invariants, object,
    },
    invariant::Invariants,
    plan::{Collect, Conditions, Order},
    scheduler,
    world::World,
};
use std::{cell::RefCell, future::pending, rc::Rc, time::Duration};

type Done = Result<(), Exception>;

const SOON: Duration = Duration::from_millis(10);

/// The first violation that a hunt finds, shrunk: its invariant and why.
fn broken(scenario: &LoopScenario) -> (String, String) {
    let found = scenario.fuzz(2_000).expect("it breaks");
    let again = scenario.replay(&found.case).expect("a case of this scenario");
    assert_eq!(again.divergence, None, "it is played again to the letter");
    (found.violation.invariant, found.violation.evidence.0)
}

#[test]
fn a_task_that_nobody_holds_is_destroyed_and_its_missing_path_told() {
    let scenario = LoopScenario::new("lost", |world| {
        world.main((), |frame, ()| async move {
            frame.create_named("lonely", (), |frame, ()| async move { frame.forever().await });
            frame.sleep(SOON).await
        });
    });
    let (invariant, evidence) = broken(&scenario);
    assert_eq!(invariant, "no-pending-task-collected");
    assert!(evidence.contains("lonely#1.1 (created at event_loops.rs:"), "{evidence}");
    assert!(evidence.contains("awaits a future of its own at event_loops.rs:"), "{evidence}");
    assert!(evidence.contains("no variable, attribute or collection held it"), "{evidence}");
    assert!(evidence.contains("missing is a reference to lonely#1.1"), "{evidence}");
}

#[test]
fn an_exception_that_nobody_looks_at_is_told() {
    let scenario = LoopScenario::new("unretrieved", |world| {
        world.main((), |frame, ()| async move {
            frame.create_named("failing", (), |_, ()| async move {
                Err::<(), _>(Exception::value_error("nobody sees it"))
            });
            frame.sleep(SOON).await
        });
    });
    let (invariant, evidence) = broken(&scenario);
    assert_eq!(invariant, "exceptions-retrieved");
    assert!(evidence.contains("failing#1.1: ValueError: nobody sees it"), "{evidence}");
}

/// One that is kept in a set till the end was never looked at either.
#[test]
fn an_exception_that_is_kept_to_the_end_is_told_too() {
    let scenario = LoopScenario::new("kept", |world| {
        let kept = world.globals().set().named("kept");
        world.main(kept.clone(), |frame, kept| async move {
            let task = frame.create_named("failing", (), |_, ()| async move {
                Err::<(), _>(Exception::value_error("nobody sees it"))
            });
            kept.add(&task);
            frame.sleep(SOON).await
        });
        world.keep(kept);
    });
    let (invariant, evidence) = broken(&scenario);
    assert_eq!(invariant, "exceptions-retrieved");
    assert!(evidence.contains("failing#1.1 raised ValueError: nobody sees it"), "{evidence}");
}

#[test]
fn items_that_nobody_gets_are_told() {
    let scenario = LoopScenario::new("items", |world| {
        world.main((), |frame, ()| async move {
            let queue = frame.queue(0).named("jobs");
            queue.put_nowait(1)?;
            queue.put_nowait(2)?;
            queue.get().await.map(drop)
        });
    })
    .invariant(invariants::no_lost_message);
    let (invariant, evidence) = broken(&scenario);
    assert_eq!(invariant, "no-lost-message");
    assert!(evidence.contains("nobody got 1 item of `jobs`"), "{evidence}");
}

#[test]
fn what_the_main_coroutine_raises_is_told() {
    let scenario = LoopScenario::new("raises", |world| {
        world.main((), |_, ()| async move { Err::<(), _>(Exception::new(Class::KeyError, "k")) });
    });
    let (invariant, evidence) = broken(&scenario);
    assert_eq!(
        (invariant.as_str(), evidence.as_str()),
        ("no-panic", "the main coroutine raised KeyError: k")
    );
}

#[test]
fn a_deadlock_names_who_waits_for_what_and_who_was_destroyed() {
    let scenario = LoopScenario::new("stuck", |world| {
        world.main((), |frame, ()| async move {
            let ready = frame.event().named("ready");
            let body = |_: Frame, ready: Ref<object::Event>| async move { ready.wait().await };
            let waiter = frame.create_named("waiter", ready.clone(), body);
            frame.create_named("setter", ready, |frame, ready| async move {
                frame.forever().await?;
                ready.set();
                Ok::<_, Exception>(())
            });
            (&waiter).await.map(drop)
        });
    });
    // The canary is the deadlock alone.
    let (invariant, evidence) = {
        let found = scenario.fuzz(64).expect("it breaks");
        (found.violation.invariant, found.violation.evidence.0)
    };
    // Without a collection nothing was destroyed, and all wait.
    assert!(
        ["no-deadlock", "no-pending-task-collected"].contains(&invariant.as_str()),
        "{evidence}"
    );
    let found = deadlock(&scenario);
    assert!(found.contains("main#1 (created at event_loops.rs:"), "{found}");
    assert!(found.contains("awaits waiter#1.1 at event_loops.rs:"), "{found}");
    assert!(found.contains("waiter#1.1 (created at event_loops.rs:"), "{found}");
    assert!(found.contains("awaits Event.wait at event_loops.rs:"), "{found}");
}

/// The evidence of the deadlock that a scenario comes to without a collector.
fn deadlock(scenario: &LoopScenario) -> String {
    use atropos::{hunt::Hunt, plan::Spec, scenario::Scenario};
    let spec = Spec { collect: Some(Collect::Off), ..Spec::default() };
    let mut hunt = Hunt::new(scenario, &Scenario::variants(scenario)[0], spec);
    let found = hunt.block(0, 1).found.remove(0);
    assert_eq!(found.violation.invariant, "no-deadlock");
    found.violation.evidence.0
}

/// A future of another runtime, and two awaits at once, are no await of asyncio.
#[test]
fn an_await_of_something_else_is_a_verdict() {
    let foreign = LoopScenario::new("foreign", |world| {
        world.main((), |_, ()| async move {
            pending::<()>().await;
            Ok::<_, Exception>(())
        });
    });
    let twice = LoopScenario::new("twice", |world| {
        world.main((), |frame, ()| async move {
            let both = futures_lite(frame.sleep(SOON), frame.sleep(SOON));
            both.await;
            Ok::<_, Exception>(())
        });
    });
    for scenario in [foreign, twice] {
        let (invariant, evidence) = broken(&scenario);
        assert_eq!(invariant, "no-panic");
        assert!(evidence.contains("awaits nothing of the event loop"), "{evidence}");
    }
}

/// Polls both, whatever comes of them.
async fn futures_lite(a: impl Future<Output = Done>, b: impl Future<Output = Done>) {
    let (mut a, mut b) = (Box::pin(a), Box::pin(b));
    std::future::poll_fn(|cx| {
        let first = a.as_mut().poll(cx).is_ready();
        let second = b.as_mut().poll(cx).is_ready();
        if first && second { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Asyncio calls in order: what needs another one says so, and never comes up under fifo.
#[test]
fn a_race_between_steps_needs_the_order_of_tasks() {
    let scenario = LoopScenario::new("order", |world| {
        world.main((), |frame, ()| async move {
            let seen = Rc::new(RefCell::new(Vec::new()));
            let args = |name| (Plain(Rc::clone(&seen)), name);
            let body = |_: Frame, (seen, name): (Plain<Rc<RefCell<Vec<u8>>>>, u8)| async move {
                seen.0.borrow_mut().push(name);
                Ok::<_, Exception>(())
            };
            let tasks = [frame.create_task(args(1), body), frame.create_task(args(2), body)];
            let all: Vec<Ref<object::Future>> = tasks.iter().map(|task| task.future()).collect();
            frame.wait(&all, None, ReturnWhen::AllCompleted).await?;
            assert_eq!(*seen.borrow(), [1, 2], "they ran in the order of their birth");
            Ok::<_, Exception>(())
        });
    });
    let found = scenario.fuzz(500).expect("it breaks");
    assert_eq!(found.violation.invariant, "no-panic");
    let order = found.case.conditions.event_loop.expect("a case of an event loop").order;
    assert_eq!(order, Order::Tasks, "no kinder order shows it");
}

/// What a task holds it holds until its frame goes, and a value in a queue is held by the queue.
#[test]
fn a_future_that_travels_through_a_queue_is_held_on_the_way() {
    let scenario = LoopScenario::new("travels", |world| {
        world.main((), |frame, ()| async move {
            let queue = frame.queue(0);
            let body = |frame: Frame, queue: Ref<object::Queue>| async move {
                let reply = frame.future();
                queue.put_nowait(reply.clone())?;
                let answer = (&reply).await?;
                assert_eq!(answer.int(), Some(7));
                Ok::<_, Exception>(())
            };
            let task = frame.create_named("asker", queue.clone(), body);
            let asked = queue.get().await?.object::<object::Future>().expect("a future");
            drop(task.clone());
            asked.set_result(7)?;
            let _: Value = (&task).await?;
            Ok::<_, Exception>(())
        });
    });
    assert_eq!(scenario.fuzz(1_000), None);
}

/// A frame or a variable that a body kept for the next run is refused there, in words.
#[test]
fn what_is_kept_for_another_run_is_refused() {
    type Kept = Rc<RefCell<Option<Ref<object::Event>>>>;
    let shared = Plain(Kept::default());
    let body = |frame: Frame, shared: Plain<Kept>| async move {
        let before = shared.0.borrow_mut().replace(frame.event());
        if let Some(event) = before {
            event.set();
        }
        Ok::<_, Exception>(())
    };
    let mut world = EventLoopWorld::new(&CPYTHON_3_11);
    let mut ends = Vec::new();
    for _ in 0..2 {
        world.reset(&Conditions::default(), false);
        world.main(shared.clone(), body);
        let rules = Invariants::new(invariants::basics());
        let mut record = scheduler::Record::default();
        ends.push(scheduler::run(
            &mut world,
            &mut Enumerated::default(),
            &rules,
            1_000,
            &mut record,
        ));
    }
    assert_eq!(ends[0], scheduler::End::Settled);
    let scheduler::End::Violated(violation) = &ends[1] else { panic!("{ends:?}") };
    assert!(violation.evidence.0.contains("in the run that made it"), "{violation:?}");
}
