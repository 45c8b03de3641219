//! What the suite is written against, as tokio itself: a handle is passed wherever tokio would look
//! around for the runtime.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    runtime::{self, Builder, EnterGuard},
    sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch},
    task::{Id, JoinHandle, JoinSet, LocalSet, coop},
    time::{Instant, Interval, Sleep, Timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use tokio::{
    task::{AbortHandle, JoinError},
    time::MissedTickBehavior,
};
pub(crate) use tokio_util::task::AbortOnDropHandle;

/// What tasks share.
pub(crate) type Shared<T> = std::sync::Arc<T>;

/// A future of any kind that a task may hold.
pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

macro_rules! select {
    ($handle:expr; $($branches:tt)*) => {{
        let _ = &$handle;
        tokio::select! { $($branches)* }
    }};
}
pub(crate) use select;

macro_rules! join {
    ($handle:expr; $($future:expr),+ $(,)?) => {{
        let _ = &$handle;
        tokio::join!($($future),+)
    }};
}
pub(crate) use join;

/// One thread that runs tasks, with a paused clock.
pub(crate) struct Runtime(runtime::Runtime);

impl Runtime {
    /// A runtime on the thread of the handle.
    pub(crate) fn new(_: &Handle) -> Self {
        let mut builder = Builder::new_current_thread();
        Self(builder.enable_all().start_paused(true).build().expect("a runtime"))
    }

    /// A runtime that has no clock.
    pub(crate) fn without_time(_: &Handle) -> Self {
        Self(Builder::new_current_thread().enable_io().build().expect("a runtime"))
    }

    pub(crate) fn handle(&self) -> Handle {
        Handle(Some(self.0.handle().clone()))
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// The runtime of a piece of code, or that it has none.
#[derive(Clone)]
pub(crate) struct Handle(Option<runtime::Handle>);

impl Handle {
    /// The handle of a thread without a runtime.
    pub(crate) fn outside() -> Self {
        Self(None)
    }

    fn runtime(&self) -> &runtime::Handle {
        self.0.as_ref().expect("a handle of a runtime")
    }

    fn enter(&self) -> EnterGuard<'_> {
        self.runtime().enter()
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.0 {
            Some(runtime) => runtime.spawn(future),
            None => tokio::spawn(future),
        }
    }

    pub(crate) fn spawn_blocking<T: Send + 'static>(
        &self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime().spawn_blocking(body)
    }

    /// Keeps the thread busy without awaiting anything.
    #[expect(clippy::disallowed_methods, reason = "a thread is busy in real time")]
    pub(crate) fn busy(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The budget, and the task itself.
impl Handle {
    pub(crate) fn yield_now(&self) -> impl Future<Output = ()> + use<> {
        tokio::task::yield_now()
    }

    pub(crate) fn consume_budget(&self) -> impl Future<Output = ()> + use<> {
        coop::consume_budget()
    }

    pub(crate) fn has_budget_remaining(&self) -> bool {
        coop::has_budget_remaining()
    }

    pub(crate) fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<coop::RestoreOnPending> {
        coop::poll_proceed(cx)
    }

    pub(crate) fn unconstrained<F>(&self, future: F) -> coop::Unconstrained<F> {
        coop::unconstrained(future)
    }

    pub(crate) fn cooperative<F: Future>(&self, future: F) -> coop::Coop<F> {
        coop::cooperative(future)
    }

    pub(crate) fn task_id(&self) -> Option<Id> {
        tokio::task::try_id()
    }
}

/// The clock.
impl Handle {
    pub(crate) fn now(&self) -> Instant {
        let _entered = self.enter();
        Instant::now()
    }

    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        let _entered = self.enter();
        tokio::time::sleep(duration)
    }

    pub(crate) fn sleep_until(&self, deadline: Instant) -> Sleep {
        let _entered = self.enter();
        tokio::time::sleep_until(deadline)
    }

    pub(crate) fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<F> {
        let _entered = self.enter();
        tokio::time::timeout(duration, future)
    }

    pub(crate) fn interval(&self, period: Duration) -> Interval {
        let _entered = self.enter();
        tokio::time::interval(period)
    }

    pub(crate) fn advance(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        tokio::time::advance(duration)
    }
}

/// What tasks use together.
impl Handle {
    pub(crate) fn local_set(&self) -> LocalSet {
        LocalSet::new()
    }

    pub(crate) fn join_set<T: 'static>(&self) -> JoinSet<T> {
        JoinSet::new()
    }

    pub(crate) fn task_tracker(&self) -> TaskTracker {
        TaskTracker::new()
    }

    pub(crate) fn cancellation_token(&self) -> CancellationToken {
        CancellationToken::new()
    }

    pub(crate) fn notify(&self) -> Notify {
        Notify::new()
    }

    pub(crate) fn semaphore(&self, permits: usize) -> Semaphore {
        Semaphore::new(permits)
    }

    pub(crate) fn mutex<T>(&self, value: T) -> Mutex<T> {
        Mutex::new(value)
    }

    pub(crate) fn rwlock<T>(&self, value: T) -> RwLock<T> {
        RwLock::new(value)
    }

    pub(crate) fn barrier(&self, tasks: usize) -> Barrier {
        Barrier::new(tasks)
    }

    pub(crate) fn once_cell<T>(&self) -> OnceCell<T> {
        OnceCell::new()
    }
}

/// The channels.
impl Handle {
    pub(crate) fn channel<T>(&self, capacity: usize) -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
        mpsc::channel(capacity)
    }

    pub(crate) fn unbounded_channel<T>(
        &self,
    ) -> (mpsc::UnboundedSender<T>, mpsc::UnboundedReceiver<T>) {
        mpsc::unbounded_channel()
    }

    pub(crate) fn oneshot<T>(&self) -> (oneshot::Sender<T>, oneshot::Receiver<T>) {
        oneshot::channel()
    }

    pub(crate) fn watch<T>(&self, value: T) -> (watch::Sender<T>, watch::Receiver<T>) {
        watch::channel(value)
    }

    pub(crate) fn broadcast<T: Clone>(
        &self,
        capacity: usize,
    ) -> (broadcast::Sender<T>, broadcast::Receiver<T>) {
        broadcast::channel(capacity)
    }

    pub(crate) fn duplex(
        &self,
        capacity: usize,
    ) -> (Stream<tokio::io::DuplexStream>, Stream<tokio::io::DuplexStream>) {
        let (one, other) = tokio::io::duplex(capacity);
        (Stream(one), Stream(other))
    }

    pub(crate) fn unix_pair(&self) -> (Stream<UnixStream>, Stream<UnixStream>) {
        let _entered = self.enter();
        let (one, other) = UnixStream::pair().expect("a pair of sockets");
        (Stream(one), Stream(other))
    }
}

/// Bytes in both directions.
pub(crate) struct Stream<S>(S);

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Stream<S> {
    pub(crate) async fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(bytes).await
    }

    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }
}
