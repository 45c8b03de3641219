//! Who is woken, at once or once nobody else is ready, and who waits for what.

use super::{
    desk::{Desk, Wait},
    kind::Op,
    table::{Kind, NOBODY, OTHER, Phase, Tables},
    waker::Waiter,
};
use crate::word::mix;
use std::{cell::RefMut, panic::Location, task::Context};

impl Desk {
    /// Wakes a task.
    #[inline]
    pub(super) fn wake(&self, task: u32) {
        if !self.woken.is_empty() {
            self.take_woken();
        }
        self.wake_now(task);
    }

    /// Wakes those who were woken through real wakers, in their order.
    #[cold]
    pub(super) fn take_woken(&self) {
        for task in self.woken.take() {
            self.wake_now(task);
        }
    }

    #[inline]
    pub(super) fn settle_wakes(&self) {
        if !self.woken.is_empty() {
            self.take_woken();
        }
    }

    #[inline]
    pub(super) fn wake_now(&self, task: u32) {
        self.reads_wake(task);
        if task == self.current.get() {
            self.notified.set(true);
        } else {
            self.wake_other(task);
        }
    }

    /// The task that is polled is woken.
    #[inline]
    pub(super) fn wake_me(&self) {
        self.settle_wakes();
        self.reads_wake(self.current.get());
        self.notified.set(true);
    }

    #[inline]
    pub(super) fn wake_other(&self, task: u32) {
        self.wake_in(self.tables.borrow_mut(), task);
    }

    /// The same with the tables at hand.
    #[inline(always)]
    pub(super) fn wake_in(&self, mut tables: RefMut<'_, Tables>, task: u32) {
        let Some(row) = tables.tasks.get_mut(task as usize) else { return };
        if row.phase == Phase::Waiting {
            row.phase = Phase::Ready;
            let core = u32::from(row.core);
            self.queues(tables, core, task);
        } else if row.phase == Phase::Running {
            row.notified = true;
        }
    }

    /// A task that has become ready goes into its queue.
    #[inline(always)]
    pub(super) fn queues(&self, mut tables: RefMut<'_, Tables>, core: u32, task: u32) {
        let row = &mut tables.cores[core as usize];
        match row.kind {
            Kind::MultiThread => {
                self.fresh.borrow_mut().push(task);
                self.todo.set(true);
            }
            // What the runtime blocks on stands in no queue.
            Kind::CurrentThread if row.root == Some(task) => {}
            Kind::CurrentThread => row.queue.push_back(task),
            Kind::Local => {
                row.queue.push_back(task);
                drop(tables);
                self.wakes_host(core);
            }
        }
    }

    #[cold]
    fn wakes_host(&self, core: u32) {
        self.touches_queue(core);
        let mut host = std::mem::take(&mut self.hosts.borrow_mut()[core as usize]);
        host.wake(self);
    }

    /// Who polls a `LocalSet` is woken with its tasks.
    pub(super) fn hosted_by(&self, core: u32, cx: &Context<'_>) {
        self.touches_queue(core);
        self.hosts.borrow_mut()[core as usize].set(self, cx);
    }

    /// Whoever polls is woken once nobody else is ready; at once outside of a scheduler.
    /// tokio 1.54, runtime/context.rs, `defer`.
    #[inline]
    pub(super) fn defer(&self, cx: &Context<'_>) {
        let scheduler = self.scheduler.get();
        if scheduler == NOBODY || self.is_many(scheduler) {
            self.wake_poller(cx);
        } else {
            self.defer_on(scheduler, cx);
        }
    }

    pub(super) fn defer_on(&self, scheduler: u32, cx: &Context<'_>) {
        let deferred = &mut self.deferred.borrow_mut()[scheduler as usize];
        if !deferred.last().is_some_and(|last| last.is(self, cx)) {
            deferred.push(Waiter::of(self, cx));
        }
    }

    /// True of the queue of many threads: a world has one at most, the first.
    #[inline]
    pub(super) fn is_many(&self, core: u32) -> bool {
        core == 0 && self.switches.get()
    }

    /// Wakes whoever polls.
    #[inline]
    pub(super) fn wake_poller(&self, cx: &Context<'_>) {
        match self.owner_of(cx.waker()) {
            NOBODY => cx.waker().wake_by_ref(),
            _ => self.wake_me(),
        }
    }

    pub(super) fn has_deferred(&self, core: u32) -> bool {
        !self.deferred.borrow()[core as usize].is_empty()
    }

