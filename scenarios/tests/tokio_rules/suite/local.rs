//! Local sets: their tasks run while the set is polled, and end with it.

use super::{
    Rule,
    tools::{Counter, Log, end, held, run, yields},
};
use futures::FutureExt;
use serde_json::{Value, json};

pub(crate) const RULES: &[Rule] = &[
    ("loc-001", tasks_run_while_the_set_is_polled),
    ("loc-002", a_dropped_set_drops_its_tasks),
    ("loc-003", a_set_is_done_with_its_tasks),
];

fn tasks_run_while_the_set_is_polled() -> Value {
    run(|h| async move {
        let set = h.local_set();
        let runs = Counter::default();
        let counted = runs.clone();
        set.spawn_local(async move { counted.add() });
        yields(&h, 3).await;
        let before = runs.get();
        set.run_until(h.yield_now()).await;
        json!([before, runs.get()])
    })
}

fn a_dropped_set_drops_its_tasks() -> Value {
    run(|h| async move {
        let log = Log::default();
        let set = h.local_set();
        let t = set.spawn_local(held("drop T", &log));
        set.run_until(h.yield_now()).await;
        drop(set);
        log.add(t.now_or_never().map_or("pending", |result| end(&result)));
        log.json()
    })
}

fn a_set_is_done_with_its_tasks() -> Value {
    run(|h| async move {
        let log = Log::default();
        let set = h.local_set();
        let (a, b) = (log.clone(), log.clone());
        let inside = h.clone();
        set.spawn_local(async move {
            a.add("A");
            yields(&inside, 2).await;
        });
        set.spawn_local(async move { b.add("B") });
        set.await;
        log.json()
    })
}
