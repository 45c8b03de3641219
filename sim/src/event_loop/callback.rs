//! What the loop calls: steps and wake-ups of tasks, the callbacks of a program, and those by which
//! asyncio itself is made of futures.

use super::{
    desk::Desk,
    exception::{Class, Exception, caught},
    heap::{Edge, NONE, Node},
    kind::{Message, event},
};
use std::{fmt, rc::Rc};

/// What a callback does; whom it does it to stands in [`Callback::on`].
#[derive(Clone)]
pub(super) enum Run {
    /// Steps the task.
    Step,
    /// Steps the task, which waited for the future that is done.
    Wakeup,
    /// Gives the future the result `None` unless it is done: `sleep`, time-outs.
    Release,
    /// A child of the `gather` is done.
    GatherChild,
    /// The inner future of a `shield` is done; on: the outer one.
    ShieldInner,
    /// The outer future of a `shield` is done; on: the inner one.
    ShieldOuter,
    /// One of those that `wait` waits for is done; on: the waiter.
    WaitOne(Rc<super::wait::Count>),
    /// A task of the group is done.
    GroupDone,
    /// The time-out has come.
    Expires,
    /// What is done leaves the set.
    Discard,
    /// The loop stops: `run_until_complete` has what it waits for.
    Stop,
    /// An abandoned generator is closed by a task of its own.
    CloseGenerator,
    /// The program's own; on: what it captures.
    Program,
}

impl Run {
    /// Which it is, for digests.
    pub(super) fn number(&self) -> u64 {
        match self {
            Run::Step => 1,
            Run::Wakeup => 2,
            Run::Release => 3,
            Run::GatherChild => 4,
            Run::ShieldInner => 5,
            Run::ShieldOuter => 6,
            Run::WaitOne(count) => 7 + (u64::from(count.left.get()) << 8),
            Run::GroupDone => 8,
            Run::Expires => 9,
            Run::Discard => 10,
            Run::Stop => 11,
            Run::CloseGenerator => 12,
            Run::Program => 13,
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({})", self.number() & 0xff)
    }
}

/// A callback and the object that it holds.
#[derive(Clone, Debug)]
pub(super) struct Callback {
    pub(super) run: Run,
    pub(super) on: Node,
}

impl Callback {
    pub(super) fn new(run: Run, on: Node) -> Self {
        Callback { run, on }
    }

    /// True if it is a step of this kind of callback's task.
    pub(super) fn is_step(&self) -> bool {
        matches!(self.run, Run::Step | Run::Wakeup)
    }

    /// True if it does the same to the same: what `remove_done_callback` compares.
    pub(super) fn is_same(&self, other: &Callback) -> bool {
        self.on == other.on && self.run.number() & 0xff == other.run.number() & 0xff
    }
}

/// The reference by which somebody holds a callback's object; none if it holds nothing.
pub(super) type Grip = Option<Edge>;

/// No object.
pub(super) const NOTHING: Node = NONE;

impl Desk {
    /// Runs a callback of the program.
    pub(super) fn run_program(self: &Rc<Self>, on: Node, told: Option<Node>) {
        let row = self.tables.borrow().object(on).row;
        let code = self.codes.borrow()[row as usize].clone();
        let Some(code) = code else { return };
        self.tells(event::CALLBACK, event::LOOP, on, 0);
        let called = caught(|| code(self)).unwrap_or_else(Err);
        self.flush();
        if let Err(error) = called {
            self.keep_callback(on, told);
            self.callback_raised(&error);
        }
    }

    /// What a callback raises goes to the handler; the others are called all the same (exc-09).
    pub(super) fn callback_raised(self: &Rc<Self>, error: &Exception) {
        if *error.class() == Class::Panic {
            let number = self.note_error(error);
            self.tells(event::PANICKED, event::LOOP, 0, number);
        }
        if error.class().leaves_the_loop() {
            self.tables.borrow_mut().escape = Some(error.clone());
            return;
        }
        self.report(Message::Callback, None, Some(error));
    }
}
