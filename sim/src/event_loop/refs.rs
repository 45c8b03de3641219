//! References: a value of Rust that stands for a variable of Python.
//!
//! A [`Ref`] is an edge of the heap from the frame that holds it to an object. Cloning it is a second
//! variable, dropping it lets go. What goes is let go when the next operation begins, which nobody
//! can tell from at once.

use super::{
    desk::{Desk, Dropped},
    frame::Frame,
    heap::{Edge, Node},
    label::{Hold, Label},
    table::{Kind, root},
    texts::Text,
};
use std::{fmt, marker::PhantomData, rc::Rc};

/// What a reference leads to, by its type.
pub mod object {
    /// Anything.
    #[derive(Debug)]
    pub enum Any {}
    /// An `asyncio.Task`.
    #[derive(Debug)]
    pub enum Task {}
    /// An `asyncio.Future`.
    #[derive(Debug)]
    pub enum Future {}
    /// What `call_soon` and `call_later` return.
    #[derive(Debug)]
    pub enum Handle {}
    /// An `asyncio.Queue`.
    #[derive(Debug)]
    pub enum Queue {}
    /// An `asyncio.Event`.
    #[derive(Debug)]
    pub enum Event {}
    /// An `asyncio.Lock`.
    #[derive(Debug)]
    pub enum Lock {}
    /// An `asyncio.Semaphore`.
    #[derive(Debug)]
    pub enum Semaphore {}
    /// A `set` of tasks.
    #[derive(Debug)]
    pub enum Set {}
    /// An object with attributes.
    #[derive(Debug)]
    pub enum Plain {}
    /// An asynchronous generator.
    #[derive(Debug)]
    pub enum Generator {}
    /// An `asyncio.TaskGroup`.
    #[derive(Debug)]
    pub enum Group {}
}

pub(super) use object::{
    Any, Future, Generator, Group, Handle, Lock, Plain, Queue, Semaphore, Set, Task,
};

/// A variable that holds an object.
pub struct Ref<T = Any> {
    raw: Raw,
    kind: PhantomData<fn() -> T>,
}

pub(super) struct Raw {
    pub(super) desk: Rc<Desk>,
    pub(super) frame: Node,
    pub(super) node: Node,
    edge: Edge,
    label: Label,
    run: u32,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.desk.drops(self.run, Dropped::Reference(self.edge));
    }
}

impl<T> Ref<T> {
    pub(super) fn new(desk: &Rc<Desk>, frame: Node, node: Node) -> Self {
        let hold = if frame == root::GLOBALS { Hold::Global } else { Hold::Local };
        Ref::labelled(desk, frame, node, Label::plain(hold))
    }

    fn labelled(desk: &Rc<Desk>, frame: Node, node: Node, label: Label) -> Self {
        let edge = desk.hold(frame, label, node);
        let raw = Raw { desk: Rc::clone(desk), frame, node, edge, label, run: desk.run.get() };
        Ref { raw, kind: PhantomData }
    }

    /// # Panics
    /// If its run is over: a body kept it for the next one.
    pub(super) fn node(&self) -> Node {
        let run = self.raw.desk.run.get();
        assert_eq!(self.raw.run, run, "a reference is used in the run that made it");
        self.raw.node
    }

    pub(super) fn desk(&self) -> &Rc<Desk> {
        &self.raw.desk
    }

    pub(super) fn frame(&self) -> Node {
        self.raw.frame
    }

    pub(super) fn of_frame(&self) -> Frame {
        Frame::new(&self.raw.desk, self.raw.frame)
    }

    pub(super) fn held_as<U>(&self, frame: Node) -> Ref<U> {
        let hold = if frame == root::GLOBALS { Hold::Global } else { Hold::Local };
        let label = Label { hold, text: self.raw.label.text };
        Ref::labelled(&self.raw.desk, frame, self.raw.node, label)
    }

    /// The same variable under a name, which reports use.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        let text = self.raw.desk.text(name);
        let label = Label::named(self.raw.label.hold, text);
        {
            let mut tables = self.raw.desk.tables.borrow_mut();
            let object = tables.object_mut(self.raw.node);
            if object.name == Text::NONE {
                object.name = text;
            }
        }
        Ref::labelled(&self.raw.desk, self.raw.frame, self.raw.node, label)
    }

    /// The same variable, whatever it leads to.
    pub fn into_any(self) -> Ref<Any> {
        Ref { raw: self.raw, kind: PhantomData }
    }

    /// A weak reference: it finds its object as long as that is there.
    pub fn weak(&self) -> Weak<T> {
        let (desk, node, run) = (Rc::clone(&self.raw.desk), self.raw.node, self.raw.run);
        Weak { desk, node, run, kind: PhantomData }
    }

    /// True if both lead to the same object.
    pub fn is<U>(&self, other: &Ref<U>) -> bool {
        self.raw.node == other.raw.node
    }

    pub(super) fn kind(&self) -> Kind {
        self.raw.desk.tables.borrow().object(self.raw.node).kind
    }
}

impl Ref<Any> {
    /// The name of its type, as CPython's complaints have it.
    pub fn type_name(&self) -> &'static str {
        let tables = self.raw.desk.tables.borrow();
        tables.type_name(self.raw.node)
    }

    /// The same variable, if what it leads to is one of these.
    pub fn downcast<T: OfKind>(self) -> Result<Ref<T>, Ref<Any>> {
        if T::KINDS.contains(&(self.kind() as u8)) {
            return Ok(Ref { raw: self.raw, kind: PhantomData });
        }
        Err(self)
    }
}

/// A type of [`object`].
pub trait OfKind {
    /// The numbers of the kinds that it stands for.
    #[doc(hidden)]
    const KINDS: &'static [u8];
}

/// A future, or a task, which is one.
pub trait IsFuture: OfKind {}

impl IsFuture for Future {}
impl IsFuture for Task {}

macro_rules! kinds {
    ($($type:ty: $($kind:ident)|+),*) => {
        $(impl OfKind for $type {
            const KINDS: &'static [u8] = &[$(Kind::$kind as u8),+];
        })*
    };
}

kinds!(
    Task: Task,
    Future: Future | Task,
    Handle: Handle,
    Queue: Queue,
    object::Event: Event,
    Lock: Lock,
    Semaphore: Semaphore,
    Set: Set,
    Plain: Plain,
    Generator: Generator,
    Group: Group
);

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Ref::labelled(&self.raw.desk, self.raw.frame, self.raw.node, self.raw.label)
    }
}

impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw.desk.shown(self.raw.node))
    }
}

/// A weak reference.
pub struct Weak<T = Any> {
    desk: Rc<Desk>,
    node: Node,
    run: u32,
    kind: PhantomData<fn() -> T>,
}

impl<T> Weak<T> {
    /// The object, held by a frame from now on; none if it has gone.
    pub fn upgrade(&self, frame: &Frame) -> Option<Ref<T>> {
        self.desk.flush();
        let there =
            self.run == self.desk.run.get() && self.desk.tables.borrow().is_there(self.node);
        self.desk.sees(frame.node(), u64::from(there) + 4);
        there.then(|| Ref::new(&self.desk, frame.node(), self.node))
    }
}

impl<T> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Weak { desk: Rc::clone(&self.desk), node: self.node, run: self.run, kind: PhantomData }
    }
}

impl<T: 'static> super::args::Args for Weak<T> {
    fn held_by(self, _: &Frame) -> Self {
        self
    }
}
