//! `broadcast`: each receiver gets each message that was sent since it was made, unless it falls behind.
//! Rule `cost-broadcast-recv`; tokio 1.54, sync/broadcast.rs.
//!
//! The room is the next power of two. Who falls behind by more is told so once and goes on with the
//! oldest message that is left.

mod errors;

pub use errors::{RecvError, SendError, TryRecvError};

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        kind::{Op, event},
    },
    crowd::{Crowd, Seat},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Poll, ready},
};

/// A message in its place.
struct Slot<T> {
    /// Gone once all have it who were there when it was sent.
    value: Option<Rc<T>>,
    missing: usize,
    /// What the sender had seen.
    sent: u64,
    received: bool,
}

struct State<T> {
    /// The newest messages; the last one has the number `next - 1`.
    slots: VecDeque<Slot<T>>,
    next: u64,
}

struct Shared<T> {
    place: Place,
    room: usize,
    state: RefCell<State<T>>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    waits_for_message: Rc<Crowd>,
    waits_for_close: Rc<Crowd>,
}

/// What a receiver finds at its place.
enum Found<T> {
    Message(Rc<T>),
    Behind(u64),
    Nothing,
    Over,
}

impl<T> State<T> {
    /// The number of the oldest message that is left.
    fn first(&self) -> u64 {
        self.next - self.slots.len() as u64
    }

    /// One receiver is done with a message: its value goes with the last one. True if nobody ever had it.
    fn pass(&mut self, number: u64, received: bool) -> (Option<Rc<T>>, bool) {
        let at = (number - self.first()) as usize;
        let slot = &mut self.slots[at];
        slot.missing -= 1;
        slot.received |= received;
        let last = slot.missing == 0;
        let value = if last { slot.value.take() } else { None };
        (value, last && !slot.received)
    }
}

impl<T> Shared<T> {
    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// What is there for whoever comes to this number next.
    fn find(&self, next: &Cell<u64>) -> Found<T> {
        let state = self.state.borrow();
        let (number, first) = (next.get(), state.first());
        if number == state.next {
            return if self.senders.get() == 0 { Found::Over } else { Found::Nothing };
        }
        if number < first {
            next.set(first);
            self.desk().sees(first - number);
            return Found::Behind(first - number);
        }
        let slot = &state.slots[(number - first) as usize];
        self.desk().sees(slot.sent);
        let value = Rc::clone(slot.value.as_ref().expect("somebody has not received it"));
        Found::Message(value)
    }

    /// Receives what was found: a copy of it.
    fn take(&self, next: &Cell<u64>, found: &T) -> T
    where
        T: Clone,
    {
        // The copy may do anything: nothing is borrowed.
        let copy = found.clone();
        let number = next.replace(next.get() + 1);
        let last = self.state.borrow_mut().pass(number, true);
        drop(last);
        copy
    }

    fn drop_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if self.desk().closing.get() {
            return;
        }
        self.place.changes();
        if self.senders.get() == 0 {
            self.desk().acts();
            self.waits_for_message.wake_all(self.desk());
        }
    }

    /// What it had not received is dropped with it, if nobody else waits for it.
    fn drop_receiver(&self, next: u64) {
        self.receivers.set(self.receivers.get() - 1);
        if self.desk().closing.get() {
            return;
        }
        self.place.changes();
        let (from, until) = {
            let state = self.state.borrow();
            (next.max(state.first()), state.next)
        };
        if self.receivers.get() == 0 {
            self.desk().acts();
            self.waits_for_close.wake_all(self.desk());
        }
        for number in from..until {
            let (value, lost) = self.state.borrow_mut().pass(number, false);
            if lost {
                self.desk().tells(event::LOST, 0, u64::from(self.place.index));
            }
            drop(value);
        }
    }
}

impl<T> Held for Shared<T> {
    fn words(&self, words: &mut Vec<u64>) {
        let state = self.state.borrow();
        words.extend([state.next, self.senders.get() as u64, self.receivers.get() as u64]);
        for slot in &state.slots {
            words.extend([slot.sent, (slot.missing as u64) << 1 | u64::from(slot.received)]);
        }
        self.waits_for_message.words(self.desk(), words);
        self.waits_for_close.words(self.desk(), words);
    }

    fn is_there(&self, op: Op) -> bool {
        match op {
            Op::BroadcastRecv => self.senders.get() == 0,
            _ => self.receivers.get() == 0,
        }
    }
}

