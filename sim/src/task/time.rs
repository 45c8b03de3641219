//! Time: a paused clock that goes on when nobody is ready.
//!
//! Rules: `tm-*`, `cost-sleep-*`, `cost-timeout-elapsed`; tokio 1.54, time/{sleep,timeout,interval}.rs.

use super::{desk::Desk, handle::Handle, kind::Op, table::NS_PER_MS};
use pin_project_lite::pin_project;
use std::{
    future::{Future, poll_fn},
    ops,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// A moment of the simulated clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub(super) u64);

impl Instant {
    /// The time from an earlier moment to this one; zero if it is later.
    pub fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, time: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl ops::Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, time: Duration) -> Instant {
        Instant(self.0.saturating_sub(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl ops::Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

/// Far enough: tokio 1.54, time/instant.rs, `far_future`.
const FAR_FUTURE: Duration = Duration::from_secs(86_400 * 365 * 30);

impl Handle {
    /// The clock.
    pub fn now(&self) -> Instant {
        self.desk.reads_clock();
        self.desk.tables.borrow_mut().clock_read = true;
        let now = self.desk.tables.borrow().now;
        self.desk.sees(now);
        Instant(now)
    }

    /// Waits for so long.
    ///
    /// # Panics
    /// If the runtime has no timers.
    #[track_caller]
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.sleep_until(self.later(time))
    }

    /// Waits until this moment.
    ///
    /// # Panics
    /// If the runtime has no timers.
    #[track_caller]
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        let core = self.core();
        assert!(
            self.desk.tables.borrow().cores[core as usize].timed,
            "A Tokio 1.x context was found, but timers are disabled. Call `enable_time` on the runtime builder to enable timers."
        );
        let timer = self.desk.add_timer(core, deadline.0);
        Sleep { desk: Rc::clone(&self.desk), timer, site: Location::caller() }
    }

    fn later(&self, time: Duration) -> Instant {
        self.desk.reads_clock();
        Instant(self.desk.tables.borrow().now) + time.min(FAR_FUTURE)
    }

    /// The future, or an error once so much time has passed; the future is polled first.
    #[track_caller]
    pub fn timeout<F: Future>(&self, time: Duration, inner: F) -> Timeout<F> {
        Timeout { inner, delay: self.sleep(time) }
    }

    /// Ticks now and then once a period.
    ///
    /// # Panics
    /// If the period is zero.
    #[track_caller]
    pub fn interval(&self, period: Duration) -> Interval {
        assert!(!period.is_zero(), "`period` must be non-zero.");
        let delay = Box::pin(self.sleep(Duration::ZERO));
        Interval { delay, period, missed: MissedTickBehavior::Burst }
    }

    /// Moves the clock, then gives way.
    pub async fn advance(&self, time: Duration) {
        self.desk.writes_clock();
        let now = (Instant(self.desk.tables.borrow().now) + time).0;
        self.desk.tables.borrow_mut().now = now;
        self.yield_now().await;
    }
}

/// Waits for a moment; see [`Handle::sleep`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Sleep {
    desk: Rc<Desk>,
    timer: u32,
    site: &'static Location<'static>,
}

impl Sleep {
    /// The moment that it waits for.
    pub fn deadline(&self) -> Instant {
        Instant(self.desk.tables.borrow().timers[self.timer as usize].deadline)
    }

    /// True once the moment has come.
    pub fn is_elapsed(&self) -> bool {
        self.desk.tables.borrow().timers[self.timer as usize].fired
    }

    /// Waits for another moment from now on.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.desk.disarm(self.timer);
        let mut tables = self.desk.tables.borrow_mut();
        let row = &mut tables.timers[self.timer as usize];
        (row.deadline, row.fired) = (deadline.0, false);
    }
}

impl Future for Sleep {
    type Output = ();

    /// What is over already when it is first polled fires at once.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { desk, timer, site } = &*self;
        let coop = ready!(desk.proceed(cx, Op::Sleep));
        let (armed, fired, tick) = {
            let tables = desk.tables.borrow();
            let row = &tables.timers[*timer as usize];
            (row.armed, row.fired, row.tick())
        };
        desk.writes_timer(desk.timer_id(*timer));
        if !armed && !fired {
            desk.reads_clock();
        }
        if fired || tick <= desk.tables.borrow().now / NS_PER_MS && !armed {
            desk.tables.borrow_mut().timers[*timer as usize].fired = true;
            coop.made_progress();
            desk.sees(0x51);
            return Poll::Ready(());
        }
        if !armed {
            desk.arm(*timer);
        }
        desk.sleepers.borrow_mut()[*timer as usize].set(desk, cx);
        desk.waits_for(Op::Sleep, *timer, Some(site), cx);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if !self.desk.closing.get() {
            self.desk.disarm(self.timer);
            self.desk.tables.borrow_mut().timers[self.timer as usize].gone = true;
        }
    }
}

/// The time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl std::fmt::Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

pin_project! {
    /// See [`Handle::timeout`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Timeout<F> {
        #[pin]
        inner: F,
        #[pin]
        delay: Sleep,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    /// The inner future first. If it used the budget up in this poll, the delay is polled without
    /// one (tm-002); if there was none before, both are pending (tm-003).
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let desk = Rc::clone(&this.delay.desk);
        ready!(desk.gives_way(cx));
        desk.as_one(|| {
            let had_budget = desk.has_budget();
            if let Poll::Ready(output) = this.inner.poll(cx) {
                return Poll::Ready(Ok(output));
            }
            let delay = || this.delay.poll(cx).map(|()| Err(Elapsed(())));
            if had_budget && !desk.has_budget() { desk.with_unconstrained(delay) } else { delay() }
        })
    }
}

/// What an interval does about ticks that nobody waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Gives them at once, one after the other.
    #[default]
    Burst,
    /// Begins anew from now.
    Delay,
    /// Leaves them out.
    Skip,
}

/// See [`Handle::interval`].
pub struct Interval {
    delay: Pin<Box<Sleep>>,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// What to do about missed ticks.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The moment of the next tick, once it has come.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.delay.as_mut().poll(cx));
        let due = self.delay.deadline();
        self.delay.desk.reads_clock();
        let now = Instant(self.delay.desk.tables.borrow().now);
        // A tick counts as missed from 5 ms on.
        let next = if now > due + Duration::from_millis(5) {
            match self.missed {
                MissedTickBehavior::Burst => due + self.period,
                MissedTickBehavior::Delay => now + self.period,
                MissedTickBehavior::Skip => {
                    let late = (now - due).as_nanos() % self.period.as_nanos();
                    now + (self.period - Duration::from_nanos(late as u64))
                }
            }
        } else {
            due + self.period
        };
        self.delay.as_mut().reset(next);
        Poll::Ready(due)
    }
}
