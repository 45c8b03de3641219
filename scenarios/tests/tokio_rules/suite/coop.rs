//! The budget: who has one of his own, what consumes it, and what comes of having none left.

use super::{
    Rule,
    tools::{Counter, FULL, Log, OnDrop, burn, left, probe, run, task, yields},
};
use crate::facade::{Handle, Runtime, join, select};
use futures::FutureExt;
use serde_json::{Value, json};
use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(crate) const RULES: &[Rule] = &[
    ("coop-001", a_poll_starts_with_a_full_budget),
    ("coop-005", each_task_has_its_own),
    ("coop-006", the_futures_of_a_task_share_it),
    ("coop-008", a_nested_root_has_its_own),
    ("coop-009", a_drop_by_abort_has_one),
    ("coop-010", a_drop_at_shutdown_has_none),
    ("coop-011", each_task_of_a_local_set_has_its_own),
    ("coop-012", a_local_set_brings_budgets_anywhere),
    ("coop-013", a_root_of_a_handle_has_its_own),
    ("coop-seed-002", finished_and_pending_at_once),
    ("coop-seed-002b", a_busy_loop_meets_finished_and_pending),
    ("coop-101", unconstrained_sees_what_is_finished),
    ("coop-102", a_poll_in_passing_loses_the_wakeup),
    ("coop-103", without_that_poll_the_waiter_is_woken),
    ("coop-106", unconstrained_leaves_the_outer_budget),
    ("coop-107", unconstrained_works_from_nothing_left),
    ("coop-108", asking_consumes_nothing),
    ("coop-110", cooperative_and_pending_gives_all_back),
    ("coop-111", cooperative_and_ready_costs_one_more),
    ("coop-113", a_forced_yield_waits_for_an_empty_queue),
    ("coop-114", wakers_deferred_by_a_root_may_be_lost),
    ("coop-115", a_foreign_executor_has_no_budgets),
];

fn a_poll_starts_with_a_full_budget() -> Value {
    task(|h| Box::pin(async move { json!({"left": left(&h)}) }))
}

fn each_task_has_its_own() -> Value {
    run(|h| async move {
        let (ha, hb) = (h.clone(), h.clone());
        let a = h.spawn(async move {
            burn(&ha, FULL);
            left(&ha)
        });
        let b = h.spawn(async move { left(&hb) });
        json!([a.await.expect("A ends"), b.await.expect("B ends")])
    })
}

fn the_futures_of_a_task_share_it() -> Value {
    task(|h| {
        Box::pin(async move {
            let first = async { burn(&h, 50) };
            let second = async {
                burn(&h, 20);
                left(&h)
            };
            let ((), left) = join!(h; first, second);
            json!(left)
        })
    })
}

fn a_nested_root_has_its_own() -> Value {
    run(|h| async move {
        let inside = h.clone();
        let thread = h.spawn_blocking(move || {
            let root = inside.clone();
            inside.block_on(async move { left(&root) })
        });
        json!(thread.await.expect("the thread ends"))
    })
}

/// A pending future that logs what is left while it is dropped.
fn observes_in_drop(h: &Handle, log: &Log) -> impl Future<Output = ()> + use<> {
    let (h, log) = (h.clone(), log.clone());
    async move {
        let _observer = OnDrop(move || log.add(left(&h)));
        pending::<()>().await;
    }
}

fn a_drop_by_abort_has_one() -> Value {
    run(|h| async move {
        let log = Log::default();
        let t = h.spawn(observes_in_drop(&h, &log));
        h.yield_now().await;
        t.abort();
        t.await.expect_err("T was aborted");
        json!(log.entries()[0])
    })
}

fn a_drop_at_shutdown_has_none() -> Value {
    let log = Log::default();
    let runtime = Runtime::new(&Handle::outside());
    let (h, inside) = (runtime.handle(), log.clone());
    runtime.block_on(async move {
        h.spawn(observes_in_drop(&h, &inside));
        h.yield_now().await;
    });
    drop(runtime);
    json!(log.entries()[0])
}

fn each_task_of_a_local_set_has_its_own() -> Value {
    run(|h| async move {
        let set = h.local_set();
        let inside = h.clone();
        let l = set.spawn_local(async move { left(&inside) });
        let root = async {
            burn(&h, 28);
            let left = left(&h);
            json!([left, l.await.expect("L ends")])
        };
        set.run_until(root).await
    })
}

