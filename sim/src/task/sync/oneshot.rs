//! `oneshot`: one message. Rules `ch-010`, `ch-011`, `cost-oneshot-*`; tokio 1.54, sync/oneshot.rs.

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        kind::{Op, event},
        waker::Waiter,
    },
    crowd::{register, wake},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

struct Shared<T> {
    place: Place,
    /// What was sent, and what the sender had seen then.
    value: RefCell<Option<(u64, T)>>,
    /// The sender has sent, or is gone.
    complete: Cell<bool>,
    /// The receiver takes nothing any more.
    closed: Cell<bool>,
    receiver: RefCell<Waiter>,
    sender: RefCell<Waiter>,
}

impl<T> Shared<T> {
    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// The sender is done with it; false if the receiver had closed before.
    fn complete(&self) -> bool {
        if self.closed.get() {
            return false;
        }
        self.complete.set(true);
        wake(&self.receiver, self.desk());
        true
    }

    fn close(&self) {
        self.place.changes();
        self.desk().acts();
        self.closed.set(true);
        if self.complete.get() {
            return;
        }
        // Nobody will be told any more.
        drop(self.receiver.take());
        wake(&self.sender, self.desk());
    }

    /// What there is to receive; `None` if it may still come.
    fn outcome(&self) -> Option<Result<T, RecvError>> {
        if !self.complete.get() && !self.closed.get() {
            return None;
        }
        let taken = self.value.borrow_mut().take();
        self.desk().sees(taken.as_ref().map_or(0, |&(sent, _)| sent));
        Some(taken.map(|(_, value)| value).ok_or(RecvError(())))
    }
}

impl<T> Held for Shared<T> {
    fn words(&self, words: &mut Vec<u64>) {
        let sent = self.value.borrow().as_ref().map_or(0, |&(sent, _)| sent);
        words.extend([u64::from(self.complete.get()), u64::from(self.closed.get()), sent]);
        words.push(self.receiver.borrow().word(self.desk()));
        words.push(self.sender.borrow().word(self.desk()));
    }

    fn is_there(&self, op: Op) -> bool {
        self.closed.get() || op == Op::OneshotRecv && self.complete.get()
    }

    fn text(&self) -> Option<String> {
        let text = match (self.value.borrow().is_some(), self.complete.get(), self.closed.get()) {
            (true, ..) => "sent, not received",
            (false, _, true) => "closed",
            (false, true, _) => "over",
            _ => "empty",
        };
        Some(text.to_owned())
    }
}

impl Handle {
    /// A channel for one message.
    #[track_caller]
    pub fn oneshot<T: 'static>(&self) -> (Sender<T>, Receiver<T>) {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared<T>>| Shared {
            place: self.place(self.desk.adopt("oneshot", site, me.clone())),
            value: RefCell::default(),
            complete: Cell::new(false),
            closed: Cell::new(false),
            receiver: RefCell::default(),
            sender: RefCell::default(),
        });
        (Sender { shared: Some(Rc::clone(&shared)) }, Receiver { shared: Some(shared), site })
    }
}

/// Sends the message.
pub struct Sender<T> {
    /// Gone once it has sent.
    shared: Option<Rc<Shared<T>>>,
}

impl<T> Sender<T> {
    /// Sends; the value comes back if the receiver is closed or gone.
    pub fn send(mut self, value: T) -> Result<(), T> {
        let shared = self.shared.take().expect("it sends once");
        shared.place.acts(Op::OneshotSend);
        let closed = shared.closed.get();
        shared.desk().sees(u64::from(closed));
        if closed {
            return Err(value);
        }
        shared.value.replace(Some((shared.desk().seen(), value)));
        shared.complete();
        Ok(())
    }

    fn shared(&self) -> &Shared<T> {
        self.shared.as_ref().expect("it sends once")
    }

    /// Waits until the receiver is closed or gone.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> + use<'_, T> {
        let site = Location::caller();
        poll_fn(move |cx| self.poll_closed_at(cx, site))
    }

    /// As [`Sender::closed`], polled by hand.
    #[track_caller]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_closed_at(cx, Location::caller())
    }

    fn poll_closed_at(&self, cx: &mut Context<'_>, site: &'static Location<'static>) -> Poll<()> {
        let shared = self.shared();
        let coop = ready!(shared.desk().proceed(cx, Op::OneshotClosed));
        if shared.closed.get() {
            coop.made_progress();
            shared.place.acts(Op::OneshotClosed);
            return Poll::Ready(());
        }
        shared.place.changes();
        register(&shared.sender, shared.desk(), cx);
        shared.desk().waits_for(Op::OneshotClosed, shared.place.index, Some(site), cx);
        Poll::Pending
    }

    /// True if the receiver is closed or gone.
    pub fn is_closed(&self) -> bool {
        let shared = self.shared();
        shared.place.looks(u64::from(shared.closed.get()));
        shared.closed.get()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.as_ref().filter(|shared| !shared.desk().closing.get()) {
            shared.place.changes();
            shared.desk().acts();
            shared.complete();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// Receives the message, awaited.
pub struct Receiver<T> {
    /// Gone once it has received.
    shared: Option<Rc<Shared<T>>>,
    site: &'static Location<'static>,
}

impl<T> Unpin for Receiver<T> {}

impl<T> Receiver<T> {
    /// Takes nothing any more but what was sent before.
    pub fn close(&mut self) {
        if let Some(shared) = &self.shared {
            shared.place.acts(Op::Close);
            shared.close();
        }
    }

    /// The message, if it is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(shared) = &self.shared else { return Err(TryRecvError::Closed) };
        shared.place.acts(Op::OneshotRecv);
        let Some(outcome) = shared.outcome() else { return Err(TryRecvError::Empty) };
        self.shared = None;
        outcome.map_err(|_| TryRecvError::Closed)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let site = self.site;
        let shared = self.shared.as_ref().expect("called after complete");
        let desk = shared.desk();
        let coop = ready!(desk.proceed(cx, Op::OneshotRecv));
        if !shared.is_there(Op::OneshotRecv) {
            shared.place.changes();
            register(&shared.receiver, desk, cx);
            desk.waits_for(Op::OneshotRecv, shared.place.index, Some(site), cx);
            return Poll::Pending;
        }
        coop.made_progress();
        shared.place.acts(Op::OneshotRecv);
        let outcome = shared.outcome().expect("it is there");
        self.shared = None;
        Poll::Ready(outcome)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take().filter(|shared| !shared.desk().closing.get()) else {
            return;
        };
        shared.close();
        let lost = shared.value.borrow_mut().take();
        if lost.is_some() {
            shared.desk().tells(event::LOST, 0, u64::from(shared.place.index));
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// The sender was dropped before it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError(());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl std::error::Error for RecvError {}

/// Why nothing was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is there yet.
    Empty,
    /// Nothing will come any more.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "channel empty",
            TryRecvError::Closed => "channel closed",
        })
    }
}

impl std::error::Error for TryRecvError {}
