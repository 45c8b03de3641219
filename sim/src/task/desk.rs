//! What the tasks of a world share: the tables, the lists beside them, and the cells of the poll at
//! hand. What is done with them stands in `turn`, `ask`, `births`, `life` and `wakes`.
//!
//! What tokio keeps in thread-locals stands here, and a [`Handle`](super::Handle) leads to it: there
//! is no ambient state. While a task is polled it acts at once, as on tokio; the world learns of it
//! from the tables, the events and the footprint that the desk keeps.

pub(super) use super::table::NOBODY;
use super::{
    ask::Asked,
    body::Boxed,
    footprints::Recorder,
    kind::{Op, event},
    profile::Profile,
    table::{Core, Kind, Tables},
    turn::{NO_TURN, UNCONSTRAINED},
    waker::{Waiter, Wakers, Woken},
};
use crate::{
    decisions::Ahead,
    plan::Budget,
    trace::EventMask,
    word::{Words, mix},
};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    rc::{Rc, Weak},
    sync::Arc,
    task::Waker,
};

/// Something that tasks share.
pub(super) trait Held {
    /// Its state as words, under names that do not depend on the schedule.
    fn words(&self, words: &mut Vec<u64>);

    /// True if whoever waits for it in this way would get it now.
    fn is_there(&self, op: Op) -> bool;

    /// Tasks that alone can give whoever waits for it in this way what he waits for, and by what they
    /// have it in hand: `taken`, or nothing where that needs no saying. For reports; nothing that decides asks.
    fn holders(&self, _: Op) -> (&'static str, Vec<u32>) {
        ("", Vec::new())
    }

    /// What is in it, for people; none where that says nothing.
    fn text(&self) -> Option<String> {
        None
    }
}

/// What a task waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) op: Op,
    /// The primitive, or the task whose handle it is.
    pub(super) on: u32,
    pub(super) site: Option<&'static Location<'static>>,
    /// It will be told through its own waker.
    pub(super) own: bool,
}

/// A primitive as the desk knows it.
pub(super) struct Thing {
    pub(super) id: u64,
    pub(super) word: &'static str,
    pub(super) name: Option<&'static str>,
    pub(super) site: &'static Location<'static>,
    pub(super) held: Weak<dyn Held>,
}

