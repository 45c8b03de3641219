//! The event-loop world: asyncio's tasks, which nobody holds unless somebody does, and the collector.
//!
//! Bodies are `async fn`s that are given a [`Frame`]; an exception is an `Err`, and a variable is a
//! [`Ref`]. A move calls one entry of the loop's ready queue. What CPython does not say, when its
//! collector runs, is a decision ([`Collect`]).
//!
//! ```
//! use atropos::event_loop::{Exception, LoopScenario};
//!
//! // The task that writes is held by nobody: it may be destroyed before it has written.
//! let scenario = LoopScenario::new("fire-and-forget", |world| {
//!     world.main((), |frame, ()| async move {
//!         let done = frame.event().named("done");
//!         frame.create_named("writer", done.clone(), |frame, done| async move {
//!             let reply = frame.future();
//!             frame.answer_weakly(&reply, "stored"); // as a stream's protocol does
//!             (&reply).await?;
//!             done.set();
//!             Ok::<_, Exception>(())
//!         });
//!         frame.sleep(std::time::Duration::from_secs(1)).await
//!     });
//! });
//! let found = scenario.fuzz(1_000).expect("the collector may come before the reply");
//! assert_eq!(found.violation.invariant, "no-pending-task-collected");
//! println!("{}", found.violation.evidence);
//! ```
//!
//! Truth: CPython 3.11 to 3.13 ([`Profile`]); 78 programs run there, and any number of random ones.
//! Leaves out: transports, subprocesses, threads, `contextvars`, the variables of a body that an
//! exception keeps by its traceback, and collections in the middle of a step.

mod args;
mod awaits;
mod callback;
mod desk;
mod destroy;
mod exception;
mod facts;
mod faults;
mod frame;
mod futures;
mod gather;
mod generator;
mod group;
mod heap;
mod hooks;
pub mod invariants;
mod kind;
mod label;
mod lines;
mod lost;
mod outcome;
mod profile;
mod program;
mod ready;
mod refs;
mod state;
mod step;
mod sync;
mod table;
mod texts;
mod timeout;
mod traceback;
mod value;
mod wait;
mod waiting;

pub use args::{Args, Plain};
pub use awaits::Await;
pub use exception::{Class, Exception};
pub use frame::Frame;
pub use generator::Yields;
pub use hooks::Context;
pub use kind::{Message, event};
pub use outcome::Outcome;
pub use profile::{CPYTHON_3_11, CPYTHON_3_12, CPYTHON_3_13, PROFILES, Profile, profile};
pub use program::Program;
pub use refs::{IsFuture, OfKind, Ref, Weak, object};
pub use value::Value;
pub use wait::{ReturnWhen, Waited};

use crate::{
    decisions::{Decisions, Names},
    facts::Fact,
    footprint::{Footprint, Resource},
    invariant::Invariant,
    moves::{Move, MoveSet},
    name::{self, Name},
    plan::{Collect, Conditions, Delivery, Loop, Order, TimerRule},
    simple::{Profiled, Simple},
    timeline::Line,
    trace::{Digest, Event, Trace},
    waiting::Waiting,
    world::World,
};
use desk::Desk;
use std::{any::Any, fmt, future::Future, rc::Rc};
use table::Ready;

/// A scenario of an event loop in a few lines.
pub type LoopScenario = Simple<EventLoopWorld>;

/// A world of one event loop.
pub struct EventLoopWorld {
    profile: &'static Profile,
    conditions: Conditions,
    desk: Rc<Desk>,
    moves: MoveSet,
    /// What was enabled when it was looked at last, and the list before that, for its memory.
    enabled: Vec<Mover>,
    before: Vec<Mover>,
    /// The collector comes next, whatever else could.
    collects: bool,
    observed: Footprint,
    /// Global variables.
    kept: Vec<Box<dyn Any>>,
}

/// What a move index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mover {
    /// A step of a task.
    Task(u32),
    /// The next callback that is none.
    Loop,
    Timer(u32),
    Reply(u32),
    Collect,
    Fault,
}

