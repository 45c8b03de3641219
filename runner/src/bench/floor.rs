//! The floor: the least that a seeded executor can cost.
//!
//! Boxed futures in a slab, a dense list of ready ids, one ChaCha8 draw and one multiply-rotate hash
//! a step, four bytes of trace. No names, no mailboxes, no invariants, nothing to explain: what the
//! kernel adds to this is the price of everything else.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// What tasks and executor share.
#[derive(Default)]
pub(super) struct Shared {
    ready: RefCell<Vec<u32>>,
    current: Cell<u32>,
    spawned: RefCell<Vec<Task>>,
    next: Cell<u32>,
    /// Who waits for the end of each task; `u32::MAX` for nobody, `DONE` once it has ended.
    joiner: RefCell<Vec<u32>>,
}

const NOBODY: u32 = u32::MAX;
const DONE: u32 = u32::MAX - 1;

impl Shared {
    fn wake(&self, id: u32) {
        self.ready.borrow_mut().push(id);
    }

    /// Starts a task; it is ready at once.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) -> u32 {
        let id = self.next.get();
        self.next.set(id + 1);
        self.joiner.borrow_mut().push(NOBODY);
        self.spawned.borrow_mut().push(Box::pin(task));
        self.wake(id);
        id
    }
}

/// The executor.
pub(super) struct Floor {
    pub(super) shared: Rc<Shared>,
    tasks: Vec<Option<Task>>,
    rng: ChaCha8Rng,
    hash: u64,
    trace: Vec<u32>,
}

impl Floor {
    pub(super) fn new() -> Self {
        Floor {
            shared: Rc::default(),
            tasks: Vec::new(),
            rng: ChaCha8Rng::from_seed([7; 32]),
            hash: 0,
            trace: Vec::new(),
        }
    }

    /// Runs all tasks to their ends; returns the steps taken.
    pub(super) fn run(&mut self) -> u64 {
        self.trace.clear();
        self.adopt();
        while self.step() {}
        let steps = self.trace.len() as u64;
        std::hint::black_box((self.hash, &self.trace));
        self.tasks.clear();
        self.shared.next.set(0);
        self.shared.joiner.borrow_mut().clear();
        steps
    }

    fn adopt(&mut self) {
        self.tasks.extend(self.shared.spawned.borrow_mut().drain(..).map(Some));
    }

    #[inline]
    fn step(&mut self) -> bool {
        let id = {
            let mut ready = self.shared.ready.borrow_mut();
            if ready.is_empty() {
                return false;
            }
            let draw = if ready.len() == 1 { 0 } else { u64::from(self.rng.next_u32()) };
            let at = draw * ready.len() as u64 >> 32;
            ready.swap_remove(at as usize)
        };
        self.hash = (self.hash.rotate_left(5) ^ u64::from(id)).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.trace.push(id);
        self.shared.current.set(id);
        let Some(task) = self.tasks[id as usize].as_mut() else { return true };
        let polled = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if !self.shared.spawned.borrow().is_empty() {
            self.adopt();
        }
        if polled.is_ready() {
            self.tasks[id as usize] = None;
            let joiner = std::mem::replace(&mut self.shared.joiner.borrow_mut()[id as usize], DONE);
            if joiner != NOBODY {
                self.shared.wake(joiner);
            }
        }
        true
    }
}

/// Gives way once.
pub(super) struct Yield<'s>(pub(super) &'s Shared, pub(super) bool);

impl Future for Yield<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.1, true) {
            return Poll::Ready(());
        }
        self.0.wake(self.0.current.get());
        Poll::Pending
    }
}

/// Waits for the end of a task.
pub(super) struct Join<'s>(pub(super) &'s Shared, pub(super) u32);

impl Future for Join<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut joiner = self.0.joiner.borrow_mut();
        if joiner[self.1 as usize] == DONE {
            return Poll::Ready(());
        }
        joiner[self.1 as usize] = self.0.current.get();
        Poll::Pending
    }
}

/// A mailbox for one reader.
#[derive(Default)]
pub(super) struct Mailbox {
    queue: RefCell<std::collections::VecDeque<u64>>,
    reader: Cell<Option<u32>>,
}

impl Mailbox {
    pub(super) fn send(&self, shared: &Shared, message: u64) {
        self.queue.borrow_mut().push_back(message);
        if let Some(reader) = self.reader.take() {
            shared.wake(reader);
        }
    }
}

/// Takes the oldest message.
pub(super) struct Receive<'s>(pub(super) &'s Shared, pub(super) &'s Mailbox);

impl Future for Receive<'_> {
    type Output = u64;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        match self.1.queue.borrow_mut().pop_front() {
            Some(message) => Poll::Ready(message),
            None => {
                self.1.reader.set(Some(self.0.current.get()));
                Poll::Pending
            }
        }
    }
}
