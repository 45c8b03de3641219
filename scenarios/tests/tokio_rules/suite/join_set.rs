//! Sets of tasks: abort on drop, and the order of joining.

use super::{
    Rule,
    tools::{Log, end, held, ms, run, yields},
};
use crate::facade::Handle;
use futures::FutureExt;
use serde_json::{Value, json};
use std::future::pending;

pub(crate) const RULES: &[Rule] = &[
    ("js-001", a_dropped_set_aborts),
    ("js-002", aborted_entries_stay_until_joined),
    ("js-003", shutdown_aborts_and_waits),
    ("js-004", detached_tasks_run_on),
    ("js-005", joining_is_in_order_of_completion),
    ("js-007", nothing_to_join),
];

fn a_dropped_set_aborts() -> Value {
    run(|h| async move {
        let log = Log::default();
        let mut set = h.join_set();
        set.spawn(held("drop T", &log));
        h.yield_now().await;
        drop(set);
        log.add("js dropped");
        h.yield_now().await;
        log.add("yielded");
        log.json()
    })
}

fn aborted_entries_stay_until_joined() -> Value {
    run(|h| async move {
        let mut set = h.join_set();
        for _ in 0..3 {
            set.spawn(pending::<()>());
        }
        set.abort_all();
        let len = set.len();
        let mut joined = Vec::new();
        for _ in 0..4 {
            joined.push(set.join_next().await.map(|result| end(&result)));
        }
        json!({"joined": joined, "len": len})
    })
}

fn shutdown_aborts_and_waits() -> Value {
    run(|h| async move {
        let log = Log::default();
        let mut set = h.join_set();
        set.spawn(held("drop A", &log));
        set.spawn(held("drop B", &log));
        h.yield_now().await;
        set.shutdown().await;
        log.add(format!("len {}", set.len()));
        log.json()
    })
}

fn detached_tasks_run_on() -> Value {
    run(|h| async move {
        let log = Log::default();
        let mut set = h.join_set();
        let (inside, t) = (h.clone(), log.clone());
        set.spawn(async move {
            yields(&inside, 2).await;
            t.add("T done");
        });
        set.detach_all();
        log.add(format!("len {}", set.len()));
        drop(set);
        yields(&h, 4).await;
        log.json()
    })
}

fn joining_is_in_order_of_completion() -> Value {
    run(|h| async move {
        let mut set = h.join_set();
        for (name, duration) in [("A", 30), ("B", 10), ("C", 20)] {
            set.spawn(sleeps(h.clone(), name, duration));
        }
        let mut joined = Vec::new();
        while let Some(result) = set.join_next().await {
            joined.push(result.expect("it ends"));
        }
        json!(joined)
    })
}

async fn sleeps(h: Handle, name: &'static str, duration: u64) -> &'static str {
    h.sleep(ms(duration)).await;
    name
}

fn nothing_to_join() -> Value {
    run(|h| async move {
        let mut set = h.join_set();
        let empty = matches!(set.join_next().now_or_never(), Some(None));
        set.spawn(pending::<()>());
        json!([empty, set.try_join_next().is_none()])
    })
}
