//! The ready-made lifecycle invariants that can be stated on tasks.
//!
//! Each is a plain function of the world (and an event); the real bug behind each is told in
//! `docs/invariants.md`.

use super::{TaskWorld, event, kind::Op};
use crate::{
    footprint::Resource,
    invariant::{Evidence, Invariant, no_deadlock},
    trace::{Event, EventMask, digest_bytes},
};

/// An invariant of the task world.
pub type TaskInvariant = Invariant<TaskWorld>;

/// Those that hold of every sane program: no panic, no deadlock.
pub fn basics() -> Vec<TaskInvariant> {
    vec![no_panic(), no_deadlock()]
}

/// No task panics, whether or not somebody looks at its handle.
pub fn no_panic() -> TaskInvariant {
    Invariant::always(
        "no-panic",
        "no task panics",
        EventMask::of(&[event::PANICKED]),
        |world: &TaskWorld, event: Event| {
            let (name, why) = (world.shown(event.who()), world.panic_of(event.who()));
            Some(format!("{name} panicked: {why}").into())
        },
    )
}

/// What a task holds under a key it holds alone.
pub fn one_attempt_per_key() -> TaskInvariant {
    Invariant::always(
        "one-attempt-per-key",
        "what a task holds under a key it holds alone",
        EventMask::of(&[event::HOLD]),
        |world: &TaskWorld, event: Event| world.held_twice(event.value()),
    )
    .reading(|_, event, into| into.read(Resource::new(b'h', event.value())))
}

/// When nothing more can happen, nobody waits for what is there: whoever is told of it is told.
pub fn no_lost_wakeup() -> TaskInvariant {
    Invariant::settled(
        "no-lost-wakeup",
        "when nothing more can happen, nobody waits for what is there",
        |world: &TaskWorld| {
            let lost = world.unfinished().into_iter().filter(|&task| world.waits_in_vain(task));
            let lost: Vec<String> = lost.map(|task| world.waiting_of(task).sentence()).collect();
            (!lost.is_empty()).then(|| format!("{}: it was never woken", lost.join("; ")).into())
        },
    )
}

/// When nothing more can happen, every task has come to its end.
pub fn no_leaked_task() -> TaskInvariant {
    Invariant::settled(
        "no-leaked-task",
        "when nothing more can happen, every task has come to its end",
        |world: &TaskWorld| {
            let leaked = world.unfinished();
            let leaked: Vec<String> =
                leaked.into_iter().map(|task| world.waiting_of(task).sentence()).collect();
            (!leaked.is_empty()).then(|| leaked.join("; ").into())
        },
    )
}

/// Who asked a handle in vain although its task had ended asks again, and does not drop it.
pub fn finished_is_ready_or_retried() -> TaskInvariant {
    Invariant::always(
        "finished-is-ready-or-retried",
        "a handle that was pending although its task had ended is asked again and not dropped",
        EventMask::of(&[event::ABANDONED]),
        |world: &TaskWorld, event: Event| {
            let (who, task) = (world.shown(event.who()), world.shown(event.arg()));
            Some(format!("{who} dropped the handle of {task}, whose result nobody has read").into())
        },
    )
}

/// No message that somebody sent is dropped unreceived.
pub fn no_lost_message() -> TaskInvariant {
    Invariant::always(
        "no-lost-message",
        "no message that was sent is dropped unreceived",
        EventMask::of(&[event::LOST]),
        |world: &TaskWorld, event: Event| {
            Some(format!("a message in {} was lost", world.thing_text(event.value() as u32)).into())
        },
    )
}

/// The task has reached the point of this name ([`Handle::mark`](super::Handle::mark)).
pub fn reached(name: &'static str, sentence: &'static str) -> TaskInvariant {
    let hash = digest_bytes(name.as_bytes()).0 as u64;
    Invariant::sometimes(name, sentence, EventMask::of(&[event::MARK]), move |_, event: Event| {
        event.value() == hash
    })
}

impl TaskWorld {
    fn held_twice(&self, hash: u64) -> Option<Evidence> {
        let label = self.label_text(hash);
        let tables = self.desk.tables.borrow();
        let holds = tables.holds.iter().filter(|(_, held)| *held == label);
        let mut holders: Vec<u32> = holds.map(|&(task, _)| task).collect();
        holders.sort_unstable();
        holders.dedup();
        drop(tables);
        if holders.len() < 2 {
            return None;
        }
        let names: Vec<String> = holders.iter().map(|&task| self.shown(task)).collect();
        Some(format!("{} both hold {label}", names.join(" and ")).into())
    }

    /// True if a task waits for something that it would get if it were polled.
    fn waits_in_vain(&self, task: u32) -> bool {
        let waits = self.desk.waits_of(task);
        waits.iter().filter(|wait| wait.own).any(|wait| match wait.op {
            Op::Join => self.ending(wait.on).is_some(),
            Op::Sleep => self.desk.tables.borrow().timers[wait.on as usize].fired,
            op => {
                let things = self.desk.things.borrow();
                let held = things.get(wait.on as usize).and_then(|thing| thing.held.upgrade());
                held.is_some_and(|held| held.is_there(op))
            }
        })
    }
}
