//! The poll at hand: whose it is, its budget, what it has seen and done so far.

use super::{
    desk::Desk,
    table::{NOBODY, Phase, Task},
};
use crate::{plan::Budget, word::mix};
use std::task::Waker;

/// The units with which a poll begins: tokio 1.54, task/coop/mod.rs, `Budget::initial`.
pub(super) const INITIAL: u32 = 128;

/// Next to no units.
const FEW: u32 = 8;

/// No budget is kept.
pub(super) const UNCONSTRAINED: u32 = u32::MAX;

/// The poll at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) task: u32,
    pub(super) budget: u32,
    pub(super) history: u64,
    pub(super) waker: *const (),
    pub(super) performed: bool,
    pub(super) asks: bool,
    pub(super) gave_way: bool,
    pub(super) gives: bool,
    pub(super) registered: u64,
    pub(super) notified: bool,
    pub(super) noted: u32,
    /// The runtime in whose context it is, where wakes can be deferred.
    pub(super) scheduler: u32,
}

pub(super) const NO_TURN: Turn = Turn {
    task: NOBODY,
    budget: UNCONSTRAINED,
    history: 0,
    waker: std::ptr::null(),
    performed: false,
    asks: false,
    gave_way: false,
    gives: false,
    registered: 0,
    notified: false,
    noted: NOBODY,
    scheduler: NOBODY,
};

/// The history of a task that is polled once more: another one for each before, as `mix` would make
/// it, but in two instructions.
#[inline]
const fn polled_again(history: u64) -> u64 {
    history.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1)
}

impl Desk {
    pub(super) fn turn(&self) -> Turn {
        Turn {
            task: self.current.get(),
            budget: self.budget.get(),
            history: self.history.get(),
            waker: self.own_waker.get(),
            performed: self.performed.get(),
            asks: self.asks.get(),
            gave_way: self.gave_way.get(),
            gives: self.gives.get(),
            registered: self.registered.get(),
            notified: self.notified.get(),
            noted: self.noted.get(),
            scheduler: self.scheduler.get(),
        }
    }

    #[inline]
    pub(super) fn set_turn(&self, turn: Turn) {
        self.current.set(turn.task);
        self.budget.set(turn.budget);
        self.history.set(turn.history);
        self.own_waker.set(turn.waker);
        self.performed.set(turn.performed);
        self.asks.set(turn.asks);
        self.gave_way.set(turn.gave_way);
        self.gives.set(turn.gives);
        self.registered.set(turn.registered);
        self.notified.set(turn.notified);
        self.noted.set(turn.noted);
        self.scheduler.set(turn.scheduler);
    }

    /// Does something as nobody, without a budget: what happens outside of every task.
    pub(super) fn outside<T>(&self, scheduler: u32, act: impl FnOnce() -> T) -> T {
        let before = self.turn();
        self.set_turn(Turn { scheduler, ..NO_TURN });
        let done = act();
        self.set_turn(before);
        done
    }

    /// The same on a thread of its own: what it sees and sends, the task has seen.
    pub(super) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = self.turn();
        self.set_turn(Turn { history: before.history, ..NO_TURN });
        let done = act();
        self.set_turn(Turn { history: self.history.get(), ..before });
        done
    }

    /// Begins a poll of a task; whoever ends it puts the turn before back.
    pub(super) fn begin(&self, task: u32, waker: &Waker, scheduler: u32) -> Turn {
        let before = self.turn();
        self.enter(&mut self.tables.borrow_mut().tasks[task as usize], task, scheduler);
        self.own_waker.set(waker.data());
        before
    }

    #[inline]
    pub(super) fn enter(&self, row: &mut Task, task: u32, scheduler: u32) {
        row.phase = Phase::Running;
        row.notified = false;
        self.set_turn(Turn {
            task,
            budget: INITIAL,
            history: polled_again(row.history),
            gave_way: row.gave_way,
            scheduler,
            ..NO_TURN
        });
        let rule = self.rule.get();
        if rule != Budget::Full {
            self.opens_budget(rule);
        }
    }

    #[cold]
    pub(super) fn opens_budget(&self, rule: Budget) {
        self.asks.set(rule == Budget::Asked);
        if rule == Budget::Drawn {
            self.budget.set(self.draw_budget());
        }
    }

    /// Notes in its row what the poll has come to.
    #[inline]
    pub(super) fn note(&self, row: &mut Task) {
        row.history = self.history.get().wrapping_add(self.registered.get());
        row.gave_way = self.gives.get();
        row.waits = self.noted.get();
    }

    pub(super) fn end(&self, task: u32, before: Turn) {
        self.note_end(task);
        self.set_turn(before);
    }

    pub(super) fn note_end(&self, task: u32) {
        let row = &mut self.tables.borrow_mut().tasks[task as usize];
        self.note(row);
        row.notified |= self.notified.get();
    }

    /// No task is polled any more.
    #[inline]
    pub(super) fn leave(&self) {
        self.current.set(NOBODY);
        self.scheduler.set(NOBODY);
        self.budget.set(UNCONSTRAINED);
        self.history.set(0);
    }

    /// Two polls in six begin with fewer units: one of them with any number, one with next to none,
    /// since most polls need few.
    pub(super) fn draw_budget(&self) -> u32 {
        match self.ask(6) {
            4 => INITIAL - self.ask(INITIAL + 1),
            5 => self.ask(FEW),
            _ => INITIAL,
        }
    }

    /// The task that is polled, or [`NOBODY`].
    #[inline]
    pub(super) fn me(&self) -> u32 {
        self.current.get()
    }

    pub(super) fn scheduler(&self) -> u32 {
        self.scheduler.get()
    }

    /// The task whose own waker this is, if it is the one that is polled.
    #[inline]
    pub(super) fn owner_of(&self, waker: &Waker) -> u32 {
        if waker.data() == self.own_waker.get() { self.current.get() } else { NOBODY }
    }

    /// The schedule-independent id of a task.
    pub(super) fn id_of(&self, task: u32) -> u64 {
        self.tables.borrow().tasks.get(task as usize).map_or(0, |row| row.id)
    }

    /// What the task has seen or done: it is part of its state.
    #[inline]
    pub(super) fn sees(&self, what: u64) {
        self.history.set(mix(self.history.get(), what));
    }

    /// The hash of all that the task has seen: what it sends depends on nothing else.
    pub(super) fn seen(&self) -> u64 {
        self.history.get()
    }

    /// The task has done something that others may see: the next await is a switch.
    #[inline]
    pub(super) fn acts(&self) {
        self.performed.set(true);
    }

    pub(super) fn has_acted(&self) -> bool {
        self.performed.get()
    }
}
