//! The end of a runtime, and where a runtime may not be used.

use super::{
    Rule,
    tools::{Log, end, held, panics, run},
};
use crate::facade::{Handle, JoinError, Runtime};
use futures::FutureExt;
use serde_json::{Value, json};
use std::future::{Future, ready};

pub(crate) const RULES: &[Rule] = &[
    ("rtd-001", pending_tasks_are_dropped),
    ("rtd-003", so_are_tasks_that_never_ran),
    ("rtd-005", a_late_spawn_is_cancelled_at_once),
    ("rtd-006", no_runtime_is_dropped_in_async_code),
    ("rtd-007", no_root_inside_a_root),
    ("rtd-008", no_spawn_without_a_runtime),
];

/// How a task ended whose runtime is gone.
fn at_once<T>(handle: impl Future<Output = Result<T, JoinError>>) -> &'static str {
    handle.now_or_never().map_or("pending", |result| end(&result))
}

fn pending_tasks_are_dropped() -> Value {
    let log = Log::default();
    let runtime = Runtime::new(&Handle::outside());
    let (h, inside) = (runtime.handle(), log.clone());
    let (a, b) = runtime.block_on(async move {
        let tasks = (h.spawn(held("drop A", &inside)), h.spawn(held("drop B", &inside)));
        h.yield_now().await;
        tasks
    });
    drop(runtime);
    log.add(format!("finished {} {}", a.is_finished(), b.is_finished()));
    let mut ends = vec![at_once(a), at_once(b)];
    ends.dedup();
    ends.into_iter().for_each(|end| log.add(end));
    log.json()
}

fn so_are_tasks_that_never_ran() -> Value {
    let log = Log::default();
    let runtime = Runtime::new(&Handle::outside());
    let (h, inside) = (runtime.handle(), log.clone());
    runtime.block_on(async move { drop(h.spawn(held("drop T", &inside))) });
    drop(runtime);
    log.json()
}

fn a_late_spawn_is_cancelled_at_once() -> Value {
    let runtime = Runtime::new(&Handle::outside());
    let h = runtime.handle();
    drop(runtime);
    let t = h.spawn(ready(()));
    json!({"finished": t.is_finished(), "result": at_once(t)})
}

fn no_runtime_is_dropped_in_async_code() -> Value {
    let out = Handle::outside();
    let (runtime, other) = (Runtime::new(&out), Runtime::new(&out));
    runtime.block_on(async move { panics(move || drop(other)) })
}

fn no_root_inside_a_root() -> Value {
    run(|h| async move { panics(|| h.block_on(ready(()))) })
}

fn no_spawn_without_a_runtime() -> Value {
    panics(|| Handle::outside().spawn(ready(())))
}
