//! What one operation costs: polled once with a fresh budget, and once with nothing left.

use super::{
    Rule,
    tools::{FULL, burn, left, ms, probe, run},
};
use crate::facade::{Boxed, Handle, select};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{
    future::{pending, ready},
    task::Context,
};

/// Gets an operation ready to be polled. The operation owns what it needs.
type Prepare = fn(Handle) -> Boxed<Boxed<()>>;

macro_rules! costs {
    ($($id:literal => $prepare:ident,)*) => {
        pub(crate) const RULES: &[Rule] = &[$(($id, || cost($prepare)),)*];
    };
}

costs! {
    "cost-mpsc-recv-pending" => mpsc_recv_pending,
    "cost-mpsc-recv-closed" => mpsc_recv_closed,
    "cost-mpsc-send-ready" => mpsc_send_ready,
    "cost-mpsc-closed" => mpsc_closed,
    "cost-oneshot-recv" => oneshot_recv,
    "cost-oneshot-recv-pending" => oneshot_recv_pending,
    "cost-oneshot-recv-closed" => oneshot_recv_closed,
    "cost-oneshot-closed" => oneshot_closed,
    "cost-watch-changed" => watch_changed,
    "cost-watch-wait_for" => watch_wait_for,
    "cost-broadcast-recv" => broadcast_recv,
    "cost-notify" => notify,
    "cost-notify-pending" => notify_pending,
    "cost-semaphore" => semaphore,
    "cost-mutex" => mutex,
    "cost-rwlock-read" => rwlock_read,
    "cost-rwlock-write" => rwlock_write,
    "cost-barrier" => barrier,
    "cost-oncecell" => once_cell,
    "cost-joinhandle-pending" => join_handle_pending,
    "cost-joinset-next" => join_set_next,
    "cost-joinset-empty" => join_set_empty,
    "cost-joinset-try" => join_set_try,
    "cost-sleep-elapsed" => sleep_elapsed,
    "cost-sleep-pending" => sleep_pending,
    "cost-timeout-elapsed" => timeout_elapsed,
    "cost-yield_now" => yield_now,
    "cost-consume_budget" => consume_budget,
    "cost-ready" => std_ready,
    "cost-futures-channel" => futures_channel,
    "cost-select-ready" => select_ready,
    "cost-futures-select" => futures_select,
    "cost-duplex-read" => duplex_read,
    "cost-unix-read" => unix_read,
    "cost-tasktracker" => task_tracker,
    "cost-spawn-abort" => spawn_abort,
}

fn cost(prepare: Prepare) -> Value {
    run(move |h| async move {
        let t = h.spawn(measured(h.clone(), prepare));
        t.await.expect("T ends")
    })
}

/// T: what is made ready belongs to earlier polls, so that each of the two starts with a full budget.
async fn measured(h: Handle, prepare: Prepare) -> Value {
    let (mut first, mut second) = (prepare(h.clone()).await, prepare(h.clone()).await);
    h.yield_now().await;
    let before = left(&h);
    let ready = futures::poll!(&mut first).is_ready();
    let fresh = json!({"ready": ready, "consumed": before - left(&h)});
    h.yield_now().await;
    burn(&h, FULL);
    let (waker, wakes) = probe();
    let ready = second.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
    let during = wakes.get();
    h.yield_now().await;
    let exhausted = json!({
        "ready": ready,
        "woken_during_poll": during,
        "woken_after_task_yield": wakes.get(),
    });
    json!({"budget_before": before, "fresh": fresh, "exhausted": exhausted})
}

fn mpsc_recv_pending(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, mut rx) = h.channel::<u8>(1);
        Box::pin(async move {
            rx.recv().await;
            drop(tx);
        }) as Boxed<()>
    })
}

fn mpsc_recv_closed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, mut rx) = h.channel::<u8>(1);
        drop(tx);
        Box::pin(async move {
            rx.recv().await;
        }) as Boxed<()>
    })
}

fn mpsc_send_ready(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, rx) = h.channel(1);
        Box::pin(async move {
            tx.send(1).await.expect("a receiver");
            drop(rx);
        }) as Boxed<()>
    })
}

fn mpsc_closed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, rx) = h.channel::<u8>(1);
        drop(rx);
        Box::pin(async move {
            tx.closed().await;
        }) as Boxed<()>
    })
}

fn oneshot_recv(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, rx) = h.oneshot();
        tx.send(1).expect("a receiver");
        Box::pin(async move {
            rx.await.expect("a value");
        }) as Boxed<()>
    })
}

fn oneshot_recv_pending(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, rx) = h.oneshot::<u8>();
        Box::pin(async move {
            rx.await.expect("a value");
            drop(tx);
        }) as Boxed<()>
    })
}

fn oneshot_recv_closed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, rx) = h.oneshot::<u8>();
        drop(tx);
        Box::pin(async move {
            rx.await.expect_err("no sender");
        }) as Boxed<()>
    })
}

fn oneshot_closed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (mut tx, rx) = h.oneshot::<u8>();
        drop(rx);
        Box::pin(async move {
            tx.closed().await;
        }) as Boxed<()>
    })
}

fn watch_changed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, mut rx) = h.watch(0);
        tx.send(1).expect("a receiver");
        Box::pin(async move {
            rx.changed().await.expect("a sender");
            drop(tx);
        }) as Boxed<()>
    })
}

