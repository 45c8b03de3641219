//! A task: its birth, its steps and its cancellation.
//!
//! Truth: `asyncio.Task` of CPython 3.11 to 3.13. The first step stands in the ready queue (ord-02);
//! what a coroutine yields is a future to wait for or nothing; a cancellation is delivered at the
//! next step, or cancels the future that is waited for (can-01 to can-12).

use super::{
    args::Args,
    callback::{Callback, Run},
    desk::{Body, Desk, Yielded},
    destroy::ignored,
    exception::{Class, Exception, caught},
    frame::Frame,
    heap::{NONE, Node},
    kind::{What, event},
    label::{Hold, Label},
    table::{Kind, Role, Task},
    texts::Text,
    value::{Stored, Value},
};
use crate::{
    name::{child_id, root_id},
    word::mix,
};
use std::{
    future::Future,
    panic::Location,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// How a coroutine left the loop's hands.
pub(super) enum Left {
    Returned(Value),
    Raised(Exception),
    Suspended(Yielded),
    /// A generator has given an item.
    Yielded(Stored),
}

/// A task that is about to be made.
pub(super) struct Birth {
    pub(super) maker: Node,
    pub(super) name: Option<Text>,
    pub(super) site: &'static Location<'static>,
}

impl Desk {
    /// Makes a task and puts its first step into the ready queue. The caller must hold it at once.
    pub(super) fn create_task<A, F, R, T>(
        self: &Rc<Self>,
        birth: Birth,
        args: A,
        body: F,
    ) -> (Node, u32)
    where
        A: Args,
        F: FnOnce(Frame, A) -> R,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        let coroutine = self.tables.borrow_mut().make(birth.maker, Kind::Coroutine);
        // The coroutine holds its arguments before there is a task that could hold it.
        let held = self.hold(birth.maker, Label::plain(Hold::Local), coroutine);
        let frame = Frame::new(self, coroutine);
        let args = args.held_by(&frame);
        let future = body(frame, args);
        let body: Body = Box::pin(async move { future.await.map(Into::into) });
        let (node, task) = self.add_task(&birth, coroutine);
        self.bodies.borrow_mut().push(Some(body));
        self.tells(event::SPAWNED, self.who(birth.maker), task, 0);
        let eager = self.is_eager.get() && self.current.get() != NONE;
        if !eager {
            self.call_soon(Callback::new(Run::Step, node), None);
        }
        self.let_go(held);
        (node, task)
    }

    fn add_task(self: &Rc<Self>, birth: &Birth, coroutine: Node) -> (Node, u32) {
        let mut tables = self.tables.borrow_mut();
        let task = tables.tasks.len() as u32;
        let node = tables.make_future(birth.maker, Kind::Task, Role::Task(task));
        let edge = tables.heap.hold(node, Label::plain(Hold::Coroutine), coroutine);
        let name = match birth.name {
            Some(name) => name,
            None => {
                tables.unnamed += 1;
                let name = format!("Task-{}", tables.unnamed);
                tables.texts.add(name)
            }
        };
        let parent = match tables.object(birth.maker).kind {
            Kind::Coroutine => tables.object(birth.maker).row,
            _ => self.current.get(),
        };
        let (ordinal, id) = match parent {
            NONE => {
                tables.roots += 1;
                (tables.roots, child_id(root_id(), tables.roots))
            }
            parent => {
                let parent = &mut tables.tasks[parent as usize];
                parent.children += 1;
                (parent.children, child_id(parent.id, parent.children))
            }
        };
        for (object, row) in [(node, task), (coroutine, task)] {
            let object = tables.object_mut(object);
            (object.row, object.name, object.site) = (row, name, Some(birth.site));
        }
        tables.tasks.push(Task {
            node,
            coroutine,
            coroutine_edge: edge,
            waiter: None,
            must_cancel: false,
            cancels: 0,
            started: false,
            over: false,
            parent,
            ordinal,
            children: 0,
            asked: 0,
            id,
            is_quiet: false,
            lost: None,
            destroyed: None,
            awaits: None,
        });
        (node, task)
    }

    /// The first step of an eager task, in the middle of whoever makes it (3.12, eager-01).
    pub(super) fn start_eagerly(self: &Rc<Self>, task: u32) {
        let before = self.current.replace(task);
        self.step(task, None);
        self.current.set(before);
    }

    /// A step of a task.
    pub(super) fn step(self: &Rc<Self>, task: u32, thrown: Option<Exception>) {
        let mut thrown = thrown;
        let (node, waiter) = {
            let mut tables = self.tables.borrow_mut();
            let node = tables.tasks[task as usize].node;
            let message = tables.future(node).message.clone();
            let row = &mut tables.tasks[task as usize];
            if std::mem::take(&mut row.must_cancel)
                && !thrown.as_ref().is_some_and(Exception::is_cancelled)
            {
                thrown = Some(Exception::cancelled(message));
            }
            (node, row.waiter.take())
        };
        self.let_go_of(waiter.map(|(_, edge)| edge));
        match self.run_task(task, thrown) {
            Left::Returned(value) => self.task_returned(task, node, &value),
            Left::Raised(error) => self.task_raised(task, node, error),
            Left::Suspended(Yielded::Bare) | Left::Yielded(_) => {
                self.tells(event::AWAITS, task, NONE, 0);
                self.call_soon(Callback::new(Run::Step, node), None);
            }
            Left::Suspended(Yielded::Future(future)) => self.task_waits(task, node, future),
        }
    }

    fn task_returned(self: &Rc<Self>, task: u32, node: Node, value: &Value) {
        let cancelled =
            std::mem::take(&mut self.tables.borrow_mut().tasks[task as usize].must_cancel);
        if cancelled {
            // It was cancelled in its last step.
            self.tells(event::CANCELLED, task, 0, 0);
            let message = self.tables.borrow().future(node).message.clone();
            self.cancel_future(node, message);
        } else {
            self.tells(event::RETURNED, task, 0, 0);
            let _ = self.set_result(node, value);
        }
    }

    fn task_raised(self: &Rc<Self>, task: u32, node: Node, error: Exception) {
        if error.is_cancelled() {
            self.tells(event::CANCELLED, task, 0, 0);
            // The exception is kept for the first who looks; the message goes.
            self.keep_error(node, &error);
            self.tables.borrow_mut().future_mut(node).cancelled_error = Some(error);
            self.cancel_future(node, None);
            return;
        }
        let number = self.note_error(&error);
        let kind = if *error.class() == Class::Panic { event::PANICKED } else { event::RAISED };
        self.tells(kind, task, 0, number);
        if error.class().leaves_the_loop() {
            self.tables.borrow_mut().escape = Some(error.clone());
        }
        let _ = self.set_exception(node, error);
    }

    fn task_waits(self: &Rc<Self>, task: u32, node: Node, future: Node) {
        let what = self.tables.borrow().tasks[task as usize].awaits;
        let what = what.map_or(What::Future, |(what, _)| what);
        self.tells(event::AWAITS, task, future, what as u64);
        if future == node {
            let error = Exception::runtime_error("Task cannot await on itself");
            return self.step(task, Some(error));
        }
        self.add_done_callback(future, Callback::new(Run::Wakeup, node));
        let edge = self.hold(node, Label::plain(Hold::Waiter), future);
        let must_cancel = {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            row.waiter = Some((future, edge));
            row.must_cancel
        };
        if must_cancel {
            let message = self.tables.borrow().future(node).message.clone();
            if self.cancel(future, message) {
                self.tables.borrow_mut().tasks[task as usize].must_cancel = false;
            }
        }
    }

    /// `Task.cancel`.
    pub(super) fn cancel_task(self: &Rc<Self>, task: u32, message: Option<Rc<str>>) -> bool {
        let (node, waiter) = {
            let tables = self.tables.borrow();
            let row = &tables.tasks[task as usize];
            (row.node, row.waiter)
        };
        if self.is_done(node) {
            return false;
        }
        self.tables.borrow_mut().tasks[task as usize].cancels += 1;
        if let Some((future, _)) = waiter
            && self.cancel(future, message.clone())
        {
            return true;
        }
        let mut tables = self.tables.borrow_mut();
        tables.tasks[task as usize].must_cancel = true;
        tables.future_mut(node).message = message;
        true
    }

    /// `Task.uncancel`.
    pub(super) fn uncancel(&self, task: u32) -> u32 {
        let row = &mut self.tables.borrow_mut().tasks[task as usize];
        if row.cancels > 0 {
            row.cancels -= 1;
            if row.cancels == 0 && self.profile.uncancel_takes_back {
                row.must_cancel = false;
            }
        }
        row.cancels
    }

    /// Runs the coroutine of a task up to its next await.
    fn run_task(self: &Rc<Self>, task: u32, thrown: Option<Exception>) -> Left {
        let (coroutine, over, fresh) = {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            let fresh = !std::mem::replace(&mut row.started, true);
            (row.coroutine, row.over, fresh)
        };
        let body = self.bodies.borrow_mut()[task as usize].take().filter(|_| !over);
        let Some(mut body) = body else {
            let text = "cannot reuse already awaited coroutine";
            return Left::Raised(Exception::runtime_error(text));
        };
        if fresh && let Some(error) = thrown {
            // What is thrown into a coroutine that has not begun ends it there (can-01).
            self.tables.borrow_mut().tasks[task as usize].over = true;
            drop(body);
            self.flush();
            return Left::Raised(error);
        }
        let before = self.current.replace(task);
        self.sees(coroutine, thrown.as_ref().map_or(1, |error| mix(2, error.hash())));
        let left = self.resume(&mut body, thrown);
        match left {
            Left::Suspended(_) => self.bodies.borrow_mut()[task as usize] = Some(body),
            _ => {
                self.tables.borrow_mut().tasks[task as usize].over = true;
                drop(body);
            }
        }
        self.flush();
        self.current.set(before);
        left
    }

    /// Runs a coroutine up to its next await; an exception is raised at the one where it stands.
    pub(super) fn resume(&self, body: &mut Body, thrown: Option<Exception>) -> Left {
        let before = (self.thrown.replace(thrown), self.resumed.replace(true));
        let yielded = self.yielded.take();
        let poll = || body.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let left = match caught(poll) {
            Err(panic) => Left::Raised(panic),
            Ok(Poll::Ready(Ok(value))) => Left::Returned(value),
            Ok(Poll::Ready(Err(error))) => Left::Raised(error),
            Ok(Poll::Pending) => self.left_pending(),
        };
        self.thrown.replace(before.0);
        self.resumed.set(before.1);
        self.yielded.set(yielded);
        left
    }

    fn left_pending(&self) -> Left {
        if let Some(item) = self.item.take() {
            return Left::Yielded(item);
        }
        self.yielded.take().map_or_else(
            || {
                let text = "a coroutine is pending and awaits nothing of the event loop: a future \
                            of another runtime, or two awaits at once";
                Left::Raised(Exception::new(Class::Panic, text))
            },
            Left::Suspended,
        )
    }

    /// `close()`: raises `GeneratorExit` where the coroutine stands.
    pub(super) fn close(self: &Rc<Self>, body: &mut Body, frame: Node) -> Left {
        let before = self.closing.replace(true);
        self.sees(frame, 3);
        let left = self.resume(body, Some(Exception::generator_exit()));
        self.flush();
        self.closing.set(before);
        left
    }

    /// Keeps a coroutine that went on awaiting when it was closed until its caller's frame goes, and
    /// says what its `close()` raises.
    pub(super) fn keep_ignorer(&self, frame: Node, body: Body) -> Exception {
        self.ignorers.borrow_mut().push((frame, body));
        ignored()
    }

    /// Steps a task whose future is done.
    pub(super) fn wake(self: &Rc<Self>, task: u32, future: Node) {
        // What it waited for raises where it stands; a result is read there.
        let thrown = self.result(future).err();
        self.step(task, thrown);
    }

    /// The task that runs, if any.
    pub(super) fn current_task(&self) -> Option<u32> {
        Some(self.current.get()).filter(|&task| task != NONE)
    }
}
