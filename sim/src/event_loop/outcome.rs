//! What can be done with a variable of a future, a task or a handle.

use super::{
    args::Args,
    awaits::Await,
    desk::Desk,
    exception::Exception,
    frame::Frame,
    heap::Node,
    kind::{What, event},
    refs::{Future as AnyFuture, Handle, IsFuture, Ref, Task},
    table::{Kind, State},
    value::Value,
};
use std::{future::IntoFuture, panic::Location, rc::Rc};

/// What became of a future, for those who look.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is not done.
    Pending,
    /// It was cancelled.
    Cancelled,
    /// It has a result.
    Result(Value),
    /// It has an exception.
    Exception(Exception),
}

impl<T: IsFuture> Ref<T> {
    /// The same variable, as one of a future.
    pub fn future(&self) -> Ref<AnyFuture> {
        self.held_as(self.frame())
    }

    /// `done()`.
    pub fn is_done(&self) -> bool {
        self.desk().flush();
        let done = self.desk().is_done(self.node());
        self.desk().sees(self.frame(), u64::from(done) + 10);
        done
    }

    /// What became of it, without counting as a look at its exception.
    pub fn outcome(&self) -> Outcome {
        self.desk().flush();
        self.desk().outcome(self.frame(), self.node())
    }

    /// `exception()`: the exception, if there is one; it counts as retrieved.
    ///
    /// # Errors
    /// If it is not done, or was cancelled.
    pub fn exception(&self) -> Result<Option<Exception>, Exception> {
        self.desk().flush();
        let got = self.desk().exception(self.node());
        let seen = got.as_ref().map_or(12, |e| e.as_ref().map_or(13, Exception::hash));
        self.desk().sees(self.frame(), seen);
        got
    }

    /// `cancel()`: true unless it is done.
    pub fn cancel(&self) -> bool {
        self.cancel_with(None)
    }

    /// `cancel(message)`.
    pub fn cancel_with(&self, message: Option<&str>) -> bool {
        self.desk().flush();
        let done = self.desk().cancel(self.node(), message.map(Into::into));
        self.desk().told_cancel(self.frame(), self.node(), done);
        done
    }

    /// `add_done_callback`: called in a turn after it is done. It does not keep the
    /// future (ref-14).
    ///
    /// # Errors
    /// `RuntimeError` if it is done and the loop is closed.
    #[track_caller]
    pub fn add_done_callback<A, F>(&self, args: A, body: F) -> Result<(), Exception>
    where
        A: Args + Clone,
        F: Fn(Frame, A) -> Result<(), Exception> + Copy + 'static,
    {
        self.desk().flush();
        if self.desk().is_done(self.node()) && self.desk().tables.borrow().closed {
            return Err(Exception::runtime_error("Event loop is closed"));
        }
        let (callback, held) = self.of_frame().callback(args, body);
        self.desk().add_done_callback(self.node(), callback);
        self.desk().let_go(held);
        Ok(())
    }

    /// `remove_done_callback` of every callback, wake-ups included; how many there were.
    pub fn remove_done_callbacks(&self) -> usize {
        self.desk().flush();
        self.desk().remove_done_callbacks(self.node())
    }
}

impl<T: IsFuture> IntoFuture for &Ref<T> {
    type Output = Result<Value, Exception>;
    type IntoFuture = Await;

    #[track_caller]
    fn into_future(self) -> Await {
        self.desk().flush();
        let what = if self.kind() == Kind::Task { What::Task } else { What::Future };
        self.of_frame().awaits(self.node(), what, Location::caller())
    }
}

impl<T: IsFuture> IntoFuture for Ref<T> {
    type Output = Result<Value, Exception>;
    type IntoFuture = Await;

    #[track_caller]
    fn into_future(self) -> Await {
        (&self).into_future()
    }
}

impl Ref<AnyFuture> {
    /// `set_result`.
    ///
    /// # Errors
    /// `InvalidStateError` if it is done.
    pub fn set_result(&self, value: impl Into<Value>) -> Result<(), Exception> {
        self.desk().flush();
        self.desk().set_result(self.node(), &value.into())?;
        self.desk().tells_result(self.frame(), self.node());
        Ok(())
    }

    /// `set_exception`.
    ///
    /// # Errors
    /// `InvalidStateError` if it is done.
    pub fn set_exception(&self, error: Exception) -> Result<(), Exception> {
        self.desk().flush();
        self.desk().set_exception(self.node(), error)?;
        self.desk().tells_result(self.frame(), self.node());
        Ok(())
    }
}

impl Ref<Task> {
    /// `cancelling()`: how often it was cancelled, less how often that was taken back.
    pub fn cancelling(&self) -> u32 {
        self.desk().flush();
        let task = self.desk().tables.borrow().object(self.node()).row;
        let cancels = self.desk().tables.borrow().tasks[task as usize].cancels;
        self.desk().sees(self.frame(), u64::from(cancels));
        cancels
    }

    /// `uncancel()`: takes one cancellation back; how many are left.
    pub fn uncancel(&self) -> u32 {
        self.desk().flush();
        let task = self.desk().tables.borrow().object(self.node()).row;
        let left = self.desk().uncancel(task);
        self.desk().sees(self.frame(), u64::from(left));
        left
    }

    /// `get_name()`.
    pub fn name(&self) -> String {
        let tables = self.desk().tables.borrow();
        tables.texts.text(tables.object(self.node()).name).to_owned()
    }
}

impl Ref<Handle> {
    /// `cancel()`: it is not called, and holds nothing any more (ref-16).
    pub fn cancel(&self) {
        self.desk().flush();
        let handle = self.desk().tables.borrow().object(self.node()).row;
        self.desk().cancel_handle(handle);
    }
}

impl Desk {
    fn outcome(self: &Rc<Self>, frame: Node, node: Node) -> Outcome {
        let state = self.tables.borrow().future(node).state.clone();
        let (seen, outcome) = match state {
            State::Pending => (20, Outcome::Pending),
            State::Cancelled => (21, Outcome::Cancelled),
            State::Result(stored) => {
                (self.hash_of(&stored), Outcome::Result(self.load(frame, &stored)))
            }
            State::Error(error) => (error.hash(), Outcome::Exception(error)),
        };
        self.sees(frame, seen);
        outcome
    }

    fn told_cancel(&self, frame: Node, node: Node, done: bool) {
        self.sees(frame, u64::from(done) + 30);
        self.tells(event::CANCEL, self.who(frame), node, u64::from(done));
    }
}
