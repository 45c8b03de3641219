//! Exceptions as values: a coroutine that raises returns `Err`, and `?` is what Python does without
//! being told.
//!
//! `GeneratorExit` arrives at an await like any other, so a `finally` is what stands behind it:
//!
//! ```
//! use atropos::event_loop::{Exception, Frame};
//! use std::time::Duration;
//!
//! async fn worker(frame: Frame) -> Result<(), Exception> {
//!     let slept = frame.sleep(Duration::from_secs(1)).await;
//!     frame.log("finally"); // runs when it is cancelled, and when it is destroyed
//!     slept
//! }
//! # let _ = worker;
//! ```
//!
//! An exception that a future keeps also keeps what the frames held through which it went, in CPython.
//! Here it keeps what asyncio's own frames hold (a time-out its task, `wait_for` what it waits for),
//! and of a program's variables those that it is told to ([`Frame::keeps`](super::Frame::keeps)).
//!
//! Leaves out: what an exception keeps that only a variable holds, from step to step.

use super::heap::Node;
use crate::{panics::panic_text, word::mix};
use std::{
    borrow::Cow,
    cell::RefCell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

/// A class of exceptions, with its place under `BaseException`
/// (<https://docs.python.org/3/library/exceptions.html#exception-hierarchy>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The root of all.
    BaseException,
    /// Raised in a coroutine or generator that is closed: it was destroyed while it was suspended.
    GeneratorExit,
    /// Leaves the loop.
    KeyboardInterrupt,
    /// Leaves the loop.
    SystemExit,
    /// `asyncio.CancelledError`: no `Exception`.
    CancelledError,
    /// What a task group of base exceptions raises.
    BaseExceptionGroup,
    /// The root of all that a program should catch.
    Exception,
    /// What a task group raises.
    ExceptionGroup,
    /// `asyncio.InvalidStateError`.
    InvalidStateError,
    /// `asyncio.QueueEmpty`.
    QueueEmpty,
    /// `asyncio.QueueFull`.
    QueueFull,
    /// `RuntimeError`.
    RuntimeError,
    /// `TimeoutError`; `asyncio.TimeoutError` is the same since 3.11.
    TimeoutError,
    /// `ValueError`.
    ValueError,
    /// `KeyError`.
    KeyError,
    /// `ZeroDivisionError`.
    ZeroDivisionError,
    /// A panic of Rust code, which no Python program has; no `except Exception` catches it.
    Panic,
    /// Another subclass of `Exception`.
    Other(Cow<'static, str>),
}

impl Class {
    const KNOWN: [(&'static str, Class); 16] = [
        ("BaseException", Class::BaseException),
        ("GeneratorExit", Class::GeneratorExit),
        ("KeyboardInterrupt", Class::KeyboardInterrupt),
        ("SystemExit", Class::SystemExit),
        ("CancelledError", Class::CancelledError),
        ("BaseExceptionGroup", Class::BaseExceptionGroup),
        ("Exception", Class::Exception),
        ("ExceptionGroup", Class::ExceptionGroup),
        ("InvalidStateError", Class::InvalidStateError),
        ("QueueEmpty", Class::QueueEmpty),
        ("QueueFull", Class::QueueFull),
        ("RuntimeError", Class::RuntimeError),
        ("TimeoutError", Class::TimeoutError),
        ("ValueError", Class::ValueError),
        ("KeyError", Class::KeyError),
        ("ZeroDivisionError", Class::ZeroDivisionError),
    ];

    /// The class of this name; one that is not known here is a subclass of `Exception`.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        let known = Self::KNOWN.into_iter().find(|(known, _)| *known == name);
        known.map_or(Class::Other(name), |(_, class)| class)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Class::Panic => "panic",
            Class::Other(name) => name,
            known => {
                Self::KNOWN.iter().find(|(_, class)| class == known).map_or("?", |(name, _)| name)
            }
        }
    }

    /// True if it is a subclass of `Exception`, and not of `BaseException` alone.
    pub fn is_exception(&self) -> bool {
        !matches!(
            self,
            Class::BaseException
                | Class::GeneratorExit
                | Class::KeyboardInterrupt
                | Class::SystemExit
                | Class::CancelledError
                | Class::BaseExceptionGroup
                | Class::Panic
        )
    }

    /// True if `except other` catches it.
    pub fn is(&self, other: &Class) -> bool {
        match other {
            Class::BaseException => true,
            Class::Exception => self.is_exception(),
            Class::BaseExceptionGroup => {
                matches!(self, Class::BaseExceptionGroup | Class::ExceptionGroup)
            }
            other => self == other,
        }
    }

    /// Those that go through the loop instead of staying in their task.
    pub(super) fn leaves_the_loop(&self) -> bool {
        matches!(self, Class::KeyboardInterrupt | Class::SystemExit)
    }
}

/// An exception: its class and its text; and what it is made of, if it is a group.
#[derive(Clone, PartialEq, Eq)]
pub struct Exception(Rc<Content>);

