//! The semaphore under the others: permits by the number, waiters in the order in which they came.
//!
//! A waiter who needs several permits is given them as they come, before anybody else (`sem-002`);
//! one who goes away gives back what it had (`sem-005`). tokio 1.54, sync/batch_semaphore.rs.

use super::super::{
    desk::{Desk, Held, Place},
    handle::Handle,
    kind::Op,
    waker::Waiter,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// The semaphore is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    needed: usize,
    missing: usize,
    waiter: Waiter,
}

#[derive(Debug)]
struct Granted {
    ticket: u64,
    permits: usize,
    who: u32,
}

#[derive(Debug, Default)]
struct State {
    permits: usize,
    closed: bool,
    queue: VecDeque<Waiting>,
    /// Whose permits are complete and have not been fetched; at the close, what part of them those had
    /// who waited.
    granted: Vec<Granted>,
    tickets: u64,
    /// Who took how many and has not given them back. A ghost: no rule reads it, reports do.
    takers: Vec<(Taker, usize)>,
}

/// The task that took permits, whoever has them by now.
pub(super) type Taker = u32;

/// See the module.
pub(super) struct Batch {
    pub(super) place: Place,
    state: RefCell<State>,
}

impl Batch {
    pub(super) fn new(
        handle: &Handle,
        word: &'static str,
        site: &'static Location<'static>,
        permits: usize,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me: &std::rc::Weak<Batch>| {
            let place = handle.place(handle.desk.adopt(word, site, me.clone()));
            Batch { place, state: RefCell::new(State { permits, ..State::default() }) }
        })
    }

    /// The semaphore of a primitive that has a place of its own.
    pub(super) fn within(place: Place, permits: usize) -> Rc<Self> {
        Rc::new(Batch { place, state: RefCell::new(State { permits, ..State::default() }) })
    }

    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// How many permits are free, for the primitive that it is part of.
    pub(super) fn free(&self) -> usize {
        self.state.borrow().permits
    }

    pub(super) fn available(&self) -> usize {
        let permits = self.state.borrow().permits;
        self.place.looks(permits as u64);
        permits
    }

    pub(super) fn is_closed(&self) -> bool {
        let closed = self.state.borrow().closed;
        self.place.looks(u64::from(closed));
        closed
    }

    /// Takes permits that are free now; `Ok(false)` if there are too few.
    pub(super) fn try_acquire(&self, op: Op, needed: usize) -> Result<bool, Closed> {
        self.place.acts(op);
        let mut state = self.state.borrow_mut();
        if state.closed {
            return Err(Closed);
        }
        let taken = state.permits >= needed;
        if taken {
            state.permits -= needed;
        }
        drop(state);
        self.desk().sees(u64::from(taken));
        Ok(taken)
    }

    /// Takes free permits away, at most so many; how many it were.
    pub(super) fn forget(&self, most: usize) -> usize {
        self.place.acts(Op::TryAcquire);
        let mut state = self.state.borrow_mut();
        let gone = most.min(state.permits);
        state.permits -= gone;
        gone
    }

    /// The task at hand has taken permits: it is told of as who has them.
    pub(super) fn is_taken(&self, permits: usize) -> Taker {
        let me = self.desk().me();
        self.state.borrow_mut().takers.push((me, permits));
        me
    }

    /// Gives back what somebody took.
    pub(super) fn give_back(&self, taker: Taker, permits: usize) {
        let mut state = self.state.borrow_mut();
        if let Some(at) = state.takers.iter().position(|&took| took == (taker, permits)) {
            state.takers.swap_remove(at);
        }
        drop(state);
        self.add(permits);
    }

    /// Gives permits to those who wait, in order, and keeps the rest.
    pub(super) fn add(&self, permits: usize) {
        self.place.changes();
        self.desk().acts();
        let mut woken = Vec::new();
        let mut state = self.state.borrow_mut();
        let mut left = permits;
        while let Some(first) = state.queue.front_mut().filter(|_| left > 0) {
            let given = left.min(first.missing);
            first.missing -= given;
            left -= given;
            if first.missing == 0 {
                let mut first = state.queue.pop_front().expect("somebody waits");
                let (ticket, permits, who) = (first.ticket, first.needed, first.waiter.task());
                state.granted.push(Granted { ticket, permits, who });
                woken.push(std::mem::take(&mut first.waiter));
            }
        }
        state.permits += left;
        drop(state);
        woken.iter_mut().for_each(|waiter| waiter.wake(self.desk()));
    }

    /// Ends all waiting; permits that are held still come back.
    pub(super) fn close(&self) {
        self.place.acts(Op::Close);
        let mut state = self.state.borrow_mut();
        state.closed = true;
        let mut queue = std::mem::take(&mut state.queue);
        let part = |waiting: &Waiting| Granted {
            ticket: waiting.ticket,
            permits: waiting.needed - waiting.missing,
            who: waiting.waiter.task(),
        };
        state.granted.extend(queue.iter().map(part));
        drop(state);
        queue.iter_mut().for_each(|waiting| waiting.waiter.wake(self.desk()));
    }
}

