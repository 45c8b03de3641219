//! The ready-made lifecycle invariants that can be stated on asyncio's tasks.
//!
//! Each is a plain function of the world (and an event); the real bug behind each is told in
//! `docs/invariants.md`.

use super::{
    EventLoopWorld, event,
    table::{Kind, Primitive, State},
};
use crate::{
    invariant::{Evidence, Invariant, no_deadlock},
    trace::{Event, EventMask},
};

/// An invariant of the event-loop world.
pub type LoopInvariant = Invariant<EventLoopWorld>;

/// Those that hold of every sane program: no panic, no pending task collected, every exception
/// looked at, no deadlock.
pub fn basics() -> Vec<LoopInvariant> {
    vec![no_panic(), no_pending_task_collected(), exceptions_retrieved(), no_deadlock()]
}

/// Those that go by a name alone.
const READY_MADE: [fn() -> LoopInvariant; 5] =
    [no_panic, no_pending_task_collected, exceptions_retrieved, no_lost_message, no_deadlock];

/// The ready-made invariant of this name.
pub fn ready_made(name: &str) -> Option<LoopInvariant> {
    READY_MADE.iter().map(|make| make()).find(|invariant| invariant.name == name)
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    READY_MADE.iter().map(|make| make().name)
}

/// No body panics, and the main coroutine raises nothing.
pub fn no_panic() -> LoopInvariant {
    Invariant::always(
        "no-panic",
        "no body panics, and the main coroutine raises nothing",
        EventMask::of(&[event::PANICKED, event::RUN_RAISED]),
        |world: &EventLoopWorld, event: Event| {
            let why = world.error_text(event.value());
            let name = world.shown(event.who());
            Some(match event.kind() {
                event::PANICKED => format!("{name} panicked: {why}").into(),
                _ => format!("the main coroutine raised {why}").into(),
            })
        },
    )
}

/// No task is destroyed while it is pending.
pub fn no_pending_task_collected() -> LoopInvariant {
    Invariant::always(
        "no-pending-task-collected",
        "no task is destroyed while it is pending",
        EventMask::of(&[event::DESTROYED]),
        |world: &EventLoopWorld, event: Event| Some(world.destroyed(event.who())),
    )
}

/// Somebody looks at every exception, sooner or later.
pub fn exceptions_retrieved() -> LoopInvariant {
    Invariant::settled(
        "exceptions-retrieved",
        "somebody looks at every exception",
        |world: &EventLoopWorld| {
            let told = world.unretrieved();
            (!told.is_empty()).then(|| told.join("; ").into())
        },
    )
}

/// Every item that was put into a queue is got out of it.
pub fn no_lost_message() -> LoopInvariant {
    Invariant::settled(
        "no-lost-message",
        "every item that was put into a queue is got out of it",
        |world: &EventLoopWorld| {
            let lost = world.items_left();
            (!lost.is_empty()).then(|| lost.join("; ").into())
        },
    )
}

/// A point that a campaign must reach, by what a body calls [`mark`](super::Frame::mark) with.
pub fn reached(point: &'static str, sentence: &'static str) -> LoopInvariant {
    Invariant::sometimes(
        point,
        sentence,
        EventMask::of(&[event::MARK]),
        move |world: &EventLoopWorld, event: Event| world.text_of(event.value()) == point,
    )
}

impl EventLoopWorld {
    fn error_text(&self, number: u64) -> String {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let tables = self.desk.tables.borrow();
        at.and_then(|at| tables.errors.get(at)).map(ToString::to_string).unwrap_or_default()
    }

    fn text_of(&self, hash: u64) -> String {
        self.desk.tables.borrow().texts.of_hash(hash).to_owned()
    }

    /// A task was destroyed: what it awaited, and which path was missing.
    fn destroyed(&self, task: u32) -> Evidence {
        let tables = self.desk.tables.borrow();
        let (blocked, step) = (tables.was_waiting(task).sentence(), tables.steps);
        let missing = self.missing_path(task).unwrap_or_else(|| {
            vec!["its last reference went, with the callback that would have woken it".to_owned()]
        });
        format!("{blocked}; it was destroyed in step {step}\n{}", missing.join("\n")).into()
    }

    /// Exceptions at which nobody has looked: of those that went, and of those that are there.
    fn unretrieved(&self) -> Vec<String> {
        let tables = self.desk.tables.borrow();
        let gone = tables
            .unretrieved
            .iter()
            .map(|(message, name, error)| format!("{}: {name}: {error}", message.text()));
        let there = tables
            .futures
            .iter()
            .filter(|future| future.unretrieved && tables.is_there(future.node));
        let there = there.filter_map(|future| match &future.state {
            State::Error(error) => {
                let name = tables.described(future.node);
                Some(format!("{name} raised {error}, and nobody has looked at it"))
            }
            _ => None,
        });
        gone.chain(there).collect()
    }

    /// Items that nobody got: in queues that went, and in those that are there.
    fn items_left(&self) -> Vec<String> {
        let tables = self.desk.tables.borrow();
        let gone = tables.items_lost.iter().map(|&(node, items)| (node, items));
        let there = tables.there(Kind::Queue).filter_map(|node| match tables.primitive(node) {
            Primitive::Queue { items, .. } if !items.is_empty() => Some((node, items.len() as u64)),
            _ => None,
        });
        gone.chain(there)
            .map(|(node, items)| {
                let items = match items {
                    1 => "1 item".to_owned(),
                    items => format!("{items} items"),
                };
                format!("nobody got {items} of {}", tables.described(node))
            })
            .collect()
    }
}