impl Mover {
    #[inline(always)]
    fn of(mv: Move) -> Self {
        let index = mv.0 >> 3;
        match mv.0 & 7 {
            0 => Mover::Task(index),
            1 => Mover::Loop,
            2 => Mover::Timer(index),
            3 => Mover::Reply(index),
            4 => Mover::Collect,
            _ => Mover::Fault,
        }
    }

    #[inline(always)]
    fn to_move(self) -> Move {
        Move(match self {
            Mover::Task(index) => index << 3,
            Mover::Loop => 1,
            Mover::Timer(index) => index << 3 | 2,
            Mover::Reply(index) => index << 3 | 3,
            Mover::Collect => 4,
            Mover::Fault => 5,
        })
    }
}

impl EventLoopWorld {
    /// An empty world under a profile.
    pub fn new(profile: &'static Profile) -> Self {
        EventLoopWorld {
            profile,
            conditions: Conditions::default(),
            desk: Rc::new(Desk::new(profile)),
            moves: MoveSet::default(),
            enabled: Vec::new(),
            before: Vec::new(),
            collects: false,
            observed: Footprint::default(),
            kept: Vec::new(),
        }
    }

    /// The profile whose rules hold here.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// A frame whose variables are global: what is made with it stays.
    pub fn globals(&self) -> Frame {
        Frame::new(&self.desk, table::root::GLOBALS)
    }

