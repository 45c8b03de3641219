//! Who is next: the loop of a current-thread runtime, and the clock.
//!
//! The loop is that of tokio 1.54 (runtime/scheduler/current_thread/mod.rs): what the runtime blocks
//! on if it was woken, then at most 61 tasks in the order in which they were woken, then the driver:
//! timers that are due, then who was deferred. Only when nobody is ready does the paused clock go on
//! to the next timer (`tm-010`).

use super::{
    desk::Desk,
    table::{Core, EVENT_INTERVAL, Kind, NS_PER_MS, Phase, Stage, Timer},
};

/// What a current-thread runtime does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It polls a task.
    Task(u32),
    /// A timer fires.
    Timer(u32),
    /// Nothing, until time passes.
    Idle,
}

impl Desk {
    /// What comes next on a current-thread runtime; asked again it says the same until that is done.
    pub(super) fn next(&self, core: u32) -> Next {
        loop {
            if let Some(next) = self.next_at_stage(core) {
                return next;
            }
        }
    }

    /// The front of the queue, while it is the turn of the tasks.
    #[inline]
    pub(super) fn front(&self, core: u32) -> Option<u32> {
        // To borrow it for writing is cheaper than for reading.
        let row = &self.tables.borrow_mut().cores[core as usize];
        let is_turn = matches!(row.stage, Stage::Tasks(left) if left > 0);
        if is_turn { row.queue.front() } else { None }
    }

    /// `None` if the stage is over.
    fn next_at_stage(&self, core: u32) -> Option<Next> {
        let at = core as usize;
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.cores[at];
        match row.stage {
            Stage::Root => {
                let root = row.root;
                let ready = |task: &u32| tables.tasks[*task as usize].phase == Phase::Ready;
                if let Some(root) = root.filter(ready) {
                    return Some(Next::Task(root));
                }
                tables.cores[at].stage = Stage::Tasks(EVENT_INTERVAL);
            }
            Stage::Tasks(left) => {
                if let Some(task) = row.queue.front().filter(|_| left > 0) {
                    return Some(Next::Task(task));
                }
                let root = row.root;
                let ready = |task: u32| tables.tasks[task as usize].phase == Phase::Ready;
                let works = left == 0 || root.is_some_and(ready);
                drop(tables);
                let due = self.collect_due(core);
                if !works && !due && !self.has_deferred(core) {
                    return Some(Next::Idle);
                }
                self.tables.borrow_mut().cores[at].stage = Stage::Driver;
            }
            Stage::Driver => {
                if let Some(&timer) = row.due.front() {
                    return Some(Next::Timer(timer));
                }
                row.stage = Stage::Root;
                drop(tables);
                self.wake_deferred(core);
            }
        }
        None
    }

    /// The task that [`Desk::next`] named is about to be polled.
    pub(super) fn takes(&self, core: u32, task: u32) {
        self.tables.borrow_mut().cores[core as usize].takes(task);
    }

    /// Lists the timers that are due by the clock; false if none is.
    fn collect_due(&self, core: u32) -> bool {
        let mut tables = self.tables.borrow_mut();
        let now = tables.now / NS_PER_MS;
        let mut due = Vec::new();
        for &(_, timer) in tables.armed.iter().rev().take_while(|&&(tick, _)| tick <= now) {
            if tables.timers[timer as usize].core == core {
                due.push(timer);
            }
        }
        let any = !due.is_empty();
        tables.cores[core as usize].due = due.into();
        any
    }

    /// Lets time pass to the next timer; false if none is armed.
    pub(super) fn pass_time(&self) -> bool {
        let mut tables = self.tables.borrow_mut();
        let Some(tick) = tables.earliest() else { return false };
        tables.now = tables.now.max(tick * NS_PER_MS);
        let due = tables.armed.iter().rev().take_while(|&&(at, _)| at == tick);
        let due: Vec<u32> = due.map(|&(_, timer)| timer).collect();
        for timer in due {
            let core = tables.timers[timer as usize].core as usize;
            if tables.cores[core].kind == Kind::MultiThread {
                self.fresh_timers.borrow_mut().push(timer);
                self.timers_change();
            }
        }
        true
    }

