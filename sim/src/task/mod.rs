//! The task world: tasks with handles, a coop budget and a paused clock, as on tokio.
//!
//! Bodies are ordinary futures. A move polls one task; what the task does on the way happens at
//! once, as on tokio, and the combinators of the futures crate run unchanged. A [`Handle`] takes the
//! place of what is ambient there: `handle.spawn(..)`, `handle.sleep(..)`, `handle.channel(..)`.
//!
//! ```
//! use atropos::task::TaskScenario;
//! use std::rc::Rc;
//!
//! // Two tasks add one, and give the lock away in between.
//! let scenario = TaskScenario::new("lost-update", |world| {
//!     let handle = world.handle();
//!     let counter = Rc::new(handle.named("counter").mutex(0));
//!     let adders = [(); 2].map(|()| {
//!         let counter = Rc::clone(&counter);
//!         handle.spawn_named("adder", async move {
//!             let seen = *counter.lock().await;
//!             *counter.lock().await = seen + 1;
//!         })
//!     });
//!     world.client("reader", async move {
//!         for adder in adders {
//!             adder.await.expect("it adds");
//!         }
//!         assert_eq!(*counter.lock().await, 2);
//!     });
//! });
//! let found = scenario.fuzz(1_000).expect("one addition may be lost");
//! assert_eq!(found.violation.invariant, "no-panic");
//! println!("{}", scenario.replay(&found.case).expect("a case of this scenario").timeline);
//! ```
//!
//! Two schedulers ([`Scheduler`]): `current-thread` is tokio's own queue, in
//! which nothing is open but what the plan opens (budget, faults, timers, the first branch of a
//! `select!`); on `multi-thread` any ready task may be next and each await may be a switch.
//!
//! Truth: tokio 1.54 and 1.47 ([`Profile`]); 145 rules observed there, one suite of tests that runs
//! on both. Leaves out: I/O but for a pipe in memory, signals, processes, `task_local!`, `block_in_place`.

mod ask;
mod births;
mod body;
mod branches;
mod called;
mod coop;
mod desk;
mod facts;
mod faults;
mod footprints;
mod handle;
pub mod invariants;
mod join;
mod joiners;
mod kind;
mod life;
mod lines;
mod local;
mod profile;
mod queue;
mod runtime;
mod schedule;
mod select;
mod state;
pub mod sync;
mod table;
mod time;
mod turn;
mod waiting;
mod waker;
mod wakes;

pub use crate::{__task_join as join, __task_select as select};
pub use coop::{Cooperative, RestoreOnPending, Unconstrained, YieldNow};
pub use handle::Handle;
pub use join::{AbortHandle, AbortOnDropHandle, Id, JoinError, JoinHandle};
pub use kind::event;
pub use local::{LocalSet, RunUntil};
pub use profile::{PROFILES, Profile, TOKIO_1_47, TOKIO_1_54, profile};
pub use runtime::Runtime;
pub use table::Ending;

/// What `select!` and `join!` expand to.
#[doc(hidden)]
pub mod combine {
    pub use super::{
        branches::{Branches, Chosen, MaybeDone, Numbered, maybe_done, unused},
        select::{join_branches, select_branches},
    };
}

pub use time::{Elapsed, Instant, Interval, MissedTickBehavior, Sleep, Timeout};

use crate::{
    decisions::{Decisions, Names},
    facts::Fact,
    footprint::{Footprint, Resource},
    invariant::Invariant,
    moves::{Move, MoveSet},
    name::{self, Name},
    plan::{Conditions, Delivery, Scheduler, Tasks, TimerRule},
    simple::{Profiled, Simple},
    timeline::Line,
    trace::{Digest, Event, EventMask, Trace},
    waiting::Waiting,
    word::Words,
    world::World,
};
use desk::Desk;
use life::{Left, Stand};
use schedule::Next;
use std::{borrow::Cow, fmt, future::Future, rc::Rc};
use table::{Kind, Role};
use waker::OwnWaker;

/// A scenario of tasks in a few lines.
pub type TaskScenario = Simple<TaskWorld>;

/// A world of tasks on one runtime.
pub struct TaskWorld {
    profile: &'static Profile,
    conditions: Conditions,
    desk: Rc<Desk>,
    /// The waker of whoever is polled.
    own: OwnWaker,
    moves: MoveSet,
    /// The one move of a current-thread runtime, or [`NOTHING`].
    next: Move,
    observed: Footprint,
}

/// No move.
const NOTHING: Move = Move(u32::MAX);

/// The queue of the world's runtime.
const CORE: u32 = 0;