pub(super) struct Desk {
    pub(super) profile: &'static Profile,
    pub(super) tables: RefCell<Tables>,
    /// Which run it is: a handle of an earlier one touches nothing.
    pub(super) run: Cell<u32>,
    // The turn, a cell a field: each operation reads and writes two or three.
    pub(super) budget: Cell<u32>,
    pub(super) current: Cell<u32>,
    pub(super) history: Cell<u64>,
    pub(super) own_waker: Cell<*const ()>,
    /// Something was performed in this poll: where awaits are switches, the next one gives way.
    pub(super) performed: Cell<bool>,
    /// It may still be asked in this poll whether the budget is used up.
    pub(super) asks: Cell<bool>,
    /// The poll before gave way, and this one has not got on since.
    pub(super) gave_way: Cell<bool>,
    /// What it began to wait for through wakers that are not its own, as a sum: the order does not
    /// count.
    pub(super) registered: Cell<u64>,
    /// This poll gives way.
    pub(super) gives: Cell<bool>,
    /// It was woken in its own poll.
    pub(super) notified: Cell<bool>,
    /// What it noted that it waits for, as in the row of a task.
    pub(super) noted: Cell<u32>,
    pub(super) scheduler: Cell<u32>,
    /// Awaits are switches.
    pub(super) switches: Cell<bool>,
    /// Inside of how many combinators, within which no await gives way.
    pub(super) together: Cell<u32>,
    pub(super) rule: Cell<Budget>,
    pub(super) any_time: Cell<bool>,
    /// Bodies are dropped with the run: nothing that they do counts.
    pub(super) closing: Cell<bool>,
    pub(super) wakers: RefCell<Wakers>,
    pub(super) woken: Arc<Woken>,
    /// Who gave way until the run queue is empty, by queue.
    pub(super) deferred: RefCell<Vec<Vec<Waiter>>>,
    /// Who polls a `LocalSet`, or what a runtime blocks on, by queue.
    pub(super) hosts: RefCell<Vec<Waiter>>,
    pub(super) sleepers: RefCell<Vec<Waiter>>,
    /// Who joins a task through a waker that is no task's own, by task.
    pub(super) joiners: RefCell<BTreeMap<u32, Waker>>,
    /// What each task noted in the last poll in which it noted more than that it joins one other.
    pub(super) waits: RefCell<Vec<Vec<Wait>>>,
    pub(super) things: RefCell<Vec<Thing>>,
    /// What the primitive that is made next is called.
    pub(super) name: Cell<Option<&'static str>>,
    /// Tasks from this one on were started in this poll.
    pub(super) newest: Cell<u32>,
    /// Tasks whose handles were dropped in this poll although they owe a result.
    pub(super) abandoned: RefCell<Vec<u32>>,
    /// There are such.
    pub(super) abandons: Cell<bool>,
    pub(super) labels: RefCell<Vec<(u64, Cow<'static, str>)>>,
    pub(super) ahead: RefCell<Ahead>,
    /// They last for the whole run.
    pub(super) ahead_lasts: Cell<bool>,
    /// What was asked in this move, with the number of options.
    pub(super) asked: RefCell<Vec<Asked>>,
    pub(super) was_asked: Cell<bool>,
    pub(super) recorder: RefCell<Recorder>,
    pub(super) records: Cell<bool>,
    /// A move begins with more than the poll: something is recorded, or answers are taken along.
    pub(super) prepares: Cell<bool>,
    /// Tasks that became ready and have no move yet; only on many threads.
    pub(super) fresh: RefCell<Vec<u32>>,
    /// Timers that can fire at any time and have no move yet.
    pub(super) fresh_timers: RefCell<Vec<u32>>,
    /// Timers that were disarmed and have a move still.
    pub(super) stale_timers: RefCell<Vec<u32>>,
    /// One of these two lists has grown.
    pub(super) timers_change: Cell<bool>,
    /// The kinds of events told in the move at hand.
    pub(super) told: Cell<EventMask>,
    /// It has left something in these lists: questions, who is fresh, timers.
    pub(super) todo: Cell<bool>,
}

impl Desk {
    pub(super) fn new(profile: &'static Profile) -> Self {
        let wakers = Wakers::default();
        Desk {
            profile,
            tables: RefCell::default(),
            run: Cell::new(0),
            budget: Cell::new(UNCONSTRAINED),
            current: Cell::new(NOBODY),
            history: Cell::new(0),
            own_waker: Cell::new(std::ptr::null()),
            performed: Cell::new(false),
            asks: Cell::new(false),
            gave_way: Cell::new(false),
            registered: Cell::new(0),
            gives: Cell::new(false),
            notified: Cell::new(false),
            noted: Cell::new(NOBODY),
            scheduler: Cell::new(NOBODY),
            switches: Cell::new(false),
            together: Cell::new(0),
            rule: Cell::new(Budget::Full),
            any_time: Cell::new(false),
            closing: Cell::new(false),
            woken: Arc::clone(&wakers.woken),
            wakers: RefCell::new(wakers),
            deferred: RefCell::default(),
            hosts: RefCell::default(),
            sleepers: RefCell::default(),
            joiners: RefCell::default(),
            waits: RefCell::default(),
            things: RefCell::default(),
            name: Cell::new(None),
            newest: Cell::new(0),
            abandoned: RefCell::default(),
            abandons: Cell::new(false),
            labels: RefCell::default(),
            ahead: RefCell::default(),
            ahead_lasts: Cell::new(false),
            asked: RefCell::default(),
            was_asked: Cell::new(false),
            recorder: RefCell::default(),
            records: Cell::new(false),
            prepares: Cell::new(true),
            fresh: RefCell::default(),
            fresh_timers: RefCell::default(),
            stale_timers: RefCell::default(),
            timers_change: Cell::new(false),
            told: Cell::new(EventMask::NONE),
            todo: Cell::new(false),
        }
    }

