//! What the code of a program reaches: variables, globals, the background set, and weak references
//! to all that it made.

use super::super::{
    model::{Data, Place, Program, Time},
    play::Played,
};
use super::objects;
use atropos::event_loop::{
    Args, Class, Exception, Frame, Ref, Value, Weak,
    object::{Any, Group, Set},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

/// Variables in the order in which they were set first.
type Variables = Vec<(String, Ref<Any>)>;

/// The local variables of a coroutine, shared by the coroutines of its `try`s, or of a callback.
#[derive(Clone, Default)]
pub(super) struct Locals(Rc<RefCell<Variables>>);

impl Locals {
    pub(super) fn get(&self, name: &str) -> Option<Ref<Any>> {
        get(&self.0.borrow(), name)
    }

    pub(super) fn set(&self, name: &str, object: Ref<Any>) {
        set(&mut self.0.borrow_mut(), name, object);
    }

    fn remove(&self, name: &str) {
        remove(&mut self.0.borrow_mut(), name);
    }
}

impl Args for Locals {
    fn held_by(self, frame: &Frame) -> Self {
        let variables = self.0.borrow();
        let held = variables.iter().map(|(name, object)| (name.clone(), frame.hold(object)));
        let held: Variables = held.collect();
        Locals(Rc::new(RefCell::new(held)))
    }
}

fn get(variables: &Variables, name: &str) -> Option<Ref<Any>> {
    variables.iter().find(|(known, _)| known == name).map(|(_, object)| object.clone())
}

fn set(variables: &mut Variables, name: &str, object: Ref<Any>) {
    match variables.iter_mut().find(|(known, _)| known == name) {
        Some((_, before)) => *before = object,
        None => variables.push((name.to_owned(), object)),
    }
}

fn remove(variables: &mut Variables, name: &str) {
    variables.retain(|(known, _)| known != name);
}

/// What all code of a program shares.
pub(super) struct Env {
    pub(super) program: Arc<Program>,
    played: Rc<RefCell<Played>>,
    globals: RefCell<Variables>,
    background: Ref<Set>,
    weak: RefCell<BTreeMap<String, Weak<Any>>>,
    /// The task groups that were entered and not left.
    pub(super) groups: RefCell<Vec<Ref<Group>>>,
    /// Collections that are under way.
    collecting: Cell<u32>,
}

impl Env {
    pub(super) fn new(
        frame: &Frame,
        program: Arc<Program>,
        played: Rc<RefCell<Played>>,
    ) -> Rc<Self> {
        Rc::new(Env {
            program,
            played,
            globals: RefCell::default(),
            background: frame.globals().set(),
            weak: RefCell::default(),
            groups: RefCell::default(),
            collecting: Cell::new(0),
        })
    }

    /// A line of the trace; what was let go of before goes before it.
    pub(super) fn line(&self, frame: &Frame, line: String) {
        frame.log(line.clone());
        self.played.borrow_mut().lines.push(line);
    }

    /// `gc.collect()`.
    pub(super) fn collect(&self, frame: &Frame) {
        frame.settle();
        let start = self.played.borrow().lines.len();
        self.collecting.set(self.collecting.get() + 1);
        frame.collect();
        self.collecting.set(self.collecting.get() - 1);
        if self.collecting.get() == 0 {
            let played = &mut *self.played.borrow_mut();
            played.collections.push(start..played.lines.len());
        }
        self.line(frame, "gc".to_owned());
    }

    /// An exception leaves a frame.
    pub(super) fn left(&self, frame: &Frame, error: &Exception, locals: &Locals) {
        for (_, object) in locals.0.borrow().iter() {
            frame.keeps(error, object);
            self.played.borrow_mut().keeps_frames = true;
        }
    }

    /// An exception may keep a frame that has these variables.
    pub(super) fn keeps_frame(&self, locals: &Locals) {
        if !locals.0.borrow().is_empty() {
            self.played.borrow_mut().keeps_frames = true;
        }
    }

    /// The object behind a weak reference: none if there never was one.
    pub(super) fn weak(&self, name: &str) -> Option<Weak<Any>> {
        self.weak.borrow().get(name).cloned()
    }
}

/// The code of a coroutine or of a callback: who it is and what it reaches.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) frame: Frame,
    pub(super) env: Rc<Env>,
    pub(super) who: Rc<str>,
    pub(super) locals: Locals,
}

impl Code {
    pub(super) fn new(frame: &Frame, env: Rc<Env>, who: Rc<str>, locals: Locals) -> Self {
        Code { frame: frame.clone(), env, who, locals }
    }

    /// A line of the trace.
    pub(super) fn line(&self, line: String) {
        self.env.line(&self.frame, line);
    }

    /// A line under its name.
    pub(super) fn says(&self, text: impl std::fmt::Display) {
        self.line(format!("{}:{text}", self.who));
    }

    /// The object of this name.
    pub(super) fn look(&self, name: &str) -> Result<Ref<Any>, Exception> {
        if name == "@current" {
            self.frame.running_loop()?;
            let task = self.frame.current_task().map(Ref::into_any);
            return task.ok_or_else(|| {
                attribute_error("'NoneType' object has no attribute of a task".to_owned())
            });
        }
        if let Some(object) = self.locals.get(name) {
            return Ok(object);
        }
        if let Some(object) = get(&self.env.globals.borrow(), name) {
            return Ok(self.frame.hold(&object));
        }
        let object = self.env.weak(name).and_then(|weak| weak.upgrade(&self.frame));
        object.ok_or_else(|| no_object(name))
    }

    /// Keeps an object under a name.
    pub(super) fn store(
        &self,
        name: &str,
        object: Ref<Any>,
        place: Place,
    ) -> Result<(), Exception> {
        match place {
            Place::Nowhere => {}
            Place::Local => self.locals.set(name, object.clone()),
            Place::Global => {
                let held = self.frame.globals().hold(&object);
                set(&mut self.env.globals.borrow_mut(), name, held);
            }
            Place::Set => {
                let future = objects::future(object.clone(), "add_done_callback")?;
                self.frame.hold(&self.env.background).keep(&future);
            }
        }
        if objects::has_weak_references(&object) {
            self.env.weak.borrow_mut().insert(name.to_owned(), object.weak());
        }
        Ok(())
    }

    /// Lets go of the local and the global variable of this name.
    pub(super) fn forget(&self, name: &str) {
        self.locals.remove(name);
        self.frame.settle();
        remove(&mut self.env.globals.borrow_mut(), name);
        self.frame.settle();
    }
}

/// What is raised where no object has this name.
pub(super) fn no_object(name: &str) -> Exception {
    Exception::new(Class::KeyError, format!("no object {name}"))
}

/// `AttributeError`.
pub(super) fn attribute_error(text: String) -> Exception {
    Exception::new(Class::named("AttributeError"), text)
}

/// A time of the program.
pub(super) fn duration(time: Time) -> Duration {
    Duration::from_micros(u64::from(time.0) * 4)
}

impl From<&Data> for Value {
    fn from(data: &Data) -> Value {
        match data {
            Data::None => Value::None,
            Data::Bool(truth) => Value::Bool(*truth),
            Data::Int(number) => Value::Int(*number),
            Data::Text(text) => Value::Text(text.as_str().into()),
            Data::List(items) => Value::List(items.iter().map(Value::from).collect()),
        }
    }
}
