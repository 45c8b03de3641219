//! What the tasks of a world share: the poll at hand, the tables, and who is woken.
//!
//! What tokio keeps in thread-locals stands here, and a [`Handle`](super::Handle) leads to it: there
//! is no ambient state. While a task is polled it acts at once, as on tokio; the world learns of it
//! from the tables, the events and the footprint that the desk keeps.

pub(super) use super::table::NOBODY;
use super::{
    body::{Body, Boxed},
    footprints::Recorder,
    join::JoinError,
    kind::{Op, event},
    profile::Profile,
    table::{Core, Ending, Kind, Phase, Role, Tables, Task},
    waker::{Waiter, Wakers, Woken},
};
use crate::{
    decisions::{Ahead, Decisions},
    name,
    plan::Budget,
    trace::Event,
    word::{Words, mix},
};
use std::{
    any::Any,
    borrow::Cow,
    cell::{Cell, RefCell, RefMut},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    rc::{Rc, Weak},
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// The units with which a poll begins: tokio 1.54, task/coop/mod.rs, `Budget::initial`.
pub(super) const INITIAL: u32 = 128;

/// Next to no units.
const FEW: u32 = 8;

/// No budget is kept.
pub(super) const UNCONSTRAINED: u32 = u32::MAX;

/// Something that tasks share.
pub(super) trait Held {
    /// Its state as words, under names that do not depend on the schedule.
    fn words(&self, words: &mut Vec<u64>);

    /// True if whoever waits for it in this way would get it now.
    fn is_there(&self, op: Op) -> bool;
}

/// A question that was answered ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) value: u32,
    pub(super) options: u32,
    /// The values from here on come to the same as another.
    pub(super) tried: u32,
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

/// Where a task comes from, for reports.
pub(super) struct Origin {
    pub(super) label: Cow<'static, str>,
    pub(super) site: &'static Location<'static>,
}

/// How a move left the task that it polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It waits to be woken.
    Waiting,
    /// It was woken already: on many threads its move stays, elsewhere it stands in its queue.
    Ready,
    /// It has ended.
    Ended,
}

/// The poll at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    task: u32,
    budget: u32,
    history: u64,
    waker: *const (),
    performed: bool,
    asks: bool,
    gave_way: bool,
    gives: bool,
    registered: u64,
    notified: bool,
    noted: bool,
    /// The runtime in whose context it is, where wakes can be deferred.
    scheduler: u32,
}

const NO_TURN: Turn = Turn {
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
    noted: false,
    scheduler: NOBODY,
};

pub(super) struct Desk {
    pub(super) profile: &'static Profile,
    pub(super) tables: RefCell<Tables>,
    // The turn, a cell a field: each operation reads and writes two or three.
    pub(super) budget: Cell<u32>,
    current: Cell<u32>,
    history: Cell<u64>,
    pub(super) own_waker: Cell<*const ()>,
    /// Something was performed in this poll: where awaits are switches, the next one gives way.
    performed: Cell<bool>,
    /// It may still be asked in this poll whether the budget is used up.
    asks: Cell<bool>,
    /// The poll before gave way, and this one has not got on since.
    pub(super) gave_way: Cell<bool>,
    /// What it began to wait for through wakers that are not its own, as a sum: the order does not
    /// count.
    registered: Cell<u64>,
    /// This poll gives way.
    pub(super) gives: Cell<bool>,
    /// It was woken in its own poll.
    notified: Cell<bool>,
    /// It noted what it waits for.
    noted: Cell<bool>,
    scheduler: Cell<u32>,
    /// Awaits are switches.
    pub(super) switches: Cell<bool>,
    /// Inside of how many combinators, within which no await gives way.
    pub(super) together: Cell<u32>,
    pub(super) rule: Cell<Budget>,
    pub(super) any_time: Cell<bool>,
    /// Bodies are dropped with the run: nothing that they do counts.
    pub(super) closing: Cell<bool>,
    wakers: RefCell<Wakers>,
    woken: Arc<Woken>,
    /// Who gave way until the run queue is empty, by queue.
    deferred: RefCell<Vec<Vec<Waiter>>>,
    /// Who polls a `LocalSet`, or what a runtime blocks on, by queue.
    hosts: RefCell<Vec<Waiter>>,
    pub(super) sleepers: RefCell<Vec<Waiter>>,
    pub(super) origins: RefCell<Vec<Origin>>,
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
    pub(super) events: RefCell<Vec<Event>>,
    ahead: RefCell<Ahead>,
    /// They last for the whole run.
    pub(super) ahead_lasts: Cell<bool>,
    /// What was asked in this move, with the number of options.
    pub(super) asked: RefCell<Vec<Asked>>,
    pub(super) was_asked: Cell<bool>,
    pub(super) recorder: RefCell<Recorder>,
    pub(super) records: Cell<bool>,
    /// Tasks that became ready and have no move yet; only on many threads.
    pub(super) fresh: RefCell<Vec<u32>>,
    /// Timers that can fire at any time and have no move yet.
    pub(super) fresh_timers: RefCell<Vec<u32>>,
    /// Timers that were disarmed and have a move still.
    pub(super) stale_timers: RefCell<Vec<u32>>,
    /// One of these two lists has grown.
    pub(super) timers_change: Cell<bool>,
    /// The move at hand has left something in these lists: events, questions, who is fresh, timers.
    pub(super) todo: Cell<bool>,
}

