//! Footprints of the task world.
//!
//! A poll is announced as opaque, since nobody knows what it will touch; what it did touch is
//! recorded by the primitives.
//!
//! | kind | resource | written by | read by |
//! |---|---|---|---|
//! | `w` | the turn of a task | its own polls | whoever wakes it |
//! | `e` | the end of a task, and who joins it | its end, its handle | `is_finished` |
//! | `a` | whether a task is aborted | abort | its own polls |
//! | `r` | a primitive | each operation on it | |
//! | `q` | the run queue of a current-thread runtime or a `LocalSet` | every poll there, who wakes a local task | |
//! | `t` | a timer | arming, firing, dropping it | |
//! | `c` | the clock | a timer that fires | whoever looks at it |
//! | `p` | who lives | faults, which choose among the living | births and ends |
//! | `h` | who holds a label | hold, release, the end of the holder | |

use super::{
    desk::{Desk, NOBODY},
    table::Kind,
    turn::INITIAL,
};
use crate::{
    footprint::{Footprint, Resource},
    name,
};

/// Records what a move touches, if somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) print: Footprint,
    /// What it changes that only invariants read.
    pub(super) told: Footprint,
    /// Timers that were disarmed although they could have fired.
    pub(super) missed: Vec<u64>,
    /// Whose poll was the last, and what was left of its budget.
    pub(super) budget: Option<(u32, u32)>,
}

impl Recorder {
    pub(super) fn clear(&mut self) {
        self.print.clear();
        self.told.clear();
        self.missed.clear();
        self.budget = None;
    }
}

impl Desk {
    #[inline(always)]
    fn records(&self, note: impl FnOnce(&mut Footprint)) {
        if self.records.get() {
            self.record(note);
        }
    }

    #[cold]
    fn record(&self, note: impl FnOnce(&mut Footprint)) {
        note(&mut self.recorder.borrow_mut().print);
        self.notes_budget();
    }

    /// What is left of the budget of the poll at hand, if it has one.
    pub(super) fn notes_budget(&self) {
        let (task, left) = (self.me(), self.budget.get());
        if self.records.get() && task != NOBODY && left <= INITIAL {
            self.recorder.borrow_mut().budget = Some((task, left));
        }
    }

    pub(super) fn observe(&self, on: bool) {
        self.records.set(on);
        self.prepares.set(on || !self.ahead_lasts.get());
    }

    pub(super) fn clear_records(&self) {
        if self.records.get() {
            let mut recorder = self.recorder.borrow_mut();
            recorder.print.clear();
            recorder.told.clear();
        }
    }

    #[inline(always)]
    pub(super) fn reads_wake(&self, task: u32) {
        self.records(|print| print.read(Resource::new(b'w', self.id_of(task))));
    }

    /// A task is polled.
    #[inline(always)]
    pub(super) fn takes_turn(&self, task: u32) {
        if self.records.get() {
            self.records_turn(task);
        }
    }

    #[cold]
    fn records_turn(&self, task: u32) {
        let id = self.id_of(task);
        let core = u32::from(self.tables.borrow().tasks[task as usize].core);
        let (kind, queue) = {
            let row = &self.tables.borrow().cores[core as usize];
            (row.kind, row.id)
        };
        self.records(|print| {
            print.write(Resource::new(b'w', id));
            print.read(Resource::new(b'a', id));
            if kind == Kind::CurrentThread {
                print.write(Resource::new(b'q', queue));
            }
        });
    }

    pub(super) fn touches_queue(&self, core: u32) {
        self.records(|print| {
            let queue = self.tables.borrow().cores[core as usize].id;
            print.write(Resource::new(b'q', queue));
        });
    }

    pub(super) fn writes_end(&self, task: u32) {
        self.records(|print| print.write(Resource::new(b'e', self.id_of(task))));
    }

    pub(super) fn reads_end(&self, task: u32) {
        self.records(|print| print.read(Resource::new(b'e', self.id_of(task))));
    }

    pub(super) fn writes_abort(&self, task: u32) {
        self.records(|print| {
            print.write(Resource::new(b'a', self.id_of(task)));
            // Whether there is anything left to abort.
            print.read(Resource::new(b'e', self.id_of(task)));
        });
    }

    /// An operation on a primitive.
    #[inline(always)]
    pub(super) fn touches(&self, id: u64) {
        self.records(|print| print.write(Resource::new(b'r', id)));
    }

    /// A look at a primitive.
    pub(super) fn looks_at(&self, id: u64) {
        self.records(|print| print.read(Resource::new(b'r', id)));
    }

    pub(super) fn writes_timer(&self, id: u64) {
        self.records(|print| print.write(Resource::new(b't', id)));
    }

    pub(super) fn reads_clock(&self) {
        self.records(|print| print.read(Resource::new(b'c', 0)));
    }

    pub(super) fn writes_clock(&self) {
        self.records(|print| print.write(Resource::new(b'c', 0)));
    }

    /// The move may touch anything.
    pub(super) fn touches_anything(&self) {
        self.records(Footprint::make_opaque);
    }

    /// A birth or an end: whoever counts the living comes before it or after it.
    pub(super) fn changes_the_living(&self) {
        self.records(|print| print.read(Resource::new(b'p', 0)));
    }

    pub(super) fn counts_the_living(&self) {
        self.records(|print| print.write(Resource::new(b'p', 0)));
    }

    /// Who holds a label: nobody but invariants looks at it.
    pub(super) fn writes_label(&self, hash: u64) {
        if self.records.get() {
            self.recorder.borrow_mut().told.write(Resource::new(b'h', hash));
        }
    }

    /// A timer that could have fired was disarmed.
    pub(super) fn misses(&self, owner: u64, ordinal: u32) {
        if self.records.get() {
            let timer = name::timer_id(owner, ordinal);
            self.recorder.borrow_mut().missed.push(timer);
        }
    }
}
