//! Futures: results, exceptions, cancellation and done callbacks.
//!
//! Truth: `asyncio.Future` of CPython 3.11 to 3.13, in whose C version tasks and futures share one
//! base. Done callbacks run in the next turn, in the order of registration (ord-04); an exception at
//! which nobody looked is told when the future goes (exc-01 to exc-05).

use super::{
    callback::{Callback, NOTHING},
    desk::Desk,
    exception::Exception,
    heap::Node,
    kind::event,
    label::{Hold, Label},
    table::{Ready, Registered, Role, State},
    value::Stored,
};
use std::rc::Rc;

/// How far a cancellation goes from task to task: tasks that wait for themselves, through each other,
/// would cancel each other for ever. CPython raises a `RecursionError` there.
const CANCELS: u32 = 300;

impl Desk {
    /// `Future.done()`.
    pub(super) fn is_done(&self, node: Node) -> bool {
        self.tables.borrow().future(node).is_done()
    }

    pub(super) fn is_cancelled(&self, node: Node) -> bool {
        self.tables.borrow().future(node).is_cancelled()
    }

    /// `Future.set_result`.
    pub(super) fn set_result(
        self: &Rc<Self>,
        node: Node,
        value: &super::value::Value,
    ) -> Result<(), Exception> {
        if self.is_done(node) {
            return Err(Exception::invalid_state("invalid state"));
        }
        let stored = self.store(node, Hold::Result, value);
        self.finish(node, State::Result(stored))
    }

    /// The same with `None`, unless it is done.
    pub(super) fn release(self: &Rc<Self>, node: Node) {
        if !self.is_done(node) {
            let _ = self.finish(node, State::Result(Stored::None));
        }
    }

    /// The same with a value that the future already holds.
    pub(super) fn set_stored(self: &Rc<Self>, node: Node, stored: Stored) {
        let _ = self.finish(node, State::Result(stored));
    }

    /// `Future.set_exception`.
    pub(super) fn set_exception(
        self: &Rc<Self>,
        node: Node,
        error: Exception,
    ) -> Result<(), Exception> {
        if self.is_done(node) {
            return Err(Exception::invalid_state("invalid state"));
        }
        self.tables.borrow_mut().future_mut(node).unretrieved = true;
        self.keep_error(node, &error);
        self.finish(node, State::Error(error))
    }

    /// `Future.cancel`, or that of a task or a `gather`.
    pub(super) fn cancel(self: &Rc<Self>, node: Node, message: Option<Rc<str>>) -> bool {
        enum Way {
            Task(u32),
            Gather(Vec<Node>),
            Plain,
        }
        let way = match &self.tables.borrow().future(node).role {
            Role::Task(task) => Way::Task(*task),
            Role::Gather { children, .. } => {
                Way::Gather(children.iter().map(|&(child, _)| child).collect())
            }
            Role::Plain => Way::Plain,
        };
        if !matches!(way, Way::Gather(_)) {
            // It counts as a look at its exception, whatever comes of it (`Future.cancel`).
            self.tables.borrow_mut().future_mut(node).unretrieved = false;
        }
        if self.cancels.get() == CANCELS {
            return false;
        }
        self.cancels.set(self.cancels.get() + 1);
        let cancelled = match way {
            Way::Task(task) => self.cancel_task(task, message),
            Way::Gather(children) => self.cancel_gather(node, &children, message),
            Way::Plain => self.cancel_future(node, message),
        };
        self.cancels.set(self.cancels.get() - 1);
        cancelled
    }

    /// `Future.cancel` of the base class.
    pub(super) fn cancel_future(self: &Rc<Self>, node: Node, message: Option<Rc<str>>) -> bool {
        if self.is_done(node) {
            return false;
        }
        self.tables.borrow_mut().future_mut(node).message = message;
        let _ = self.finish(node, State::Cancelled);
        true
    }

    /// The future is done: its callbacks go into the ready queue. A loop that is closed takes none,
    /// and whoever finishes the future is told so.
    fn finish(self: &Rc<Self>, node: Node, state: State) -> Result<(), Exception> {
        let callbacks = {
            let mut tables = self.tables.borrow_mut();
            let future = tables.future_mut(node);
            future.state = state;
            std::mem::take(&mut future.callbacks)
        };
        let closed = self.tables.borrow().closed && !callbacks.is_empty();
        for Registered { callback, grip } in callbacks {
            if !closed {
                self.call_soon(callback, Some(node));
            }
            self.let_go_of(grip);
        }
        if closed { Err(Exception::runtime_error("Event loop is closed")) } else { Ok(()) }
    }