impl Desk {
    pub(super) fn new(profile: &'static Profile) -> Self {
        let wakers = Wakers::default();
        Desk {
            profile,
            tables: RefCell::default(),
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
            noted: Cell::new(false),
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
            origins: RefCell::default(),
            waits: RefCell::default(),
            things: RefCell::default(),
            name: Cell::new(None),
            newest: Cell::new(0),
            abandoned: RefCell::default(),
            abandons: Cell::new(false),
            labels: RefCell::default(),
            events: RefCell::default(),
            ahead: RefCell::default(),
            ahead_lasts: Cell::new(false),
            asked: RefCell::default(),
            was_asked: Cell::new(false),
            recorder: RefCell::default(),
            records: Cell::new(false),
            fresh: RefCell::default(),
            fresh_timers: RefCell::default(),
            stale_timers: RefCell::default(),
            timers_change: Cell::new(false),
            todo: Cell::new(false),
        }
    }

    /// Makes it empty for a new run, keeping its memory.
    pub(super) fn reset(&self) {
        self.drop_bodies();
        self.tables.borrow_mut().clear();
        self.deferred.borrow_mut().clear();
        self.hosts.borrow_mut().clear();
        self.sleepers.borrow_mut().clear();
        self.origins.borrow_mut().clear();
        self.waits.borrow_mut().iter_mut().for_each(Vec::clear);
        self.things.borrow_mut().clear();
        self.events.borrow_mut().clear();
        self.abandoned.borrow_mut().clear();
        self.name.set(None);
        self.newest.set(0);
        self.asked.borrow_mut().clear();
        self.was_asked.set(false);
        self.timers_change.set(false);
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
        tables.cores.push(Core { id, ..Core::new(kind) });
        self.deferred.borrow_mut().push(Vec::new());
        self.hosts.borrow_mut().push(Waiter::Nobody);
        tables.cores.len() as u32 - 1
    }

    // The turn.