impl Held for Batch {
    fn words(&self, words: &mut Vec<u64>) {
        let state = self.state.borrow();
        words.extend([state.permits as u64, u64::from(state.closed), state.granted.len() as u64]);
        for granted in &state.granted {
            words.extend([self.desk().id_of(granted.who), granted.permits as u64]);
        }
        for waiting in &state.queue {
            words.extend([waiting.waiter.word(self.desk()), waiting.missing as u64]);
        }
    }

    fn holders(&self, _: Op) -> (&'static str, Vec<u32>) {
        ("taken", self.state.borrow().takers.iter().map(|&(taker, _)| taker).collect())
    }

    fn is_there(&self, _: Op) -> bool {
        let state = self.state.borrow();
        state.closed || state.permits > 0 && state.queue.is_empty()
    }

    fn text(&self) -> Option<String> {
        let state = self.state.borrow();
        let closed = if state.closed { ", closed" } else { "" };
        Some(format!("{} free, {} waiting{closed}", state.permits, state.queue.len()))
    }
}

/// Permits on their way.
pub(super) struct Acquire {
    batch: Rc<Batch>,
    op: Op,
    needed: usize,
    /// Its place in the queue, or what was granted to it and not fetched.
    ticket: Option<u64>,
    site: &'static Location<'static>,
}

impl Acquire {
    pub(super) fn new(
        batch: &Rc<Batch>,
        op: Op,
        needed: usize,
        site: &'static Location<'static>,
    ) -> Self {
        Acquire { batch: Rc::clone(batch), op, needed, ticket: None, site }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let batch = Rc::clone(&self.batch);
        let desk = batch.desk();
        ready!(desk.gives_way(cx));
        if !desk.profile.permit_before_budget {
            let coop = ready!(desk.takes_unit(cx, self.op));
            let result = ready!(self.take(cx));
            coop.made_progress();
            return self.fetch(result);
        }
        match ready!(self.take(cx)) {
            Err(Closed) => self.fetch(Err(Closed)),
            Ok(()) => {
                // Without budget the permit stays in the pending future (comb-015).
                let coop = ready!(desk.takes_unit(cx, self.op));
                coop.made_progress();
                self.fetch(Ok(()))
            }
        }
    }

    fn fetch(&mut self, result: Result<(), Closed>) -> Poll<Result<(), Closed>> {
        if result.is_err() {
            self.leave();
        } else if let Some(ticket) = self.ticket.take() {
            self.batch.state.borrow_mut().granted.retain(|granted| granted.ticket != ticket);
        }
        self.batch.place.acts(self.op);
        self.batch.desk().sees(u64::from(result.is_ok()));
        Poll::Ready(result)
    }

    /// Takes what is free and queues for the rest; ready once all permits are assigned.
    fn take(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let batch = Rc::clone(&self.batch);
        let desk = batch.desk();
        batch.place.changes();
        let mut state = batch.state.borrow_mut();
        let State { permits, closed, queue, granted, tickets, .. } = &mut *state;
        // Even if its permits were there: they go back.
        if *closed {
            return Poll::Ready(Err(Closed));
        }
        if granted.iter().any(|granted| Some(granted.ticket) == self.ticket) {
            return Poll::Ready(Ok(()));
        }
        let place = queue.iter_mut().find(|waiting| Some(waiting.ticket) == self.ticket);
        if let Some(waiting) = place {
            waiting.waiter.set(desk, cx);
        } else {
            let taken = (*permits).min(self.needed);
            *permits -= taken;
            *tickets += 1;
            self.ticket = Some(*tickets);
            if taken == self.needed {
                let (ticket, permits, who) = (*tickets, self.needed, desk.me());
                granted.push(Granted { ticket, permits, who });
                return Poll::Ready(Ok(()));
            }
            let waiter = Waiter::of(desk, cx);
            let (ticket, needed) = (*tickets, self.needed);
            queue.push_back(Waiting { ticket, needed, missing: needed - taken, waiter });
        }
        drop(state);
        desk.waits_for(self.op, batch.place.index, Some(self.site), cx);
        Poll::Pending
    }

    /// Gives up its place, and gives back what was assigned to it.
    fn leave(&mut self) {
        let Some(ticket) = self.ticket.take() else { return };
        self.batch.place.changes();
        let mut state = self.batch.state.borrow_mut();
        let back = if let Some(at) = state.granted.iter().position(|g| g.ticket == ticket) {
            state.granted.remove(at).permits
        } else if let Some(at) = state.queue.iter().position(|w| w.ticket == ticket) {
            self.needed - state.queue.remove(at).map_or(0, |waiting| waiting.missing)
        } else {
            0
        };
        drop(state);
        if back > 0 {
            self.batch.add(back);
        }
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if !self.batch.desk().closing.get() {
            self.leave();
        }
    }
}