    /// `add_done_callback`.
    pub(super) fn add_done_callback(self: &Rc<Self>, node: Node, callback: Callback) {
        if self.is_done(node) {
            return self.call_soon(callback, Some(node));
        }
        let grip = (callback.on != NOTHING)
            .then(|| self.hold(node, Label::plain(Hold::Callback), callback.on));
        let mut tables = self.tables.borrow_mut();
        tables.future_mut(node).callbacks.push(Registered { callback, grip });
    }

    /// `remove_done_callback`: all that are the same.
    pub(super) fn remove_done_callback(self: &Rc<Self>, node: Node, callback: &Callback) {
        let removed: Vec<Registered> = {
            let mut tables = self.tables.borrow_mut();
            let callbacks = &mut tables.future_mut(node).callbacks;
            callbacks.extract_if(.., |known| known.callback.is_same(callback)).collect()
        };
        removed.into_iter().for_each(|one| self.let_go_of(one.grip));
    }

    /// Every done callback, removed.
    pub(super) fn remove_done_callbacks(self: &Rc<Self>, node: Node) -> usize {
        let removed = std::mem::take(&mut self.tables.borrow_mut().future_mut(node).callbacks);
        let count = removed.len();
        removed.into_iter().for_each(|one| self.let_go_of(one.grip));
        count
    }

    /// `Future.result()`.
    pub(super) fn result(&self, node: Node) -> Result<Stored, Exception> {
        let mut tables = self.tables.borrow_mut();
        let future = tables.future_mut(node);
        match &future.state {
            State::Pending => Err(Exception::invalid_state("Result is not set.")),
            State::Cancelled => {
                drop(tables);
                Err(self.cancelled_error(node))
            }
            State::Result(stored) => Ok(stored.clone()),
            State::Error(error) => {
                let error = error.clone();
                future.unretrieved = false;
                Err(error)
            }
        }
    }

    /// What is raised of a cancelled future: the first time, the exception with which its task ended.
    fn cancelled_error(&self, node: Node) -> Exception {
        let (own, message) = {
            let mut tables = self.tables.borrow_mut();
            let future = tables.future_mut(node);
            (future.cancelled_error.take(), future.message.clone())
        };
        let Some(error) = own else { return Exception::cancelled(message) };
        self.give_error(node, &error);
        error
    }

    /// The same, seen by the code of a frame.
    pub(super) fn result_seen(&self, frame: Node, node: Node) -> Result<Stored, Exception> {
        let result = self.result(node);
        let seen = match &result {
            Ok(stored) => self.hash_of(stored),
            Err(error) => error.hash(),
        };
        self.sees(frame, seen);
        result
    }

    /// `Future.exception()`.
    pub(super) fn exception(&self, node: Node) -> Result<Option<Exception>, Exception> {
        let mut tables = self.tables.borrow_mut();
        let future = tables.future_mut(node);
        match &future.state {
            State::Pending => Err(Exception::invalid_state("Exception is not set.")),
            State::Cancelled => {
                drop(tables);
                Err(self.cancelled_error(node))
            }
            State::Result(_) => Ok(None),
            State::Error(error) => {
                let error = error.clone();
                future.unretrieved = false;
                Ok(Some(error))
            }
        }
    }

    /// Puts a callback into the ready queue.
    #[inline]
    pub(super) fn call_soon(self: &Rc<Self>, callback: Callback, told: Option<Node>) {
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let label = Label::plain(Hold::Ready);
        let by = super::table::root::LOOP;
        let grip = (callback.on != NOTHING).then(|| tables.heap.hold(by, label, callback.on));
        let told = told.map(|node| (node, tables.heap.hold(by, label, node)));
        tables.ready.push_back(Ready::Direct { callback, grip, told });
    }

    /// The code of a frame has set the future.
    pub(super) fn tells_result(&self, frame: Node, node: Node) {
        self.tells(event::RESULT, self.who(frame), node, 0);
    }
}
