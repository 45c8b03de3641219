//! The process world: processes with mailboxes, links, monitors, names and timers, as on the BEAM.
//!
//! Its rules are one `match` each, laid out so that the documentation can be held beside them:
//! effects in `step`, signals on arrival in `arrive`, then `mailbox`,
//! `links`, `monitors`, `aliases`, `names`, `timers`, `info` and `exits`. A `director` tells others
//! what to do, for programs that are data.
//! Where runtimes differ, a [`Profile`] says how. Exit, link notification and monitor notification
//! are separate steps; signals act at once or travel in a channel for each ordered pair of
//! processes ([`Delivery`]).
//!
//! Truth: OTP 25.2.3, the reference manual's chapter "Processes", and the profiles' sources.
//! Leaves out: process dictionaries, group leaders, ports, distribution.

mod aliases;
mod arrive;
mod called;
mod ctx;
mod desk;
mod director;
mod exits;
mod facts;
mod footprints;
mod identity;
mod info;
pub mod invariants;
mod kind;
mod leading;
mod lines;
mod links;
mod mailbox;
mod monitors;
mod names;
mod observer;
pub mod otp;
mod profile;
mod reads;
mod state;
mod step;
mod table;
mod term;
mod timers;
mod waiting;
mod wrong;

pub use ctx::{Alias, Ctx, Filter, Item, Message, Whereis};
pub use desk::{Answer, Class, Effect, Ending, Raise, Spawn};
pub use director::{Cue, Fate, Pace};
pub use kind::{BY_LINK, PARTY, UNOWED, event};
pub use profile::{
    ATOMVM_0_6_2, ATOMVM_0_6_3, ATOMVM_0_6_6, Death, EntryAfterExit, LinkToDead, Notices, OTP_25,
    OTP_25_STRICT, PROFILES, Profile, profile,
};
pub use table::{MonitorView, ProcessView, Tables};
pub use term::{Pid, Ref, Shape, Term, Terms};
#[doc(hidden)]
pub use wrong::Wrong;

use crate::{
    decisions::{Decisions, Names},
    facts::Fact,
    footprint::{Footprint, Resource},
    invariant::Invariant,
    moves::{Move, MoveSet},
    name::{self, Name},
    plan::{Conditions, Delivery, TimerRule},
    relation::{Relation, Sight},
    simple::{Profiled, Simple},
    site::Place,
    timeline::Line,
    trace::{Digest, Event, Trace},
    waiting::Waiting,
    world::World,
};
use desk::{Body, Desk};
use footprints::Recorder;
use std::{borrow::Cow, fmt, future::Future, rc::Rc};

/// A scenario of processes in a few lines.
pub type ProcessScenario = Simple<ProcessWorld>;

/// A world of processes.
pub struct ProcessWorld {
    profile: &'static Profile,
    conditions: Conditions,
    desk: Rc<Desk>,
    tables: Tables,
    // invariant: one for each process; None once it is dead
    bodies: Vec<Option<Body>>,
    // invariant: one for each process; where it was spawned, if that is known and it is no root
    places: Vec<Option<Place>>,
    moves: MoveSet,
    recorder: Recorder,
    /// What root processes declared before the run began; told in its first step.
    prelude: Trace,
    questions: Questions,
}

/// What the processes of a world ask after one another; whoever sets it up may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Questions {
    /// Nothing: nobody calls `process_info/2` or `is_process_alive/1` on another, or `link/1`.
    Nothing,
    /// Anything but what stands in the mailbox of another.
    Ties,
    /// Anything.
    #[default]
    Anything,
}

/// What a move index stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mover {
    Process(u32),
    Channel(u32),
    Timer(u32),
    Fault,
}

impl Mover {
    #[inline(always)]
    fn of(mv: Move) -> Self {
        let index = mv.0 >> 2;
        match mv.0 & 3 {
            0 => Mover::Process(index),
            1 => Mover::Channel(index),
            2 => Mover::Timer(index),
            _ => Mover::Fault,
        }
    }

    #[inline(always)]
    fn to_move(self) -> Move {
        Move(match self {
            Mover::Process(index) => index << 2,
            Mover::Channel(index) => index << 2 | 1,
            Mover::Timer(index) => index << 2 | 2,
            Mover::Fault => 3,
        })
    }
}

