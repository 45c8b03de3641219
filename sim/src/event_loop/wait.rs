//! `wait` and `wait_for`: waiting for futures for some time.
//!
//! Truth: `wait` never cancels (can-15). `wait_for` cancels what it waits for and waits for its
//! `finally` (can-13); up to 3.11 it waits through a future of its own, since 3.12 it is a
//! `timeout` around the await (gh-96764).

use super::{
    awaits::Armed,
    callback::{Callback, Run},
    desk::{Desk, Dropped},
    exception::Exception,
    frame::Frame,
    heap::{NONE, Node},
    kind::What,
    refs::{Future, Ref},
    value::Value,
};
use std::{cell::Cell, future::Future as RustFuture, panic::Location, rc::Rc, time::Duration};

/// When `wait` returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReturnWhen {
    /// `ALL_COMPLETED`.
    #[default]
    AllCompleted,
    /// `FIRST_COMPLETED`.
    FirstCompleted,
    /// `FIRST_EXCEPTION`.
    FirstException,
}

/// Those that are done, and those that are not.
pub type Waited = (Vec<Ref<Future>>, Vec<Ref<Future>>);

/// What a `wait` still waits for.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) left: Cell<u32>,
    when: ReturnWhen,
    timer: Cell<u32>,
}

/// A callback of some futures that goes with whoever registered it.
struct Registration {
    desk: Rc<Desk>,
    futures: Vec<Node>,
    callback: Callback,
    run: u32,
}

impl Drop for Registration {
    fn drop(&mut self) {
        for &future in &self.futures {
            self.desk.drops(self.run, Dropped::Callback(future, self.callback.clone()));
        }
    }
}

impl Frame {
    /// `wait(futures, timeout=..., return_when=...)`: those that are done and those that are not, in
    /// the order in which they were given. It cancels nothing.
    ///
    /// # Errors
    /// What is raised at this await, and `ValueError` for no futures at all.
    #[track_caller]
    pub fn wait(
        &self,
        futures: &[Ref<Future>],
        time: Option<Duration>,
        when: ReturnWhen,
    ) -> impl RustFuture<Output = Result<Waited, Exception>> + use<> {
        let (frame, site) = (self.clone(), Location::caller());
        let mut all: Vec<Ref<Future>> = Vec::new();
        for future in futures {
            if !all.iter().any(|known| known.is(future)) {
                all.push(self.hold(future));
            }
        }
        async move {
            let desk = frame.desk();
            desk.flush();
            if all.is_empty() {
                return Err(Exception::value_error("Set of Tasks/Futures is empty."));
            }
            let waiter = desk.make_future(frame.node());
            let awaits = frame.awaits(waiter, What::Wait, site);
            let timer = time.map(|time| desk.release_later(frame.node(), time, waiter));
            let _armed = timer.map(|timer| Armed::new(desk, timer));
            let left = Cell::new(all.len() as u32);
            let count = Count { left, when, timer: Cell::new(timer.unwrap_or(NONE)) };
            let callback = Callback::new(Run::WaitOne(Rc::new(count)), waiter);
            let nodes: Vec<Node> = all.iter().map(Ref::node).collect();
            nodes.iter().for_each(|&node| desk.add_done_callback(node, callback.clone()));
            let registration = Registration {
                desk: Rc::clone(desk),
                futures: nodes,
                callback,
                run: desk.run.get(),
            };
            let waited = awaits.await;
            drop(registration);
            if let Err(error) = &waited {
                // Its frame holds them.
                all.iter().for_each(|future| frame.keeps(error, future));
            }
            waited?;
            Ok(all.into_iter().partition(Ref::<Future>::is_done))
        }
    }

    /// `wait_for(future, timeout)`.
    ///
    /// # Errors
    /// What it raises; `TimeoutError` if the time is over before it is done, when it has been
    /// cancelled and has ended; what is raised at this await.
    #[track_caller]
    pub fn wait_for(
        &self,
        future: &Ref<Future>,
        time: Option<Duration>,
    ) -> impl RustFuture<Output = Result<Value, Exception>> + use<> {
        let (frame, future, site) = (self.clone(), self.hold(future), Location::caller());
        async move {
            let waited = frame.wait_for_some_time(&future, time, site).await;
            if let Err(error) = &waited
                && *error.class() != super::Class::GeneratorExit
            {
                frame.keeps(error, &future);
            }
            waited
        }
    }

