//! The channel without a bound: tokio 1.54, sync/mpsc/unbounded.rs.

use super::super::super::{handle::Handle, kind::Op};
use super::{SendError, TryRecvError, chan::Chan};
use std::{
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Context, Poll},
};

impl Handle {
    /// A channel with room for any number of messages.
    #[track_caller]
    pub fn unbounded_channel<T: 'static>(&self) -> (UnboundedSender<T>, UnboundedReceiver<T>) {
        let chan = Chan::new(self, Location::caller(), None);
        (UnboundedSender::of(&chan), UnboundedReceiver { chan })
    }
}

/// Sends into a channel without a bound.
pub struct UnboundedSender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> UnboundedSender<T> {
    fn of(chan: &Rc<Chan<T>>) -> Self {
        chan.add_sender();
        UnboundedSender { chan: Rc::clone(chan) }
    }

    /// Sends at once.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.chan.place.acts(Op::MpscSend);
        if self.chan.is_closed() {
            return Err(SendError(value));
        }
        self.chan.push(value);
        Ok(())
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

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { chan: Rc::clone(&self.chan) }
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        UnboundedSender::of(&self.chan)
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        self.chan.drop_sender();
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender").finish_non_exhaustive()
    }
}

/// A sender that does not keep the channel open (`ch-006`).
pub struct WeakUnboundedSender<T> {
    chan: Rc<Chan<T>>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, if there is one still.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        (self.chan.senders() > 0).then(|| UnboundedSender::of(&self.chan))
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        WeakUnboundedSender { chan: Rc::clone(&self.chan) }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish_non_exhaustive()
    }
}

/// Receives from a channel without a bound.
pub struct UnboundedReceiver<T> {
    chan: Rc<Chan<T>>,
}

impl<T> UnboundedReceiver<T> {
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

    /// As [`UnboundedReceiver::recv`], polled by hand.
    #[track_caller]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, Location::caller())
    }

    /// The next message, if one is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.chan.try_recv()
    }

    /// Takes no more but what is buffered.
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
}

impl<T> Drop for UnboundedReceiver<T> {
    fn drop(&mut self) {
        self.chan.drop_receiver();
    }
}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver").finish_non_exhaustive()
    }
}
