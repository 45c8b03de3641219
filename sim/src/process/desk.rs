//! The seam between a body and its world: announce, then be answered.
//!
//! A body is straight-line async Rust. When it wants an effect it writes two words on the desk and
//! returns `Pending`: the effect is announced. The world keeps the words with the process, and the
//! scheduler sees what everybody is about to do before it chooses. When the move is played, the
//! world performs the effect, puts the answer on the desk and polls the body, which reads it and
//! runs to its next effect. A body never touches the world.
//!
//! One desk serves all bodies of a world, since only one runs at a time. There is no waker and no
//! thread-local.

use super::term::{Pid, Terms};
use crate::{site::Place, word::Words};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    marker::PhantomData,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// An error that an effect raised, or a body raises itself; uncaught it ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raise {
    /// `error`, `exit` or `throw`.
    pub class: Class,
    /// Why.
    pub reason: super::Term,
}

/// The class of an Erlang exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `erlang:error/1`: uncaught, the reason gains a stack trace.
    Error,
    /// `erlang:exit/1`: uncaught, the reason is as it stands.
    Exit,
    /// `erlang:throw/1`: uncaught, it is the error `{nocatch, Thrown}`.
    Throw,
}

impl Raise {
    /// What `erlang:exit(Reason)` raises.
    pub fn exit(reason: impl Into<super::Term>) -> Self {
        Raise { class: Class::Exit, reason: reason.into() }
    }

    /// What `erlang:throw(Value)` raises.
    pub fn throw(value: impl Into<super::Term>) -> Self {
        Raise { class: Class::Throw, reason: value.into() }
    }

    /// What `erlang:error(Reason)` raises.
    pub fn error(reason: impl Into<super::Term>) -> Self {
        Raise { class: Class::Error, reason: reason.into() }
    }
}

impl fmt::Display for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:?}", self.class, self.reason)
    }
}

impl std::error::Error for Raise {}

/// How a body ends: `Ok` is a return, that is reason `normal`; `Err` is an uncaught exception.
pub type Ending = Result<(), Raise>;

/// The code of a process.
pub(super) type Body = Pin<Box<dyn Future<Output = Ending>>>;

/// A body that was announced and has no process yet.
pub(super) struct Newborn {
    spawner: u32,
    pub(super) label: Cow<'static, str>,
    pub(super) body: Body,
    /// Where in the code it was spawned.
    pub(super) place: Option<Place>,
}