    async fn wait_for_some_time(
        &self,
        future: &Ref<Future>,
        time: Option<Duration>,
        site: &'static Location<'static>,
    ) -> Result<Value, Exception> {
        let frame = self.clone();
        let future = self.hold(future);
        let Some(time) = time else {
            return frame.awaits(future.node(), What::WaitFor, site).await;
        };
        if time.is_zero() {
            return frame.wait_for_no_time(&future, site).await;
        }
        if frame.desk().profile.wait_for_is_timeout {
            let inner = (frame.clone(), future);
            let awaits = async move {
                let (frame, future) = inner;
                frame.awaits(future.node(), What::WaitFor, site).await
            };
            return frame.timeout(time, awaits).await;
        }
        frame.wait_for_by_waiter(&future, time, site).await
    }

    async fn wait_for_no_time(
        &self,
        future: &Ref<Future>,
        site: &'static Location<'static>,
    ) -> Result<Value, Exception> {
        if !future.is_done() {
            self.cancel_and_wait(future, site).await?;
            return timed_out(self.result_of(future));
        }
        self.result_of(future)
    }

    async fn wait_for_by_waiter(
        &self,
        future: &Ref<Future>,
        time: Duration,
        site: &'static Location<'static>,
    ) -> Result<Value, Exception> {
        let desk = self.desk();
        desk.flush();
        let waiter = desk.make_future(self.node());
        let awaits = self.awaits(waiter, What::WaitFor, site);
        let _armed = Armed::new(desk, desk.release_later(self.node(), time, waiter));
        let callback = Callback::new(Run::Release, waiter);
        desk.add_done_callback(future.node(), callback.clone());
        match awaits.await {
            Err(error) if error.is_cancelled() => {
                if future.is_done() {
                    return self.result_of(future);
                }
                desk.remove_done_callback(future.node(), &callback);
                self.cancel_and_wait(future, site).await?;
                Err(error)
            }
            Err(error) => Err(error),
            Ok(_) if future.is_done() => self.result_of(future),
            Ok(_) => {
                desk.remove_done_callback(future.node(), &callback);
                self.cancel_and_wait(future, site).await?;
                timed_out(self.result_of(future))
            }
        }
    }

    /// Cancels a future and waits until it is done.
    async fn cancel_and_wait(
        &self,
        future: &Ref<Future>,
        site: &'static Location<'static>,
    ) -> Result<(), Exception> {
        let desk = self.desk();
        desk.flush();
        let waiter = desk.make_future(self.node());
        let awaits = self.awaits(waiter, What::WaitFor, site);
        let callback = Callback::new(Run::Release, waiter);
        desk.add_done_callback(future.node(), callback.clone());
        let (desk, futures) = (Rc::clone(desk), vec![future.node()]);
        let run = desk.run.get();
        let _registered = Registration { desk: Rc::clone(&desk), futures, callback, run };
        desk.cancel(future.node(), None);
        awaits.await.map(drop)
    }

    fn result_of(&self, future: &Ref<Future>) -> Result<Value, Exception> {
        let result = self.desk().result_seen(self.node(), future.node());
        result.map(|stored| self.desk().load(self.node(), &stored))
    }
}

/// A cancellation that `wait_for` asked for is a time-out.
fn timed_out(result: Result<Value, Exception>) -> Result<Value, Exception> {
    result.map_err(|error| if error.is_cancelled() { Exception::timeout() } else { error })
}

impl Desk {
    /// One of those that a `wait` waits for is done.
    pub(super) fn wait_one(self: &Rc<Self>, count: &Count, waiter: Node, done: Node) {
        count.left.set(count.left.get() - 1);
        let failed = || !self.is_cancelled(done) && matches!(self.exception(done), Ok(Some(_)));
        let over = count.left.get() == 0
            || count.when == ReturnWhen::FirstCompleted
            || count.when == ReturnWhen::FirstException && failed();
        if over {
            if count.timer.get() != NONE {
                self.cancel_handle(count.timer.get());
            }
            self.release(waiter);
        }
    }
}
