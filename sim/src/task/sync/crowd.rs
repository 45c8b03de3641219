//! Those who wait for the same thing: they are woken together, in the order in which they came.
//!
//! Whoever is woken looks again, and sits down again if it was not for him. tokio keeps a `Notify` in
//! each of these places and wakes with `notify_waiters`: tokio 1.54, sync/notify.rs.

use super::super::{
    desk::{Desk, NOBODY},
    waker::Waiter,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::Context,
};

/// See the module.
#[derive(Default)]
pub(super) struct Crowd {
    waiting: RefCell<Vec<(u64, Waiter)>>,
    tickets: Cell<u64>,
}

impl Crowd {
    /// Wakes all. Nothing is borrowed meanwhile.
    pub(super) fn wake_all(&self, desk: &Desk) {
        let waiting = self.waiting.take();
        waiting.into_iter().for_each(|(_, mut waiter)| waiter.wake(desk));
    }

    /// Who waits, for the state of the world.
    pub(super) fn words(&self, desk: &Desk, words: &mut Vec<u64>) {
        let waiting = self.waiting.borrow();
        words.push(waiting.len() as u64);
        words.extend(waiting.iter().map(|(_, waiter)| waiter.word(desk)));
    }
}

/// A place in a crowd; dropped, it is free.
pub(super) struct Seat {
    crowd: Rc<Crowd>,
    ticket: Option<u64>,
}

impl Seat {
    pub(super) fn new(crowd: &Rc<Crowd>) -> Self {
        Seat { crowd: Rc::clone(crowd), ticket: None }
    }

    /// Whoever polls waits here from now on, at the end unless he waits already.
    pub(super) fn sit(&mut self, desk: &Desk, cx: &Context<'_>) {
        let ticket = self.ticket.unwrap_or_else(|| {
            self.crowd.tickets.set(self.crowd.tickets.get() + 1);
            self.crowd.tickets.get()
        });
        self.ticket = Some(ticket);
        let waiter = Waiter::of(desk, cx);
        let mut waiting = self.crowd.waiting.borrow_mut();
        let mine = waiting.iter_mut().find(|(of, _)| *of == ticket);
        let before = match mine {
            Some((_, mine)) => std::mem::replace(mine, waiter),
            None => {
                waiting.push((ticket, waiter));
                Waiter::Nobody
            }
        };
        drop(waiting);
        drop(before);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut waiting = self.crowd.waiting.borrow_mut();
        let at = waiting.iter().position(|(of, _)| *of == ticket);
        let mine = at.map(|at| waiting.remove(at));
        drop(waiting);
        drop(mine);
    }
}

/// Whoever polls is the one who is told.
pub(super) fn register(slot: &RefCell<Waiter>, desk: &Desk, cx: &Context<'_>) {
    let mut waiter = slot.take();
    waiter.set(desk, cx);
    slot.replace(waiter);
}

/// Wakes the one who is told.
pub(super) fn wake(slot: &RefCell<Waiter>, desk: &Desk) {
    slot.take().wake(desk);
}

impl Waiter {
    /// The task that waits; [`NOBODY`] for any other waiter.
    pub(super) fn task(&self) -> u32 {
        match self {
            Waiter::Task(task) => *task,
            _ => NOBODY,
        }
    }
}
