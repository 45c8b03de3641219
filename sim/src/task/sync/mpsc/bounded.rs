//! The channel with a bound: tokio 1.54, sync/mpsc/bounded.rs.

use super::super::{
    super::{handle::Handle, kind::Op},
    batch::{Acquire, Batch, Closed},
};
use super::{SendError, TryRecvError, TrySendError, chan::Chan};
use std::{
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

impl Handle {
    /// A channel with room for so many messages.
    ///
    /// # Panics
    /// If there is room for none.
    #[track_caller]
    pub fn channel<T: 'static>(&self, buffer: usize) -> (Sender<T>, Receiver<T>) {
        assert!(buffer > 0, "mpsc bounded channel requires buffer > 0");
        let chan = Chan::new(self, Location::caller(), Some(buffer));
        (Sender::of(&chan), Receiver { chan })
    }
}

/// Sends into a channel with a bound.
pub struct Sender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Sender<T> {
    fn of(chan: &Rc<Chan<T>>) -> Self {
        chan.add_sender();
        Sender { chan: Rc::clone(chan) }
    }

    fn batch(&self) -> &Rc<Batch> {
        self.chan.batch.as_ref().expect("the channel has a bound")
    }

    /// Sends once there is room. A future that is dropped has not sent (`ch-008`).
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> + use<'_, T> {
        let mut acquire = Acquire::new(self.batch(), Op::MpscSend, 1, Location::caller());
        let mut value = Some(value);
        let sending = move |cx: &mut Context<'_>| {
            let taken = ready!(acquire.poll(cx));
            let value = value.take().expect("a send that is done is not polled");
            Poll::Ready(match taken {
                Ok(()) => {
                    self.chan.push(value);
                    Ok(())
                }
                Err(Closed) => Err(SendError(value)),
            })
        };
        poll_fn(sending)
    }

    /// Waits for room, and keeps it.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<T>, SendError<()>>> + use<'_, T> {
        let mut acquire = Acquire::new(self.batch(), Op::MpscSend, 1, Location::caller());
        poll_fn(move |cx| {
            let taken = ready!(acquire.poll(cx));
            Poll::Ready(taken.map(|()| self.permit()).map_err(|Closed| SendError(())))
        })
    }

    fn permit(&self) -> Permit<T> {
        Permit { sender: self.clone(), used: false }
    }

    /// Sends if there is room.
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match self.batch().try_acquire(Op::MpscTrySend, 1) {
            Ok(true) => {
                self.chan.push(value);
                Ok(())
            }
            Ok(false) => Err(TrySendError::Full(value)),
            Err(Closed) => Err(TrySendError::Closed(value)),
        }
    }

    /// Keeps room if there is some.
    pub fn try_reserve(&self) -> Result<Permit<T>, TrySendError<()>> {
        match self.batch().try_acquire(Op::MpscTrySend, 1) {
            Ok(true) => Ok(self.permit()),
            Ok(false) => Err(TrySendError::Full(())),
            Err(Closed) => Err(TrySendError::Closed(())),
        }
    }

    /// Waits until the receiver is closed or dropped.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        self.chan.closed(Location::caller())
    }

    /// True if the receiver is closed or dropped.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// How much room there is.
    pub fn capacity(&self) -> usize {
        self.batch().available()
    }

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { chan: Rc::clone(&self.chan) }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender::of(&self.chan)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.chan.drop_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// A sender that does not keep the channel open (`ch-006`).
pub struct WeakSender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is one still.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        (self.chan.senders() > 0).then(|| Sender::of(&self.chan))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        WeakSender { chan: Rc::clone(&self.chan) }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

/// Room for one message.
#[must_use = "dropped, it gives the room back"]
pub struct Permit<T> {
    sender: Sender<T>,
    used: bool,
}

impl<T> Permit<T> {
    /// Sends, even if the receiver is closed meanwhile.
    pub fn send(mut self, value: T) {
        self.used = true;
        self.sender.chan.place.acts(Op::MpscSend);
        self.sender.chan.push(value);
    }
}

impl<T> Drop for Permit<T> {
    fn drop(&mut self) {
        if !self.used {
            self.sender.chan.return_permit();
        }
    }
}

impl<T> fmt::Debug for Permit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Receives from a channel with a bound.
pub struct Receiver<T> {
    chan: Rc<Chan<T>>,
}

impl<T> Receiver<T> {
    /// The next message; `None` once nothing will come any more. Dropped, it has taken nothing.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> + use<'_, T> {
        let site = Location::caller();
        poll_fn(move |cx| self.chan.poll_recv(cx, site))
    }

    /// The messages that are there, at most so many; 0 once nothing will come any more.
    #[track_caller]
    pub fn recv_many<'r>(
        &'r mut self,
        into: &'r mut Vec<T>,
        limit: usize,
    ) -> impl Future<Output = usize> + use<'r, T> {
        let site = Location::caller();
        poll_fn(move |cx| self.chan.poll_recv_many(cx, (into, limit), site))
    }

    /// As [`Receiver::recv`], polled by hand.
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, Location::caller())
    }

    /// The next message, if one is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.chan.try_recv()
    }

    /// Takes no more but what is buffered or has a permit.
    pub fn close(&mut self) {
        self.chan.close();
    }

    /// How many messages are there.
    pub fn len(&self) -> usize {
        self.chan.len()
    }

    /// True if no message is there.
    pub fn is_empty(&self) -> bool {
        self.chan.len() == 0
    }

    /// True if it takes no more, or nobody can send.
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed() || self.chan.senders() == 0
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.chan.drop_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