    fn turn(&self) -> Turn {
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
    fn set_turn(&self, turn: Turn) {
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

    /// Begins a poll of a task; whoever ends it puts the turn before back.
    pub(super) fn begin(&self, task: u32, waker: &Waker, scheduler: u32) -> Turn {
        let before = self.turn();
        self.enter(&mut self.tables.borrow_mut().tasks[task as usize], task, scheduler);
        self.own_waker.set(waker.data());
        before
    }

    #[inline]
    fn enter(&self, row: &mut Task, task: u32, scheduler: u32) {
        row.phase = Phase::Running;
        row.notified = false;
        if row.waits {
            self.waits.borrow_mut()[task as usize].clear();
        }
        self.set_turn(Turn {
            task,
            budget: INITIAL,
            history: mix(row.history, 1),
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
    fn opens_budget(&self, rule: Budget) {
        self.asks.set(rule == Budget::Asked);
        if rule == Budget::Drawn {
            self.budget.set(self.draw_budget());
        }
    }

    /// Notes in its row what the poll has come to.
    #[inline]
    fn note(&self, row: &mut Task) {
        row.history = mix(self.history.get(), self.registered.get());
        row.gave_way = self.gives.get();
        row.waits = self.noted.get();
    }

    pub(super) fn end(&self, task: u32, before: Turn) {
        self.note_end(task);
        self.set_turn(before);
    }

    fn note_end(&self, task: u32) {
        let row = &mut self.tables.borrow_mut().tasks[task as usize];
        self.note(row);
        row.notified |= self.notified.get();
    }

    /// No task is polled any more.
    #[inline]
    fn leave(&self) {
        self.current.set(NOBODY);
        self.scheduler.set(NOBODY);
        self.budget.set(UNCONSTRAINED);
        self.history.set(0);
    }

    /// Two polls in six begin with fewer units: one of them with any number, one with next to none,
    /// since most polls need few.
    fn draw_budget(&self) -> u32 {
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

    /// A value, in a place where the source of decisions is out of reach: see [`Ahead`].
    pub(super) fn ask(&self, options: u32) -> u32 {
        if options < 2 {
            return 0;
        }
        let value = self.ahead.borrow_mut().answer(options);
        self.asked.borrow_mut().push(Asked { value, options, tried: options });
        self.was_asked.set(true);
        self.todo.set(true);
        value
    }

    /// One of several branches to begin with; what it comes to says what there was to choose.
    pub(super) fn ask_first<T>(
        &self,
        options: usize,
        poll: impl FnOnce(usize) -> Poll<(usize, T)>,
    ) -> Poll<T> {
        if options < 2 {
            return poll(0).map(|(_, output)| output);
        }
        let at = self.asked.borrow().len();
        let first = self.ask(options as u32);
        let polled = poll(first as usize);
        let mut asked = self.asked.borrow_mut();
        match polled {
            // Whichever is first, all are pending.
            Poll::Pending if asked.len() == at + 1 => {
                asked.pop();
                self.ahead.borrow_mut().put_back();
            }
            // From the first on none was ready: so it is from any later one on.
            Poll::Ready((winner, _)) if winner < first as usize => asked[at].tried = first + 1,
            _ => {}
        }
        drop(asked);
        polled.map(|(_, output)| output)
    }

    /// Takes answers along for what is asked from now on.
    pub(super) fn take_ahead(&self, ahead: Ahead) {
        self.ahead_lasts.set(ahead.lasts());
        *self.ahead.borrow_mut() = ahead;
    }

    /// Asks the source for the values that were taken ahead.
    #[cold]
    pub(super) fn ask_again(&self, decisions: &mut dyn Decisions) {
        for Asked { value, options, tried } in std::mem::take(&mut *self.asked.borrow_mut()) {
            let told = decisions.value(options);
            assert_eq!(told, value, "the source answers otherwise than it had said");
            if tried < options {
                decisions.spares(tried);
            }
        }
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

    /// The lazy question after a unit was spent: was it the last of the 128? At most once a poll the
    /// answer is yes.
    #[inline]
    pub(super) fn may_be_used_up(&self) {
        if self.asks.get() && self.ask(2) == 1 {
            self.asks.set(false);
            self.budget.set(0);
        }
    }

    pub(super) fn tells(&self, kind: u8, arg: u32, value: u64) {
        self.tells_of(self.me().min(Words::MAX_WHO), kind, arg, value);
    }

    #[inline]
    pub(super) fn tells_of(&self, who: u32, kind: u8, arg: u32, value: u64) {
        if !self.closing.get() {
            self.events.borrow_mut().push(Words::new(kind, who, arg, value));
            self.todo.set(true);
        }
    }

    pub(super) fn timers_change(&self) {
        self.timers_change.set(true);
        self.todo.set(true);
    }

    // Wakes.

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
    fn wake_now(&self, task: u32) {
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
    fn wake_other(&self, task: u32) {
        let mut guard = self.tables.borrow_mut();
        let tables = &mut *guard;
        let Some(row) = tables.tasks.get_mut(task as usize) else { return };
        match row.phase {
            Phase::Waiting => {
                row.phase = Phase::Ready;
                let core = row.core;
                let feeds = &mut tables.cores[core as usize];
                if feeds.kind == Kind::CurrentThread && feeds.root.is_none() {
                    feeds.queue.push_back(task);
                } else {
                    self.queue(guard, core, task);
                }
            }
            Phase::Running => row.notified = true,
            Phase::Ready | Phase::Done => {}
        }
    }

    fn queue(&self, mut tables: RefMut<'_, Tables>, core: u32, task: u32) {
        let row = &mut tables.cores[core as usize];
        match row.kind {
            _ if row.root == Some(task) => {}
            Kind::MultiThread => {
                self.fresh.borrow_mut().push(task);
                self.todo.set(true);
            }
            Kind::CurrentThread => row.queue.push_back(task),
            Kind::Local => {
                row.queue.push_back(task);
                drop(tables);
                self.touches_queue(core);
                let mut host = std::mem::take(&mut self.hosts.borrow_mut()[core as usize]);
                host.wake(self);
            }
        }
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

    fn defer_on(&self, scheduler: u32, cx: &Context<'_>) {
        let deferred = &mut self.deferred.borrow_mut()[scheduler as usize];
        if !deferred.last().is_some_and(|last| last.is(self, cx)) {
            deferred.push(Waiter::of(self, cx));
        }
    }

    /// True of the queue of many threads: a world has one at most, the first.
    #[inline]
    fn is_many(&self, core: u32) -> bool {
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

    // Waiting.

    /// Notes what the task waits for.
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
        self.notes(me, Wait { op, on, site, own });
        // Registering counts as done: whoever waits first may be served first. Who waits through its
        // own waker stands in the words of what it waits for; of another waker nothing is known.
        self.acts();
        if !own {
            let on = match op {
                Op::Join => self.id_of(on),
                Op::Sleep => self.timer_id(on),
                _ => self.things.borrow().get(on as usize).map_or(0, |thing| thing.id),
            };
            let wait = mix(mix(0x77, op as u64), on);
            self.registered.set(self.registered.get().wrapping_add(wait));
        }
    }

    fn notes(&self, me: u32, wait: Wait) {
        let mut waits = self.waits.borrow_mut();
        if waits.len() <= me as usize {
            waits.resize_with(me as usize + 1, Vec::new);
        }
        waits[me as usize].push(wait);
        self.noted.set(true);
    }

    // Births.

    /// The id of what comes next of this kind, under the task that makes it.
    fn next_id(&self, salt: u64, count: impl Fn(&mut Tables, u32) -> u32) -> u64 {
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let ordinal = count(&mut tables, me);
        let maker = tables.tasks.get(me as usize).map_or(name::root_id(), |row| row.id);
        mix(mix(maker, salt), u64::from(ordinal))
    }

    /// Makes a primitive known.
    pub(super) fn adopt(
        &self,
        word: &'static str,
        site: &'static Location<'static>,
        held: Weak<dyn Held>,
    ) -> (u32, u64) {
        let id = self.next_id(0x70, Tables::next_made);
        let mut things = self.things.borrow_mut();
        let name = self.name.take();
        things.push(Thing { id, word, name, site, held });
        (things.len() as u32 - 1, id)
    }

    /// A row for a new task.
    pub(super) fn add_task(
        &self,
        core: u32,
        label: Cow<'static, str>,
        site: &'static Location<'static>,
    ) -> u32 {
        let me = self.me();
        let mut tables = self.tables.borrow_mut();
        let task = tables.tasks.len() as u32;
        assert!(task < Words::MAX_WHO, "a run has at most {} tasks", Words::MAX_WHO);
        let (parent, ordinal) = match tables.tasks.get_mut(me as usize) {
            Some(row) => {
                row.children += 1;
                (row.id, row.children)
            }
            None => {
                tables.roots += 1;
                (name::root_id(), tables.roots)
            }
        };
        let id = name::child_id(parent, ordinal);
        tables.tasks.push(Task { id, core, parent: me, ordinal, ..Task::default() });
        self.origins.borrow_mut().push(Origin { label, site });
        task
    }

    /// Gives a new task its future, and a place in the queue.
    pub(super) fn start(&self, task: u32, body: Boxed) {
        let (id, shut) = {
            let tables = &mut *self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            row.body = Some(body);
            (row.id, tables.cores[row.core as usize].shut)
        };
        if self.me() != NOBODY {
            self.tells(event::SPAWNED, task, 0);
            self.sees(id);
            self.acts();
            self.changes_the_living();
        }
        if shut || self.closing.get() {
            // Accepted and cancelled at once: rtd-005.
            self.cancel(task);
        } else {
            self.settle_wakes();
            self.reads_wake(task);
            self.wake_other(task);
        }
    }

    /// The waker of a task that is new.
    pub(super) fn waker_of(&self, task: u32) -> Waker {
        self.wakers.borrow_mut().of(task)
    }

    // Polls and ends.

    /// As [`Desk::run`], within the poll of another task or outside of every scheduler.
    pub(super) fn run_within(&self, task: u32, scheduler: u32) -> Left {
        let before = self.turn();
        let left = self.run(task, scheduler);
        self.set_turn(before);
        left
    }

    /// Polls a task that is ready, or drops its future if it was aborted.
    #[inline]
    pub(super) fn run(&self, task: u32, scheduler: u32) -> Left {
        self.takes_turn(task);
        if self.abandons.take() {
            self.abandoned.borrow_mut().clear();
        }
        let (body, aborted) = self.begins(task, scheduler);
        let Some(mut body) = body else { return self.left() };
        if aborted {
            return self.drops(task, body);
        }
        match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(self))) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => self.ends(task, &*body, Ending::Returned, None),
            Err(panic) => self.panics(task, &mut body, panic),
        }
        self.after_poll(task, body)
    }

    /// Begins a poll: what to poll, and whether to drop it instead.
    #[inline]
    fn begins(&self, task: u32, scheduler: u32) -> (Option<Boxed>, bool) {
        let mut tables = self.tables.borrow_mut();
        self.newest.set(tables.tasks.len() as u32);
        let row = &mut tables.tasks[task as usize];
        self.enter(row, task, scheduler);
        (row.body.take(), row.aborted)
    }

    /// There is nothing to poll any more.
    #[cold]
    fn left(&self) -> Left {
        self.leave();
        Left::Ended
    }

    #[cold]
    fn panics(&self, task: u32, body: &mut Boxed, panic: Box<dyn Any + Send>) {
        let text = panic_text(&*panic);
        // The future is dropped before anybody learns of the panic.
        let _ = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        self.tables.borrow_mut().panics.push((task, text));
        let error = JoinError::panicked(task, self.id_of(task), panic);
        self.ends(task, &**body, Ending::Panicked, Some(error));
    }

    #[inline]
    fn after_poll(&self, task: u32, body: Boxed) -> Left {
        self.settle_wakes();
        let mut tables = self.tables.borrow_mut();
        let row = &mut tables.tasks[task as usize];
        if row.phase == Phase::Done || row.aborted {
            drop(tables);
            return self.after_end(task, body);
        }
        row.body = Some(body);
        self.note(row);
        let woken = row.notified | self.notified.get();
        row.phase = if woken { Phase::Ready } else { Phase::Waiting };
        let core = row.core;
        if woken && !self.is_many(core) {
            self.queue(tables, core, task);
        }
        if self.abandons.get() {
            self.tells_abandoned();
        }
        self.leave();
        if woken { Left::Ready } else { Left::Waiting }
    }

    fn after_end(&self, task: u32, mut body: Boxed) -> Left {
        let done = self.tables.borrow().tasks[task as usize].phase == Phase::Done;
        if !done {
            // It aborted itself: dropped at its first Pending (life-013).
            return self.drops(task, body);
        }
        let waker = body.as_mut().take_waker();
        drop(body);
        self.wakers.borrow_mut().give_back(task, waker);
        self.note_end(task);
        self.leave();
        // What was dropped may have woken somebody.
        self.settle_wakes();
        Left::Ended
    }

    /// A poll ends with the end of an aborted task.
    #[cold]
    fn drops(&self, task: u32, body: Boxed) -> Left {
        self.drop_future(task, body);
        self.note_end(task);
        self.leave();
        self.settle_wakes();
        Left::Ended
    }

    #[cold]
    fn tells_abandoned(&self) {
        let abandoned = std::mem::take(&mut *self.abandoned.borrow_mut());
        abandoned.into_iter().for_each(|other| self.tells(event::ABANDONED, other, 0));
    }

    /// Drops the future of an aborted task and ends it.
    fn drop_future(&self, task: u32, mut body: Boxed) {
        let dropped = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_future()));
        let id = self.id_of(task);
        match dropped {
            Ok(()) => {
                self.ends(task, &*body, Ending::Cancelled, Some(JoinError::cancelled(task, id)));
            }
            Err(panic) => {
                let text = panic_text(&*panic);
                self.tables.borrow_mut().panics.push((task, text));
                let error = JoinError::panicked(task, id, panic);
                self.ends(task, &*body, Ending::Panicked, Some(error));
            }
        }
    }

    /// Ends a task whose future will not be polled again, wherever it stands.
    pub(super) fn cancel(&self, task: u32) {
        let taken = self.tables.borrow_mut().tasks[task as usize].body.take();
        let Some(body) = taken else { return };
        self.takes_turn(task);
        self.drop_future(task, body);
    }

    #[inline]
    fn ends(&self, task: u32, body: &dyn Body, ending: Ending, error: Option<JoinError>) {
        self.ended(task, ending);
        let settled = AssertUnwindSafe(|| body.settle(error, self));
        // An output that panics when it is dropped harms nobody: tokio swallows it, too.
        let _ = catch_unwind(settled);
    }

    /// A task counts as finished from here on.
    pub(super) fn ended(&self, task: u32, ending: Ending) {
        self.writes_end(task);
        self.changes_the_living();
        let holds = {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            row.phase = Phase::Done;
            row.ending = Some(ending);
            (!tables.holds.is_empty()).then(|| tables.take_holds(task))
        };
        let kind = match ending {
            Ending::Returned => event::RETURNED,
            Ending::Cancelled => event::CANCELLED,
            Ending::Panicked => event::PANICKED,
        };
        self.tells_of(task, kind, 0, 0);
        holds.into_iter().flatten().for_each(|label| self.released(task, &label));
    }

    /// Aborts a task: it is dropped when it is its turn. tokio 1.54, runtime/task/state.rs,
    /// `transition_to_notified_and_cancel`.
    pub(super) fn abort(&self, task: u32) {
        self.writes_abort(task);
        {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            if row.phase == Phase::Done || row.aborted {
                return;
            }
            row.aborted = true;
        }
        // It cannot be aborted once more.
        self.changes_the_living();
        self.wake(task);
    }

    pub(super) fn is_finished(&self, task: u32) -> bool {
        self.reads_end(task);
        self.tables.borrow().tasks.get(task as usize).is_none_or(|row| row.phase == Phase::Done)
    }

    /// Drops all tasks of a runtime that shuts down, in the order of their making, without a budget
    /// (coop-010, rtd-001).
    pub(super) fn shut_down(&self, core: u32) {
        self.tables.borrow_mut().cores[core as usize].shut = true;
        let mut task = 0;
        loop {
            let tables = self.tables.borrow();
            let Some(row) = tables.tasks.get(task as usize) else { break };
            let mine = row.core == core && row.phase != Phase::Done && row.role != Role::Root;
            drop(tables);
            if mine {
                self.outside(NOBODY, || self.cancel(task));
            }
            task += 1;
        }
    }

    // What tasks declare.

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

/// What a panic says.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a value that is no text".to_owned())
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