/// What a move index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mover {
    Task(u32),
    Timer(u32),
    Fault,
}

impl Mover {
    #[inline(always)]
    fn of(mv: Move) -> Self {
        let index = mv.0 >> 2;
        match mv.0 & 3 {
            0 => Mover::Task(index),
            2 => Mover::Timer(index),
            _ => Mover::Fault,
        }
    }

    #[inline(always)]
    fn to_move(self) -> Move {
        Move(match self {
            Mover::Task(index) => index << 2,
            Mover::Timer(index) => index << 2 | 2,
            Mover::Fault => 3,
        })
    }
}

impl TaskWorld {
    /// An empty world under a profile.
    pub fn new(profile: &'static Profile) -> Self {
        let desk = Rc::new(Desk::new(profile));
        let own = desk.wakers.borrow_mut().take();
        TaskWorld {
            profile,
            conditions: Conditions::default(),
            desk,
            own,
            moves: MoveSet::default(),
            next: NOTHING,
            observed: Footprint::default(),
        }
    }

    /// The profile whose rules hold here.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// The handle of the runtime, to make what the tasks will share.
    pub fn handle(&self) -> Handle {
        Handle::new(Rc::clone(&self.desk), CORE)
    }

    /// Starts a task before the run begins. Its handle is dropped: the task is detached.
    #[track_caller]
    pub fn spawn<F: Future<Output = ()> + 'static>(
        &mut self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) {
        drop(self.handle().spawn_named(label, future));
        self.refresh();
    }

    /// Starts a task that must be done when the run ends: if it is not, that is a deadlock.
    #[track_caller]
    pub fn client<F: Future<Output = ()> + 'static>(
        &mut self,
        label: impl Into<Cow<'static, str>>,
        future: F,
    ) {
        self.spawn(label, future);
        if let Some(row) = self.desk.tables.borrow_mut().tasks.last_mut() {
            row.role = Role::Client;
        }
    }

    /// How many tasks there were, ended ones included.
    pub fn len(&self) -> usize {
        self.desk.tables.borrow().tasks.len()
    }

    /// True if no task was ever started.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How a task ended; `None` while it lives.
    pub fn ending(&self, task: u32) -> Option<Ending> {
        self.desk.tables.borrow().tasks.get(task as usize).and_then(|row| row.ending)
    }

    /// How a task is shown: its label and its path, `attempt#1.2`.
    pub fn shown(&self, task: u32) -> String {
        let tables = self.desk.tables.borrow();
        if tables.tasks.len() <= task as usize {
            return "setup".to_owned();
        }
        format!("{}#{}", tables.label(task), Name::Process(tables.path(task)))
    }

    /// Where a task was spawned, `file.rs:12`.
    pub fn spawned_at(&self, task: u32) -> String {
        let tables = self.desk.tables.borrow();
        let origin = tables.origins.get(task as usize);
        origin.map_or_else(String::new, |origin| lines::site(origin.site))
    }

    fn is_current_thread(&self) -> bool {
        self.tasks().scheduler == Scheduler::CurrentThread
    }

    fn tasks(&self) -> Tasks {
        self.conditions.tasks.unwrap_or_default()
    }

    /// Brings the enabled moves up to date with the tables.
    fn refresh(&mut self) {
        self.desk.settle_wakes();
        self.refresh_listed();
        if !self.desk.switches.get() {
            self.refresh_one();
        }
    }

    /// The same after a move, which has left nothing in most lists.
    #[inline(always)]
    fn refresh_after(&mut self, many: bool, decisions: &mut dyn Decisions) {
        if self.desk.todo.get() {
            self.desk.todo.set(false);
            if self.desk.was_asked.take() {
                self.desk.ask_again(decisions);
            }
            if self.desk.timers_change.get() && (many || self.desk.any_time.get()) {
                self.refresh_timers();
            }
            if many {
                self.refresh_fresh();
            }
        }
        if !many {
            self.refresh_one();
        }
    }

    /// Moves of tasks that became ready, and of timers.
    fn refresh_listed(&mut self) {
        if self.desk.timers_change.get() && (self.desk.any_time.get() || self.desk.switches.get()) {
            self.refresh_timers();
        }
        self.refresh_fresh();
    }

    #[inline(always)]
    fn refresh_fresh(&mut self) {
        let mut fresh = self.desk.fresh.borrow_mut();
        fresh.iter().for_each(|&task| self.moves.enable(Mover::Task(task).to_move()));
        fresh.clear();
    }

    /// The front of the queue is the one move.
    #[inline]
    fn refresh_one(&mut self) {
        match self.desk.front(CORE) {
            Some(task) => self.turns_to(Mover::Task(task).to_move()),
            None => self.turns_on(),
        }
    }

    /// The loop of the runtime goes on.
    #[inline(never)]
    fn turns_on(&mut self) {
        self.turns_to(match self.desk.next(CORE) {
            Next::Task(task) => Mover::Task(task).to_move(),
            Next::Timer(timer) => Mover::Timer(timer).to_move(),
            Next::Idle => NOTHING,
        });
    }

    #[inline]
    fn turns_to(&mut self, next: Move) {
        if self.next == next {
            return;
        }
        let before = std::mem::replace(&mut self.next, next);
        if before == NOTHING || next == NOTHING || self.desk.any_time.get() {
            self.turns_otherwise(before, next);
        } else {
            self.moves.replace(before, next);
        }
    }

    #[inline(never)]
    fn turns_otherwise(&mut self, mut before: Move, next: Move) {
        if self.desk.any_time.get() && matches!(Mover::of(before), Mover::Timer(_)) {
            // It stays, and may fire at any time.
            before = NOTHING;
        }
        match (before, next) {
            (NOTHING, NOTHING) => {}
            (NOTHING, next) => self.moves.enable(next),
            (before, NOTHING) => self.moves.disable(before),
            (before, next) => self.moves.replace(before, next),
        }
    }

    #[inline(never)]
    fn refresh_timers(&mut self) {
        let armed = |timer: u32| self.desk.tables.borrow().timers[timer as usize].armed;
        if !self.desk.timers_change.take() {
            return;
        }
        let fresh = std::mem::take(&mut *self.desk.fresh_timers.borrow_mut());
        for timer in fresh.into_iter().filter(|&timer| armed(timer)) {
            self.moves.enable(Mover::Timer(timer).to_move());
        }
        let stale = std::mem::take(&mut *self.desk.stale_timers.borrow_mut());
        stale.into_iter().for_each(|timer| self.moves.disable(Mover::Timer(timer).to_move()));
    }

    /// A timer that fires by itself, on many threads or at any time.
    fn fire(&mut self, timer: u32, trace: &mut Trace) {
        let (owner, ordinal) = {
            let tables = self.desk.tables.borrow();
            let row = &tables.timers[timer as usize];
            (row.owner.min(Words::MAX_WHO), row.ordinal)
        };
        trace.push(Words::new(event::TIMER, owner, timer, u64::from(ordinal)));
        self.moves.disable(Mover::Timer(timer).to_move());
        if self.next == Mover::Timer(timer).to_move() {
            self.next = NOTHING;
        }
        if self.is_current_thread() {
            self.desk.touches_queue(CORE);
        }
        self.desk.fire(timer);
    }

    /// Polls a task. It is inlined for each scheduler, which then tests for nothing of the other.
    #[inline(always)]
    fn poll(&mut self, many: bool, task: u32, trace: &mut Trace, decisions: &mut dyn Decisions) {
        let from = if many { Stand::Any } else { Stand::Front(CORE) };
        let left = self.desk.run(task, CORE, from, &mut self.own);
        if self.desk.told.get() != EventMask::NONE {
            self.tell(trace);
        }
        if left == Left::Waiting || left == Left::Ready {
            trace.push(Words::new(event::PENDING, task, 0, 0));
        } else if left == Left::Returned {
            trace.push(Words::new(event::RETURNED, task, 0, 0));
        }
        if many && left != Left::Ready {
            self.moves.disable(Mover::Task(task).to_move());
        }
        self.refresh_after(many, decisions);
    }

    /// A move that polls nobody.
    #[inline(never)]
    fn plays_no_task(&mut self, mover: Mover, trace: &mut Trace, decisions: &mut dyn Decisions) {
        if let Mover::Timer(timer) = mover {
            self.fire(timer, trace);
        } else {
            self.fault(trace);
            self.desk.settle_wakes();
        }
        self.tell(trace);
        self.refresh_after(self.desk.switches.get(), decisions);
    }

    /// Keeps what the move touched.
    #[inline(never)]
    fn observes(&mut self) {
        self.observed.clone_from(&self.desk.recorder.borrow().print);
    }

    /// What was told in this move goes into the trace.
    #[inline]
    fn tell(&self, trace: &mut Trace) {
        let events = &mut self.desk.tables.borrow_mut().events;
        trace.extend(events, self.desk.told.take());
        events.clear();
    }
}

