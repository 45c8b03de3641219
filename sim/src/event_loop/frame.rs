//! A frame: what a body is given, and what takes the place of what is ambient in asyncio.
//!
//! `frame.create_task(..)`, `frame.sleep(..)`, `frame.gather(..)`. What it makes is held by the frame,
//! by the [`Ref`] that it returns.

use super::{
    args::Args,
    awaits::Await,
    callback::{Callback, Run},
    desk::{Code, Desk},
    exception::Exception,
    heap::Node,
    hooks::Context,
    kind::{What, event},
    label::{Hold, Label},
    refs::{self, Future as AnyFuture, Handle, Ref, Set, Task, object},
    step::Birth,
    table::{Kind, Primitive, State, root},
    value::Value,
};
use crate::word::mix;
use std::{
    borrow::Cow, collections::VecDeque, fmt, future::Future, panic::Location, rc::Rc,
    time::Duration,
};

/// The frame of a coroutine, of a callback, or of code outside of both.
#[derive(Clone)]
pub struct Frame {
    desk: Rc<Desk>,
    node: Node,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the frame of {}", self.desk.shown(self.node))
    }
}

impl Frame {
    pub(super) fn new(desk: &Rc<Desk>, node: Node) -> Self {
        Frame { desk: Rc::clone(desk), node }
    }

    pub(super) fn desk(&self) -> &Rc<Desk> {
        &self.desk
    }

    pub(super) fn node(&self) -> Node {
        self.node
    }

    /// Code that stands outside of any coroutine and holds global variables.
    pub fn globals(&self) -> Frame {
        Frame::new(&self.desk, root::GLOBALS)
    }

    /// A variable of this frame for what another one holds.
    pub fn hold<T>(&self, other: &Ref<T>) -> Ref<T> {
        other.held_as(self.node)
    }