#[derive(PartialEq, Eq)]
struct Content {
    class: Class,
    text: Cow<'static, str>,
    /// It was made with a text, though that may be empty.
    has_text: bool,
    parts: Vec<Exception>,
    traceback: Traceback,
}

/// What the frames hold through which an exception went, and the futures that hold the exception: a
/// run and an object each. It does not count when exceptions are compared.
#[derive(Default)]
pub(super) struct Traceback {
    pub(super) keeps: RefCell<Vec<(u32, Node)>>,
    pub(super) kept_by: RefCell<Vec<(u32, Node)>>,
}

impl PartialEq for Traceback {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Traceback {}

impl Exception {
    fn made(class: Class, text: Cow<'static, str>, parts: Vec<Exception>) -> Self {
        let traceback = Traceback::default();
        Exception(Rc::new(Content { class, text, has_text: false, parts, traceback }))
    }

    pub(super) fn traceback(&self) -> &Traceback {
        &self.0.traceback
    }

    /// An exception of a class.
    pub fn new(class: Class, text: impl Into<Cow<'static, str>>) -> Self {
        Exception::made(class, text.into(), Vec::new())
    }

    /// `ValueError(text)`.
    pub fn value_error(text: impl Into<Cow<'static, str>>) -> Self {
        Exception::new(Class::ValueError, text)
    }

    /// `RuntimeError(text)`.
    pub fn runtime_error(text: impl Into<Cow<'static, str>>) -> Self {
        Exception::new(Class::RuntimeError, text)
    }

    pub(super) fn cancelled(text: Option<Rc<str>>) -> Self {
        Exception::new(
            Class::CancelledError,
            text.map_or_else(String::new, |text| text.to_string()),
        )
    }

    /// What the list of a `gather` has for a child that was cancelled: one with a text, though it may
    /// be empty.
    pub(super) fn cancelled_in_gather(text: Option<Rc<str>>) -> Self {
        let mut content = Exception::cancelled(text).0;
        if let Some(content) = Rc::get_mut(&mut content) {
            content.has_text = true;
        }
        Exception(content)
    }

    pub(super) fn generator_exit() -> Self {
        Exception::new(Class::GeneratorExit, "")
    }

    pub(super) fn invalid_state(text: &'static str) -> Self {
        Exception::new(Class::InvalidStateError, text)
    }

    pub(super) fn timeout() -> Self {
        Exception::new(Class::TimeoutError, "")
    }

    /// A group: an `ExceptionGroup` if all of it are exceptions, as the constructor of
    /// `BaseExceptionGroup` has it.
    pub fn group(text: impl Into<Cow<'static, str>>, parts: Vec<Exception>) -> Self {
        let plain = parts.iter().all(|part| part.class().is_exception());
        let class = if plain { Class::ExceptionGroup } else { Class::BaseExceptionGroup };
        let keeps = parts.iter().flat_map(|part| part.traceback().keeps.borrow().clone());
        let keeps = keeps.collect();
        let group = Exception::made(class, text.into(), parts);
        group.traceback().keeps.replace(keeps);
        group
    }

    /// Its class.
    pub fn class(&self) -> &Class {
        &self.0.class
    }

    /// Its text, without the class.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What a group is made of; empty for any other.
    pub fn parts(&self) -> &[Exception] {
        &self.0.parts
    }

    /// True if `except class` catches it.
    pub fn is(&self, class: &Class) -> bool {
        self.0.class.is(class)
    }

    /// True if somebody asked for it, and nothing went wrong: `CancelledError`.
    pub fn is_cancelled(&self) -> bool {
        self.0.class == Class::CancelledError
    }

    /// A hash that does not depend on the schedule.
    pub(super) fn hash(&self) -> u64 {
        let text = |text: &str| crate::trace::digest_bytes(text.as_bytes()).0 as u64;
        let own = mix(text(self.0.class.name()), text(&self.0.text));
        self.0.parts.iter().fold(own, |hash, part| mix(hash, part.hash()))
    }

    /// As `repr` has it: `ValueError('a')`.
    pub fn repr(&self) -> String {
        let Content { class, text, parts, has_text, .. } = &*self.0;
        let parts: Vec<String> = parts.iter().map(Exception::repr).collect();
        match (text.is_empty() && !has_text, parts.as_slice()) {
            (_, [_, ..]) => format!("{}('{text}', [{}])", class.name(), parts.join(", ")),
            (true, []) => format!("{}()", class.name()),
            (false, []) => format!("{}('{text}')", class.name()),
        }
    }
}

/// Runs code of a program; a panic of it becomes an exception.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, Exception> {
    catch_unwind(AssertUnwindSafe(code))
        .map_err(|panic| Exception::new(Class::Panic, panic_text(&*panic)))
}

impl fmt::Display for Exception {
    /// `ValueError: x`, and of a group what it is made of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Content { class, text, parts, .. } = &*self.0;
        f.write_str(class.name())?;
        if !text.is_empty() {
            write!(f, ": {text}")?;
        }
        if !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(Exception::to_string).collect();
            write!(f, " [{}]", parts.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