    /// Wakes the deferred, the last one first: tokio 1.54, runtime/scheduler/defer.rs.
    pub(super) fn wake_deferred(&self, core: u32) {
        loop {
            let Some(mut waiter) = self.deferred.borrow_mut()[core as usize].pop() else { break };
            waiter.wake(self);
        }
        // The waker of a combinator reaches its task through a real waker.
        self.settle_wakes();
    }

    /// Wakes none of the deferred: tokio keeps them in the context of one `block_on`.
    pub(super) fn forget_deferred(&self, core: u32) {
        let forgotten = std::mem::take(&mut self.deferred.borrow_mut()[core as usize]);
        drop(forgotten);
    }

    /// Who was deferred on a queue, and who is woken with it.
    pub(super) fn deferred_words(&self, core: usize, words: &mut Vec<u64>) {
        words.extend(self.deferred.borrow()[core].iter().map(|waiter| waiter.word(self)));
        words.push(self.hosts.borrow()[core].word(self));
    }

    /// Notes what the task waits for.
    #[inline]
    pub(super) fn waits_for(
        &self,
        op: Op,
        on: u32,
        site: Option<&'static Location<'static>>,
        cx: &Context<'_>,
    ) {
        let me = self.me();
        if me == NOBODY {
            return;
        }
        let own = self.owner_of(cx.waker()) == me;
        if op == Op::Join && own {
            return self.waits_for_end(me, on);
        }
        self.notes(me, Wait { op, on, site, own });
        // Registering counts as done: whoever waits first may be served first. Who waits through its
        // own waker stands in the words of what it waits for; of another waker nothing is known.
        self.acts();
        if !own {
            self.registers(op, on);
        }
    }

    #[cold]
    fn registers(&self, op: Op, on: u32) {
        let on = match op {
            Op::Join => self.id_of(on),
            Op::Sleep => self.timer_id(on),
            _ => self.things.borrow().get(on as usize).map_or(0, |thing| thing.id),
        };
        let wait = mix(mix(0x77, op as u64), on);
        self.registered.set(self.registered.get().wrapping_add(wait));
    }

    /// The same of the end of a task, of which its own waker will tell.
    #[inline]
    pub(super) fn waits_for_end(&self, me: u32, task: u32) {
        if self.noted.get() == NOBODY {
            self.noted.set(task);
        } else {
            self.notes(me, Wait::for_end(task));
        }
        self.acts();
    }

    #[inline]
    fn notes(&self, me: u32, wait: Wait) {
        let mut all = self.waits.borrow_mut();
        let waits = match all.get_mut(me as usize) {
            Some(waits) => waits,
            None => first_waits(&mut all, me),
        };
        match self.noted.replace(OTHER) {
            OTHER => {}
            NOBODY => waits.clear(),
            task => {
                waits.clear();
                waits.push(Wait::for_end(task));
            }
        }
        waits.push(wait);
    }

    /// What a task that is not polled waits for.
    pub(super) fn waits_of(&self, task: u32) -> Vec<Wait> {
        let waits = self.tables.borrow().tasks.get(task as usize).map_or(NOBODY, |row| row.waits);
        match waits {
            NOBODY => Vec::new(),
            OTHER => self.waits.borrow()[task as usize].clone(),
            task => vec![Wait::for_end(task)],
        }
    }

    /// How many waits the task has begun in this poll.
    pub(super) fn waits_of_this_poll(&self) -> usize {
        match self.noted.get() {
            NOBODY => 0,
            OTHER => self.waits.borrow().get(self.me() as usize).map_or(0, Vec::len),
            _ => 1,
        }
    }

    /// What the task began to wait for since then it waits for no longer.
    pub(super) fn forget_waits_from(&self, at: usize) {
        match self.noted.get() {
            NOBODY => {}
            OTHER => {
                if let Some(waits) = self.waits.borrow_mut().get_mut(self.me() as usize) {
                    waits.truncate(at);
                }
            }
            _ if at == 0 => self.noted.set(NOBODY),
            _ => {}
        }
    }
}

impl Wait {
    /// For the end of a task, through the own waker.
    fn for_end(task: u32) -> Self {
        Wait { op: Op::Join, on: task, site: None, own: true }
    }
}

/// The list of a task that waits for the first time.
#[cold]
fn first_waits(all: &mut Vec<Vec<Wait>>, me: u32) -> &mut Vec<Wait> {
    all.resize_with(me as usize + 1, Vec::new);
    &mut all[me as usize]
}
