//! What the programs of the rules have in common: burn, observe, log, probe.

use crate::facade::{Boxed, Handle, JoinError, Runtime};
use serde_json::{Value, json};
use std::{
    any::Any,
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// The units of budget that a poll starts with.
pub(crate) const FULL: usize = 128;

/// Runs a root on a runtime of its own. The root owns what it uses.
pub(crate) fn run<F: Future + 'static>(root: impl FnOnce(Handle) -> F) -> F::Output {
    let runtime = Runtime::new(&Handle::outside());
    let root = root(runtime.handle());
    runtime.block_on(root)
}

/// Runs T, a spawned task, to its end.
pub(crate) fn task(body: fn(Handle) -> Boxed<Value>) -> Value {
    run(move |h| async move { h.spawn(body(h.clone())).await.expect("T ends well") })
}

/// A future that never ends and logs its drop, even when it was never polled.
pub(crate) fn held(entry: &'static str, log: &Log) -> impl Future<Output = ()> + use<> {
    let guard = log.guard(entry);
    async move {
        let _held = guard;
        pending::<()>().await;
    }
}

/// Consumes units of the budget.
pub(crate) fn burn(h: &Handle, units: usize) {
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..units {
        match h.poll_proceed(&mut cx) {
            Poll::Ready(unit) => unit.made_progress(),
            Poll::Pending => panic!("no unit is left to burn"),
        }
    }
}

/// The units that are left, none of them consumed; -1 where there is no limit.
pub(crate) fn left(h: &Handle) -> i64 {
    let mut cx = Context::from_waker(Waker::noop());
    let mut units = Vec::new();
    while let Poll::Ready(unit) = h.poll_proceed(&mut cx) {
        units.push(unit);
        if units.len() > FULL {
            return -1;
        }
    }
    let left = units.len();
    // Each unit restores the budget that it found, so the first one goes last.
    while units.pop().is_some() {}
    i64::try_from(left).expect("a few units")
}

/// Lets others run, so many times.
pub(crate) async fn yields(h: &Handle, times: usize) {
    for _ in 0..times {
        h.yield_now().await;
    }
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How a task ended.
pub(crate) fn end<T>(result: &Result<T, JoinError>) -> &'static str {
    match result {
        Ok(_) => "value",
        Err(error) if error.is_cancelled() => "cancelled",
        Err(_) => "panicked",
    }
}

/// What happened, in order. Its clones are the same log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Value>>>);

impl Log {
    pub(crate) fn add(&self, entry: impl Into<Value>) {
        self.0.lock().expect("no holder panics").push(entry.into());
    }

    pub(crate) fn entries(&self) -> Vec<Value> {
        self.0.lock().expect("no holder panics").clone()
    }

    pub(crate) fn json(&self) -> Value {
        Value::from(self.entries())
    }

    /// Logs when it is dropped.
    pub(crate) fn guard(&self, entry: &'static str) -> OnDrop<impl FnMut() + use<>> {
        let log = self.clone();
        OnDrop(move || log.add(entry))
    }
}

/// Calls when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Counts across tasks. Its clones are the same counter.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicUsize>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.add();
    }
}

/// A waker of no task, and how often it was woken.
pub(crate) fn probe() -> (Waker, Counter) {
    let wakes = Counter::default();
    (Waker::from(Arc::new(wakes.clone())), wakes)
}

/// The value of a call, or the text it panics with.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| text(payload.as_ref()))
}

/// The text of a panic that is a rule.
pub(crate) fn panics<T>(call: impl FnOnce() -> T) -> Value {
    match caught(call) {
        Ok(_) => Value::from("no panic"),
        Err(text) => json!({"PANIC": text}),
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let owned = payload.downcast_ref::<String>().cloned();
    let text = owned.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}
