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
    table::{Kind, Primitive, root},
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
    run: u32,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the frame of {}", self.desk.shown(self.node))
    }
}

impl Frame {
    pub(super) fn new(desk: &Rc<Desk>, node: Node) -> Self {
        Frame { desk: Rc::clone(desk), node, run: desk.run.get() }
    }

    pub(super) fn desk(&self) -> &Rc<Desk> {
        &self.desk
    }

    /// # Panics
    /// If its run is over: a body kept it for the next one.
    pub(super) fn node(&self) -> Node {
        assert_eq!(self.run, self.desk.run.get(), "a frame is used in the run that made it");
        self.node
    }

    /// Code that stands outside of any coroutine and holds global variables.
    pub fn globals(&self) -> Frame {
        Frame::new(&self.desk, root::GLOBALS)
    }

    /// A variable of this frame for what another one holds.
    pub fn hold<T>(&self, other: &Ref<T>) -> Ref<T> {
        other.held_as(self.node())
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
        let birth = Birth { maker: self.node(), name, site };
        let (node, task) = self.desk.create_task(birth, args, body);
        let held = Ref::new(&self.desk, self.node(), node);
        if self.desk.is_eager.get() && self.desk.current_task().is_some() {
            self.desk.start_eagerly(task);
        }
        held
    }

    /// A future that is pending.
    #[track_caller]
    pub fn future(&self) -> Ref<AnyFuture> {
        self.desk.flush();
        let node = self.desk.make_future(self.node());
        self.desk.tables.borrow_mut().object_mut(node).site = Some(Location::caller());
        Ref::new(&self.desk, self.node(), node)
    }

    /// An `asyncio.Queue`; 0: of any size.
    #[track_caller]
    pub fn queue(&self, size: usize) -> Ref<refs::Queue> {
        let (getters, putters) = (VecDeque::new(), VecDeque::new());
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
        let free = Primitive::Lock { locked: false, taker: None, waiters: VecDeque::new() };
        self.make(Kind::Lock, free)
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
            let node = tables.make(self.node(), kind);
            let row = tables.primitives.len() as u32;
            tables.primitives.push(data);
            let object = tables.object_mut(node);
            (object.row, object.site) = (row, Some(Location::caller()));
            node
        };
        Ref::new(&self.desk, self.node(), node)
    }

    /// The task that runs; none in a callback.
    pub fn current_task(&self) -> Option<Ref<Task>> {
        let task = self.desk.current_task()?;
        let node = self.desk.tables.borrow().tasks[task as usize].node;
        Some(Ref::new(&self.desk, self.node(), node))
    }

    /// The names of the tasks that are not done and still there, sorted: `asyncio.all_tasks()`.
    pub fn all_tasks(&self) -> Vec<String> {
        self.desk.flush();
        let tables = self.desk.tables.borrow();
        let mut names: Vec<String> = tables
            .tasks
            .iter()
            .filter(|task| tables.is_pending(task.node))
            .map(|task| tables.texts.text(tables.object(task.node).name).to_owned())
            .collect();
        names.sort_unstable();
        drop(tables);
        let hash = |name: &String| crate::trace::digest_bytes(name.as_bytes()).0 as u64;
        self.desk.sees(self.node(), names.iter().fold(8, |seen, name| mix(seen, hash(name))));
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
        self.desk.tells(kind, self.desk.who(self.node()), 0, hash);
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
        let handle = self.desk.schedule(self.node(), time, callback);
        let node = self.desk.tables.borrow().handles[handle as usize].node;
        let handle = Ref::new(&self.desk, self.node(), node);
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
            let node = tables.make(self.node(), Kind::Callback);
            let row = self.desk.codes.borrow().len() as u32;
            let object = tables.object_mut(node);
            (object.row, object.site) = (row, Some(Location::caller()));
            node
        };
        let held = self.desk.hold(self.node(), Label::plain(Hold::Local), node);
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
        self.desk.add_reply(self.node(), future.node(), false, &value.into());
    }

    /// Somebody outside will answer a future and holds it, as a selector or a transport does
    /// (sock-03).
    pub fn answer(&self, future: &Ref<AnyFuture>, value: impl Into<Value>) {
        self.desk.add_reply(self.node(), future.node(), true, &value.into());
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
        Await::at(&self.desk, self.node(), future, (what, site))
    }
}

impl Desk {
    /// What needs a running loop is refused outside of one.
    pub(super) fn running_loop(&self) -> Result<(), Exception> {
        if self.tables.borrow().stopped {
            return Err(Exception::runtime_error("no running event loop"));
        }
        Ok(())
    }
}