impl Handle {
    /// A channel to many receivers with room for so many messages.
    ///
    /// # Panics
    /// If there is room for none.
    #[track_caller]
    pub fn broadcast<T: Clone + 'static>(&self, room: usize) -> (Sender<T>, Receiver<T>) {
        assert!(room > 0, "broadcast channel capacity cannot be zero");
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared<T>>| Shared {
            place: self.place(self.desk.adopt("broadcast", site, me.clone())),
            room: room.next_power_of_two(),
            state: RefCell::new(State { slots: VecDeque::new(), next: 0 }),
            senders: Cell::new(1),
            receivers: Cell::new(0),
            waits_for_message: Rc::default(),
            waits_for_close: Rc::default(),
        });
        let receiver = Receiver::of(&shared);
        (Sender { shared }, receiver)
    }
}

/// Sends to all receivers.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends to all who are there; how many they are. The value comes back if there is nobody.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let shared = &self.shared;
        shared.place.acts(Op::BroadcastSend);
        let receivers = shared.receivers.get();
        shared.desk().sees(receivers as u64);
        if receivers == 0 {
            return Err(SendError(value));
        }
        let sent = shared.desk().seen();
        let slot = Slot { value: Some(Rc::new(value)), missing: receivers, sent, received: false };
        let mut state = shared.state.borrow_mut();
        let oldest = if state.slots.len() == shared.room { state.slots.pop_front() } else { None };
        state.slots.push_back(slot);
        state.next += 1;
        drop(state);
        drop(oldest);
        shared.waits_for_message.wake_all(shared.desk());
        Ok(receivers)
    }

    /// Another receiver, of what is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::of(&self.shared)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.place.looks(self.shared.receivers.get() as u64);
        self.shared.receivers.get()
    }

    /// How many messages somebody has still to receive, and those after them.
    pub fn len(&self) -> usize {
        let state = self.shared.state.borrow();
        let done = state.slots.iter().take_while(|slot| slot.missing == 0).count();
        let len = state.slots.len() - done;
        drop(state);
        self.shared.place.looks(len as u64);
        len
    }

    /// True if all have received everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until there is no receiver; it needs no budget.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let site = Location::caller();
        let shared = &self.shared;
        let mut seat = Seat::new(&shared.waits_for_close);
        poll_fn(move |cx| {
            ready!(shared.desk().gives_way(cx));
            if shared.receivers.get() == 0 {
                shared.place.acts(Op::Close);
                return Poll::Ready(());
            }
            shared.place.changes();
            seat.sit(shared.desk(), cx);
            shared.desk().waits_for(Op::Close, shared.place.index, Some(site), cx);
            Poll::Pending
        })
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.place.changes();
        self.shared.senders.set(self.shared.senders.get() + 1);
        Sender { shared: Rc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.drop_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast::Sender")
    }
}

/// Receives what is sent to all.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The number of the message that it receives next.
    next: Cell<u64>,
}

impl<T> Receiver<T> {
    fn of(shared: &Rc<Shared<T>>) -> Self {
        shared.place.changes();
        shared.receivers.set(shared.receivers.get() + 1);
        let next = Cell::new(shared.state.borrow().next);
        shared.desk().sees(next.get());
        Receiver { shared: Rc::clone(shared), next }
    }

    /// Another receiver, of what is sent from now on.
    pub fn resubscribe(&self) -> Self {
        Receiver::of(&self.shared)
    }

    /// How many messages it has still to receive, those included that it has missed.
    pub fn len(&self) -> usize {
        let len = self.shared.state.borrow().next - self.next.get();
        self.shared.place.looks(len);
        len as usize
    }

    /// True if it has received everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone> Receiver<T> {
    /// The next message.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> + use<'_, T> {
        let site = Location::caller();
        let mut seat = Seat::new(&self.shared.waits_for_message);
        let (shared, next) = (&self.shared, &self.next);
        poll_fn(move |cx| {
            let coop = ready!(shared.desk().proceed(cx, Op::BroadcastRecv));
            let result = match shared.find(next) {
                Found::Nothing => {
                    shared.place.changes();
                    seat.sit(shared.desk(), cx);
                    let on = shared.place.index;
                    shared.desk().waits_for(Op::BroadcastRecv, on, Some(site), cx);
                    return Poll::Pending;
                }
                Found::Message(value) => Ok(shared.take(next, &value)),
                Found::Behind(missed) => Err(RecvError::Lagged(missed)),
                Found::Over => Err(RecvError::Closed),
            };
            coop.made_progress();
            shared.place.acts(Op::BroadcastRecv);
            Poll::Ready(result)
        })
    }

    /// The next message, if it is there.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.place.acts(Op::BroadcastRecv);
        match self.shared.find(&self.next) {
            Found::Message(value) => Ok(self.shared.take(&self.next, &value)),
            Found::Behind(missed) => Err(TryRecvError::Lagged(missed)),
            Found::Nothing => Err(TryRecvError::Empty),
            Found::Over => Err(TryRecvError::Closed),
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.drop_receiver(self.next.get());
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broadcast::Receiver")
    }
}
