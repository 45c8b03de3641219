//! The loop's exception handler and `sys.unraisablehook`, as a program may set them.

use super::{
    desk::Desk,
    exception::Exception,
    heap::Node,
    kind::Message,
    refs::{Any, Ref},
    table::{Kind, root},
};
use std::{cell::Cell, rc::Rc};

type Handler = Rc<dyn Fn(&Context)>;
type Unraisable = Rc<dyn Fn(&Exception)>;

#[derive(Default)]
pub(super) struct Hooks {
    pub(super) handler: Option<Handler>,
    pub(super) unraisable: Option<Unraisable>,
}

/// What the loop's exception handler is told.
pub struct Context {
    desk: Rc<Desk>,
    message: Message,
    about: Option<Node>,
    error: Option<Exception>,
    taken: Cell<bool>,
}

impl Context {
    pub(super) fn new(
        desk: &Rc<Desk>,
        message: Message,
        about: Option<Node>,
        error: Option<&Exception>,
    ) -> Self {
        let (desk, error, taken) = (Rc::clone(desk), error.cloned(), Cell::new(false));
        Context { desk, message, about, error, taken }
    }

    /// What happened.
    pub fn message(&self) -> Message {
        self.message
    }

    /// The exception, if there is one.
    pub fn exception(&self) -> Option<&Exception> {
        self.error.as_ref()
    }

    /// The name of the task that it is about, if it is about one.
    pub fn task_name(&self) -> Option<String> {
        let node = self.about.filter(|_| self.is_about(Kind::Task))?;
        let tables = self.desk.tables.borrow();
        Some(tables.texts.text(tables.object(node).name).to_owned())
    }

    /// True if it is about a future that is no task.
    pub fn is_about_future(&self) -> bool {
        self.is_about(Kind::Future)
    }

    fn is_about(&self, kind: Kind) -> bool {
        self.about.is_some_and(|node| self.desk.tables.borrow().object(node).kind == kind)
    }

    /// The keys that CPython's context has, in the order of the alphabet.
    pub fn keys(&self) -> Vec<&'static str> {
        let mut keys = vec!["message"];
        keys.extend(self.error.is_some().then_some("exception"));
        keys.extend(match self.message {
            Message::Destroyed | Message::Shutdown | Message::ParentCompleted => Some("task"),
            Message::Callback => Some("handle"),
            Message::GeneratorClosing => Some("asyncgen"),
            _ => Some("future"),
        });
        let has_source = !matches!(self.message, Message::Shutdown | Message::GeneratorClosing)
            && self.desk.is_debug.get();
        keys.extend(has_source.then_some("source_traceback"));
        keys.sort_unstable();
        keys
    }

    /// The object that it is about, held by a global variable from now on: that resurrects a task
    /// that is being destroyed.
    pub fn keep(&self) -> Option<Ref<Any>> {
        self.taken.set(true);
        self.about.map(|node| Ref::new(&self.desk, root::GLOBALS, node))
    }
}
