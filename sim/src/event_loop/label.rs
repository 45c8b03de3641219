//! What a reference is to its holder: a local variable, an attribute, a callback.

use super::texts::Text;

/// What a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Hold {
    /// A local variable of a coroutine or callback.
    Local,
    /// A global variable.
    Global,
    /// An attribute of an object.
    Attribute,
    /// An item of a set, a list or a queue.
    Item,
    /// What a coroutine or an asynchronous generator awaits.
    Awaits,
    /// `Task._coro`.
    Coroutine,
    /// `Task._fut_waiter`.
    Waiter,
    /// A done callback of a future, or what one holds.
    Callback,
    /// A handle in the ready queue, or what it holds.
    Ready,
    /// A handle in the timer queue, or what it holds.
    Timer,
    /// The result of a future.
    Result,
    /// A child of a `gather`, a task of a `TaskGroup`.
    Child,
    /// The task that a `TaskGroup` or a time-out belongs to.
    Parent,
}

/// A reference as its holder knows it: what it is and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) hold: Hold,
    pub(super) text: Text,
}

impl Label {
    /// A reference that has no name.
    pub(super) const fn plain(hold: Hold) -> Self {
        Label { hold, text: Text::NONE }
    }

    /// True if a program wrote it: a variable, an attribute, an item of a collection.
    pub(super) const fn is_of_program(self) -> bool {
        use Hold::{Attribute, Child, Global, Item, Local, Result};
        matches!(self.hold, Local | Global | Attribute | Item | Child | Result)
    }

    pub(super) const fn named(hold: Hold, text: Text) -> Self {
        Label { hold, text }
    }
}
