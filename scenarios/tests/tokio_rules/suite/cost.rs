//! What one operation costs: polled once with a fresh budget, and once with nothing left.

use super::{
    Rule,
    tools::{FULL, burn, left, ms, probe, run},
};
use crate::facade::{Boxed, Handle, select};
use futures::{StreamExt, channel::mpsc, future};
use serde_json::{Value, json};
use std::{
    future::{pending, ready},
    task::Context,
};

/// What is polled. It owns what it needs.
struct Operation(Boxed<()>);

/// Gets an operation ready to be polled.
type Prepare = fn(Handle) -> Boxed<Operation>;

/// A table of operations: what comes before, and what is polled.
macro_rules! costs {
    ($($id:literal |$h:ident| { $($before:tt)* } => $operation:block)*) => {
        pub(crate) const RULES: &[Rule] = &[$(
            ($id, || cost(|$h| Box::pin(async move {
                $($before)*
                Operation(Box::pin(async move $operation))
            }))),
        )*];
    };
}

costs! {
    "cost-mpsc-recv-pending" |h| {
        let (tx, mut rx) = h.channel::<u8>(1);
    } => { rx.recv().await; drop(tx); }
    "cost-mpsc-recv-closed" |h| {
        let (tx, mut rx) = h.channel::<u8>(1);
        drop(tx);
    } => { rx.recv().await; }
    "cost-mpsc-send-ready" |h| {
        let (tx, rx) = h.channel(1);
    } => { tx.send(1).await.expect("a receiver"); drop(rx); }
    "cost-mpsc-closed" |h| {
        let (tx, rx) = h.channel::<u8>(1);
        drop(rx);
    } => { tx.closed().await; }
    "cost-oneshot-recv" |h| {
        let (tx, rx) = h.oneshot();
        tx.send(1).expect("a receiver");
    } => { rx.await.expect("a value"); }
    "cost-oneshot-recv-pending" |h| {
        let (tx, rx) = h.oneshot::<u8>();
    } => { rx.await.expect("a value"); drop(tx); }
    "cost-oneshot-recv-closed" |h| {
        let (tx, rx) = h.oneshot::<u8>();
        drop(tx);
    } => { rx.await.expect_err("no sender"); }
    "cost-oneshot-closed" |h| {
        let (mut tx, rx) = h.oneshot::<u8>();
        drop(rx);
    } => { tx.closed().await; }
    "cost-watch-changed" |h| {
        let (tx, mut rx) = h.watch(0);
        tx.send(1).expect("a receiver");
    } => { rx.changed().await.expect("a sender"); drop(tx); }
    "cost-watch-wait_for" |h| {
        let (tx, mut rx) = h.watch(true);
    } => { rx.wait_for(|set| *set).await.expect("a sender"); drop(tx); }
    "cost-broadcast-recv" |h| {
        let (tx, mut rx) = h.broadcast(1);
        tx.send(1).expect("a receiver");
    } => { rx.recv().await.expect("an item"); drop(tx); }
    "cost-notify" |h| {
        let notify = h.notify();
        notify.notify_one();
    } => { notify.notified().await; }
    "cost-notify-pending" |h| { let notify = h.notify(); } => { notify.notified().await; }
    "cost-semaphore" |h| { let semaphore = h.semaphore(1); } => { drop(semaphore.acquire().await); }
    "cost-mutex" |h| { let mutex = h.mutex(0); } => { drop(mutex.lock().await); }
    "cost-rwlock-read" |h| { let lock = h.rwlock(0); } => { drop(lock.read().await); }
    "cost-rwlock-write" |h| { let lock = h.rwlock(0); } => { drop(lock.write().await); }
    "cost-barrier" |h| { let barrier = h.barrier(1); } => { barrier.wait().await; }
    "cost-oncecell" |h| { let cell = h.once_cell(); } => { cell.get_or_init(|| ready(1)).await; }
    "cost-joinhandle-pending" |h| {
        let task = h.spawn(pending::<()>());
    } => { task.await.expect("it never ends"); }
    "cost-joinset-next" |h| {
        let mut set = h.join_set();
        set.spawn(ready(1));
        h.yield_now().await;
    } => { set.join_next().await.expect("a task").expect("it ended"); }
    "cost-joinset-empty" |h| {
        let mut set = h.join_set::<()>();
    } => { assert!(set.join_next().await.is_none(), "no task"); }
    "cost-joinset-try" |h| {
        let mut set = h.join_set();
        set.spawn(ready(1));
        h.yield_now().await;
    } => { if set.try_join_next().is_none() { pending::<()>().await; } }
    "cost-sleep-elapsed" |h| { let sleep = h.sleep_until(h.now()); } => { sleep.await; }
    "cost-sleep-pending" |h| { let sleep = h.sleep(ms(3_600_000)); } => { sleep.await; }
    "cost-timeout-elapsed" |h| {
        let timeout = h.timeout(ms(0), pending::<()>());
    } => { timeout.await.expect_err("it never ends"); }
    "cost-yield_now" |h| {} => { h.yield_now().await; }
    "cost-consume_budget" |h| {} => { h.consume_budget().await; }
    "cost-ready" |_h| {} => { ready(()).await; }
    "cost-futures-channel" |_h| {
        let (tx, mut rx) = mpsc::unbounded();
        tx.unbounded_send(1).expect("a receiver");
    } => { rx.next().await.expect("an item"); drop(tx); }
    "cost-select-ready" |h| {} => {
        select!(h; biased; () = ready(()) => (), () = pending() => (),);
    }
    "cost-futures-select" |_h| {} => { future::select(ready(()), pending::<()>()).await; }
    "cost-duplex-read" |h| {
        let (mut near, mut far) = h.duplex(8);
        far.write_all(&[1]).await.expect("room");
    } => { near.read(&mut [0]).await.expect("a byte"); drop(far); }
    "cost-unix-read" |h| {
        let (mut near, mut far) = h.unix_pair();
        far.write_all(&[1, 2]).await.expect("room");
        // The first read waits until the socket is known to be readable.
        near.read(&mut [0]).await.expect("a byte");
    } => { near.read(&mut [0]).await.expect("a byte"); drop(far); }
    "cost-tasktracker" |h| {
        let tracker = h.task_tracker();
        tracker.close();
    } => { tracker.wait().await; }
    "cost-spawn-abort" |h| {} => {
        let task = h.spawn(pending::<()>());
        task.abort();
        task.is_finished();
    }
}

fn cost(prepare: Prepare) -> Value {
    run(move |h| async move {
        let t = h.spawn(measured(h.clone(), prepare));
        t.await.expect("T ends")
    })
}

/// T: getting ready belongs to earlier polls, so that each of the two starts with a full budget.
async fn measured(h: Handle, prepare: Prepare) -> Value {
    let (mut first, mut second) = (prepare(h.clone()).await, prepare(h.clone()).await);
    h.yield_now().await;
    let before = left(&h);
    let ready = futures::poll!(&mut first.0).is_ready();
    let fresh = json!({"ready": ready, "consumed": before - left(&h)});
    h.yield_now().await;
    burn(&h, FULL);
    let (waker, wakes) = probe();
    let ready = second.0.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
    let during = wakes.get();
    h.yield_now().await;
    let exhausted = json!({
        "ready": ready,
        "woken_during_poll": during,
        "woken_after_task_yield": wakes.get(),
    });
    json!({"budget_before": before, "fresh": fresh, "exhausted": exhausted})
}
