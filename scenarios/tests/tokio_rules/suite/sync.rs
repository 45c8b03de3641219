//! Semaphore, mutex and notify: what waits, what is handed over, and what comes back.

use super::{
    Rule,
    tools::{Log, ms, run},
};
use crate::facade::Shared;
use futures::FutureExt;
use serde_json::{Value, json};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

pub(crate) const RULES: &[Rule] = &[
    ("sem-002", a_permit_half_assigned_cannot_be_taken),
    ("sem-004", a_forgotten_permit_is_gone),
    ("sem-005", a_permit_of_a_dropped_waiter_comes_back),
    ("sem-006", close_wakes_with_an_error),
    ("sem-007", a_permit_of_an_aborted_task_comes_back),
    ("mtx-001", a_mutex_is_first_come_first_served),
    ("mtx-002", a_panic_releases_the_lock),
    ("mtx-003", locking_twice_hangs),
    ("ntf-001", one_permit_is_stored),
    ("ntf-002", waking_all_stores_nothing),
    ("ntf-003", waking_all_reaches_a_future_never_polled),
    ("ntf-005", a_wakeup_is_lost_between_flag_and_future),
    ("ntf-006", enable_registers_without_a_poll),
];

fn a_permit_half_assigned_cannot_be_taken() -> Value {
    run(|h| async move {
        let semaphore = h.semaphore(0);
        let mut a = Box::pin(semaphore.acquire_many(2));
        assert!(futures::poll!(&mut a).is_pending(), "no permits yet");
        semaphore.add_permits(1);
        let taken = semaphore.try_acquire().is_ok();
        json!({"available": semaphore.available_permits(), "try": taken})
    })
}

fn a_forgotten_permit_is_gone() -> Value {
    run(|h| async move {
        let semaphore = h.semaphore(2);
        semaphore.acquire().await.expect("it is open").forget();
        drop(semaphore.acquire().await.expect("it is open"));
        json!(semaphore.available_permits())
    })
}

fn a_permit_of_a_dropped_waiter_comes_back() -> Value {
    run(|h| async move {
        let semaphore = h.semaphore(1);
        let held = semaphore.acquire().await.expect("it is open");
        let mut w = Box::pin(semaphore.acquire());
        assert!(futures::poll!(&mut w).is_pending(), "the permit is held");
        drop(held);
        let assigned = semaphore.available_permits();
        drop(w);
        json!([assigned, semaphore.available_permits()])
    })
}

fn close_wakes_with_an_error() -> Value {
    run(|h| async move {
        let semaphore = Shared::new(h.semaphore(0));
        let a = h.spawn(Shared::clone(&semaphore).acquire_owned());
        h.yield_now().await;
        semaphore.close();
        let failed = a.await.expect("A ends").is_err();
        json!([failed, semaphore.try_acquire().is_err()])
    })
}

fn a_permit_of_an_aborted_task_comes_back() -> Value {
    run(|h| async move {
        let semaphore = Shared::new(h.semaphore(1));
        let acquire = Shared::clone(&semaphore).acquire_owned();
        let t = h.spawn(async move {
            let _permit = acquire.await.expect("it is open");
            pending::<()>().await;
        });
        h.yield_now().await;
        let held = semaphore.available_permits();
        t.abort();
        let aborted = semaphore.available_permits();
        h.yield_now().await;
        json!([held, aborted, semaphore.available_permits()])
    })
}

fn a_mutex_is_first_come_first_served() -> Value {
    run(|h| async move {
        let log = Log::default();
        let mutex = Shared::new(h.mutex(()));
        let held = Shared::clone(&mutex).lock_owned().await;
        let [a, b, c] = ["A", "B", "C"].map(|name| {
            let (lock, log) = (Shared::clone(&mutex).lock_owned(), log.clone());
            h.spawn(async move {
                let _guard = lock.await;
                log.add(name);
            })
        });
        h.yield_now().await;
        a.abort();
        drop(held);
        b.await.expect("B ends");
        c.await.expect("C ends");
        log.json()
    })
}

fn a_panic_releases_the_lock() -> Value {
    run(|h| async move {
        let mutex = Shared::new(h.mutex(1));
        let lock = Shared::clone(&mutex).lock_owned();
        let t = h.spawn(async move {
            let mut guard = lock.await;
            *guard = 2;
            panic!("while the lock is held");
        });
        let end: Result<(), _> = t.await;
        assert!(end.expect_err("T panics").is_panic(), "T panics");
        json!(*mutex.lock().await)
    })
}

fn locking_twice_hangs() -> Value {
    run(|h| async move {
        let mutex = h.mutex(());
        let _held = mutex.lock().await;
        json!({"deadlock": h.timeout(ms(1000), mutex.lock()).await.is_err()})
    })
}

fn one_permit_is_stored() -> Value {
    run(|h| async move {
        let notify = h.notify();
        notify.notify_one();
        notify.notify_one();
        let first = notify.notified().now_or_never().is_some();
        json!([first, notify.notified().now_or_never().is_some()])
    })
}

fn waking_all_stores_nothing() -> Value {
    run(|h| async move {
        let notify = h.notify();
        notify.notify_waiters();
        json!(notify.notified().now_or_never().is_some())
    })
}

fn waking_all_reaches_a_future_never_polled() -> Value {
    run(|h| async move {
        let notify = h.notify();
        let notified = notify.notified();
        notify.notify_waiters();
        json!(notified.now_or_never().is_some())
    })
}

fn a_wakeup_is_lost_between_flag_and_future() -> Value {
    run(|h| async move {
        let notify = Shared::new(h.notify());
        let flag = Arc::new(AtomicBool::new(false));
        let (inside, wakes, set) = (h.clone(), Shared::clone(&notify), Arc::clone(&flag));
        let t = h.spawn(async move {
            if set.load(Ordering::Relaxed) {
                return false;
            }
            inside.yield_now().await;
            inside.timeout(ms(1000), wakes.notified()).await.is_err()
        });
        h.spawn(async move {
            flag.store(true, Ordering::Relaxed);
            notify.notify_waiters();
        });
        json!({"hang": t.await.expect("T ends")})
    })
}

fn enable_registers_without_a_poll() -> Value {
    run(|h| async move {
        let notify = h.notify();
        let mut notified = Box::pin(notify.notified());
        let already = notified.as_mut().enable();
        notify.notify_one();
        let other = notify.notified().now_or_never().is_some();
        let this = futures::poll!(&mut notified).is_ready();
        json!({"enabled_already": already, "f": this, "other": other})
    })
}
