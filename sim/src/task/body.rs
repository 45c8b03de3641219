//! The future of a task, and where its result goes.
//!
//! At the end of a task its future is dropped first; then it counts as finished; then whoever joins
//! it is woken. The result is kept while a handle exists, and dropped at once if none does.
//! Rules: `life-007`, `life-024`, `life-025`; tokio 1.54, runtime/task/harness.rs, `complete`.

use super::{desk::Desk, join::JoinError, waker::Waiter};
use pin_project_lite::pin_project;
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// What a task and its handle share.
pub(super) struct Joint<T> {
    pub(super) result: Cell<Option<Result<T, JoinError>>>,
    pub(super) joiner: RefCell<Waiter>,
    /// A handle exists.
    pub(super) wanted: Cell<bool>,
}

/// A future whose type is forgotten.
pub(super) trait Body {
    /// Polls it; once it returns it is dropped and its output kept.
    fn poll(self: Pin<&mut Self>, desk: &Desk) -> Poll<()>;

    /// Drops the future.
    fn drop_future(self: Pin<&mut Self>);

    /// Who is told of its end, as a word of the state.
    fn joiner(&self, desk: &Desk) -> u64;

    /// The task has ended, without an output if there is an error.
    fn settle(&self, error: Option<JoinError>, desk: &Desk);

    /// Gives its waker away: it will not be polled again.
    fn take_waker(self: Pin<&mut Self>) -> Waker;
}

pin_project! {
    struct Task<F: Future> {
        #[pin]
        future: Option<F>,
        joint: Rc<Joint<F::Output>>,
        waker: Waker,
    }
}

impl<F: Future> Body for Task<F> {
    #[inline]
    fn poll(self: Pin<&mut Self>, desk: &Desk) -> Poll<()> {
        let mut this = self.project();
        desk.own_waker.set(this.waker.data());
        let future =
            this.future.as_mut().as_pin_mut().expect("a task that has ended is not polled");
        let output = std::task::ready!(future.poll(&mut Context::from_waker(this.waker)));
        this.future.set(None);
        this.joint.result.set(Some(Ok(output)));
        Poll::Ready(())
    }

    fn drop_future(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    fn joiner(&self, desk: &Desk) -> u64 {
        let wanted = u64::from(self.joint.wanted.get());
        self.joint.joiner.borrow().word(desk) << 1 | wanted
    }

    fn settle(&self, error: Option<JoinError>, desk: &Desk) {
        if let Some(error) = error {
            self.joint.result.set(Some(Err(error)));
        }
        if self.joint.wanted.get() {
            self.joint.joiner.borrow_mut().wake(desk);
        } else {
            // Taken out first: what is dropped may look at its own handle.
            let unwanted = self.joint.result.take();
            drop(unwanted);
        }
    }

    fn take_waker(self: Pin<&mut Self>) -> Waker {
        std::mem::replace(self.project().waker, Waker::noop().clone())
    }
}

impl fmt::Debug for dyn Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a future")
    }
}

/// A body on the heap.
pub(super) type Boxed = Pin<Box<dyn Body>>;

/// A body and what its handle holds of it.
pub(super) fn body<F: Future + 'static>(future: F, waker: Waker) -> (Boxed, Rc<Joint<F::Output>>) {
    let joint = Rc::new(Joint {
        result: Cell::new(None),
        joiner: RefCell::default(),
        wanted: Cell::new(true),
    });
    let body = Box::pin(Task { future: Some(future), joint: Rc::clone(&joint), waker });
    (body, joint)
}