    /// `asyncio.run(body(..))`, the main coroutine of the program.
    #[track_caller]
    pub fn main<A, F, R, T>(&mut self, args: A, body: F)
    where
        A: Args,
        F: FnOnce(Frame, A) -> R + 'static,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        let program = Program::new(&self.desk);
        let main = program.run("main", args, body);
        let desk = Rc::clone(&self.desk);
        self.start(async move {
            if let Err(error) = main.await
                && !error.is_cancelled()
            {
                let number = desk.note_error(&error);
                desk.tells(event::RUN_RAISED, event::PROGRAM, 0, number);
            }
        });
    }

    /// A program that runs the loop as it likes.
    pub fn program<F, R>(&mut self, body: F)
    where
        F: FnOnce(Program) -> R,
        R: Future<Output = ()> + 'static,
    {
        let body = body(Program::new(&self.desk));
        self.start(body);
    }

    fn start(&mut self, program: impl Future<Output = ()> + 'static) {
        self.desk.program.replace(Some(Box::pin(program)));
        self.desk.run_program_on();
        self.refresh();
    }

    /// Keeps a value, such as a variable, until the run ends, as a module keeps its global ones.
    pub fn keep<T: 'static>(&mut self, value: T) {
        self.kept.push(Box::new(value));
    }

    /// How many tasks there were, those that have gone included.
    pub fn len(&self) -> usize {
        self.desk.tables.borrow().tasks.len()
    }

    /// True if no task was ever created.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many objects are there.
    pub fn objects(&self) -> usize {
        let tables = self.desk.tables.borrow();
        (0..tables.heap.len() as u32).filter(|&node| !tables.heap.is_freed(node)).count()
    }

    /// How a task is shown: its name and its path, `writer#1.2`.
    pub fn shown(&self, task: u32) -> String {
        match task {
            event::PROGRAM => "the program".to_owned(),
            task => self.desk.tables.borrow().shown_task(task),
        }
    }

    /// The step in which a task was destroyed while it was pending, if it was.
    pub fn destroyed_in(&self, task: u32) -> Option<u32> {
        self.desk.tables.borrow().tasks.get(task as usize).and_then(|row| row.destroyed)
    }

    fn event_loop(&self) -> Loop {
        self.conditions.event_loop.unwrap_or_default()
    }

    /// After a move: what was lost, whether the collector comes, and what can move.
    fn refresh_after(&mut self, decisions: &mut dyn Decisions) {
        self.desk.flush();
        self.desk.land();
        self.desk.settle();
        self.collects = self.desk.has_lost_task()
            && match self.event_loop().collect {
                Collect::Every => true,
                Collect::Chance(thousandths) => {
                    decisions.value(1000) >= 1000 - u32::from(thousandths)
                }
                Collect::Off | Collect::Asked => false,
            };
        self.refresh();
    }

    /// Brings the enabled moves up to date with the tables.
    fn refresh(&mut self) {
        self.desk.skip_cancelled();
        self.desk.after_turn();
        std::mem::swap(&mut self.enabled, &mut self.before);
        let mut enabled = std::mem::take(&mut self.enabled);
        self.enabled_now(&mut enabled);
        self.enabled = enabled;
        for mover in &self.before {
            if !self.enabled.contains(mover) {
                self.moves.disable(mover.to_move());
            }
        }
        for mover in &self.enabled {
            self.moves.enable(mover.to_move());
        }
    }

    fn enabled_now(&self, movers: &mut Vec<Mover>) {
        movers.clear();
        if self.collects {
            return movers.push(Mover::Collect);
        }
        self.desk.forget_void_replies();
        let tables = self.desk.tables.borrow();
        if !tables.stopped {
            self.loop_movers(&tables, movers);
        }
        drop(tables);
        if self.event_loop().collect == Collect::Asked && self.desk.has_lost_task() {
            movers.push(Mover::Collect);
        }
    }

    fn loop_movers(&self, tables: &table::Tables, movers: &mut Vec<Mover>) {
        let mover = |entry: &Ready| match entry {
            Ready::Direct { callback, .. } if callback.is_step() => {
                Mover::Task(tables.object(callback.on).row)
            }
            _ => Mover::Loop,
        };
        let between = tables.turn == 0;
        let turn = if between { tables.ready.len() } else { tables.turn };
        match self.event_loop().order {
            Order::Fifo => movers.extend(tables.ready.front().map(mover)),
            Order::Tasks => {
                // Cancelled handles are skipped when they come to the front.
                let waits = |entry: &&Ready| !matches!(entry, Ready::Handle(at) if tables.handles[*at as usize].cancelled);
                for mover in tables.ready.iter().take(turn).filter(waits).map(mover) {
                    if !movers.contains(&mover) {
                        movers.push(mover);
                    }
                }
            }
        }
        if between {
            if self.conditions.timers == TimerRule::Any {
                movers.extend(tables.timers.values().map(|&handle| Mover::Timer(handle)));
            }
            movers.extend(tables.open_replies.iter().map(|&reply| Mover::Reply(reply)));
        }
    }

    /// Calls the entry of the ready queue that a mover stands for.
    fn call(&self, mover: Mover) {
        if self.desk.tables.borrow().turn == 0 {
            self.desk.begin_turn();
        }
        let at = {
            let tables = self.desk.tables.borrow();
            let is_it = |entry: &Ready| match (entry, mover) {
                (Ready::Direct { callback, .. }, Mover::Task(task)) => {
                    callback.is_step() && tables.object(callback.on).row == task
                }
                (Ready::Direct { callback, .. }, _) => !callback.is_step(),
                (Ready::Handle(handle), _) => {
                    mover == Mover::Loop && !tables.handles[*handle as usize].cancelled
                }
            };
            tables.ready.iter().position(is_it).expect("an enabled move has its entry")
        };
        self.desk.call(at);
    }

    /// The collector: alone and with timers to come, it may wait for them.
    fn collect(&mut self, decisions: &mut dyn Decisions) {
        let asked = self.event_loop().collect == Collect::Asked;
        let waits = asked && self.moves.len() == 1 && !self.desk.tables.borrow().timers.is_empty();
        if waits && decisions.value(2) == 0 {
            self.desk.pass_time();
            return;
        }
        self.desk.collect(&mut || decisions.value(2) == 1);
    }

    /// What happened in this move goes into the trace.
    fn tell(&self, trace: &mut Trace) {
        let mut events = self.desk.events.borrow_mut();
        events.iter().for_each(|&event| trace.push(event));
        events.clear();
    }
}

/// All that stands in the loop's queues and in the heap, which every move touches.
const EVERYTHING: Resource = Resource::new(b'L', 0);