    /// Makes it empty for a new run, keeping its memory.
    pub(super) fn reset(&self) {
        self.drop_bodies();
        self.run.set(self.run.get().wrapping_add(1));
        self.tables.borrow_mut().clear();
        self.deferred.borrow_mut().clear();
        self.hosts.borrow_mut().clear();
        self.sleepers.borrow_mut().clear();
        self.wakers.borrow_mut().reset();
        self.joiners.borrow_mut().clear();
        self.things.borrow_mut().clear();
        self.abandoned.borrow_mut().clear();
        self.abandons.set(false);
        self.name.set(None);
        self.newest.set(0);
        self.asked.borrow_mut().clear();
        self.was_asked.set(false);
        self.timers_change.set(false);
        self.told.set(EventMask::NONE);
        self.todo.set(false);
        self.take_ahead(Ahead::Harmless);
        self.fresh.borrow_mut().clear();
        self.fresh_timers.borrow_mut().clear();
        self.stale_timers.borrow_mut().clear();
        self.recorder.borrow_mut().clear();
        if !self.woken.is_empty() {
            self.woken.take();
        }
        self.set_turn(NO_TURN);
    }

    /// Drops the futures of all tasks; what they do on the way does not count.
    pub(super) fn drop_bodies(&self) {
        self.closing.set(true);
        let mut at = 0;
        loop {
            // A drop may spawn.
            let Some(body) = self.next_body(&mut at) else { break };
            // A panic here belongs to a run that is over; its verdict stands.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
        }
        self.closing.set(false);
    }

    /// The future of the next task, from `at` on, that has one.
    fn next_body(&self, at: &mut usize) -> Option<Boxed> {
        let tasks = &mut self.tables.borrow_mut().tasks;
        *at += tasks[*at..].iter().position(|row| row.body.is_some())?;
        tasks[*at].body.take()
    }

    /// Another run queue.
    pub(super) fn add_core(&self, kind: Kind) -> u32 {
        let is_first = self.tables.borrow().cores.is_empty();
        let id = if is_first { 0 } else { self.next_id(0x71, Tables::next_made) };
        let mut tables = self.tables.borrow_mut();
        assert!(tables.cores.len() <= usize::from(u16::MAX), "a run has at most 65,536 runtimes");
        tables.cores.push(Core { id, ..Core::new(kind) });
        self.deferred.borrow_mut().push(Vec::new());
        self.hosts.borrow_mut().push(Waiter::Nobody);
        tables.cores.len() as u32 - 1
    }

    pub(super) fn tells(&self, kind: u8, arg: u32, value: u64) {
        self.tells_of(self.me(), kind, arg, value);
    }

    #[inline]
    pub(super) fn tells_of(&self, who: u32, kind: u8, arg: u32, value: u64) {
        self.tells_in(&mut self.tables.borrow_mut(), who, kind, arg, value);
    }

    /// The same with the tables at hand.
    #[inline]
    pub(super) fn tells_in(&self, tables: &mut Tables, who: u32, kind: u8, arg: u32, value: u64) {
        if !self.closing.get() {
            tables.events.push(Words::new(kind, who, arg, value));
            self.told.set(self.told.get().or(EventMask::of(&[kind])));
        }
    }

    pub(super) fn timers_change(&self) {
        self.timers_change.set(true);
        self.todo.set(true);
    }

    pub(super) fn label_hash(&self, label: &str) -> u64 {
        let hash = crate::trace::digest_bytes(label.as_bytes()).0 as u64;
        let mut labels = self.labels.borrow_mut();
        if let Err(at) = labels.binary_search_by_key(&hash, |&(known, _)| known) {
            labels.insert(at, (hash, label.to_owned().into()));
        }
        hash
    }

    pub(super) fn released(&self, task: u32, label: &str) {
        let hash = self.label_hash(label);
        self.writes_label(hash);
        self.tells_of(task, event::RELEASE, 0, hash);
    }
}

/// A primitive's place on its desk.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) desk: Rc<Desk>,
    pub(super) index: u32,
    pub(super) id: u64,
}

impl Place {
    /// The primitive is changed, and what the task does next depends on it.
    pub(super) fn changes(&self) {
        self.desk.touches(self.id);
    }

    /// The task performs an operation on it: an event, and part of what the task has seen.
    pub(super) fn acts(&self, op: Op) {
        self.changes();
        self.desk.tells(event::DID, op as u32, u64::from(self.index));
        self.desk.sees(mix(self.id, op as u64));
        self.desk.acts();
    }

    /// The task looks at it and sees this.
    pub(super) fn looks(&self, what: u64) {
        self.desk.looks_at(self.id);
        self.desk.sees(mix(self.id, what));
        self.desk.acts();
    }
}
