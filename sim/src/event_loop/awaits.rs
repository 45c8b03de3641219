//! What a coroutine suspends at: a future, nothing at all, a timer, a coroutine of its own.

use super::{
    desk::{Body, Desk, Dropped, Yielded},
    exception::Exception,
    frame::Frame,
    heap::{Edge, Node},
    kind::What,
    label::{Hold, Label},
    table::{Kind, Role},
    value::{Stored, Value},
};
use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

/// An await of a future: `await future`.
///
/// A future that is done does not suspend (ord-08).
pub struct Await {
    desk: Rc<Desk>,
    frame: Node,
    future: Node,
    edge: Edge,
    run: u32,
    suspended: bool,
    why: (What, &'static Location<'static>),
}

impl Await {
    /// `why`: what is waited for and where, for reports.
    pub(super) fn at(
        desk: &Rc<Desk>,
        frame: Node,
        future: Node,
        why: (What, &'static Location<'static>),
    ) -> Self {
        let edge = desk.hold(frame, Label::plain(Hold::Awaits), future);
        let (desk, run) = (Rc::clone(desk), desk.run.get());
        Await { desk, frame, future, edge, run, suspended: false, why }
    }

    fn ready(&self) -> Result<Stored, Exception> {
        self.desk.result_seen(self.frame, self.future)
    }

    /// What came of it, as an object keeps it.
    pub(super) fn poll_stored(&mut self) -> Poll<Result<Stored, Exception>> {
        self.desk.flush();
        if self.suspended {
            if !self.desk.resumed.take() {
                return Poll::Pending;
            }
            let thrown = self.desk.thrown.take();
            self.suspended = false;
            return Poll::Ready(match thrown {
                Some(error) => Err(error),
                None => self.ready(),
            });
        }
        if self.desk.is_done(self.future) {
            return Poll::Ready(self.ready());
        }
        self.suspended = true;
        self.desk.suspends(Yielded::Future(self.future), self.why);
        Poll::Pending
    }
}

impl Future for Await {
    type Output = Result<Value, Exception>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.poll_stored().map_ok(|stored| this.desk.load(this.frame, &stored))
    }
}

impl Drop for Await {
    fn drop(&mut self) {
        self.desk.drops(self.run, Dropped::Reference(self.edge));
    }
}

/// `sleep(0)`: one turn.
pub(super) struct Bare {
    pub(super) desk: Rc<Desk>,
    pub(super) suspended: bool,
    pub(super) site: &'static Location<'static>,
}

impl Future for Bare {
    type Output = Result<(), Exception>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.desk.flush();
        if !self.suspended {
            self.suspended = true;
            self.desk.suspends(Yielded::Bare, (What::Bare, self.site));
            return Poll::Pending;
        }
        if !self.desk.resumed.take() {
            return Poll::Pending;
        }
        Poll::Ready(self.desk.thrown.take().map_or(Ok(()), Err))
    }
}

/// A timer of a frame: whatever becomes of that, it is cancelled.
pub(super) struct Armed {
    desk: Rc<Desk>,
    handle: u32,
    run: u32,
}

impl Armed {
    pub(super) fn new(desk: &Rc<Desk>, handle: u32) -> Self {
        Armed { desk: Rc::clone(desk), handle, run: desk.run.get() }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.desk.drops(self.run, Dropped::Timer(self.handle));
    }
}

/// A coroutine that another one awaits, with a frame of its own: `await coroutine()`.
///
/// What a plain `.await` of a future of Rust is not: closing the outer one closes the inner one
/// first, and if that goes on awaiting, the outer one gets a `RuntimeError` (PEP 342, `close`).
pub(super) struct Call {
    pub(super) desk: Rc<Desk>,
    pub(super) frame: Node,
    pub(super) inner: Option<Body>,
    pub(super) suspended: bool,
}

impl Future for Call {
    type Output = Result<Value, Exception>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(Err(Exception::runtime_error(
                "cannot reuse already awaited coroutine",
            )));
        };
        let closing = this.suspended && this.desk.closing.get();
        let polled = inner.as_mut().poll(cx);
        let Poll::Ready(result) = polled else {
            this.suspended = true;
            if closing {
                this.desk.yielded.set(None);
                let body = this.inner.take().expect("it was polled");
                return Poll::Ready(Err(this.desk.keep_ignorer(this.frame, body)));
            }
            return Poll::Pending;
        };
        this.inner = None;
        this.desk.flush();
        Poll::Ready(match result {
            // It was closed, however it took it; now it is the outer one's turn.
            Ok(_) if closing => Err(Exception::generator_exit()),
            result => result,
        })
    }
}

impl Desk {
    /// The coroutine at hand waits for this.
    pub(super) fn suspends(&self, yielded: Yielded, why: (What, &'static Location<'static>)) {
        // A second await of one step gives way to the first: its coroutine is told so.
        let second = self.yielded.replace(Some(yielded)).is_some();
        if second {
            self.yielded.set(None);
        }
        if let Some(task) = self.current_task() {
            self.tables.borrow_mut().tasks[task as usize].awaits = Some(why);
        }
    }
}

impl Frame {
    /// `asyncio.sleep`. For no time at all it gives way for one turn.
    ///
    /// # Errors
    /// What is raised at this await: cancellation, destruction.
    #[track_caller]
    pub fn sleep(&self, time: Duration) -> impl Future<Output = Result<(), Exception>> + use<> {
        let (desk, frame, site) = (Rc::clone(self.desk()), self.node(), Location::caller());
        async move {
            if time.is_zero() {
                return Bare { desk, suspended: false, site }.await;
            }
            desk.flush();
            let future = desk.make_future(frame);
            let awaits = Await::at(&desk, frame, future, (What::Sleep, site));
            let handle = desk.release_later(frame, time, future);
            let _timer = Armed::new(&desk, handle);
            awaits.await.map(drop)
        }
    }

    /// A future that nobody else holds: nobody can ever set it. The task is lost as soon as nothing
    /// holds that (ref-02).
    ///
    /// # Errors
    /// What is raised at this await; nothing else ever comes.
    #[track_caller]
    pub fn forever(&self) -> impl Future<Output = Result<Value, Exception>> + use<> {
        let (desk, frame, site) = (Rc::clone(self.desk()), self.node(), Location::caller());
        async move {
            desk.flush();
            let future = desk.make_future(frame);
            Await::at(&desk, frame, future, (What::Own, site)).await
        }
    }

    /// Awaits a coroutine that has a frame of its own. A plain `.await` of an `async fn` is the same,
    /// but for one that goes on awaiting while it is closed.
    ///
    /// # Errors
    /// What it raises.
    pub fn call<T, C>(
        &self,
        coroutine: C,
    ) -> impl Future<Output = Result<Value, Exception>> + use<T, C>
    where
        T: Into<Value>,
        C: Future<Output = Result<T, Exception>> + 'static,
    {
        let inner: Body = Box::pin(async move { coroutine.await.map(Into::into) });
        let (desk, frame) = (Rc::clone(self.desk()), self.node());
        Call { desk, frame, inner: Some(inner), suspended: false }
    }
}

impl Desk {
    /// A new future that the code of a frame makes; it must be held at once.
    pub(super) fn make_future(&self, frame: Node) -> Node {
        self.tables.borrow_mut().make_future(frame, Kind::Future, Role::Plain)
    }
}
