//! What the ready-made invariants of tasks say: who waits for what, spawned where, and which task
//! never came to its end.

use atropos::{
    hunt::Found,
    task::{Handle, TaskScenario, TaskWorld, invariants},
};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

fn found(scenario: &TaskScenario) -> Found {
    scenario.fuzz(500).expect("it is violated")
}

fn evidence(scenario: &TaskScenario, invariant: &str) -> String {
    let found = found(scenario);
    assert_eq!(found.violation.invariant, invariant);
    found.violation.evidence.0
}

/// A worker whose queue nobody closes.
fn forgotten_worker(world: &mut TaskWorld) {
    let handle = world.handle();
    let (sender, mut jobs) = handle.named("jobs").channel::<u32>(4);
    world.spawn("owner", async move {
        let _kept = sender.clone();
        std::mem::forget(sender);
    });
    world.spawn("worker", async move { while jobs.recv().await.is_some() {} });
}

#[test]
fn a_leaked_task_is_named_with_what_it_waits_for() {
    let scenario =
        TaskScenario::new("leak", forgotten_worker).invariant(invariants::no_leaked_task);
    let text = evidence(&scenario, "no-leaked-task");
    assert!(text.starts_with("worker#2 (spawned at task_reports.rs:"), "{text}");
    assert!(text.contains("waits for mpsc recv at task_reports.rs:"), "{text}");
    assert!(text.contains("on jobs (task_reports.rs:"), "{text}");
}

/// Each of two tasks holds what the other wants.
fn embrace(world: &mut TaskWorld) {
    let handle = world.handle();
    let locks = ["left", "right"].map(|name| Rc::new(handle.named(name).mutex(())));
    for [first, second] in [[0, 1], [1, 0]] {
        let [first, second] = [Rc::clone(&locks[first]), Rc::clone(&locks[second])];
        world.client("philosopher", async move {
            let _one = first.lock().await;
            let _other = second.lock().await;
        });
    }
}

#[test]
fn a_deadlock_names_both_and_what_each_waits_for() {
    let text = evidence(&TaskScenario::new("embrace", embrace), "no-deadlock");
    for part in ["philosopher#1 (spawned at", "philosopher#2 (spawned at", "on left", "on right"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn a_deadlock_is_one_of_many_threads() {
    let found = found(&TaskScenario::new("embrace", embrace));
    let shown = found.case.conditions.to_string();
    assert!(shown.starts_with("multi-thread scheduler, full budget"), "{shown}");
}

/// Asks once with a waker that does nothing.
fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Spends the whole budget of the poll.
async fn burn(handle: &Handle) {
    poll_fn(|cx| {
        while let Poll::Ready(unit) = handle.poll_proceed(cx) {
            unit.made_progress();
            if !handle.has_budget_remaining() {
                break;
            }
        }
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_result_that_nobody_read_is_given_up() {
    let scenario = TaskScenario::new("given up", |world| {
        let handle = world.handle();
        world.spawn("owner", async move {
            let mut child = handle.spawn(async {});
            while !child.is_finished() {
                handle.yield_now().await;
            }
            burn(&handle).await;
            assert!(once(&mut child).is_pending(), "no budget is left");
            drop(child);
            handle.yield_now().await;
        });
    });
    let scenario = scenario.invariant(invariants::finished_is_ready_or_retried);
    let text = evidence(&scenario, "finished-is-ready-or-retried");
    assert_eq!(text, "owner#1 dropped the handle of task#1.1, whose result nobody has read");
}

#[test]
fn a_message_that_nobody_received_is_lost() {
    let scenario = TaskScenario::new("lost", |world| {
        let handle = world.handle();
        let (sender, receiver) = handle.named("mail").channel(1);
        world.spawn("sender", async move { sender.try_send(1).expect("there is room") });
        world.spawn("receiver", async move {
            handle.yield_now().await;
            drop(receiver);
        });
    });
    let text = evidence(&scenario.invariant(invariants::no_lost_message), "no-lost-message");
    assert!(text.starts_with("a message in mail (task_reports.rs:"), "{text}");
}