/// What a body declares beside its effects.
pub(super) enum Note {
    Hold(Cow<'static, str>, Pid),
    Release(Cow<'static, str>),
    Mark(Cow<'static, str>),
    State(super::Term),
    Shelter(Pid),
    Hide(Pid),
}

#[derive(Default)]
pub(super) struct Desk {
    /// The announced effect; kind 0 if none. Its words are cells of their own: copied as one they
    /// would be read wider than they were written, and the read would stall on the writes.
    op_head: Cell<u64>,
    op_value: Cell<u64>,
    /// A second value of the announced effect, for the few that have one.
    extra: Cell<u64>,
    /// The answer to the effect that was performed, in the same form; kind 0 once it is read.
    reply_head: Cell<u64>,
    reply_value: Cell<u64>,
    /// The process whose body runs.
    me: Cell<u32>,
    /// True while bodies are dropped: no effect may be announced then.
    closing: Cell<bool>,
    refused: Cell<bool>,
    // invariant: at most one for each spawner
    newborns: RefCell<Vec<Newborn>>,
    noted: Cell<bool>,
    notes: RefCell<Vec<Note>>,
    pub(super) terms: RefCell<Terms>,
    /// The rule that is wrong here, for bodies that are rules themselves.
    pub(super) wrong: Cell<Option<super::Wrong>>,
}

impl Desk {
    /// Polls a body until it announces its next effect. `Ready` is the body's end.
    #[inline]
    pub(super) fn poll(&self, pid: Pid, body: &mut Body) -> Poll<Ending> {
        self.me.set(pid.0);
        body.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    /// Lays out the answer that the next poll reads.
    #[inline]
    pub(super) fn answer(&self, reply: Words) {
        self.reply_head.set(reply.0);
        self.reply_value.set(reply.1);
    }

    /// Takes the announced effect; kind 0 if the body waits for something that is no effect.
    #[inline]
    pub(super) fn take(&self) -> Words {
        Words(self.op_head.replace(0), self.op_value.get())
    }

    fn is_idle(&self) -> bool {
        self.op_head.get() == 0
    }

    pub(super) fn extra(&self) -> u64 {
        self.extra.get()
    }

    /// Takes the body that a process has announced.
    pub(super) fn take_newborn(&self, spawner: u32) -> Option<Newborn> {
        let mut newborns = self.newborns.borrow_mut();
        let at = newborns.iter().rposition(|newborn| newborn.spawner == spawner)?;
        Some(newborns.swap_remove(at))
    }

    #[inline]
    pub(super) fn has_notes(&self) -> bool {
        self.noted.get()
    }

    pub(super) fn take_notes(&self) -> Vec<Note> {
        self.noted.set(false);
        std::mem::take(&mut self.notes.borrow_mut())
    }

    /// Drops what `drop` drops with the desk closed; true if that tried to announce an effect.
    pub(super) fn close_while(&self, drop: impl FnOnce()) -> bool {
        let was = self.closing.replace(true);
        drop();
        self.closing.set(was);
        self.refused.replace(false)
    }

    /// Forgets an announcement left by a body that panicked.
    pub(super) fn clear(&self) {
        self.op_head.set(0);
        self.reply_head.set(0);
        self.take_notes();
    }

    /// Drops the bodies that no process will ever run.
    pub(super) fn clear_newborns(&self) {
        if self.newborns.borrow().is_empty() {
            return;
        }
        let newborns = std::mem::take(&mut *self.newborns.borrow_mut());
        self.close_while(|| {
            // A panic here belongs to a run that is over; its verdict stands.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(newborns)));
        });
    }

    pub(super) fn note(&self, note: Note) {
        if !self.closing.get() {
            self.noted.set(true);
            self.notes.borrow_mut().push(note);
        }
    }

    pub(super) fn me(&self) -> Pid {
        Pid(self.me.get())
    }
}

/// An answer that a body can read.
pub trait Answer: Sized {
    /// Reads the packed answer.
    #[doc(hidden)]
    fn read(reply: Words) -> Self;
}

/// No kind of effect has this bit of its word.
const ANNOUNCED: u64 = 1 << 63;

/// The second value that some effects have; `()` for the many that have none, so that their futures
/// stay small.
#[doc(hidden)]
pub trait Extra: Copy + Unpin {
    #[doc(hidden)]
    fn lay(self, cell: &Cell<u64>);
}

impl Extra for () {
    #[inline(always)]
    fn lay(self, _: &Cell<u64>) {}
}

impl Extra for u64 {
    #[inline(always)]
    fn lay(self, cell: &Cell<u64>) {
        cell.set(self);
    }
}

/// An effect on its way: await it to announce it and to get its answer.
#[must_use = "an effect happens when it is awaited"]
pub struct Effect<'a, T, X: Extra = ()> {
    desk: &'a Rc<Desk>,
    /// The first word of the effect, and how far it has come: as it is before it is announced, with
    /// [`ANNOUNCED`] until it is answered, then 0. A field of its own would push a small body over a
    /// cache line.
    op_head: u64,
    op_value: u64,
    extra: X,
    answer: PhantomData<fn() -> T>,
}

impl<'a, T> Effect<'a, T> {
    #[inline(always)]
    pub(super) fn new(desk: &'a Rc<Desk>, op: Words) -> Self {
        Self::with_extra(desk, op, ())
    }
}

impl<'a, T, X: Extra> Effect<'a, T, X> {
    #[inline(always)]
    pub(super) fn with_extra(desk: &'a Rc<Desk>, op: Words, extra: X) -> Self {
        let (op_head, op_value) = (op.0, op.1);
        Effect { desk, op_head, op_value, extra, answer: PhantomData }
    }

    #[cold]
    fn refuse(&self) {
        self.desk.refused.set(true);
    }
}

impl<T: Answer, X: Extra> Future for Effect<'_, T, X> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        if self.desk.closing.get() {
            self.refuse();
            return Poll::Pending;
        }
        if self.op_head & ANNOUNCED != 0 {
            let answer = Words(self.desk.reply_head.replace(0), self.desk.reply_value.get());
            if answer.kind() == 0 {
                return Poll::Pending;
            }
            self.op_head = 0;
            return Poll::Ready(T::read(answer));
        }
        assert!(self.op_head != 0, "an effect was polled after its answer");
        assert!(
            self.desk.is_idle(),
            "two effects announced in one poll: a process does one thing at a time"
        );
        self.desk.op_head.set(self.op_head);
        self.desk.op_value.set(self.op_value);
        self.extra.lay(&self.desk.extra);
        self.desk.reply_head.set(0);
        self.op_head |= ANNOUNCED;
        Poll::Pending
    }
}

/// A spawn on its way: an [`Effect`] that brings a body along.
#[must_use = "a process starts when its spawn is awaited"]
pub struct Spawn<'a, T> {
    effect: Effect<'a, T>,
    label: Cow<'static, str>,
    /// None once it is laid on the desk.
    body: Option<Body>,
    place: Option<Place>,
}

impl<'a, T> Spawn<'a, T> {
    #[track_caller]
    pub(super) fn new(effect: Effect<'a, T>, label: Cow<'static, str>, body: Body) -> Self {
        Spawn { effect, label, body: Some(body), place: Some(Location::caller()) }
    }

    /// The same, where the place of the call says nothing: the code of a program is data, and what
    /// calls is its interpreter.
    pub fn unplaced(self) -> Self {
        Spawn { place: None, ..self }
    }
}

impl<T: Answer> Future for Spawn<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Some(body) = self.body.take() {
            let label = std::mem::take(&mut self.label);
            let desk = self.effect.desk;
            let (spawner, place) = (desk.me.get(), self.place);
            desk.newborns.borrow_mut().push(Newborn { spawner, label, body, place });
        }
        Pin::new(&mut self.effect).poll(context)
    }
}

impl<T, X: Extra> Drop for Effect<'_, T, X> {
    /// An effect dropped before its answer withdraws its announcement, if the world has not taken
    /// it yet.
    fn drop(&mut self) {
        let announced = self.op_head & ANNOUNCED != 0 && !self.desk.closing.get();
        let mine = self.desk.op_head.get() == self.op_head & !ANNOUNCED
            && self.desk.op_value.get() == self.op_value;
        if announced && mine {
            self.desk.op_head.set(0);
        }
    }
}