    /// A task with a name of its own, `Task-1`, that runs `body` with `args`. The loop holds it until
    /// its first step, and never afterwards: whoever is to keep it must hold it.
    ///
    /// `body` captures nothing but data that is `Copy`; references are passed as `args`.
    #[track_caller]
    pub fn create_task<A, F, R, T>(&self, args: A, body: F) -> Ref<Task>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R + Copy,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        self.start_task(None, Location::caller(), args, body)
    }

    /// The same under a name.
    #[track_caller]
    pub fn create_named<A, F, R, T>(
        &self,
        name: impl Into<Cow<'static, str>>,
        args: A,
        body: F,
    ) -> Ref<Task>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R + Copy,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        self.start_task(Some(name.into()), Location::caller(), args, body)
    }

    pub(super) fn start_task<A, F, R, T>(
        &self,
        name: Option<Cow<'static, str>>,
        site: &'static Location<'static>,
        args: A,
        body: F,
    ) -> Ref<Task>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        self.desk.flush();
        let name = name.map(|name| self.desk.text(name));
        let birth = Birth { maker: self.node, name, site };
        let (node, task) = self.desk.create_task(birth, args, body);
        let held = Ref::new(&self.desk, self.node, node);
        if self.desk.is_eager.get() && self.desk.current_task().is_some() {
            self.desk.start_eagerly(task);
        }
        held
    }

    /// A future that is pending.
    #[track_caller]
    pub fn future(&self) -> Ref<AnyFuture> {
        self.desk.flush();
        let node = self.desk.make_future(self.node);
        self.desk.tables.borrow_mut().object_mut(node).site = Some(Location::caller());
        Ref::new(&self.desk, self.node, node)
    }

    /// An `asyncio.Queue`; 0: of any size.
    #[track_caller]
    pub fn queue(&self, size: usize) -> Ref<refs::Queue> {
        let waiters = (VecDeque::new(), VecDeque::new());
        let (getters, putters) = waiters;
        let data = Primitive::Queue { size, items: VecDeque::new(), getters, putters };
        self.make(Kind::Queue, data)
    }

    /// An `asyncio.Event`.
    #[track_caller]
    pub fn event(&self) -> Ref<object::Event> {
        self.make(Kind::Event, Primitive::Event { set: false, waiters: VecDeque::new() })
    }

    /// An `asyncio.Lock`.
    #[track_caller]
    pub fn lock(&self) -> Ref<refs::Lock> {
        self.make(Kind::Lock, Primitive::Lock { locked: false, waiters: VecDeque::new() })
    }

    /// An `asyncio.Semaphore` of so many permits.
    #[track_caller]
    pub fn semaphore(&self, value: u32) -> Ref<refs::Semaphore> {
        self.make(Kind::Semaphore, Primitive::Semaphore { value, waiters: VecDeque::new() })
    }

    /// A `set` of tasks.
    #[track_caller]
    pub fn set(&self) -> Ref<Set> {
        self.make(Kind::Set, Primitive::Set { items: Vec::new() })
    }

    /// An object with attributes.
    #[track_caller]
    pub fn object(&self) -> Ref<refs::Plain> {
        self.make(Kind::Plain, Primitive::Plain { attributes: Vec::new() })
    }

    #[track_caller]
    fn make<T>(&self, kind: Kind, data: Primitive) -> Ref<T> {
        self.desk.flush();
        let node = {
            let mut tables = self.desk.tables.borrow_mut();
            let node = tables.make(self.node, kind);
            let row = tables.primitives.len() as u32;
            tables.primitives.push(data);
            let object = tables.object_mut(node);
            (object.row, object.site) = (row, Some(Location::caller()));
            node
        };
        Ref::new(&self.desk, self.node, node)
    }

    /// The task that runs; none in a callback.
    pub fn current_task(&self) -> Option<Ref<Task>> {
        let task = self.desk.current_task()?;
        let node = self.desk.tables.borrow().tasks[task as usize].node;
        Some(Ref::new(&self.desk, self.node, node))
    }

    /// The names of the tasks that are not done and still there, sorted: `asyncio.all_tasks()`.
    pub fn all_tasks(&self) -> Vec<String> {
        self.desk.flush();
        let tables = self.desk.tables.borrow();
        let mut names: Vec<String> = tables
            .tasks
            .iter()
            .filter(|task| tables.is_there(task.node) && !tables.future(task.node).is_done())
            .map(|task| tables.texts.text(tables.object(task.node).name).to_owned())
            .collect();
        names.sort_unstable();
        drop(tables);
        let hash = |name: &String| crate::trace::digest_bytes(name.as_bytes()).0 as u64;
        self.desk.sees(self.node, names.iter().fold(8, |seen, name| mix(seen, hash(name))));
        names
    }

    /// `gc.collect()`.
    pub fn collect(&self) {
        self.desk.flush();
        self.desk.collect(&mut || false);
    }

    /// Whether the loop runs: `get_running_loop()`.
    ///
    /// # Errors
    /// `RuntimeError` if it does not: in code outside, and in a `finally` that a collection there runs.
    pub fn running_loop(&self) -> Result<(), Exception> {
        self.desk.running_loop()
    }

    /// Lets go now of what was dropped since the last operation, as the next one would.
    pub fn settle(&self) {
        self.desk.flush();
    }

    /// A line of the timeline.
    pub fn log(&self, text: impl Into<Cow<'static, str>>) {
        self.tell_text(event::LOG, text.into());
    }

    /// A point that this frame has reached, for `sometimes`
    /// ([`invariants::reached`](super::invariants::reached)).
    pub fn mark(&self, point: &'static str) {
        self.tell_text(event::MARK, point.into());
    }

    fn tell_text(&self, kind: u8, text: Cow<'static, str>) {
        self.desk.flush();
        let hash = {
            let mut tables = self.desk.tables.borrow_mut();
            let text = tables.texts.add(text);
            tables.texts.hash(text)
        };
        self.desk.tells(kind, self.desk.who(self.node), 0, hash);
    }

    /// `loop.call_soon`. The handle is held by the loop until it is called.
    #[track_caller]
    pub fn call_soon<A, F>(&self, args: A, body: F) -> Ref<Handle>
    where
        A: Args + Clone,
        F: Fn(Frame, A) -> Result<(), Exception> + Copy + 'static,
    {
        self.desk.flush();
        let callback = self.callback(args, body);
        self.schedule(callback, None)
    }

    /// `loop.call_later`.
    #[track_caller]
    pub fn call_later<A, F>(&self, time: Duration, args: A, body: F) -> Ref<Handle>
    where
        A: Args + Clone,
        F: Fn(Frame, A) -> Result<(), Exception> + Copy + 'static,
    {
        self.desk.flush();
        let callback = self.callback(args, body);
        self.schedule(callback, Some(time))
    }

    fn schedule(
        &self,
        callback: (Callback, super::heap::Edge),
        time: Option<Duration>,
    ) -> Ref<Handle> {
        let (callback, held) = callback;
        let handle = self.desk.schedule(self.node, time, callback);
        let node = self.desk.tables.borrow().handles[handle as usize].node;
        let handle = Ref::new(&self.desk, self.node, node);
        self.desk.let_go(held);
        handle
    }

    /// A callback object of the program, held by this frame until somebody else holds it.
    #[track_caller]
    pub(super) fn callback<A, F>(&self, args: A, body: F) -> (Callback, super::heap::Edge)
    where
        A: Args + Clone,
        F: Fn(Frame, A) -> Result<(), Exception> + 'static,
    {
        let node = {
            let mut tables = self.desk.tables.borrow_mut();
            let node = tables.make(self.node, Kind::Callback);
            let row = self.desk.codes.borrow().len() as u32;
            let object = tables.object_mut(node);
            (object.row, object.site) = (row, Some(Location::caller()));
            node
        };
        let held = self.desk.hold(self.node, Label::plain(Hold::Local), node);
        let frame = Frame::new(&self.desk, node);
        let args = args.held_by(&frame);
        let code: Code = Rc::new(move |_| body(frame.clone(), args.clone()));
        self.desk.codes.borrow_mut().push(Some(code));
        (Callback::new(Run::Program, node), held)
    }

    /// Somebody outside will answer a future that it knows only weakly, as the protocol of a stream
    /// knows its reader (sock-01): it does not keep the waiting task.
    ///
    /// It answers at any turn; when, is a decision. If the future has gone, it answers nobody.
    pub fn answer_weakly(&self, future: &Ref<AnyFuture>, value: impl Into<Value>) {
        self.desk.add_reply(self.node, future.node(), false, &value.into());
    }

    /// Somebody outside will answer a future and holds it, as a selector or a transport does
    /// (sock-03).
    pub fn answer(&self, future: &Ref<AnyFuture>, value: impl Into<Value>) {
        self.desk.add_reply(self.node, future.node(), true, &value.into());
    }

    /// `loop.set_exception_handler`.
    pub fn set_exception_handler(&self, handler: impl Fn(&Context) + 'static) {
        self.desk.hooks.borrow_mut().handler = Some(Rc::new(handler));
    }

    /// `sys.unraisablehook`.
    pub fn set_unraisable_hook(&self, hook: impl Fn(&Exception) + 'static) {
        self.desk.hooks.borrow_mut().unraisable = Some(Rc::new(hook));
    }

    /// `loop.set_debug`.
    pub fn set_debug(&self, on: bool) {
        self.desk.is_debug.set(on);
    }

    /// `loop.set_task_factory(asyncio.eager_task_factory)`; false where there is none (3.11).
    pub fn set_eager_tasks(&self) -> bool {
        self.desk.is_eager.set(self.desk.profile.has_eager_tasks);
        self.desk.profile.has_eager_tasks
    }

    /// `loop.stop()`: the loop stops after this turn.
    pub fn stop_loop(&self) {
        self.desk.flush();
        self.desk.tables.borrow_mut().stopping = true;
    }

    /// What is awaited of a future, on behalf of this frame.
    pub(super) fn awaits(
        &self,
        future: Node,
        what: What,
        site: &'static Location<'static>,
    ) -> Await {
        Await::at(&self.desk, self.node, future, (what, site))
    }
}

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

