//! What both ends of a channel share: tokio 1.54, sync/mpsc/chan.rs.
//!
//! A message holds a permit until it is received. After `close` the receiver sees the end once no
//! permit is out any more (`ch-003`); without senders, once it has received what was sent (`ch-001`).

use super::super::{
    super::{
        desk::{Desk, Held, NOBODY, Place},
        handle::Handle,
        kind::{Op, event},
        waker::Waiter,
    },
    batch::Batch,
    crowd::{Crowd, Seat, register, wake},
};
use super::TryRecvError;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

pub(super) struct Chan<T> {
    pub(super) place: Place,
    /// The free places; none are counted where there is no bound.
    pub(super) batch: Option<Rc<Batch>>,
    bound: usize,
    /// What was sent and not received, and what the sender had seen when he sent it.
    messages: RefCell<VecDeque<(u64, T)>>,
    senders: Cell<usize>,
    /// The receiver takes no more.
    closed: Cell<bool>,
    receiver: RefCell<Waiter>,
    /// Who received last; a ghost, for reports.
    reader: Cell<u32>,
    waits_for_close: Rc<Crowd>,
}

impl<T: 'static> Chan<T> {
    /// A channel without senders yet.
    pub(super) fn new(
        handle: &Handle,
        site: &'static Location<'static>,
        bound: Option<usize>,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me: &std::rc::Weak<Chan<T>>| {
            let place = handle.place(handle.desk.adopt("channel", site, me.clone()));
            Chan {
                batch: bound.map(|bound| Batch::within(place.clone(), bound)),
                bound: bound.unwrap_or(usize::MAX),
                place,
                messages: RefCell::default(),
                senders: Cell::new(0),
                closed: Cell::new(false),
                receiver: RefCell::default(),
                reader: Cell::new(NOBODY),
                waits_for_close: Rc::default(),
            }
        })
    }
}

impl<T> Chan<T> {
    pub(super) fn desk(&self) -> &Desk {
        &self.place.desk
    }

    // Senders.

    pub(super) fn add_sender(&self) {
        self.place.changes();
        self.senders.set(self.senders.get() + 1);
    }