fn a_local_set_brings_budgets_anywhere() -> Value {
    let h = Handle::outside();
    let set = h.local_set();
    let (log, inside) = (Log::default(), h.clone());
    let inner = log.clone();
    set.spawn_local(async move { inner.add(left(&inside)) });
    let done = pin!(set).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    json!({"inner": log.entries()[0], "localset_done": done, "outer": left(&h)})
}

fn a_root_of_a_handle_has_its_own() -> Value {
    let runtime = Runtime::new(&Handle::outside());
    let h = runtime.handle();
    let inside = h.clone();
    let inner = h.block_on(poll_fn(move |_| Poll::Ready(left(&inside))));
    json!([inner, left(&h)])
}

fn finished_and_pending_at_once() -> Value {
    task(|h| {
        Box::pin(async move {
            let mut w = h.spawn(async { 7 });
            while !w.is_finished() {
                h.yield_now().await;
            }
            burn(&h, FULL);
            let finished = w.is_finished();
            let at_once = (&mut w).now_or_never().map(|end| end.expect("W ends"));
            h.yield_now().await;
            let next = (&mut w).now_or_never().map(|end| end.expect("W ends"));
            json!({"at_budget_0": at_once, "is_finished": finished, "next_poll": next})
        })
    })
}

/// A loop looks at the handle of the peer that a message is for, as Restate's does. The first message
/// for which the look goes wrong, tried one after the other.
fn a_busy_loop_meets_finished_and_pending() -> Value {
    for position in 0..200 {
        let (checks, contradicted) = run(move |h| checks_at(h, position));
        if contradicted {
            return json!({"checks": checks, "first_message_with_contradiction": position});
        }
    }
    json!({"first_message_with_contradiction": null})
}

/// T receives 200 messages in a loop; the one at the position asks for the end of W.
async fn checks_at(h: Handle, position: usize) -> (usize, bool) {
    let (tx, mut rx) = h.unbounded_channel();
    for message in 0..200 {
        tx.send(message).expect("the receiver is there");
    }
    let inside = h.clone();
    let t = h.spawn(async move {
        let mut w = inside.spawn(async {});
        while !w.is_finished() {
            inside.yield_now().await;
        }
        let (mut checks, mut contradicted) = (0, false);
        loop {
            let message = select!(inside; biased; message = rx.recv() => message,);
            if message == Some(position) && w.is_finished() {
                checks += 1;
                contradicted |= (&mut w).now_or_never().is_none();
            }
            if message == Some(199) {
                return (checks, contradicted);
            }
        }
    });
    let end = t.await.expect("T ends");
    drop(tx);
    end
}

fn unconstrained_sees_what_is_finished() -> Value {
    task(|h| {
        Box::pin(async move {
            let mut w = h.spawn(async { 7 });
            while !w.is_finished() {
                h.yield_now().await;
            }
            burn(&h, FULL);
            json!(h.unconstrained(&mut w).now_or_never().map(|end| end.expect("W ends")))
        })
    })
}

/// T awaits W, which waits for a message; in passing it may look at W by `now_or_never`.
fn waits_for_w(looks: bool) -> Value {
    run(move |h| async move {
        let (fire, fired) = h.oneshot::<()>();
        let mut w = h.spawn(async move { fired.await.expect("it is fired") });
        let log = Log::default();
        let polls = log.clone();
        let t = h.spawn(poll_fn(move |cx| {
            polls.add(format!("T poll {}", polls.entries().len() + 1));
            let poll = w.poll_unpin(cx).map(drop);
            if poll.is_pending() && looks {
                assert!((&mut w).now_or_never().is_none(), "W waits");
            }
            poll
        }));
        h.yield_now().await;
        fire.send(()).expect("W waits");
        h.sleep(Duration::from_secs(1)).await;
        json!({"T_finished": t.is_finished(), "log": log.json()})
    })
}

fn a_poll_in_passing_loses_the_wakeup() -> Value {
    waits_for_w(true)
}

fn without_that_poll_the_waiter_is_woken() -> Value {
    waits_for_w(false)
}

