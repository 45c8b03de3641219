//! What the suite of tokio's rules does not reach: lost messages, mixed waiters, waiters that go away.

mod channels;
mod combine;
mod locks;
mod sets;

use super::super::{Handle, Runtime, kind::event};
use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Runs a body on a runtime of its own.
fn run<F: Future>(body: impl FnOnce(Handle) -> F) -> F::Output {
    let runtime = Runtime::new(&Handle::outside());
    runtime.block_on(body(runtime.handle()))
}

/// How many messages were lost since the runtime last looked.
fn lost(h: &Handle) -> usize {
    h.desk.tables.borrow().events.iter().filter(|event| event.kind() == event::LOST).count()
}

/// Polls once, with a waker that does nothing.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What happened, in order.
type Log = Rc<RefCell<Vec<&'static str>>>;