fn watch_wait_for(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, mut rx) = h.watch(true);
        Box::pin(async move {
            rx.wait_for(|set| *set).await.expect("a sender");
            drop(tx);
        }) as Boxed<()>
    })
}

fn broadcast_recv(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (tx, mut rx) = h.broadcast(1);
        tx.send(1).expect("a receiver");
        Box::pin(async move {
            rx.recv().await.expect("an item");
            drop(tx);
        }) as Boxed<()>
    })
}

fn notify(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let notify = h.notify();
        notify.notify_one();
        Box::pin(async move {
            notify.notified().await;
        }) as Boxed<()>
    })
}

fn notify_pending(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let notify = h.notify();
        Box::pin(async move {
            notify.notified().await;
        }) as Boxed<()>
    })
}

fn semaphore(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let semaphore = h.semaphore(1);
        Box::pin(async move {
            drop(semaphore.acquire().await);
        }) as Boxed<()>
    })
}

fn mutex(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let mutex = h.mutex(0);
        Box::pin(async move {
            drop(mutex.lock().await);
        }) as Boxed<()>
    })
}

fn rwlock_read(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let lock = h.rwlock(0);
        Box::pin(async move {
            drop(lock.read().await);
        }) as Boxed<()>
    })
}

fn rwlock_write(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let lock = h.rwlock(0);
        Box::pin(async move {
            drop(lock.write().await);
        }) as Boxed<()>
    })
}

fn barrier(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let barrier = h.barrier(1);
        Box::pin(async move {
            barrier.wait().await;
        }) as Boxed<()>
    })
}

fn once_cell(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let cell = h.once_cell();
        Box::pin(async move {
            cell.get_or_init(|| ready(1)).await;
        }) as Boxed<()>
    })
}

fn join_handle_pending(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let task = h.spawn(pending::<()>());
        Box::pin(async move {
            task.await.expect("it never ends");
        }) as Boxed<()>
    })
}

fn join_set_next(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let mut set = h.join_set();
        set.spawn(ready(1));
        h.yield_now().await;
        Box::pin(async move {
            set.join_next().await.expect("a task").expect("it ended");
        }) as Boxed<()>
    })
}

fn join_set_empty(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let mut set = h.join_set::<()>();
        Box::pin(async move {
            assert!(set.join_next().await.is_none(), "no task");
        }) as Boxed<()>
    })
}

fn join_set_try(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let mut set = h.join_set();
        set.spawn(ready(1));
        h.yield_now().await;
        Box::pin(async move {
            if set.try_join_next().is_none() {
                pending::<()>().await;
            }
        }) as Boxed<()>
    })
}

fn sleep_elapsed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let sleep = h.sleep_until(h.now());
        Box::pin(async move {
            sleep.await;
        }) as Boxed<()>
    })
}

fn sleep_pending(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let sleep = h.sleep(ms(3_600_000));
        Box::pin(async move {
            sleep.await;
        }) as Boxed<()>
    })
}

fn timeout_elapsed(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let timeout = h.timeout(ms(0), pending::<()>());
        Box::pin(async move {
            timeout.await.expect_err("it never ends");
        }) as Boxed<()>
    })
}

fn yield_now(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        Box::pin(async move {
            h.yield_now().await;
        }) as Boxed<()>
    })
}

fn consume_budget(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        Box::pin(async move {
            h.consume_budget().await;
        }) as Boxed<()>
    })
}

fn std_ready(_: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async {
        Box::pin(async move {
            ready(()).await;
        }) as Boxed<()>
    })
}

fn futures_channel(_: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async {
        let (tx, mut rx) = futures::channel::mpsc::unbounded();
        tx.unbounded_send(1).expect("a receiver");
        Box::pin(async move {
            rx.next().await.expect("an item");
            drop(tx);
        }) as Boxed<()>
    })
}

fn select_ready(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        Box::pin(async move {
            select!(h; biased; () = ready(()) => (), () = pending() => (),);
        }) as Boxed<()>
    })
}

fn futures_select(_: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async {
        Box::pin(async move {
            futures::future::select(ready(()), pending::<()>()).await;
        }) as Boxed<()>
    })
}

fn duplex_read(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (mut near, mut far) = h.duplex(8);
        far.write_all(&[1]).await.expect("room");
        Box::pin(async move {
            near.read(&mut [0]).await.expect("a byte");
            drop(far);
        }) as Boxed<()>
    })
}

fn unix_read(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let (mut near, mut far) = h.unix_pair();
        far.write_all(&[1, 2]).await.expect("room");
        // The first read waits until the socket is known to be readable.
        near.read(&mut [0]).await.expect("a byte");
        Box::pin(async move {
            near.read(&mut [0]).await.expect("a byte");
            drop(far);
        }) as Boxed<()>
    })
}

fn task_tracker(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        let tracker = h.task_tracker();
        tracker.close();
        Box::pin(async move {
            tracker.wait().await;
        }) as Boxed<()>
    })
}

fn spawn_abort(h: Handle) -> Boxed<Boxed<()>> {
    Box::pin(async move {
        Box::pin(async move {
            let task = h.spawn(pending::<()>());
            task.abort();
            task.is_finished();
        }) as Boxed<()>
    })
}