impl ProcessWorld {
    /// An empty world under a profile.
    pub fn new(profile: &'static Profile) -> Self {
        let desk = Desk::default();
        desk.wrong.set(profile.wrong);
        ProcessWorld {
            profile,
            conditions: Conditions::default(),
            desk: Rc::new(desk),
            tables: Tables::default(),
            bodies: Vec::new(),
            places: Vec::new(),
            moves: MoveSet::default(),
            recorder: Recorder::default(),
            prelude: Trace::default(),
            questions: Questions::default(),
        }
    }

    /// Says what the processes of this run ask after one another.
    pub fn expect(&mut self, questions: Questions) {
        self.questions = questions;
    }

    /// The profile whose rules hold here.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// Starts a root process before the run begins. Roots get their pids in order, so bodies can
    /// know each other beforehand: see [`Pid::root`].
    pub fn root<F, Fut>(&mut self, label: impl Into<Cow<'static, str>>, code: F) -> Pid
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.begin(label.into(), code, |_, _| ())
    }

    /// Starts a root process that must be done when the run ends: if it is not, that is a deadlock.
    pub fn client<F, Fut>(&mut self, label: impl Into<Cow<'static, str>>, code: F) -> Pid
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        let pid = self.root(label, code);
        self.tables.processes[pid.index()].client = true;
        pid
    }

    /// Starts a root process that tells others what to do ([`Ctx::stage`]). It is no party to what
    /// happens: no fault kills it.
    ///
    /// # Panics
    /// If there is a director already.
    pub fn director<F, Fut>(&mut self, label: impl Into<Cow<'static, str>>, code: F) -> Pid
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.begin(label.into(), code, Self::appoint)
    }

    fn begin<F, Fut>(
        &mut self,
        label: Cow<'static, str>,
        code: F,
        appoint: impl FnOnce(&mut Self, u32),
    ) -> Pid
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        let ctx = Ctx::new(Rc::clone(&self.desk));
        let process = self.tables.add_process(None, label);
        appoint(self, process);
        self.places.push(None);
        self.bodies.push(Some(Box::pin(code(ctx))));
        self.first_poll(process);
        Pid(process)
    }

    /// The compound terms of the run.
    pub fn terms(&self) -> std::cell::Ref<'_, Terms> {
        self.desk.terms.borrow()
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// How many processes there were, dead ones included.
    pub fn len(&self) -> usize {
        self.tables.hot.len()
    }

    /// True if no process was ever started.
    pub fn is_empty(&self) -> bool {
        self.tables.hot.is_empty()
    }

    /// A process.
    ///
    /// # Panics
    /// If there is no such process in this run.
    #[inline]
    pub fn process(&self, pid: Pid) -> ProcessView<'_> {
        assert!(pid.index() < self.len(), "a pid of another run");
        ProcessView { tables: &self.tables, index: pid.0 }
    }

    /// All processes, in the order in which they were started.
    pub fn processes(&self) -> impl Iterator<Item = ProcessView<'_>> {
        (0..self.len() as u32).map(|index| ProcessView { tables: &self.tables, index })
    }

    /// Registered names and their processes.
    pub fn names(&self) -> impl Iterator<Item = (Term, Pid)> + '_ {
        self.tables.names.iter().map(|&(name, process)| (name, Pid(process)))
    }

    /// How a process is shown: its label and its path, `limiter#1.2`; the director by its label.
    pub fn shown(&self, pid: Pid) -> String {
        if self.director_pid() == Some(pid) {
            return self.tables.processes[pid.index()].label.to_string();
        }
        let label = &self.tables.processes[pid.index()].label;
        format!("{label}#{}", Name::Process(self.tables.path(pid.0)))
    }

    /// A term as Erlang prints it.
    pub fn text(&self, term: Term) -> String {
        self.desk.terms.borrow().text(term, &|t| self.text_of_index(t))
    }

    fn text_of_index(&self, term: Term) -> String {
        match (term.as_pid(), term.as_ref()) {
            (Some(pid), _) if pid.index() < self.len() => self.shown(pid),
            (_, Some(reference)) => self.shown_ref(reference),
            _ => "a pid of another run".to_owned(),
        }
    }

    #[inline(always)]
    fn play_move(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace) {
        match Mover::of(mv) {
            Mover::Process(process) => self.step(process, decisions, trace),
            Mover::Channel(channel) => self.deliver(channel, trace),
            Mover::Timer(timer) => self.fire(timer, trace),
            Mover::Fault => self.fault(decisions, trace),
        }
    }

    /// The first move of a run, and each move of a directed one.
    #[inline(never)]
    fn play_rare(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace) {
        self.prelude.events().for_each(|event| trace.push(event));
        self.prelude.clear();
        self.play_move(mv, decisions, trace);
        self.direct();
    }

    #[inline]
    fn is_instant(&self) -> bool {
        self.conditions.delivery == Delivery::Instant
    }

    fn fires_any_time(&self) -> bool {
        self.conditions.timers == TimerRule::Any
    }

    #[inline]
    fn enable(&mut self, mover: Mover) {
        self.moves.enable(mover.to_move());
    }

    #[inline]
    fn disable(&mut self, mover: Mover) {
        self.moves.disable(mover.to_move());
    }
}

