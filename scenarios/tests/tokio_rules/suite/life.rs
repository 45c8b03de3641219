//! The life of a task: the queue, the end, abort, and what handles do to it.

use super::{
    Rule,
    tools::{Log, OnDrop, caught, end, held, ms, run, yields},
};
use crate::facade::{AbortHandle, Handle, Runtime};
use futures::{FutureExt, channel::oneshot};
use serde_json::{Value, json};
use std::{
    future::{Future, pending, poll_fn, ready},
    task::Poll,
};

pub(crate) const RULES: &[Rule] = &[
    ("life-003", tasks_run_in_order),
    ("life-004", a_new_task_goes_to_the_back),
    ("life-006", a_dropped_handle_detaches),
    ("life-007", an_output_lives_as_long_as_its_handle),
    ("life-010", abort_before_the_first_poll),
    ("life-011", abort_is_asynchronous),
    ("life-013", a_task_that_aborts_itself_goes_on_to_pending),
    ("life-015", abort_beats_a_wake),
    ("life-016", abort_twice_is_abort_once),
    ("life-017", a_dropped_abort_handle_does_nothing),
    ("life-018", children_outlive_an_abort),
    ("life-019", an_elapsed_timeout_detaches),
    ("life-023", a_handle_is_awaited_once),
    ("life-024", finished_is_after_the_drop),
    ("life-025", locals_then_captures_then_the_waiter),
    ("life-026", the_waiter_runs_after_the_drop),
    ("life-027", a_pending_task_is_never_collected),
    ("life-028", a_task_knows_its_id),
];

/// A task that logs its first poll and is over.
fn logs(entry: &'static str, log: &Log) -> impl Future<Output = ()> + use<> {
    let log = log.clone();
    async move { log.add(entry) }
}

fn tasks_run_in_order() -> Value {
    run(|h| async move {
        let log = Log::default();
        for name in ["A", "B", "C"] {
            h.spawn(logs(name, &log));
        }
        h.yield_now().await;
        log.json()
    })
}

fn a_new_task_goes_to_the_back() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (inside, a) = (h.clone(), log.clone());
        h.spawn(async move {
            inside.spawn(logs("X", &a));
            a.add("A");
        });
        h.spawn(logs("B", &log));
        yields(&h, 3).await;
        log.json()
    })
}

fn a_dropped_handle_detaches() -> Value {
    run(|h| async move {
        let log = Log::default();
        drop(h.spawn(logs("T done", &log)));
        h.yield_now().await;
        log.json()
    })
}

fn an_output_lives_as_long_as_its_handle() -> Value {
    run(|h| async move {
        let log = Log::default();
        drop(h.spawn(ready(log.guard("drop out-detached"))));
        let kept = h.spawn(ready(log.guard("drop out-kept")));
        h.yield_now().await;
        log.add(format!("after yield finished={}", kept.is_finished()));
        drop(kept);
        log.add("end");
        log.json()
    })
}

fn abort_before_the_first_poll() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (polled, future) = (log.clone(), held("drop fut", &log));
        let t = h.spawn(async move {
            polled.add("polled");
            future.await;
        });
        t.abort();
        log.add(format!("aborted finished={}", t.is_finished()));
        log.add(end(&t.await));
        log.json()
    })
}

fn abort_is_asynchronous() -> Value {
    run(|h| async move {
        let log = Log::default();
        let t = h.spawn(held("drop fut", &log));
        h.yield_now().await;
        t.abort();
        log.add(format!("after abort finished={}", t.is_finished()));
        h.yield_now().await;
        log.add(format!("after yield finished={}", t.is_finished()));
        log.add(end(&t.await));
        log.json()
    })
}

fn a_task_that_aborts_itself_goes_on_to_pending() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (give, own) = oneshot::channel::<AbortHandle>();
        let (inside, t) = (h.clone(), log.clone());
        let t = h.spawn(async move {
            let _guard = t.guard("drop fut");
            own.await.expect("it was given").abort();
            t.add("1");
            ready(()).await;
            t.add("2");
            inside.yield_now().await;
            t.add("never");
        });
        assert!(give.send(t.abort_handle()).is_ok(), "T is there");
        log.add(end(&t.await));
        log.json()
    })
}