impl Names for TaskWorld {
    fn id(&self, mv: Move) -> u64 {
        match Mover::of(mv) {
            Mover::Task(task) => self.desk.id_of(task),
            Mover::Timer(timer) => self.desk.timer_id(timer),
            Mover::Fault => name::fault_id(),
        }
    }

    fn name(&self, mv: Move) -> Name {
        let tables = self.desk.tables.borrow();
        match Mover::of(mv) {
            Mover::Task(task) => Name::Process(tables.path(task)),
            Mover::Timer(timer) => {
                let row = &tables.timers[timer as usize];
                Name::Timer(tables.path(row.owner), row.ordinal)
            }
            Mover::Fault => Name::Fault,
        }
    }
}

impl Profiled for TaskWorld {
    type Profile = Profile;

    fn usual() -> &'static Profile {
        &TOKIO_1_54
    }

    fn under(profile: &'static Profile) -> Self {
        TaskWorld::new(profile)
    }

    fn basics() -> Vec<Invariant<Self>> {
        invariants::basics()
    }
}

impl World for TaskWorld {
    fn known(drawn: Conditions) -> Conditions {
        let tasks = Some(drawn.tasks.unwrap_or_default());
        Conditions { delivery: Delivery::Instant, tasks, event_loop: None, ..drawn }
    }

