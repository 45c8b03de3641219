//! The future of a task, and its result.
//!
//! At the end of a task its future is dropped first; then it counts as finished; then whoever joins
//! it is woken. The result is kept in the place of the future while a handle exists, and dropped at
//! once if none does. Rules: `life-007`, `life-024`, `life-025`; tokio 1.54, runtime/task/harness.rs,
//! `complete`.

use super::join::JoinError;
use pin_project_lite::pin_project;
use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What a handle gives: the output, or why there is none.
pub(super) type Outcome<T> = Result<T, JoinError>;

/// A future whose type is forgotten.
pub(super) trait Body {
    /// Polls it; once it returns it is dropped and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Drops the future.
    fn drop_future(self: Pin<&mut Self>);

    /// There is no output.
    fn fails(self: Pin<&mut Self>, error: JoinError);

    /// Puts its result into an `Option<Outcome<T>>`, where `T` is its output.
    fn give(self: Pin<&mut Self>, into: &mut dyn Any);

    /// Empty, it takes over the future out of an `Option<F>`, if it is one of its type.
    fn renew(self: Pin<&mut Self>, future: &mut dyn Any);
}

pin_project! {
    struct Task<F: Future> {
        #[pin]
        future: Option<F>,
        result: Option<Outcome<F::Output>>,
    }
}

impl<F: Future + 'static> Body for Task<F> {
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let future =
            this.future.as_mut().as_pin_mut().expect("a task that has ended is not polled");
        let output = ready!(future.poll(cx));
        this.future.set(None);
        *this.result = Some(Ok(output));
        Poll::Ready(())
    }

    fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn fails(self: Pin<&mut Self>, error: JoinError) {
        *self.project().result = Some(Err(error));
    }

    fn give(self: Pin<&mut Self>, into: &mut dyn Any) {
        if let Some(into) = into.downcast_mut() {
            *into = self.project().result.take();
        }
    }

    fn renew(self: Pin<&mut Self>, future: &mut dyn Any) {
        if let Some(future) = future.downcast_mut() {
            self.project().future.set(Option::take(future));
        }
    }
}

impl fmt::Debug for dyn Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a future")
    }
}

/// A body on the heap: all that a task needs beside its row.
pub(super) type Boxed = Pin<Box<dyn Body>>;

/// Bodies of tasks that have ended, empty: who spawns a task like the last one needs no memory.
#[derive(Debug, Default)]
pub(super) struct Spare(Vec<Boxed>);

/// So many bodies are kept.
const KEPT: usize = 64;

impl Spare {
    /// The body of a task that is new, with its future.
    #[inline]
    pub(super) fn body<F: Future + 'static>(&mut self, future: &mut Option<F>) -> Boxed {
        if let Some(mut body) = self.0.pop() {
            body.as_mut().renew(future);
            if future.is_none() {
                return body;
            }
        }
        Box::pin(Task { future: future.take(), result: None })
    }

    /// Takes back the body of a task that has given its result.
    #[inline]
    pub(super) fn take_back(&mut self, body: Boxed) {
        if self.0.len() < KEPT {
            self.0.push(body);
        }
    }
}
