//! The coop budget: each poll of a task has 128 units, and an operation that is ready costs one.
//!
//! At 0 every aware operation is pending whether its value is there or not, and the task is woken
//! when nobody else is ready. A pending operation gives its unit back. Rules: `coop-*`, `cost-*`;
//! tokio 1.54, task/coop/mod.rs.
//!
//! Two more things happen where an operation begins. Where awaits are switches
//! ([`Scheduler::MultiThread`](crate::plan::Scheduler)), the second operation of a poll gives way
//! first, so that others may run in between. And where the plan says so the source of decisions is
//! asked, after a unit is spent, whether it was the last: at most once a poll.

use super::{
    desk::{Desk, NOBODY},
    handle::Handle,
    kind::{Op, event},
    turn::UNCONSTRAINED,
};
use pin_project_lite::pin_project;
use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// A unit that was taken, and is given back unless it made progress.
#[must_use = "dropped, it gives the unit back"]
pub struct RestoreOnPending {
    desk: Rc<Desk>,
    before: Cell<u32>,
}

impl RestoreOnPending {
    /// The operation is ready: the unit is spent.
    pub fn made_progress(&self) {
        if self.before.replace(UNCONSTRAINED) != UNCONSTRAINED {
            self.desk.may_be_used_up();
        }
    }
}

impl Drop for RestoreOnPending {
    fn drop(&mut self) {
        if self.before.get() != UNCONSTRAINED {
            self.desk.budget.set(self.before.get());
        }
    }
}

/// The same for the primitives, without a reference count.
#[must_use = "dropped, it gives the unit back"]
pub(super) struct Coop<'d> {
    desk: &'d Desk,
    before: u32,
}

impl Coop<'_> {
    #[inline]
    pub(super) fn made_progress(mut self) {
        if self.before != UNCONSTRAINED {
            self.before = UNCONSTRAINED;
            self.desk.may_be_used_up();
        }
    }
}

impl Drop for Coop<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.before != UNCONSTRAINED {
            self.desk.budget.set(self.before);
        }
    }
}

/// Inside of one await.
struct Together<'d>(&'d Desk);

impl<'d> Together<'d> {
    fn new(desk: &'d Desk) -> Self {
        desk.together.set(desk.together.get() + 1);
        Together(desk)
    }
}

impl Drop for Together<'_> {
    fn drop(&mut self) {
        self.0.together.set(self.0.together.get() - 1);
    }
}

impl Desk {
    /// Begins an aware operation: pending if the task must give way first or has no budget left.
    #[inline]
    pub(super) fn proceed(&self, cx: &mut Context<'_>, op: Op) -> Poll<Coop<'_>> {
        ready!(self.gives_way(cx));
        self.takes_unit(cx, op)
    }

    /// The same where giving way was seen to already.
    #[inline]
    pub(super) fn takes_unit(&self, cx: &mut Context<'_>, op: Op) -> Poll<Coop<'_>> {
        let before = self.budget.get();
        if before == UNCONSTRAINED {
            return Poll::Ready(Coop { desk: self, before });
        }
        if before == 0 {
            self.forces(cx, op);
            return Poll::Pending;
        }
        self.budget.set(before - 1);
        Poll::Ready(Coop { desk: self, before })
    }

    /// The budget is used up: whoever polls goes on when nobody else is ready.
    pub(super) fn forces(&self, cx: &Context<'_>, op: Op) {
        self.tells(event::FORCED, op as u32, 0);
        self.notes_budget();
        self.sees(0xf0);
        self.defer(cx);
    }

    /// Where awaits are switches, whatever comes after the first operation of a poll gives way to
    /// others first, but not twice in a row: a poll that does the same again gets on. Who polls with
    /// a waker of his own is no await.
    #[inline]
    pub(super) fn gives_way(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.switches.get() || !self.has_acted() || self.together.get() > 0 {
            return Poll::Ready(());
        }
        if self.owner_of(cx.waker()) == NOBODY || self.gave_way.replace(false) {
            return Poll::Ready(());
        }
        self.gives.set(true);
        self.wake_me();
        Poll::Pending
    }

    pub(super) fn has_budget(&self) -> bool {
        self.budget.get() != 0
    }

    /// Does something without a budget.
    pub(super) fn with_unconstrained<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = self.budget.replace(UNCONSTRAINED);
        let done = act();
        self.budget.set(before);
        done
    }

    /// Polls the parts of one await: none of them gives way, and once it is over they wait no longer.
    pub(super) fn as_one<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let waits = self.waits_of_this_poll();
        // A panic leaves through here.
        let together = Together::new(self);
        let polled = poll();
        drop(together);
        if polled.is_ready() {
            self.forget_waits_from(waits);
        }
        polled
    }
}

impl Handle {
    /// True if the poll at hand has budget left, or needs none.
    pub fn has_budget_remaining(&self) -> bool {
        let has = self.desk.has_budget();
        self.desk.sees(u64::from(has));
        has
    }

    /// Takes a unit; pending if there is none, and then the task is woken later.
    pub fn poll_proceed(&self, cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
        let before = self.desk.budget.get();
        let mut coop = ready!(self.desk.takes_unit(cx, Op::ConsumeBudget));
        // From here on it is the caller who says what comes of it.
        coop.before = UNCONSTRAINED;
        let desk = Rc::clone(&self.desk);
        Poll::Ready(RestoreOnPending { desk, before: Cell::new(before) })
    }

    /// Takes a unit, or gives way if there is none.
    pub async fn consume_budget(&self) {
        let mut done = false;
        std::future::poll_fn(|cx| {
            if done {
                return Poll::Ready(());
            }
            let coop = ready!(self.desk.proceed(cx, Op::ConsumeBudget));
            done = true;
            coop.made_progress();
            Poll::Ready(())
        })
        .await;
    }

    /// Gives way once: pending the first time, ready whenever it is polled again. It costs nothing
    /// (`cost-yield_now`, `comb-014`).
    pub fn yield_now(&self) -> YieldNow {
        YieldNow { desk: Rc::clone(&self.desk), yielded: false }
    }

    /// The future without a budget: it is never made to give way, and leaves the budget alone.
    pub fn unconstrained<F: Future>(&self, inner: F) -> Unconstrained<F> {
        Unconstrained { desk: Rc::clone(&self.desk), inner }
    }

    /// The future as one aware operation: at its end it costs one unit beside what it used.
    pub fn cooperative<F: Future>(&self, inner: F) -> Cooperative<F> {
        Cooperative { desk: Rc::clone(&self.desk), inner }
    }
}

/// See [`Handle::yield_now`].
#[must_use = "futures do nothing unless they are polled"]
pub struct YieldNow {
    desk: Rc<Desk>,
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        self.desk.defer(cx);
        Poll::Pending
    }
}

pin_project! {
    /// See [`Handle::unconstrained`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Unconstrained<F> {
        desk: Rc<Desk>,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.desk.with_unconstrained(|| this.inner.poll(cx))
    }
}

pin_project! {
    /// See [`Handle::cooperative`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Cooperative<F> {
        desk: Rc<Desk>,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Cooperative<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let coop = ready!(this.desk.proceed(cx, Op::ConsumeBudget));
        let output = ready!(this.inner.poll(cx));
        coop.made_progress();
        Poll::Ready(output)
    }
}