    fn reset(&mut self, conditions: &Conditions, arrivals: bool) {
        self.desk.reset();
        self.conditions = *conditions;
        let many = self.tasks().scheduler == Scheduler::MultiThread;
        self.desk.add_core(if many { Kind::MultiThread } else { Kind::CurrentThread });
        self.desk.switches.set(many);
        self.desk.rule.set(self.tasks().budget);
        self.desk.any_time.set(conditions.timers == TimerRule::Any);
        self.desk.tables.borrow_mut().faults = conditions.faults;
        self.moves.reset(arrivals);
        self.next = NOTHING;
        if conditions.faults > 0 {
            self.moves.enable(Mover::Fault.to_move());
        }
    }

    #[inline]
    fn moves(&self) -> &MoveSet {
        &self.moves
    }

    #[inline]
    fn moves_mut(&mut self) -> &mut MoveSet {
        &mut self.moves
    }

    fn is_turn(&self, mv: Move) -> bool {
        matches!(Mover::of(mv), Mover::Task(_))
    }

    #[inline]
    fn play(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace) {
        if self.desk.prepares.get() {
            self.desk.prepare(decisions);
        }
        match Mover::of(mv) {
            Mover::Task(task) if self.desk.switches.get() => {
                self.poll(true, task, trace, decisions);
            }
            Mover::Task(task) => self.poll(false, task, trace, decisions),
            other => self.plays_no_task(other, trace, decisions),
        }
        if self.desk.records.get() {
            self.observes();
        }
    }

    fn wait(&mut self) -> bool {
        let passed = self.desk.pass_time();
        if passed {
            self.refresh();
        }
        passed
    }

    fn announced(&self, _: Move, into: &mut Footprint) {
        into.clear();
        into.make_opaque();
    }

    fn observe(&mut self, on: bool) {
        self.desk.observe(on);
    }

    fn observed(&self) -> &Footprint {
        &self.observed
    }

    fn wanted(&self, into: &mut Vec<(u64, Footprint)>) {
        self.missed_timers(into);
    }

    fn join(&mut self, reads: &Footprint) {
        let mut recorder = self.desk.recorder.borrow_mut();
        let recorder = &mut *recorder;
        self.observed.join(&recorder.told);
        self.observed.join(reads);
    }

    fn state(&self) -> Digest {
        state::digest(self)
    }

    fn stuck(&self) -> bool {
        self.is_stuck()
    }

    fn waiting(&self) -> Vec<Waiting> {
        self.who_waits()
    }

    fn line(&self, event: Event) -> Option<Line> {
        self.line_of(event)
    }

    fn facts(&self, into: &mut Vec<Fact>) {
        self.facts_now(into);
    }

    fn called(&self, resource: Resource) -> Option<String> {
        self.called_here(resource)
    }

    /// The run queue of the one thread.
    fn is_everyones(&self, resource: Resource) -> bool {
        resource.kind == b'q'
    }
}

impl Drop for TaskWorld {
    fn drop(&mut self) {
        self.desk.drop_bodies();
    }
}

impl fmt::Debug for TaskWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskWorld")
            .field("profile", &self.profile.name)
            .field("conditions", &self.conditions)
            .field("tables", &self.desk.tables.borrow())
            .finish_non_exhaustive()
    }
}