    /// The last one ends the channel.
    pub(super) fn drop_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if !self.desk().closing.get() {
            self.place.changes();
            if self.senders.get() == 0 {
                self.desk().acts();
                wake(&self.receiver, self.desk());
            }
        }
    }

    /// How many senders there are; whoever asks sees it.
    pub(super) fn senders(&self) -> usize {
        self.place.looks(self.senders.get() as u64);
        self.senders.get()
    }

    /// Sends under a permit that was taken before.
    pub(super) fn push(&self, value: T) {
        self.place.changes();
        self.desk().acts();
        self.messages.borrow_mut().push_back((self.desk().seen(), value));
        wake(&self.receiver, self.desk());
    }

    pub(super) fn is_closed(&self) -> bool {
        self.place.looks(u64::from(self.closed.get()));
        self.closed.get()
    }

    /// Waits until the receiver takes no more; it needs no budget (`cost-mpsc-closed`).
    pub(super) fn closed(
        &self,
        site: &'static Location<'static>,
    ) -> impl Future<Output = ()> + use<'_, T> {
        let mut seat = Seat::new(&self.waits_for_close);
        poll_fn(move |cx| {
            ready!(self.desk().gives_way(cx));
            if self.closed.get() {
                self.place.acts(Op::MpscClosed);
                return Poll::Ready(());
            }
            self.place.changes();
            seat.sit(self.desk(), cx);
            self.desk().waits_for(Op::MpscClosed, self.place.index, Some(site), cx);
            Poll::Pending
        })
    }

    /// A permit that was never used: its return may be what the receiver waits for.
    pub(super) fn return_permit(&self) {
        if self.desk().closing.get() {
            return;
        }
        self.give_back(1);
        if self.closed.get() && self.is_idle() {
            wake(&self.receiver, self.desk());
        }
    }

    // The receiver.

    fn give_back(&self, permits: usize) {
        if let Some(batch) = &self.batch {
            batch.add(permits);
        }
    }

    /// No message and no permit is out.
    fn is_idle(&self) -> bool {
        match &self.batch {
            Some(batch) => batch.free() == self.bound,
            None => self.messages.borrow().is_empty(),
        }
    }

    /// Nothing will come any more, once what is buffered was received.
    fn is_over(&self) -> bool {
        self.senders.get() == 0 || self.closed.get() && self.is_idle()
    }

    /// The next message, if one is there.
    fn pop(&self) -> Option<T> {
        let (sent, value) = self.messages.borrow_mut().pop_front()?;
        self.desk().sees(sent);
        Some(value)
    }

    pub(super) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Option<T>> {
        let coop = ready!(self.desk().proceed(cx, Op::MpscRecv));
        let there = !self.messages.borrow().is_empty();
        if !there && !self.is_over() {
            return self.waits(cx, site);
        }
        coop.made_progress();
        self.place.acts(Op::MpscRecv);
        let value = self.pop();
        self.desk().sees(u64::from(there));
        if there {
            self.give_back(1);
        }
        Poll::Ready(value)
    }

    /// What is there, at most so many (`ch-017`).
    pub(super) fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        (into, limit): (&mut Vec<T>, usize),
        site: &'static Location<'static>,
    ) -> Poll<usize> {
        let coop = ready!(self.desk().proceed(cx, Op::MpscRecv));
        let many = self.messages.borrow().len().min(limit);
        if many == 0 && limit > 0 && !self.is_over() {
            return self.waits(cx, site);
        }
        coop.made_progress();
        self.place.acts(Op::MpscRecv);
        for _ in 0..many {
            into.extend(self.pop());
        }
        self.desk().sees(many as u64);
        if many > 0 {
            self.give_back(many);
        }
        Poll::Ready(many)
    }

    fn waits<R>(&self, cx: &mut Context<'_>, site: &'static Location<'static>) -> Poll<R> {
        self.place.changes();
        self.reader.set(self.desk().me());
        register(&self.receiver, self.desk(), cx);
        self.desk().waits_for(Op::MpscRecv, self.place.index, Some(site), cx);
        Poll::Pending
    }

    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        self.place.acts(Op::MpscRecv);
        if let Some(value) = self.pop() {
            self.give_back(1);
            return Ok(value);
        }
        let over = self.is_over();
        self.desk().sees(u64::from(over));
        Err(if over { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }

    pub(super) fn len(&self) -> usize {
        let len = self.messages.borrow().len();
        self.place.looks(len as u64);
        len
    }

    /// The receiver takes no more; what is buffered stays.
    pub(super) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        match &self.batch {
            Some(batch) => batch.close(),
            None => self.place.acts(Op::Close),
        }
        self.waits_for_close.wake_all(self.desk());
    }

    /// Closed, and what is buffered is dropped at once (`ch-004`, `ch-005`).
    pub(super) fn drop_receiver(&self) {
        if self.desk().closing.get() {
            return;
        }
        self.close();
        loop {
            let Some((_, lost)) = self.messages.borrow_mut().pop_front() else { return };
            self.desk().tells(event::LOST, 0, u64::from(self.place.index));
            self.give_back(1);
            drop(lost);
        }
    }
}

impl<T> Held for Chan<T> {
    fn words(&self, words: &mut Vec<u64>) {
        let messages = self.messages.borrow();
        words.extend([self.senders.get() as u64, u64::from(self.closed.get())]);
        words.extend(messages.iter().map(|&(sent, _)| sent));
        words.push(self.receiver.borrow().word(self.desk()));
        self.waits_for_close.words(self.desk(), words);
        if let Some(batch) = &self.batch {
            batch.words(words);
        }
    }

    fn is_there(&self, op: Op) -> bool {
        match op {
            Op::MpscRecv => !self.messages.borrow().is_empty() || self.is_over(),
            Op::MpscClosed => self.closed.get(),
            _ => self.batch.as_ref().is_none_or(|batch| batch.is_there(op)),
        }
    }

    /// Who sends waits for him who receives; a receiver might wait for any sender, and who has those
    /// is not known.
    fn holders(&self, op: Op) -> (&'static str, Vec<u32>) {
        let reader = self.reader.get();
        let known = op == Op::MpscSend && reader != NOBODY;
        ("received", if known { vec![reader] } else { Vec::new() })
    }

    fn text(&self) -> Option<String> {
        let (inside, senders) = (self.messages.borrow().len(), self.senders.get());
        let closed = if self.closed.get() { ", closed" } else { "" };
        Some(format!("messages: {inside}, senders: {senders}{closed}"))
    }
}

impl<T> Drop for Chan<T> {
    /// What was sent under a permit after the receiver had gone.
    fn drop(&mut self) {
        let lost = std::mem::take(self.messages.get_mut());
        for message in lost {
            self.desk().tells(event::LOST, 0, u64::from(self.place.index));
            drop(message);
        }
    }
}