impl Names for EventLoopWorld {
    fn id(&self, mv: Move) -> u64 {
        let tables = self.desk.tables.borrow();
        let asked = |(owner, ordinal): (u32, u32)| match tables.tasks.get(owner as usize) {
            Some(task) => name::timer_id(task.id, ordinal),
            None => name::timer_id(name::loop_id(), ordinal.max(1)),
        };
        match Mover::of(mv) {
            Mover::Task(task) => tables.tasks[task as usize].id,
            Mover::Loop => name::loop_id(),
            Mover::Timer(handle) => asked(tables.handles[handle as usize].asked_by()),
            Mover::Reply(reply) => asked(tables.replies[reply as usize].asked_by()),
            Mover::Collect => name::collect_id(),
            Mover::Fault => name::fault_id(),
        }
    }

    fn name(&self, mv: Move) -> Name {
        let tables = self.desk.tables.borrow();
        let asked = |(owner, ordinal): (u32, u32)| match tables.tasks.get(owner as usize) {
            Some(_) => Name::Timer(tables.path(owner), ordinal),
            None => Name::LoopTimer(ordinal.max(1)),
        };
        match Mover::of(mv) {
            Mover::Task(task) => Name::Process(tables.path(task)),
            Mover::Loop => Name::Loop,
            Mover::Timer(handle) => asked(tables.handles[handle as usize].asked_by()),
            Mover::Reply(reply) => asked(tables.replies[reply as usize].asked_by()),
            Mover::Collect => Name::Collect,
            Mover::Fault => Name::Fault,
        }
    }
}

impl Profiled for EventLoopWorld {
    type Profile = Profile;

    fn usual() -> &'static Profile {
        &CPYTHON_3_11
    }

    fn under(profile: &'static Profile) -> Self {
        EventLoopWorld::new(profile)
    }

    fn basics() -> Vec<Invariant<Self>> {
        invariants::basics()
    }
}

impl World for EventLoopWorld {
    fn known(drawn: Conditions) -> Conditions {
        let event_loop = Some(drawn.event_loop.unwrap_or_default());
        Conditions { delivery: Delivery::Instant, tasks: None, event_loop, ..drawn }
    }

    fn reset(&mut self, conditions: &Conditions, arrivals: bool) {
        self.desk.reset();
        self.conditions = *conditions;
        self.desk.tables.borrow_mut().faults = conditions.faults;
        self.moves.reset(arrivals);
        self.enabled.clear();
        self.kept.clear();
        self.collects = false;
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

    fn play(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace) {
        self.desk.begin_step();
        match Mover::of(mv) {
            mover @ (Mover::Task(_) | Mover::Loop) => self.call(mover),
            Mover::Timer(handle) => self.desk.fire_handle(handle),
            Mover::Reply(reply) => self.desk.play_reply(reply),
            Mover::Collect => self.collect(decisions),
            Mover::Fault => self.fault(decisions),
        }
        self.refresh_after(decisions);
        self.tell(trace);
        if trace.fresh() == crate::trace::EventMask::NONE {
            trace.push(crate::word::Words::new(event::CALLBACK, event::LOOP, 0, 0));
        }
    }

    fn wait(&mut self) -> bool {
        let goes_on = !self.desk.tables.borrow().stopped;
        let passed = goes_on && self.desk.pass_time();
        if passed {
            self.refresh();
        }
        passed
    }

    fn announced(&self, _: Move, into: &mut Footprint) {
        into.clear();
        into.make_opaque();
    }

    fn observe(&mut self, _: bool) {
        self.observed.clear();
        self.observed.write(EVERYTHING);
    }

    fn observed(&self) -> &Footprint {
        &self.observed
    }

    fn state(&self) -> Digest {
        self.digest()
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
        (resource == EVERYTHING).then(|| "the loop".to_owned())
    }

    fn is_everyones(&self, resource: Resource) -> bool {
        resource == EVERYTHING
    }
}

impl Drop for EventLoopWorld {
    fn drop(&mut self) {
        self.desk.drop_code();
    }
}

impl fmt::Debug for EventLoopWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoopWorld")
            .field("profile", &self.profile.name)
            .field("conditions", &self.conditions)
            .field("tables", &self.desk.tables.borrow())
            .finish_non_exhaustive()
    }
}
