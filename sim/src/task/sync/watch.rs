//! `watch`: the last value, for any number of readers. Rules `ch-014`, `cost-watch-*`;
//! tokio 1.54, sync/watch.rs.
//!
//! A value that is borrowed keeps others from changing it: where tokio blocks its thread, the sender
//! panics here.

pub use super::send_error::SendError;

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        kind::Op,
    },
    crowd::{Crowd, Seat},
};
use std::{
    cell::{self, Cell, RefCell},
    fmt,
    future::{Future, poll_fn},
    mem,
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// The value, borrowed.
pub type Ref<'b, T> = cell::Ref<'b, T>;

struct Shared<T> {
    place: Place,
    value: RefCell<T>,
    /// How often it was sent, and what the last sender had seen.
    version: Cell<u64>,
    sent: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    waits_for_value: Rc<Crowd>,
    waits_for_close: Rc<Crowd>,
}

impl<T> Shared<T> {
    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// Looks at the value.
    fn look(&self) -> Ref<'_, T> {
        self.place.looks(self.sent.get());
        self.value.borrow()
    }

    /// News since that version: a value, or the end.
    fn news(&self, version: &Cell<u64>) -> Option<Result<(), RecvError>> {
        if version.replace(self.version.get()) != self.version.get() {
            // Which one it was decides what is news next time.
            self.desk().sees(self.version.get());
            return Some(Ok(()));
        }
        (self.senders.get() == 0).then_some(Err(RecvError(())))
    }

    fn waits(&self, cx: &Context<'_>, seat: &mut Seat, (op, site): At) -> Poll<()> {
        self.place.changes();
        seat.sit(self.desk(), cx);
        self.desk().waits_for(op, self.place.index, Some(site), cx);
        Poll::Pending
    }
}

/// Which operation waits, and where it stands in the code.
type At = (Op, &'static Location<'static>);

impl<T> Held for Shared<T> {
    fn words(&self, words: &mut Vec<u64>) {
        words.extend([self.version.get(), self.sent.get()]);
        words.extend([self.senders.get() as u64, self.receivers.get() as u64]);
        self.waits_for_value.words(self.desk(), words);
        self.waits_for_close.words(self.desk(), words);
    }

    fn is_there(&self, op: Op) -> bool {
        match op {
            Op::WatchChanged => self.senders.get() == 0,
            _ => self.receivers.get() == 0,
        }
    }
}

impl Handle {
    /// A value to watch.
    #[track_caller]
    pub fn watch<T: 'static>(&self, value: T) -> (Sender<T>, Receiver<T>) {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared<T>>| Shared {
            place: self.place(self.desk.adopt("watch", site, me.clone())),
            value: RefCell::new(value),
            version: Cell::new(0),
            sent: Cell::new(self.desk.seen()),
            senders: Cell::new(1),
            receivers: Cell::new(0),
            waits_for_value: Rc::default(),
            waits_for_close: Rc::default(),
        });
        (Sender { shared: Rc::clone(&shared) }, Receiver::of(&shared, 0))
    }
}

