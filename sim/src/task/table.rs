//! The tables of the task world: plain data, changed only while a move is played.

use super::{
    body::{Boxed, Spare},
    kind::event,
    queue::Queue,
};
use crate::{name::Path, trace::Event};
use serde::Serialize;
use std::{borrow::Cow, collections::VecDeque, panic::Location};

/// Nobody: outside of every task.
pub(super) const NOBODY: u32 = u32::MAX;

/// Somebody who is no task: known by a waker.
pub(super) const OTHER: u32 = NOBODY - 1;

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Phase {
    /// It waits to be woken.
    #[default]
    Waiting,
    /// It was woken and waits for its turn.
    Ready,
    /// It is being polled.
    Running,
    /// It has ended.
    Done,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Ending {
    /// Its future returned.
    Returned,
    /// It was aborted, or its runtime shut down.
    Cancelled,
    /// Its future panicked.
    Panicked,
}

impl Ending {
    /// The kind of event that tells of it.
    pub(super) fn event(self) -> u8 {
        match self {
            Ending::Returned => event::RETURNED,
            Ending::Cancelled => event::CANCELLED,
            Ending::Panicked => event::PANICKED,
        }
    }
}

/// What a task is to its world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    #[default]
    Plain,
    /// Must be done when the run ends.
    Client,
    /// It runs a closure that blocks its own thread.
    Blocking,
    /// It is what a runtime blocks on.
    Root,
}

/// A task, in one line of cache: what is rare or long stands elsewhere.
#[derive(Debug, Default)]
pub(super) struct Task {
    /// Its schedule-independent id.
    pub(super) id: u64,
    /// Hash of all that its polls have seen: with the tables, the whole state.
    pub(super) history: u64,
    /// Its future, while it is not being polled; once it has ended its result, while that is wanted.
    pub(super) body: Option<Boxed>,
    /// Who waits for its end: a task, [`NOBODY`], or [`OTHER`].
    pub(super) joiner: u32,
    /// How many children, primitives and timers it has made: the next ordinal of each.
    pub(super) children: u32,
    pub(super) made: u32,
    pub(super) timers: u32,
    /// What its last poll noted that it waits for: the end of this task and nothing else,
    /// [`NOBODY`] if nothing, [`OTHER`] if that stands in a list.
    pub(super) waits: u32,
    /// Whose queue it stands in.
    pub(super) core: u16,
    pub(super) phase: Phase,
    pub(super) role: Role,
    pub(super) ending: Option<Ending>,
    /// Woken while it was being polled.
    pub(super) notified: bool,
    /// Its future is dropped instead of being polled again.
    pub(super) aborted: bool,
    /// Its last poll gave way before it could do what it came to.
    pub(super) gave_way: bool,
    /// Its handle was pending although it had ended, and has not given its result since. A ghost: no
    /// rule reads it.
    pub(super) owed: bool,
    /// A handle exists.
    pub(super) wanted: bool,
    /// It has cloned its waker, which is its own from then on.
    pub(super) keeps: bool,
}

/// Where a task comes from: for its name, and for reports.
#[derive(Debug)]
pub(super) struct Origin {
    /// Its spawner.
    pub(super) parent: u32,
    /// Which child of its spawner it is, from 1.
    pub(super) ordinal: u32,
    pub(super) site: &'static Location<'static>,
}

/// Which tasks a queue feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Kind {
    /// One thread: first in, first out.
    CurrentThread,
    /// Many threads: any ready task is next.
    MultiThread,
    /// A `LocalSet`, run by whoever polls it.
    Local,
}

/// Where the loop of a current-thread runtime stands (tokio 1.54,
/// runtime/scheduler/current_thread/mod.rs, `CoreGuard::block_on`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Stage {
    /// What it blocks on is polled, if it was woken.
    Root,
    /// So many tasks are polled at most before the driver is.
    Tasks(u32),
    /// The driver has run; timers that are due come first, then who was deferred.
    Driver,
}

/// How many tasks are polled before the driver is: tokio's `event_interval`.
pub(super) const EVENT_INTERVAL: u32 = 61;

/// A run queue and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Core {
    /// Its schedule-independent id.
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) queue: Queue,
    pub(super) root: Option<u32>,
    pub(super) stage: Stage,
    /// Timers that fire next.
    pub(super) due: VecDeque<u32>,
    /// It has timers.
    pub(super) timed: bool,
    /// Tasks spawned on it are cancelled at once.
    pub(super) shut: bool,
}

