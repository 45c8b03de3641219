//! What the coroutines of a world share: the tables, the code, and the cells of the step at hand.
//!
//! There is no ambient state: a [`Frame`](super::Frame) leads here. While a step runs it acts at
//! once, as CPython does; the world learns of it from the tables and the events.

use super::{
    callback::Callback,
    exception::{Class, Exception},
    heap::{Edge, NONE, Node},
    hooks::Hooks,
    kind::{Message, event},
    label::{Hold, Label},
    profile::Profile,
    table::{Kind, LetGo, Tables, root},
    texts::Text,
    value::{Stored, Value},
};
use crate::{
    trace::Event,
    word::{Words, mix},
};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
};

/// The code of a coroutine.
pub(super) type Body = Pin<Box<dyn Future<Output = Result<Value, Exception>>>>;

/// Something that Rust let go of: what it stood for goes when the next operation begins, as CPython
/// lets it go at once.
pub(super) enum Dropped {
    /// A variable.
    Reference(Edge),
    /// A timer that only a frame knew.
    Timer(u32),
    /// A done callback of a future.
    Callback(Node, Callback),
}

/// The code of a callback.
pub(super) type Code = Rc<dyn Fn(&Rc<Desk>) -> Result<(), Exception>>;

pub(super) struct Desk {
    pub(super) profile: &'static Profile,
    pub(super) tables: RefCell<Tables>,
    /// The code of tasks, by task; of generators, by generator; of callbacks, by their row.
    pub(super) bodies: RefCell<Vec<Option<Body>>>,
    pub(super) generators: RefCell<Vec<Option<Body>>>,
    pub(super) codes: RefCell<Vec<Option<Code>>>,
    /// Coroutines that went on awaiting when they were closed, by the frame that awaited them.
    pub(super) ignorers: RefCell<Vec<(Node, Body)>>,
    pub(super) program: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    pub(super) dropped: RefCell<Vec<Dropped>>,
    /// Which run this is: what was made in another one does not count.
    pub(super) run: Cell<u32>,
    // The poll at hand.
    pub(super) current: Cell<u32>,
    pub(super) thrown: RefCell<Option<Exception>>,
    /// Whoever awaits may go on; the first to ask does.
    pub(super) resumed: Cell<bool>,
    pub(super) yielded: Cell<Option<Yielded>>,
    /// The coroutine is being closed.
    pub(super) closing: Cell<bool>,
    /// What a generator yields.
    pub(super) item: RefCell<Option<Stored>>,
    /// What exceptions keep that nobody holds yet, or that were caught in this step.
    pub(super) in_flight: RefCell<Vec<Edge>>,
    /// How many cancellations are under way, one in another.
    pub(super) cancels: Cell<u32>,
    /// The collector is at work.
    pub(super) collecting: Cell<bool>,
    /// The run is over: nothing that is dropped counts.
    pub(super) over: Cell<bool>,
    pub(super) is_debug: Cell<bool>,
    pub(super) is_eager: Cell<bool>,
    pub(super) events: RefCell<Vec<Event>>,
    /// References that went in this step and were not the last ones: holder, what it was, to whom.
    pub(super) let_go: RefCell<Vec<(Node, Label, Node)>>,
    pub(super) hooks: RefCell<Hooks>,
}

/// What a coroutine gives to its task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Yielded {
    /// Nothing: `sleep(0)`.
    Bare,
    /// A future to wait for.
    Future(Node),
}

impl Desk {
    pub(super) fn new(profile: &'static Profile) -> Self {
        Desk {
            profile,
            tables: RefCell::default(),
            bodies: RefCell::default(),
            generators: RefCell::default(),
            codes: RefCell::default(),
            ignorers: RefCell::default(),
            program: RefCell::default(),
            dropped: RefCell::default(),
            run: Cell::new(0),
            current: Cell::new(NONE),
            thrown: RefCell::default(),
            resumed: Cell::new(false),
            yielded: Cell::new(None),
            closing: Cell::new(false),
            item: RefCell::default(),
            in_flight: RefCell::default(),
            cancels: Cell::new(0),
            collecting: Cell::new(false),
            over: Cell::new(false),
            is_debug: Cell::new(false),
            is_eager: Cell::new(false),
            events: RefCell::default(),
            let_go: RefCell::default(),
            hooks: RefCell::default(),
        }
    }