/// Changes the value.
pub struct Sender<T> {
    shared: Rc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Changes the value; it comes back if nobody watches (`ch-014`).
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Changes the value whether somebody watches or not, and gives the one before.
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|held| mem::swap(held, &mut value));
        value
    }

    /// Changes the value in its place.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// The same; nobody is told if it says that nothing has changed.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let shared = &self.shared;
        shared.place.acts(Op::WatchSend);
        let modified = modify(&mut shared.value.borrow_mut());
        // What it is now may depend on what it was.
        shared.desk().sees(shared.sent.get());
        shared.sent.set(shared.desk().seen());
        if modified {
            shared.version.set(shared.version.get() + 1);
            shared.waits_for_value.wake_all(shared.desk());
        }
        modified
    }

    /// The value.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.look()
    }

    /// Another receiver; it has seen the value.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::of(&self.shared, self.shared.version.get())
    }

    /// True if nobody watches.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        let receivers = self.shared.receivers.get();
        self.shared.place.looks(receivers as u64);
        receivers
    }

    /// Waits until nobody watches.
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let at = (Op::Close, Location::caller());
        let shared = &self.shared;
        let mut seat = Seat::new(&shared.waits_for_close);
        poll_fn(move |cx| {
            let coop = ready!(shared.desk().proceed(cx, Op::Close));
            if shared.receivers.get() > 0 {
                return shared.waits(cx, &mut seat, at);
            }
            coop.made_progress();
            shared.place.acts(Op::Close);
            Poll::Ready(())
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
        let shared = &self.shared;
        shared.senders.set(shared.senders.get() - 1);
        if shared.desk().closing.get() {
            return;
        }
        shared.place.changes();
        if shared.senders.get() == 0 {
            shared.desk().acts();
            shared.waits_for_value.wake_all(shared.desk());
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// Watches the value.
pub struct Receiver<T> {
    shared: Rc<Shared<T>>,
    /// The version that it has seen.
    version: Cell<u64>,
}

impl<T> Receiver<T> {
    fn of(shared: &Rc<Shared<T>>, version: u64) -> Self {
        shared.place.changes();
        shared.desk().sees(version);
        shared.receivers.set(shared.receivers.get() + 1);
        Receiver { shared: Rc::clone(shared), version: Cell::new(version) }
    }

    /// The value; it does not count as seen.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.look()
    }

    /// The value, and it counts as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.version.set(self.shared.version.get());
        self.shared.look()
    }

    /// True if there is a value that it has not seen.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let shared = &self.shared;
        let (over, changed) =
            (shared.senders.get() == 0, self.version.get() != shared.version.get());
        shared.place.looks(u64::from(over) << 1 | u64::from(changed));
        if over { Err(RecvError(())) } else { Ok(changed) }
    }

    /// The value counts as not seen.
    pub fn mark_changed(&mut self) {
        self.version.set(self.version.get().wrapping_sub(1));
    }

    /// The value counts as seen.
    pub fn mark_unchanged(&mut self) {
        self.shared.place.looks(self.shared.version.get());
        self.version.set(self.shared.version.get());
    }

    /// Waits for a value that it has not seen; an error once nobody can send.
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> + use<'_, T> {
        let at = (Op::WatchChanged, Location::caller());
        let mut seat = Seat::new(&self.shared.waits_for_value);
        let shared = &self.shared;
        let version = &self.version;
        poll_fn(move |cx| {
            let coop = ready!(shared.desk().proceed(cx, Op::WatchChanged));
            let Some(news) = shared.news(version) else {
                ready!(shared.waits(cx, &mut seat, at));
                return Poll::Pending;
            };
            coop.made_progress();
            shared.place.acts(Op::WatchChanged);
            shared.desk().sees(u64::from(news.is_ok()));
            Poll::Ready(news)
        })
    }

    /// Waits for a value of which this is true; the one that is there counts.
    #[track_caller]
    pub fn wait_for<P: FnMut(&T) -> bool>(
        &mut self,
        mut wanted: P,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> + use<'_, T, P> {
        let at = (Op::WatchChanged, Location::caller());
        let seat = Seat::new(&self.shared.waits_for_value);
        async move {
            let mut search = Search { seat, waits: false, closed: false };
            poll_fn(|cx| self.search(cx, &mut search, &mut wanted, at)).await?;
            Ok(self.shared.value.borrow())
        }
    }

    fn search(
        &self,
        cx: &mut Context<'_>,
        search: &mut Search,
        wanted: &mut dyn FnMut(&T) -> bool,
        at: At,
    ) -> Poll<Result<(), RecvError>> {
        let shared = &self.shared;
        let coop = ready!(shared.desk().proceed(cx, Op::WatchChanged));
        loop {
            if search.waits {
                let Some(news) = shared.news(&self.version) else {
                    ready!(shared.waits(cx, &mut search.seat, at));
                    return Poll::Pending;
                };
                // The value itself is looked at below.
                search.closed = news.is_err();
            }
            let changed = self.version.replace(shared.version.get()) != shared.version.get();
            let looks = !search.closed || changed;
            shared.desk().sees(shared.sent.get());
            let found = looks && wanted(&shared.value.borrow());
            if found || search.closed {
                coop.made_progress();
                shared.place.acts(Op::WatchChanged);
                shared.desk().sees(if found { shared.sent.get() } else { 0 });
                return Poll::Ready(if found { Ok(()) } else { Err(RecvError(())) });
            }
            search.waits = true;
        }
    }
}

/// How far a [`Receiver::wait_for`] has come.
struct Search {
    seat: Seat,
    /// It has looked at the value that was there.
    waits: bool,
    closed: bool,
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver::of(&self.shared, self.version.get())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.receivers.set(shared.receivers.get() - 1);
        if shared.desk().closing.get() {
            return;
        }
        shared.place.changes();
        if shared.receivers.get() == 0 {
            shared.desk().acts();
            shared.waits_for_close.wake_all(shared.desk());
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// Nobody can send any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError(());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl std::error::Error for RecvError {}