impl Core {
    pub(super) fn new(kind: Kind) -> Self {
        let (queue, due) = (Queue::default(), VecDeque::new());
        Core { id: 0, kind, queue, root: None, stage: Stage::Root, due, timed: true, shut: false }
    }
}

/// A timer: what a `Sleep` waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Timer {
    pub(super) owner: u32,
    pub(super) core: u32,
    /// Which timer of its owner it is, from 1.
    pub(super) ordinal: u32,
    /// In ns since the clock began.
    pub(super) deadline: u64,
    /// Somebody has polled it, and it has not fired.
    pub(super) armed: bool,
    pub(super) fired: bool,
    /// Its `Sleep` is gone.
    pub(super) gone: bool,
}

/// Timers have a granularity of 1 ms (`tm-014`).
pub(super) const NS_PER_MS: u64 = 1_000_000;

impl Timer {
    /// The tick, in ms, at which it fires: the end of its ms.
    pub(super) fn tick(&self) -> u64 {
        self.deadline.div_ceil(NS_PER_MS)
    }
}

/// All tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// What was told in the move at hand.
    pub(super) events: Vec<Event>,
    pub(super) spare: Spare,
    pub(super) tasks: Vec<Task>,
    /// Where each of them comes from.
    pub(super) origins: Vec<Origin>,
    /// What those are called that are not called `task`.
    pub(super) labels: Vec<(u32, Cow<'static, str>)>,
    /// What tasks declared to hold, oldest first.
    pub(super) holds: Vec<(u32, Cow<'static, str>)>,
    /// Why tasks panicked.
    pub(super) panics: Vec<(u32, String)>,
    pub(super) cores: Vec<Core>,
    /// Timers; a row is one timer for the whole run.
    pub(super) timers: Vec<Timer>,
    /// Armed timers as (tick, row).
    // invariant: sorted downwards by tick, later ones first among equals: the next to fire is last
    pub(super) armed: Vec<(u64, u32)>,
    /// The clock, in ns since it began.
    pub(super) now: u64,
    /// Somebody has looked at the clock.
    pub(super) clock_read: bool,
    /// How many tasks and primitives were made outside of every task.
    pub(super) roots: u32,
    pub(super) made: u32,
    pub(super) timers_made: u32,
    /// How many faults may still be played.
    pub(super) faults: u32,
}

impl Tables {
    /// Makes them empty for a new run; spare bodies are kept.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.tasks.clear();
        self.origins.clear();
        self.labels.clear();
        self.holds.clear();
        self.panics.clear();
        self.cores.clear();
        self.timers.clear();
        self.armed.clear();
        (self.now, self.clock_read) = (0, false);
        (self.roots, self.made, self.timers_made, self.faults) = (0, 0, 0, 0);
    }

    /// The ordinals on the way to a task.
    pub(super) fn path(&self, task: u32) -> Path {
        let mut path = Vec::new();
        let mut at = task;
        while let Some(origin) = self.origins.get(at as usize) {
            path.push(origin.ordinal);
            at = origin.parent;
        }
        path.reverse();
        path
    }

    /// What a task is called.
    pub(super) fn label(&self, task: u32) -> &str {
        self.labels.iter().find(|(who, _)| *who == task).map_or("task", |(_, label)| label)
    }

    /// The ordinal of the next thing that a task makes.
    pub(super) fn next_made(&mut self, me: u32) -> u32 {
        let made = self.tasks.get_mut(me as usize).map_or(&mut self.made, |row| &mut row.made);
        *made += 1;
        *made
    }

    /// What a task holds, oldest first.
    pub(super) fn held_by(&self, task: u32) -> impl Iterator<Item = &Cow<'static, str>> {
        self.holds.iter().filter(move |(holder, _)| *holder == task).map(|(_, label)| label)
    }

    /// A task lets go of all that it holds.
    pub(super) fn take_holds(&mut self, task: u32) -> Vec<Cow<'static, str>> {
        let taken = self.holds.extract_if(.., |(holder, _)| *holder == task);
        taken.map(|(_, label)| label).collect()
    }

    /// The earliest tick of an armed timer.
    pub(super) fn earliest(&self) -> Option<u64> {
        self.armed.last().map(|&(tick, _)| tick)
    }
}
