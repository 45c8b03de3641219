//! `Notify`: rules `ntf-*`, `cost-notify*`; tokio 1.54, sync/notify.rs.
//!
//! It is not aware of the budget. `notify_one` goes to whoever waits longest and is kept if nobody
//! does; `notify_waiters` goes to all that were made before it, polled or not, and is never kept.

use super::super::{
    desk::{Desk, Held, Place},
    handle::Handle,
    kind::Op,
    waker::Waiter,
};
use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// Who was told and has not been polled since.
struct Told {
    ticket: u64,
    who: u32,
    /// By `notify_one`: whoever goes away passes it on.
    alone: bool,
}

#[derive(Default)]
struct State {
    /// A `notify_one` that nobody has taken.
    kept: bool,
    /// How many `notify_waiters` there were.
    calls: u64,
    waiting: VecDeque<(u64, Waiter)>,
    told: Vec<Told>,
    tickets: u64,
}

impl State {
    /// Tells one; who has to be woken.
    fn tell_one(&mut self) -> Waiter {
        let Some((ticket, waiter)) = self.waiting.pop_front() else {
            self.kept = true;
            return Waiter::Nobody;
        };
        self.told.push(Told { ticket, who: waiter.task(), alone: true });
        waiter
    }

    /// What one was told, forgotten with that.
    fn take_told(&mut self, ticket: u64) -> Option<Told> {
        let at = self.told.iter().position(|told| told.ticket == ticket)?;
        Some(self.told.remove(at))
    }
}

struct Shared {
    place: Place,
    state: RefCell<State>,
}

impl Shared {
    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    fn notify_one(&self) {
        let mut waiter = self.state.borrow_mut().tell_one();
        waiter.wake(self.desk());
    }
}

impl Held for Shared {
    fn words(&self, words: &mut Vec<u64>) {
        let state = self.state.borrow();
        words.extend([u64::from(state.kept), state.calls, state.waiting.len() as u64]);
        words.extend(state.waiting.iter().map(|(_, waiter)| waiter.word(self.desk())));
        for told in &state.told {
            words.extend([self.desk().id_of(told.who), u64::from(told.alone)]);
        }
    }

    fn is_there(&self, _: Op) -> bool {
        self.state.borrow().kept
    }

    fn text(&self) -> Option<String> {
        let state = self.state.borrow();
        let kept = if state.kept { "told, " } else { "" };
        Some(format!("{kept}{} waiting", state.waiting.len()))
    }
}

/// Tells tasks that something has happened.
pub struct Notify {
    shared: Rc<Shared>,
}

impl Handle {
    /// Something to be told of.
    #[track_caller]
    pub fn notify(&self) -> Notify {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared>| Shared {
            place: self.place(self.desk.adopt("notify", site, me.clone())),
            state: RefCell::default(),
        });
        Notify { shared }
    }
}

impl Notify {
    /// Waits to be told. What all are told counts from now on, what one is told from the first poll.
    #[track_caller]
    pub fn notified(&self) -> Notified {
        let calls = self.shared.state.borrow().calls;
        self.shared.place.looks(calls);
        let site = Location::caller();
        Notified { shared: Rc::clone(&self.shared), calls, stage: Stage::New, site }
    }

    /// Tells whoever waits longest; if nobody waits, the next who would.
    pub fn notify_one(&self) {
        self.shared.place.acts(Op::Notify);
        self.shared.notify_one();
    }

    /// Tells all who wait now.
    pub fn notify_waiters(&self) {
        self.shared.place.acts(Op::Notify);
        let mut state = self.shared.state.borrow_mut();
        state.calls += 1;
        let waiting = std::mem::take(&mut state.waiting);
        let told = |(ticket, waiter): &(u64, Waiter)| Told {
            ticket: *ticket,
            who: waiter.task(),
            alone: false,
        };
        state.told.extend(waiting.iter().map(told));
        drop(state);
        waiting.into_iter().for_each(|(_, mut waiter)| waiter.wake(self.shared.desk()));
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Stage {
    New,
    Waiting(u64),
    Done,
}

/// See [`Notify::notified`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Notified {
    shared: Rc<Shared>,
    /// How many `notify_waiters` there had been when it was made.
    calls: u64,
    stage: Stage,
    site: &'static Location<'static>,
}

impl Notified {
    /// Waits from now on without being polled; true if it has been told already.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.get_mut();
        this.shared.place.acts(Op::Notified);
        let told = this.advance(|_| Waiter::Nobody);
        this.shared.desk().sees(u64::from(told));
        told
    }

    /// Takes what it was told, or waits; true if it was told.
    fn advance(&mut self, waiter: impl FnOnce(&Desk) -> Waiter) -> bool {
        let shared = Rc::clone(&self.shared);
        let mut state = shared.state.borrow_mut();
        match self.stage {
            Stage::Done => return true,
            Stage::New if state.calls != self.calls => self.stage = Stage::Done,
            Stage::New if state.kept => {
                state.kept = false;
                self.stage = Stage::Done;
            }
            Stage::New => {
                state.tickets += 1;
                let ticket = state.tickets;
                state.waiting.push_back((ticket, waiter(shared.desk())));
                self.stage = Stage::Waiting(ticket);
            }
            Stage::Waiting(ticket) => {
                if state.take_told(ticket).is_some() {
                    self.stage = Stage::Done;
                    return true;
                }
                let waiter = waiter(shared.desk());
                let mine = state.waiting.iter_mut().find(|(of, _)| *of == ticket);
                let before = mine
                    .filter(|_| !matches!(waiter, Waiter::Nobody))
                    .map(|(_, mine)| std::mem::replace(mine, waiter));
                drop(state);
                drop(before);
            }
        }
        matches!(self.stage, Stage::Done)
    }
}

impl Future for Notified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        ready!(this.shared.desk().gives_way(cx));
        if this.advance(|desk| Waiter::of(desk, cx)) {
            this.shared.place.acts(Op::Notified);
            return Poll::Ready(());
        }
        let Place { desk, index, .. } = &this.shared.place;
        this.shared.place.changes();
        desk.waits_for(Op::Notified, *index, Some(this.site), cx);
        Poll::Pending
    }
}

impl Drop for Notified {
    /// What it alone was told goes to the next.
    fn drop(&mut self) {
        let Stage::Waiting(ticket) = self.stage else { return };
        if self.shared.desk().closing.get() {
            return;
        }
        self.shared.place.changes();
        let mut state = self.shared.state.borrow_mut();
        let at = state.waiting.iter().position(|(of, _)| *of == ticket);
        let mine = at.and_then(|at| state.waiting.remove(at));
        let told = state.take_told(ticket);
        drop(state);
        drop(mine);
        if told.is_some_and(|told| told.alone) {
            self.shared.desk().acts();
            self.shared.notify_one();
        }
    }
}

impl fmt::Debug for Notified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}
