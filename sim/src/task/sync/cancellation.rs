//! `CancellationToken`: rules `tt-003`, `tt-005`, `tt-006`; tokio-util 0.7, sync/cancellation_token.rs.
//!
//! Tokens form a tree, and cancelling one cancels all below it. A child keeps its parent's place in the
//! tree when that is dropped. It is not aware of the budget.

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        kind::Op,
    },
    crowd::{Crowd, Seat},
};
use pin_project_lite::pin_project;
use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll, ready},
};

struct Node {
    place: Place,
    cancelled: Cell<bool>,
    crowd: Rc<Crowd>,
    children: RefCell<Vec<Weak<Node>>>,
    /// Keeps the way from the root alive.
    parent: Option<Rc<Node>>,
}

impl Node {
    fn new(
        desk: &Rc<Desk>,
        site: &'static Location<'static>,
        parent: Option<&Rc<Node>>,
    ) -> Rc<Self> {
        let node = Rc::new_cyclic(|me: &Weak<Node>| {
            let (index, id) = desk.adopt("cancellation token", site, me.clone());
            Node {
                place: Place { desk: Rc::clone(desk), index, id },
                cancelled: Cell::new(parent.is_some_and(|parent| parent.cancelled.get())),
                crowd: Rc::default(),
                children: RefCell::default(),
                parent: parent.cloned(),
            }
        });
        if let Some(parent) = parent.filter(|parent| !parent.cancelled.get()) {
            let mut children = parent.children.borrow_mut();
            children.retain(|child| child.strong_count() > 0);
            children.push(Rc::downgrade(&node));
        }
        node
    }

    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    /// The children that live and are not cancelled; they are its children no longer.
    fn take_children(&self) -> Vec<Rc<Node>> {
        let children = self.children.take();
        let living = children.iter().filter_map(Weak::upgrade);
        living.filter(|child| !child.cancelled.get()).collect()
    }

    /// Cancels it and all below it; they are told once all are cancelled. The order is tokio's:
    /// tokio-util 0.7, sync/cancellation_token/tree_node.rs, `cancel`.
    fn cancel(self: &Rc<Self>) {
        self.place.acts(Op::Cancel);
        if self.cancelled.get() {
            return;
        }
        let mut below = self.take_children();
        let mut at = 0;
        while at < below.len() {
            let child = below.pop().expect("there is one at least");
            child.place.changes();
            child.cancelled.set(true);
            below.extend(child.take_children().into_iter().rev());
            below.push(child);
            let last = below.len() - 1;
            below.swap(at, last);
            at += 1;
        }
        self.cancelled.set(true);
        below.iter().for_each(|child| child.crowd.wake_all(child.desk()));
        self.crowd.wake_all(self.desk());
    }

    fn is_cancelled(&self) -> bool {
        self.place.looks(u64::from(self.cancelled.get()));
        self.cancelled.get()
    }
}

impl Drop for Node {
    /// Whom its parent cancels depends on whether it is still there.
    fn drop(&mut self) {
        if let Some(parent) = &self.parent {
            parent.place.changes();
        }
    }
}

impl Held for Node {
    fn words(&self, words: &mut Vec<u64>) {
        let living = |children: &Vec<Weak<Node>>| {
            let living: Vec<u64> =
                children.iter().filter_map(Weak::upgrade).map(|child| child.place.id).collect();
            living
        };
        words.push(u64::from(self.cancelled.get()));
        words.extend(living(&self.children.borrow()));
        self.crowd.words(self.desk(), words);
    }

    fn is_there(&self, _: Op) -> bool {
        self.cancelled.get()
    }
}

/// Tells tasks that they should stop. Clones are the same token.
#[derive(Clone)]
pub struct CancellationToken {
    node: Rc<Node>,
}

impl Handle {
    /// A token without a parent.
    #[track_caller]
    pub fn cancellation_token(&self) -> CancellationToken {
        CancellationToken { node: Node::new(&self.desk, Location::caller(), None) }
    }
}

impl CancellationToken {
    /// A token that is cancelled with this one, and not the other way round.
    #[track_caller]
    pub fn child_token(&self) -> CancellationToken {
        // Whether it is born cancelled depends on the parent, and cancelling that on its children.
        self.node.place.changes();
        self.node.place.looks(u64::from(self.node.cancelled.get()));
        let node = Node::new(&self.node.place.desk, Location::caller(), Some(&self.node));
        CancellationToken { node }
    }

    /// Cancels it and all its children.
    pub fn cancel(&self) {
        self.node.cancel();
    }

    /// True if it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until it is cancelled.
    #[track_caller]
    pub fn cancelled(&self) -> Cancelled {
        let (node, seat) = (Rc::clone(&self.node), Seat::new(&self.node.crowd));
        Cancelled { node, seat, site: Location::caller() }
    }

    /// The same; futures of this world outlive a borrow anyway.
    #[track_caller]
    pub fn cancelled_owned(self) -> Cancelled {
        self.cancelled()
    }

    /// The output of the future unless this is cancelled before; the future is polled first, but not at
    /// all if this is cancelled already (`tt-006`).
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + use<'_, F> {
        let cancelled = self.cancelled();
        async move {
            if self.is_cancelled() {
                return None;
            }
            RunUntil { future, cancelled }.await
        }
    }

    /// Cancels this when it is dropped.
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.node.cancelled.get();
        f.debug_struct("CancellationToken").field("is_cancelled", &cancelled).finish()
    }
}

/// See [`CancellationToken::cancelled`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Cancelled {
    node: Rc<Node>,
    seat: Seat,
    site: &'static Location<'static>,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Cancelled { node, seat, site } = self.get_mut();
        ready!(node.desk().gives_way(cx));
        if node.cancelled.get() {
            node.place.acts(Op::Cancelled);
            return Poll::Ready(());
        }
        node.place.changes();
        seat.sit(node.desk(), cx);
        node.desk().waits_for(Op::Cancelled, node.place.index, Some(site), cx);
        Poll::Pending
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future first; then the look at the token, which does not give way to others.
    struct RunUntil<F> {
        #[pin]
        future: F,
        cancelled: Cancelled,
    }
}

impl<F: Future> Future for RunUntil<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let desk = Rc::clone(&this.cancelled.node.place.desk);
        let waits = desk.waits_of_this_poll();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Some(output));
        }
        ready!(desk.as_one(|| Pin::new(this.cancelled).poll(cx)));
        desk.forget_waits_from(waits);
        Poll::Ready(None)
    }
}

/// Cancels its token when it is dropped.
#[derive(Debug)]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// The token, which is not cancelled then.
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("it has its token until it is dropped")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = self.token.take().filter(|token| !token.node.desk().closing.get()) {
            token.cancel();
        }
    }
}
