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
    spawned: RefCell<Vec<(u32, Task)>>,
    free: RefCell<Vec<u32>>,
    slots: Cell<u32>,
}

impl Shared {
    fn wake(&self, id: u32) {
        self.ready.borrow_mut().push(id);
    }

    /// Starts a task, which is ready at once, and hands out what joins it.
    pub(super) fn spawn(self: &Rc<Self>, task: impl Future<Output = u64> + 'static) -> Join {
        let id = self.free.borrow_mut().pop().unwrap_or_else(|| {
            self.slots.set(self.slots.get() + 1);
            self.slots.get() - 1
        });
        let join = Join { shared: Rc::clone(self), end: Rc::default() };
        let end = Rc::clone(&join.end);
        let shared = Rc::clone(self);
        let task = Box::pin(async move {
            end.value.set(Some(task.await));
            if let Some(joiner) = end.joiner.take() {
                shared.wake(joiner);
            }
        });
        self.spawned.borrow_mut().push((id, task));
        self.wake(id);
        join
    }
}

/// How a task tells its end.
#[derive(Default)]
struct End {
    value: Cell<Option<u64>>,
    joiner: Cell<Option<u32>>,
}

/// Waits for the end of a task.
pub(super) struct Join {
    shared: Rc<Shared>,
    end: Rc<End>,
}

impl Future for Join {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        match self.end.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                self.end.joiner.set(Some(self.shared.current.get()));
                Poll::Pending
            }
        }
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
        std::hint::black_box((self.hash, &self.trace));
        self.trace.len() as u64
    }

    fn adopt(&mut self) {
        for (id, task) in self.shared.spawned.borrow_mut().drain(..) {
            if id as usize == self.tasks.len() {
                self.tasks.push(None);
            }
            self.tasks[id as usize] = Some(task);
        }
    }

    #[inline]
    fn step(&mut self) -> bool {
        let id = {
            let mut ready = self.shared.ready.borrow_mut();
            if ready.is_empty() {
                return false;
            }
            let draw = if ready.len() == 1 { 0 } else { u64::from(self.rng.next_u32()) };
            let at = (draw * ready.len() as u64) >> 32;
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
            self.shared.free.borrow_mut().push(id);
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
