//! Combinators: `select!`, `join!`, `FuturesUnordered` and `now_or_never` with the budget.

use super::{
    Rule,
    tools::{Counter, FULL, Log, OnDrop, burn, run, task, yields},
};
use crate::facade::{Handle, join, select};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use std::{
    future::{Future, poll_fn, ready},
    pin::Pin,
    task::Poll,
};

pub(crate) const RULES: &[Rule] = &[
    ("comb-001", biased_polls_in_order_and_drops_the_losers),
    ("comb-002", unbiased_starts_anywhere),
    ("comb-004", else_runs_when_no_pattern_matches),
    ("comb-006", a_losing_receive_loses_nothing),
    ("comb-007", join_rotates_who_is_polled_first),
    ("comb-009", unordered_gives_a_budget_of_items_per_poll),
    ("comb-010", unordered_polls_all_for_nothing),
    ("comb-011", a_busy_child_starves_its_sibling),
    ("comb-012", a_ready_branch_starves_the_second),
    ("comb-014", yield_now_is_never_now),
    ("comb-015", a_permit_taken_with_nothing_left),
];

/// A future that logs its polls and its drop.
fn branch(name: &'static str, is_ready: bool, log: &Log) -> impl Future<Output = &'static str> {
    let (log, last) = (log.clone(), log.clone());
    let dropped = OnDrop(move || last.add(format!("drop {name}")));
    poll_fn(move |_| {
        let _owned = &dropped;
        log.add(format!("poll {name}"));
        if is_ready { Poll::Ready(name) } else { Poll::Pending }
    })
}

fn biased_polls_in_order_and_drops_the_losers() -> Value {
    run(|h| async move {
        let log = Log::default();
        select!(h; biased;
            name = branch("A", false, &log) => log.add(format!("winner {name}")),
            name = branch("B", true, &log) => log.add(format!("winner {name}")),
            name = branch("C", true, &log) => log.add(format!("winner {name}")),
        );
        log.json()
    })
}

fn unbiased_starts_anywhere() -> Value {
    run(|h| async move {
        let mut wins = [0, 0];
        for _ in 0..200 {
            let winner = select!(h; i = ready(0) => i, i = ready(1) => i,);
            wins[winner] += 1;
        }
        json!({"both_won": wins[0] > 0 && wins[1] > 0})
    })
}

fn else_runs_when_no_pattern_matches() -> Value {
    run(|h| async move {
        let taken = select!(h; Some(()) = ready(None) => "branch", else => "else");
        json!(taken)
    })
}

fn a_losing_receive_loses_nothing() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel(1);
        select!(h; biased; _ = rx.recv() => panic!("nothing was sent"), () = ready(()) => (),);
        tx.send(7).await.expect("the receiver is there");
        json!(rx.recv().await)
    })
}

fn join_rotates_who_is_polled_first() -> Value {
    run(|h| async move {
        let log = Log::default();
        join!(h; polled("A", &h, &log), polled("B", &h, &log), polled("C", &h, &log));
        log.json()
    })
}

/// Logs each of its polls, the last of which ends the last yield.
fn polled(name: &'static str, h: &Handle, log: &Log) -> impl Future<Output = ()> {
    let (h, log) = (h.clone(), log.clone());
    let mut body = Box::pin(async move { yields(&h, 3).await });
    let mut polls = 0;
    poll_fn(move |cx| {
        polls += 1;
        log.add(format!("{name}{polls}"));
        body.as_mut().poll(cx)
    })
}

fn unordered_gives_a_budget_of_items_per_poll() -> Value {
    run(|h| async move {
        let tasks = finished(&h, 300).await;
        let t = h.spawn(async move { items_per_poll(tasks.into_iter().collect()).await });
        json!(t.await.expect("T ends"))
    })
}

/// Immediate tasks, after they all finished.
async fn finished(h: &Handle, n: usize) -> Vec<impl Future<Output = ()> + use<>> {
    let tasks: Vec<_> = (0..n).map(|_| h.spawn(ready(()))).collect();
    while !tasks.iter().all(|task| task.is_finished()) {
        h.yield_now().await;
    }
    tasks.into_iter().map(|task| task.map(|end| end.expect("it ends"))).collect()
}

async fn items_per_poll<F: Future>(mut all: FuturesUnordered<F>) -> Vec<usize> {
    let mut counts = Vec::new();
    poll_fn(move |cx| {
        let mut count = 0;
        loop {
            match all.poll_next_unpin(cx) {
                Poll::Ready(Some(_)) => count += 1,
                Poll::Ready(None) => {
                    counts.push(count);
                    return Poll::Ready(std::mem::take(&mut counts));
                }
                Poll::Pending => {
                    counts.push(count);
                    return Poll::Pending;
                }
            }
        }
    })
    .await
}

fn unordered_polls_all_for_nothing() -> Value {
    run(|h| async move {
        let polls = Counter::default();
        let tasks = finished(&h, 300).await.into_iter();
        let mut all: FuturesUnordered<_> = tasks.map(|task| counted(task, &polls)).collect();
        let inside = h.clone();
        let t = h.spawn(poll_fn(move |cx| {
            burn(&inside, FULL);
            Poll::Ready(all.poll_next_unpin(cx).is_ready())
        }));
        let ready = t.await.expect("T ends");
        json!({"child_polls": polls.get(), "ready": ready})
    })
}

/// Counts the polls of a future.
fn counted<F: Future + Unpin>(
    mut future: F,
    polls: &Counter,
) -> impl Future<Output = F::Output> + use<F> {
    let polls = polls.clone();
    poll_fn(move |cx| {
        polls.add();
        Pin::new(&mut future).poll(cx)
    })
}

fn a_busy_child_starves_its_sibling() -> Value {
    task(|h| {
        Box::pin(async move {
            let (tx_a, mut a) = h.unbounded_channel();
            let (tx_b, mut b) = h.unbounded_channel();
            for item in 0..1000 {
                tx_a.send(item).expect("the receiver is there");
            }
            tx_b.send(0).expect("the receiver is there");
            let received = Counter::default();
            let busy = async {
                for _ in 0..1000 {
                    a.recv().await.expect("an item");
                    received.add();
                }
            };
            let sibling = async {
                b.recv().await.expect("the item");
                received.get()
            };
            let ((), after) = join!(h; busy, sibling);
            json!({"b_received_after_a_items": after})
        })
    })
}

fn a_ready_branch_starves_the_second() -> Value {
    task(|h| {
        Box::pin(async move {
            let (tx, mut rx) = h.unbounded_channel();
            for item in 0..1000 {
                tx.send(item).expect("the receiver is there");
            }
            let (fire, mut shutdown) = h.oneshot();
            fire.send(()).expect("the receiver is there");
            let mut handled = 0;
            loop {
                let seen = select!(h; biased;
                    _ = rx.recv() => false,
                    _ = &mut shutdown => true,
                );
                if seen {
                    return json!(handled);
                }
                handled += 1;
            }
        })
    })
}

fn yield_now_is_never_now() -> Value {
    run(|h| async move { json!(h.yield_now().now_or_never().map(|()| "ready")) })
}

fn a_permit_taken_with_nothing_left() -> Value {
    task(|h| {
        Box::pin(async move {
            let semaphore = h.semaphore(1);
            burn(&h, FULL);
            let mut acquire = Box::pin(semaphore.acquire());
            let ready = (&mut acquire).now_or_never().is_some();
            let alive = semaphore.available_permits();
            drop(acquire);
            let after = semaphore.available_permits();
            json!({"after_drop": after, "ready": ready, "while_alive": alive})
        })
    })
}