fn unconstrained_leaves_the_outer_budget() -> Value {
    task(|h| {
        Box::pin(async move {
            let (tx, mut rx) = h.unbounded_channel();
            for item in 0..300 {
                tx.send(item).expect("the receiver is there");
            }
            burn(&h, 28);
            let inner = async {
                for _ in 0..300 {
                    rx.recv().await.expect("an item");
                }
                (h.has_budget_remaining(), left(&h))
            };
            let (has, inner) = h.unconstrained(inner).await;
            json!({"inner_has_budget": has, "inner_left": inner, "outer_left": left(&h)})
        })
    })
}

fn unconstrained_works_from_nothing_left() -> Value {
    task(|h| {
        Box::pin(async move {
            let (tx, mut rx) = h.unbounded_channel();
            tx.send(1).expect("the receiver is there");
            burn(&h, FULL);
            let got = h.unconstrained(rx.recv()).now_or_never().flatten();
            json!({"got": got, "left": left(&h)})
        })
    })
}

fn asking_consumes_nothing() -> Value {
    task(|h| {
        Box::pin(async move {
            let full = h.has_budget_remaining();
            burn(&h, FULL - 1);
            let one = h.has_budget_remaining();
            burn(&h, 1);
            json!([full, one, h.has_budget_remaining(), left(&h)])
        })
    })
}

fn cooperative_and_pending_gives_all_back() -> Value {
    task(|h| {
        Box::pin(async move {
            let before = left(&h);
            let mut inner = Box::pin(h.cooperative(async {
                receives_five(&h).await;
                pending::<()>().await;
            }));
            let ready = futures::poll!(&mut inner).is_ready();
            json!({"after": left(&h), "before": before, "ready": ready})
        })
    })
}

fn cooperative_and_ready_costs_one_more() -> Value {
    task(|h| {
        Box::pin(async move {
            let mut inner = Box::pin(h.cooperative(receives_five(&h)));
            let ready = futures::poll!(&mut inner).is_ready();
            json!({"after": left(&h), "ready": ready})
        })
    })
}

async fn receives_five(h: &Handle) {
    let (tx, mut rx) = h.unbounded_channel();
    for item in 0..5 {
        tx.send(item).expect("the receiver is there");
    }
    for _ in 0..5 {
        rx.recv().await.expect("an item");
    }
}

fn a_forced_yield_waits_for_an_empty_queue() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (yields, y) = (log.clone(), h.clone());
        let y = h.spawn(async move {
            yields.add("Y1");
            y.yield_now().await;
            yields.add("Y2");
        });
        h.spawn(wakes_itself("S", &log));
        h.spawn(wakes_itself("A", &log));
        y.await.expect("Y ends");
        log.json()
    })
}

/// Logs three polls; after the first two it wakes itself.
fn wakes_itself(name: &'static str, log: &Log) -> impl Future<Output = ()> + use<> {
    let log = log.clone();
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        log.add(format!("{name}{polls}"));
        if polls == 3 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

fn wakers_deferred_by_a_root_may_be_lost() -> Value {
    let runtime = Runtime::new(&Handle::outside());
    let h = runtime.handle();
    let (waker, wakes) = probe();
    let ready = runtime.block_on(receives_with(h.clone(), waker));
    let others = h.clone();
    runtime.block_on(async move { yields(&others, 3).await });
    let by_runtime = json!({"ready": ready, "wakes": wakes.get()});

    let (waker, wakes) = probe();
    let ready = h.block_on(receives_with(h.clone(), waker));
    let others = h.clone();
    h.block_on(async move { yields(&others, 3).await });
    let by_handle = json!({"ready": ready, "wakes": wakes.get()});
    json!({"handle_block_on": by_handle, "runtime_block_on": by_runtime})
}

/// Polls a receive with nothing left and a waker that is not the root's own; is it ready?
fn receives_with(h: Handle, waker: Waker) -> impl Future<Output = bool> {
    poll_fn(move |_| {
        let (tx, mut rx) = h.unbounded_channel();
        tx.send(1).expect("the receiver is there");
        burn(&h, FULL);
        let receive = pin!(rx.recv());
        Poll::Ready(receive.poll(&mut Context::from_waker(&waker)).is_ready())
    })
}

fn a_foreign_executor_has_no_budgets() -> Value {
    let h = Handle::outside();
    let (tx, mut rx) = h.unbounded_channel();
    for item in 0..1000 {
        tx.send(item).expect("the receiver is there");
    }
    let received = Counter::default();
    let receives = async {
        for _ in 0..1000 {
            rx.recv().await.expect("an item");
            received.add();
        }
    };
    receives.now_or_never();
    json!(received.get())
}