impl Names for ProcessWorld {
    fn id(&self, mv: Move) -> u64 {
        let id = |process| self.tables.id(process);
        match Mover::of(mv) {
            Mover::Process(process) => id(process),
            Mover::Channel(channel) => {
                let channel = &self.tables.channels[channel as usize];
                name::channel_id(id(channel.from), id(channel.to))
            }
            Mover::Timer(timer) => {
                let timer = self.tables.timers.get(timer).expect("a timer that can move exists");
                name::timer_id(id(timer.owner), timer.ordinal)
            }
            Mover::Fault => name::fault_id(),
        }
    }

    fn name(&self, mv: Move) -> Name {
        let path = |process| self.tables.path(process);
        match Mover::of(mv) {
            Mover::Process(process) => Name::Process(path(process)),
            Mover::Channel(channel) => {
                let channel = &self.tables.channels[channel as usize];
                Name::Channel(path(channel.from), path(channel.to))
            }
            Mover::Timer(timer) => {
                let timer = self.tables.timers.get(timer).expect("a timer that can move exists");
                Name::Timer(path(timer.owner), timer.ordinal)
            }
            Mover::Fault => Name::Fault,
        }
    }
}

impl Profiled for ProcessWorld {
    type Profile = Profile;

    fn usual() -> &'static Profile {
        &OTP_25
    }

    fn under(profile: &'static Profile) -> Self {
        ProcessWorld::new(profile)
    }

    fn basics() -> Vec<Invariant<Self>> {
        invariants::basics()
    }
}

impl World for ProcessWorld {
    fn reset(&mut self, conditions: &Conditions, arrivals: bool) {
        self.drop_bodies();
        self.conditions = *conditions;
        if self.profile.instant_only {
            self.conditions.delivery = Delivery::Instant;
        }
        self.tables.clear(conditions.faults);
        self.desk.terms.borrow_mut().clear();
        self.prelude.clear();
        self.questions = Questions::default();
        self.recorder.messages.clear();
        self.recorder.drained.clear();
        self.moves.reset(arrivals);
        if conditions.faults > 0 {
            self.enable(Mover::Fault);
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
        matches!(Mover::of(mv), Mover::Process(_))
    }

    #[inline]
    fn play(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace) {
        self.begin_move(mv);
        if !self.prelude.is_empty() || self.tables.director.is_some() {
            return self.play_rare(mv, decisions, trace);
        }
        self.play_move(mv, decisions, trace);
    }

    fn wait(&mut self) -> bool {
        self.stage_ends() || self.let_time_pass()
    }

    fn announced(&self, mv: Move, into: &mut Footprint) {
        self.announce(mv, into);
    }

    fn observe(&mut self, on: bool) {
        self.recorder.on = on;
    }

    fn relate(&mut self, relation: Relation) -> bool {
        let known = relation != Relation::Observer;
        if known {
            self.recorder.relation = relation;
        }
        known
    }

    fn observed(&self) -> &Footprint {
        &self.recorder.print
    }

    fn sight(&self, mv: Move, events: &[Event]) -> Option<Sight> {
        self.sight_of(mv, events)
    }

    fn wanted(&self, into: &mut Vec<(u64, Footprint)>) {
        self.missed_timers(into);
        self.missed_deliveries(into);
    }

    fn join(&mut self, reads: &Footprint) {
        let Recorder { print, told, .. } = &mut self.recorder;
        print.join(told);
        print.join(reads);
    }

    fn state(&self) -> Digest {
        state::digest(self)
    }

    fn leading(&self) -> Option<Move> {
        self.find_leading()
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
}

impl Drop for ProcessWorld {
    fn drop(&mut self) {
        self.drop_bodies();
    }
}

impl fmt::Debug for ProcessWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessWorld")
            .field("profile", &self.profile.name)
            .field("conditions", &self.conditions)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}