macro_rules! futures {
    ($($type:ty),*) => {
        $(
            impl Ref<$type> {
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

            impl IntoFuture for &Ref<$type> {
                type Output = Result<Value, Exception>;
                type IntoFuture = Await;

                #[track_caller]
                fn into_future(self) -> Await {
                    self.desk().flush();
                    let what = if self.kind() == Kind::Task { What::Task } else { What::Future };
                    self.of_frame().awaits(self.node(), what, Location::caller())
                }
            }

            impl IntoFuture for Ref<$type> {
                type Output = Result<Value, Exception>;
                type IntoFuture = Await;

                #[track_caller]
                fn into_future(self) -> Await {
                    (&self).into_future()
                }
            }
        )*
    };
}

use std::future::IntoFuture;
futures!(AnyFuture, Task);

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
    pub(super) fn running_loop(&self) -> Result<(), Exception> {
        if self.tables.borrow().stopped {
            return Err(Exception::runtime_error("no running event loop"));
        }
        Ok(())
    }

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

    /// Runs a callback of the program.
    pub(super) fn run_program(self: &Rc<Self>, on: Node, told: Option<Node>) {
        let row = self.tables.borrow().object(on).row;
        let code = self.codes.borrow()[row as usize].clone();
        let Some(code) = code else { return };
        self.tells(event::CALLBACK, event::LOOP, on, 0);
        let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| code(self)));
        self.flush();
        let called = called.unwrap_or_else(|panic| {
            let text = crate::panics::panic_text(&*panic);
            Err(Exception::new(super::Class::Panic, text))
        });
        if let Err(error) = called {
            self.keep_callback(on, told);
            self.callback_raised(&error);
        }
    }

    /// What a callback raises goes to the handler; the others are called all the same (exc-09).
    pub(super) fn callback_raised(self: &Rc<Self>, error: &Exception) {
        if *error.class() == super::Class::Panic {
            let number = self.note_error(error);
            self.tells(event::PANICKED, event::LOOP, 0, number);
        }
        if error.class().leaves_the_loop() {
            self.tables.borrow_mut().escape = Some(error.clone());
            return;
        }
        self.report(super::Message::Callback, None, Some(error));
    }
}