    /// Makes it empty for a new run, keeping its memory.
    pub(super) fn reset(&self) {
        self.drop_code();
        self.run.set(self.run.get() + 1);
        self.tables.borrow_mut().clear();
        self.dropped.borrow_mut().clear();
        self.in_flight.borrow_mut().clear();
        self.current.set(NONE);
        self.thrown.take();
        self.resumed.set(false);
        self.yielded.set(None);
        self.closing.set(false);
        self.cancels.set(0);
        self.collecting.set(false);
        self.item.take();
        self.is_debug.set(false);
        self.is_eager.set(false);
        self.events.borrow_mut().clear();
        self.let_go.borrow_mut().clear();
        self.hooks.take();
    }

    /// A move begins.
    #[inline]
    pub(super) fn begin_step(&self) {
        self.tables.borrow_mut().steps += 1;
        self.let_go.borrow_mut().clear();
    }

    /// Drops all code; what it does on the way does not count.
    pub(super) fn drop_code(&self) {
        self.over.set(true);
        let program = self.program.take();
        let bodies = (self.bodies.take(), self.generators.take(), self.ignorers.take());
        let codes = self.codes.take();
        // A panic here belongs to a run that is over; its verdict stands.
        let dropping = std::panic::AssertUnwindSafe(|| drop((program, bodies, codes)));
        let _ = std::panic::catch_unwind(dropping);
        self.over.set(false);
    }

    /// Takes hold of an object.
    #[inline]
    pub(super) fn hold(&self, from: Node, label: Label, to: Node) -> Edge {
        self.tables.borrow_mut().heap.hold(from, label, to)
    }

    pub(super) fn text(&self, text: impl Into<Cow<'static, str>>) -> Text {
        self.tables.borrow_mut().texts.add(text)
    }

    /// Lets go of a reference; an object that nobody holds any more is freed at once.
    pub(super) fn let_go(self: &Rc<Self>, edge: Edge) {
        let freed = {
            let mut tables = self.tables.borrow_mut();
            let &super::heap::Reference { from, to, label, .. } = tables.heap.reference(edge);
            if tables.heap.drop_reference(edge) {
                Some(to)
            } else {
                // What the loop holds for a moment is no variable of the program.
                if label.is_of_program() && from != root::LOOP {
                    tables.let_go += 1;
                    let (step, nth) = (tables.steps, tables.let_go);
                    tables.object_mut(to).let_go = Some(LetGo { step, nth, from, label, to });
                }
                self.let_go.borrow_mut().push((from, label, to));
                None
            }
        };
        if let Some(node) = freed {
            self.free(node);
        }
    }

    pub(super) fn let_go_of(self: &Rc<Self>, edge: Option<Edge>) {
        if let Some(edge) = edge {
            self.let_go(edge);
        }
    }

    /// What Rust dropped since the last operation goes now.
    #[inline]
    pub(super) fn flush(self: &Rc<Self>) {
        if !self.dropped.borrow().is_empty() {
            self.flush_dropped();
        }
    }

    #[cold]
    fn flush_dropped(self: &Rc<Self>) {
        let dropped = std::mem::take(&mut *self.dropped.borrow_mut());
        for one in dropped {
            match one {
                Dropped::Reference(edge) => self.let_go(edge),
                Dropped::Timer(handle) => self.cancel_handle(handle),
                Dropped::Callback(future, callback) => {
                    if !self.tables.borrow().heap.is_freed(future) {
                        self.remove_done_callback(future, &callback);
                    }
                }
            }
        }
    }

    /// A variable of Rust that stood for something is gone.
    pub(super) fn drops(&self, run: u32, dropped: Dropped) {
        if !self.over.get() && self.run.get() == run {
            self.dropped.borrow_mut().push(dropped);
        }
    }