    /// A timer for a new `Sleep`; it is armed when that is first polled.
    pub(super) fn add_timer(&self, core: u32, deadline: u64) -> u32 {
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let ordinal = match tables.tasks.get_mut(me as usize) {
            Some(row) => {
                row.timers += 1;
                row.timers
            }
            None => {
                tables.timers_made += 1;
                tables.timers_made
            }
        };
        let (armed, fired, gone) = (false, false, false);
        tables.timers.push(Timer { owner: me, core, ordinal, deadline, armed, fired, gone });
        let index = tables.timers.len() as u32 - 1;
        drop(tables);
        self.sleepers.borrow_mut().resize_with(index as usize + 1, Default::default);
        index
    }

    /// Arms a timer.
    pub(super) fn arm(&self, timer: u32) {
        self.writes_timer(self.timer_id(timer));
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.timers[timer as usize];
        row.armed = true;
        let tick = row.tick();
        let at = tables.armed.partition_point(|&(other, _)| other > tick);
        tables.armed.insert(at, (tick, timer));
        drop(tables);
        if self.any_time.get() {
            self.fresh_timers.borrow_mut().push(timer);
            self.timers_change();
        }
    }

    /// Disarms a timer that has not fired.
    pub(super) fn disarm(&self, timer: u32) {
        self.writes_timer(self.timer_id(timer));
        let mut tables = self.tables.borrow_mut();
        let now = tables.now / NS_PER_MS;
        let Some(row) = tables.timers.get_mut(timer as usize).filter(|row| row.armed) else {
            return;
        };
        row.armed = false;
        let (owner, ordinal, core) = (row.owner, row.ordinal, row.core as usize);
        let could_fire = self.any_time.get() || row.tick() <= now;
        tables.armed.retain(|&(_, row)| row != timer);
        tables.cores[core].due.retain(|&due| due != timer);
        drop(tables);
        if could_fire {
            self.misses(self.id_of(owner), ordinal);
        }
        self.stale_timers.borrow_mut().push(timer);
        self.timers_change();
        self.sleepers.borrow_mut()[timer as usize].forget();
    }

    /// A timer fires.
    pub(super) fn fire(&self, timer: u32) {
        self.writes_timer(self.timer_id(timer));
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.timers[timer as usize];
        (row.armed, row.fired) = (false, true);
        let (tick, core) = (row.tick(), row.core);
        tables.armed.retain(|&(_, row)| row != timer);
        tables.cores[core as usize].due.retain(|&due| due != timer);
        tables.now = tables.now.max(tick * NS_PER_MS);
        drop(tables);
        if self.any_time.get() {
            // Whoever looks at the clock sees it go on.
            self.writes_clock();
        }
        let mut sleeper = std::mem::take(&mut self.sleepers.borrow_mut()[timer as usize]);
        sleeper.wake(self);
        self.settle_wakes();
    }

    /// The schedule-independent id of a timer.
    pub(super) fn timer_id(&self, timer: u32) -> u64 {
        let tables = self.tables.borrow();
        let Some(row) = tables.timers.get(timer as usize) else { return 0 };
        let owner = tables.tasks.get(row.owner as usize).map_or(crate::name::root_id(), |t| t.id);
        crate::name::timer_id(owner, row.ordinal)
    }
}

impl Core {
    /// See [`Desk::takes`].
    #[inline]
    pub(super) fn takes(&mut self, task: u32) {
        match &mut self.stage {
            Stage::Root => self.stage = Stage::Tasks(EVENT_INTERVAL),
            Stage::Tasks(left) => {
                *left -= 1;
                let front = self.queue.pop_front();
                assert!(front == Some(task), "the front of the queue is next");
            }
            Stage::Driver => {}
        }
    }
}