fn abort_beats_a_wake() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (tx, rx) = h.oneshot::<()>();
        let polled = log.clone();
        let t = h.spawn(async move {
            let got = rx.await.is_ok();
            polled.add(format!("polled got={got}"));
        });
        h.yield_now().await;
        tx.send(()).expect("T waits");
        t.abort();
        h.yield_now().await;
        log.add(end(&t.await));
        log.json()
    })
}

fn abort_twice_is_abort_once() -> Value {
    run(|h| async move {
        let t = h.spawn(pending::<()>());
        h.yield_now().await;
        let handle = t.abort_handle();
        handle.abort();
        handle.abort();
        let before = handle.is_finished();
        h.yield_now().await;
        let after = handle.is_finished();
        json!([before, after, end(&t.await)])
    })
}

fn a_dropped_abort_handle_does_nothing() -> Value {
    run(|h| async move {
        let inside = h.clone();
        let t = h.spawn(async move {
            inside.yield_now().await;
            1
        });
        h.yield_now().await;
        drop(t.abort_handle());
        json!(t.await.expect("T ends"))
    })
}

fn children_outlive_an_abort() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (inside, child) = (h.clone(), log.clone());
        let p = h.spawn(async move {
            let c = inside.clone();
            inside.spawn(async move {
                yields(&c, 3).await;
                child.add("child done");
            });
            pending::<()>().await;
        });
        h.yield_now().await;
        p.abort();
        log.add(format!("parent {}", end(&p.await)));
        yields(&h, 5).await;
        log.json()
    })
}

fn an_elapsed_timeout_detaches() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (inside, t) = (h.clone(), log.clone());
        let t = h.spawn(async move {
            inside.sleep(ms(50)).await;
            t.add("T end");
        });
        log.add(format!("timeout={}", h.timeout(ms(10), t).await.is_err()));
        h.sleep(ms(100)).await;
        log.json()
    })
}

fn a_handle_is_awaited_once() -> Value {
    run(|h| async move {
        let mut t = h.spawn(ready(()));
        (&mut t).await.expect("T ends");
        match caught(|| (&mut t).now_or_never()) {
            Ok(_) => json!({"panicked": false}),
            Err(text) => json!({"message": text, "panicked": true}),
        }
    })
}

fn finished_is_after_the_drop() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (give, own) = oneshot::channel::<AbortHandle>();
        let t = log.clone();
        let t = h.spawn(async move {
            let own = own.await.expect("it was given");
            let _guard = OnDrop(move || t.add(format!("in drop finished={}", own.is_finished())));
        });
        let handle = t.abort_handle();
        assert!(give.send(t.abort_handle()).is_ok(), "T is there");
        t.await.expect("T ends");
        log.add(format!("after await finished={}", handle.is_finished()));
        log.json()
    })
}

fn locals_then_captures_then_the_waiter() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (body, first, second) = (log.clone(), log.guard("drop cap1"), log.guard("drop cap2"));
        let t = h.spawn(async move {
            let _captured = (&first, &second);
            let _a = body.guard("drop local a");
            let _b = body.guard("drop local b");
            body.add("body end");
        });
        t.await.expect("T ends");
        log.add("joined");
        log.json()
    })
}

fn the_waiter_runs_after_the_drop() -> Value {
    run(|h| async move {
        let log = Log::default();
        let t = h.spawn(held("drop T", &log));
        let (handle, waiter) = (t.abort_handle(), log.clone());
        let w = h.spawn(async move { waiter.add(format!("W {}", end(&t.await))) });
        h.yield_now().await;
        handle.abort();
        w.await.expect("W ends");
        log.json()
    })
}

fn a_pending_task_is_never_collected() -> Value {
    let log = Log::default();
    let runtime = Runtime::new(&Handle::outside());
    let (h, guard) = (runtime.handle(), log.guard("drop T"));
    runtime.block_on(async move {
        let mut own = Vec::new();
        drop(h.spawn(poll_fn(move |cx| {
            let _owned = &guard;
            own.push(cx.waker().clone());
            Poll::<()>::Pending
        })));
        yields(&h, 5).await;
    });
    log.add("before runtime drop");
    drop(runtime);
    log.add("after");
    log.json()
}

fn a_task_knows_its_id() -> Value {
    run(|h| async move {
        let inside = h.clone();
        let t = h.spawn(async move { inside.task_id() });
        let id = t.id();
        let same = t.await.expect("T ends") == Some(id);
        json!({"root": h.task_id().is_some(), "same": same})
    })
}