    /// The code of a frame has seen this.
    #[inline]
    pub(super) fn sees(&self, frame: Node, what: u64) {
        let object = &mut self.tables.borrow_mut().objects[frame as usize];
        object.seen = mix(object.seen, what);
    }

    /// Whose events the code of a frame makes.
    pub(super) fn who(&self, frame: Node) -> u32 {
        let tables = self.tables.borrow();
        let object = tables.object(frame);
        match object.kind {
            Kind::Coroutine | Kind::Task => object.row.min(event::PROGRAM),
            Kind::Root if frame == root::PROGRAM => event::PROGRAM,
            Kind::Generator => self.current.get().min(event::LOOP),
            _ => event::LOOP,
        }
    }

    #[inline]
    pub(super) fn tells(&self, kind: u8, who: u32, arg: u32, value: u64) {
        self.events.borrow_mut().push(Words::new(kind, who.min(event::LOOP), arg, value));
    }

    /// Keeps an exception for reports, and gives its number, from 1.
    pub(super) fn note_error(&self, error: &Exception) -> u64 {
        let errors = &mut self.tables.borrow_mut().errors;
        errors.push(error.clone());
        errors.len() as u64
    }

    /// Calls the loop's exception handler.
    pub(super) fn report(
        self: &Rc<Self>,
        message: Message,
        about: Option<Node>,
        error: Option<&Exception>,
    ) {
        let who = about.map_or(event::LOOP, |node| self.who(node));
        let value = error.map_or(0, |error| self.note_error(error));
        self.tells(event::HANDLER, who, message as u32, value);
        let handler = self.hooks.borrow().handler.clone();
        if let Some(handler) = handler {
            handler(&super::hooks::Context::new(self, message, about, error));
        }
    }

    /// An exception that nobody can catch.
    pub(super) fn unraisable(self: &Rc<Self>, frame: Node, error: &Exception) {
        let (value, who) = (self.note_error(error), self.who(frame));
        if *error.class() == Class::Panic {
            self.tells(event::PANICKED, who, 0, value);
        }
        self.tells(event::UNRAISABLE, who, 0, value);
        let hook = self.hooks.borrow().unraisable.clone();
        if let Some(hook) = hook {
            hook(error);
        }
    }

    /// A value as an object keeps it.
    pub(super) fn store(self: &Rc<Self>, holder: Node, hold: Hold, value: &Value) -> Stored {
        match value {
            Value::None => Stored::None,
            Value::Bool(yes) => Stored::Bool(*yes),
            Value::Int(number) => Stored::Int(*number),
            Value::Text(text) => Stored::Text(Rc::clone(text)),
            Value::Error(error) => Stored::Error(error.clone()),
            Value::List(items) => {
                Stored::List(items.iter().map(|item| self.store(holder, hold, item)).collect())
            }
            Value::Object(object) => {
                let node = object.node();
                Stored::Object(node, self.hold(holder, Label::plain(hold), node))
            }
        }
    }

    /// A value that an object keeps, as a frame sees it.
    pub(super) fn load(self: &Rc<Self>, frame: Node, stored: &Stored) -> Value {
        match stored {
            Stored::None => Value::None,
            Stored::Bool(yes) => Value::Bool(*yes),
            Stored::Int(number) => Value::Int(*number),
            Stored::Text(text) => Value::Text(Rc::clone(text)),
            Stored::Error(error) => Value::Error(error.clone()),
            Stored::List(items) => {
                Value::List(items.iter().map(|item| self.load(frame, item)).collect())
            }
            Stored::Object(node, _) => Value::Object(super::refs::Ref::new(self, frame, *node)),
        }
    }

    /// Lets go of all that a kept value holds.
    pub(super) fn let_go_of_value(self: &Rc<Self>, stored: &Stored) {
        let mut edges = Vec::new();
        stored.edges(&mut edges);
        edges.into_iter().for_each(|edge| self.let_go(edge));
    }

    /// A hash of a value that does not depend on the schedule.
    pub(super) fn hash_of(&self, stored: &Stored) -> u64 {
        let tables = self.tables.borrow();
        stored.hash(&|node| tables.object(node).id)
    }
}
