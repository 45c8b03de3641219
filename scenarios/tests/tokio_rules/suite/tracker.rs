//! Trackers, cancellation tokens, and handles that abort.

use super::{
    Rule,
    tools::{Log, held, run},
};
use crate::facade::{AbortOnDropHandle, Handle};
use futures::FutureExt;
use serde_json::{Value, json};
use std::future::ready;

pub(crate) const RULES: &[Rule] = &[
    ("tt-001", a_tracker_ends_closed_and_empty),
    ("tt-003", cancelling_goes_down_only),
    ("tt-005", cancelling_passes_a_dropped_token),
    ("tt-006", cancelled_wins_over_ready),
    ("tt-007", a_handle_that_aborts_on_drop),
];

fn a_tracker_ends_closed_and_empty() -> Value {
    run(|h| async move {
        let tracker = h.task_tracker();
        let open = tracker.wait().now_or_never().is_some();
        tracker.close();
        json!([open, tracker.wait().now_or_never().is_some()])
    })
}

fn cancelling_goes_down_only() -> Value {
    let parent = Handle::outside().cancellation_token();
    let first = parent.child_token();
    first.cancel();
    let up = parent.is_cancelled();
    let second = parent.child_token();
    parent.cancel();
    json!([up, second.is_cancelled(), parent.child_token().is_cancelled()])
}

fn cancelling_passes_a_dropped_token() -> Value {
    let root = Handle::outside().cancellation_token();
    let middle = root.child_token();
    let grandchild = middle.child_token();
    drop(middle);
    root.cancel();
    json!(grandchild.is_cancelled())
}

fn cancelled_wins_over_ready() -> Value {
    run(|h| async move {
        let token = h.cancellation_token();
        token.cancel();
        json!(token.run_until_cancelled(ready(1)).await)
    })
}

fn a_handle_that_aborts_on_drop() -> Value {
    run(|h| async move {
        let log = Log::default();
        let t = AbortOnDropHandle::new(h.spawn(held("drop T", &log)));
        h.yield_now().await;
        drop(t);
        log.add("dropped handle");
        h.yield_now().await;
        log.json()
    })
}
