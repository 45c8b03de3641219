//! The clock: timeouts and ties, paused time, intervals.

use super::{
    Rule,
    tools::{Counter, FULL, Log, burn, held, ms, panics, run, task},
};
use crate::facade::{Handle, MissedTickBehavior, Runtime, select};
use futures::FutureExt;
use serde_json::{Value, json};
use std::{future::pending, time::Duration};

pub(crate) const RULES: &[Rule] = &[
    ("tm-002", an_exhausting_inner_still_elapses),
    ("tm-003", with_nothing_left_a_timeout_waits),
    ("tm-004", the_inner_lives_as_long_as_its_timeout),
    ("tm-005", a_tie_goes_to_the_inner),
    ("tm-006", a_tie_goes_to_the_first_branch),
    ("tm-010", an_idle_runtime_advances_the_clock),
    ("tm-012", a_busy_thread_keeps_the_clock),
    ("tm-013", timers_fire_by_deadline_then_in_order),
    ("tm-014", a_timer_rounds_up_to_a_millisecond),
    ("tm-017", missed_ticks_come_in_a_burst),
    ("tm-018", missed_ticks_become_one),
    ("tm-020", a_reset_sleep_starts_again),
    ("tm-022", no_sleep_without_a_clock),
];

fn an_exhausting_inner_still_elapses() -> Value {
    task(|h| {
        Box::pin(async move {
            let (tx, mut rx) = h.unbounded_channel();
            for item in 0..1000 {
                tx.send(item).expect("the receiver is there");
            }
            let items = Counter::default();
            let inner = async {
                while rx.recv().await.is_some() {
                    items.add();
                }
            };
            let timeout = h.timeout(ms(10), inner);
            h.advance(ms(20)).await;
            let elapsed = timeout.await.is_err();
            json!({"elapsed": elapsed, "items": items.get()})
        })
    })
}

fn with_nothing_left_a_timeout_waits() -> Value {
    task(|h| {
        Box::pin(async move {
            let mut timeout = Box::pin(h.timeout(ms(10), pending::<()>()));
            h.advance(ms(20)).await;
            h.yield_now().await;
            burn(&h, FULL);
            let at_once = futures::poll!(&mut timeout).is_ready();
            h.yield_now().await;
            json!([at_once, futures::poll!(&mut timeout).is_ready()])
        })
    })
}

fn the_inner_lives_as_long_as_its_timeout() -> Value {
    run(|h| async move {
        let log = Log::default();
        let mut timeout = Box::pin(h.timeout(ms(1), held("drop inner", &log)));
        log.add(format!("elapsed={}", (&mut timeout).await.is_err()));
        drop(timeout);
        log.add("end");
        log.json()
    })
}

fn a_tie_goes_to_the_inner() -> Value {
    run(|h| async move { json!(h.timeout(ms(10), h.sleep(ms(10))).await.is_ok()) })
}

fn a_tie_goes_to_the_first_branch() -> Value {
    run(|h| async move {
        let first = select!(h; biased;
            () = h.sleep(ms(10)) => "a",
            () = h.sleep(ms(10)) => "b",
        );
        json!(first)
    })
}

#[expect(clippy::disallowed_types, reason = "that no real time passes is the rule")]
fn an_idle_runtime_advances_the_clock() -> Value {
    run(|h| async move {
        let (real, start) = (std::time::Instant::now(), h.now());
        h.sleep(Duration::from_secs(3600)).await;
        let elapsed = (h.now() - start).as_secs();
        json!({"real_lt_1s": real.elapsed() < Duration::from_secs(1), "virtual_s": elapsed})
    })
}

fn a_busy_thread_keeps_the_clock() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (inside, blocking) = (h.clone(), log.clone());
        let thread = h.spawn_blocking(move || {
            inside.busy(ms(30));
            blocking.add("blocking done");
        });
        h.sleep(ms(1000)).await;
        log.add("sleep done");
        thread.await.expect("the thread ends");
        log.json()
    })
}

fn timers_fire_by_deadline_then_in_order() -> Value {
    run(|h| async move {
        let log = Log::default();
        for (name, duration) in [("A", 30), ("B", 10), ("C", 20), ("D", 10), ("E", 10)] {
            h.spawn(sleeps(h.clone(), name, duration, log.clone()));
        }
        h.sleep(ms(40)).await;
        log.json()
    })
}

async fn sleeps(h: Handle, name: &'static str, duration: u64, log: Log) {
    h.sleep(ms(duration)).await;
    log.add(name);
}

fn a_timer_rounds_up_to_a_millisecond() -> Value {
    run(|h| async move {
        let start = h.now();
        h.sleep(Duration::from_micros(1500)).await;
        json!(micros(h.now() - start))
    })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("a short time")
}

fn missed_ticks_come_in_a_burst() -> Value {
    run(|h| async move { json!(ticks(&h, MissedTickBehavior::Burst).await.0) })
}

fn missed_ticks_become_one() -> Value {
    run(|h| async move {
        let skip = ticks(&h, MissedTickBehavior::Skip).await;
        json!([skip, ticks(&h, MissedTickBehavior::Delay).await])
    })
}

/// After 35 ms of missed ticks: how many are ready now, and the ms to the next.
async fn ticks(h: &Handle, behavior: MissedTickBehavior) -> (usize, u64) {
    let mut interval = h.interval(ms(10));
    interval.set_missed_tick_behavior(behavior);
    interval.tick().await;
    h.advance(ms(35)).await;
    let mut ready = 0;
    while interval.tick().now_or_never().is_some() {
        ready += 1;
    }
    let start = h.now();
    interval.tick().await;
    (ready, micros(h.now() - start) / 1000)
}

fn a_reset_sleep_starts_again() -> Value {
    run(|h| async move {
        let start = h.now();
        let mut sleep = Box::pin(h.sleep(ms(10)));
        sleep.as_mut().reset(start + ms(50));
        sleep.await;
        json!(micros(h.now() - start) / 1000)
    })
}

fn no_sleep_without_a_clock() -> Value {
    let runtime = Runtime::without_time(&Handle::outside());
    let h = runtime.handle();
    runtime.block_on(async move { panics(|| drop(h.sleep(ms(1)))) })
}
