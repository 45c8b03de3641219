//! lc-v1: a small world of plain data, without bodies, that pins the engines.
//!
//! Its programs have known numbers of schedules, classes and states, found by two independent
//! enumerations. What an engine says of them is right or wrong; what it says of the process world
//! rests on that. Its rules are a page: docs/exploration.md. It is no model of the BEAM, and where
//! it differs from the process world that page has a table.

mod choices;
mod order;
mod program;
mod relation;
mod signals;
mod state;
mod step;

pub use crate::relation::Relation;
pub use program::{BadProgram, Delivery, Op, Program, Value};

use crate::{
    check::dpor::{Draws, Steps},
    decisions::{Decisions, Names},
    footprint::{Footprint, Resource},
    moves::{Move, MoveSet},
    name::{self, Name},
    plan::Conditions,
    timeline::Line,
    trace::{Digest, Event, Trace, digest_bytes},
    waiting::Waiting,
    word::Words,
    world::World,
};
use order::{ANY, Known, Order};
use program::{Code, Compiled};
use state::{State, Timer};
use std::{
    hash::{Hash, Hasher},
    rc::Rc,
};
use step::{Actor, Played, Step};
use xxhash_rust::xxh3::Xxh3;

/// A program of lc-v1 at some point of its run.
#[derive(Clone, Debug)]
pub struct LcWorld {
    program: Rc<Compiled>,
    state: State,
    moves: MoveSet,
    played: Played,
    /// Under which relation footprints are observed.
    relation: Relation,
    observed: Footprint,
    /// What there is to choose, where a mailbox has no order but the one that was observed.
    choices: Vec<u64>,
    order: Order,
    /// What the last event made possible: to whom, and which choice.
    offers: Vec<(u32, u64)>,
}

/// An event as those see it who count schedules.
#[derive(Clone, Copy, Debug)]
pub struct EventView<'w> {
    played: &'w Played,
}

impl EventView<'_> {
    /// The hash of its id: whose step it is and which, whatever the schedule.
    pub fn id(&self) -> u64 {
        self.played.id
    }

    /// True if the relation knows the event at all.
    pub fn counts(&self, relation: Relation) -> bool {
        relation != Relation::Observer || !self.played.nature.is_idle_notice
    }

    /// What it touches under a relation.
    pub fn footprint(&self, relation: Relation, into: &mut Footprint) {
        relation.narrow(self.played.nature, &self.played.full, into);
    }

    /// A hash of what it was and, where the relation wants it, what came of it.
    pub fn label(&self, relation: Relation) -> u64 {
        let result = if relation.labels_results() { &self.played.result } else { "" };
        digest_bytes(format!("{} {result}", self.played.text).as_bytes()).0 as u64
    }

    /// What it was.
    pub fn text(&self) -> &str {
        &self.played.text
    }

    /// The event that started its process or armed its timer, if it is the first of it.
    pub fn origin(&self) -> Option<u64> {
        self.played.origin
    }

    /// True for an operation and an exit; false for a notification, a delivery, a timer.
    pub fn is_own(&self) -> bool {
        self.played.is_own
    }
}

impl LcWorld {
    /// The world at the beginning of a program.
    ///
    /// # Errors
    /// If the program names what is not there.
    pub fn new(program: &Program) -> Result<LcWorld, BadProgram> {
        let program = Rc::new(Compiled::new(program)?);
        let state = State::new(&program);
        let (moves, played) = (MoveSet::default(), Played::default());
        let (relation, observed) = (Relation::Full, Footprint::default());
        let (choices, order, offers) = (Vec::new(), Order::default(), Vec::new());
        let mut world =
            LcWorld { program, state, moves, played, relation, observed, choices, order, offers };
        world.restart();
        Ok(world)
    }

    /// The same, with footprints observed under another relation.
    pub fn under(self, relation: Relation) -> LcWorld {
        let mut world = LcWorld { relation, ..self };
        world.restart();
        world
    }

    fn restart(&mut self) {
        self.state = State::new(&self.program);
        self.order = Order::default();
        self.choices.clear();
        let program = Rc::clone(&self.program);
        let mut step = self.step(&program, None);
        (0..program.roots as u32).for_each(|process| step.settle(process));
        self.moves.reset(false);
        self.refresh();
    }

    fn step<'w>(&'w mut self, program: &'w Compiled, choice: Option<u64>) -> Step<'w> {
        let (played, observer) = (Played::default(), self.relation == Relation::Observer);
        Step { program, state: &mut self.state, played, choice, observer }
    }

    /// The event that was played last.
    pub fn last(&self) -> EventView<'_> {
        EventView { played: &self.played }
    }

    /// Plays an enabled move.
    pub fn advance(&mut self, mv: Move) {
        let (actor, choice) = self.actor(mv);
        let program = Rc::clone(&self.program);
        self.offers.clear();
        if let (Actor::Process(process), Some(chosen)) = (actor, choice)
            && chosen & ANY != 0
        {
            for lists in self.exits(process, Known::Caused) {
                self.offers.push((process, self.choice_of(&lists)));
            }
            self.arrange(process, chosen);
        }
        let mut step = self.step(&program, choice);
        step.play(actor);
        self.played = step.played;
        if self.relation == Relation::Observer || self.program.makes_entries {
            self.order(mv);
        }
        self.refresh();
    }

    /// What the event that was played touched, under the relation at hand.
    fn see(&mut self) {
        let Played { nature, full, ties, .. } = &self.played;
        if self.last().counts(self.relation) {
            self.relation.narrow(*nature, full, &mut self.observed);
        } else {
            self.observed.clear();
        }
        self.observed.join(ties);
    }

    /// Moves without a choice are below this.
    fn stride(&self) -> u32 {
        let processes = self.program.processes.len() as u32;
        3 * (processes * processes).max(self.state.timers.len() as u32)
    }

    fn actor(&self, mv: Move) -> (Actor, Option<u64>) {
        let choice = (mv.0 / self.stride()).checked_sub(1);
        let mv = mv.0 % self.stride();
        let (index, processes) = (mv / 3, self.program.processes.len() as u32);
        let actor = match mv % 3 {
            0 => Actor::Process(index),
            1 => Actor::Timer(index),
            _ => Actor::Channel(index / processes, index % processes),
        };
        (actor, choice.map(|slot| self.choices[slot as usize]))
    }

    fn to_move(&self, actor: Actor) -> Move {
        let processes = self.program.processes.len() as u32;
        Move(match actor {
            Actor::Process(index) => index * 3,
            Actor::Timer(index) => index * 3 + 1,
            Actor::Channel(from, to) => (from * processes + to) * 3 + 2,
        })
    }

    /// Switches each move on or off as the tables say.
    fn refresh(&mut self) {
        let mut wanted: Vec<Move> = Vec::new();
        for process in 0..self.program.processes.len() as u32 {
            self.moves_of(process, &mut wanted);
        }
        let timers = (0..self.state.timers.len() as u32)
            .filter(|&timer| self.state.timers[timer as usize] == Timer::Armed);
        wanted.extend(timers.map(|timer| self.to_move(Actor::Timer(timer))));
        let channels = self.state.channels.keys();
        wanted.extend(channels.map(|&(from, to)| self.to_move(Actor::Channel(from, to))));
        let gone: Vec<Move> =
            self.moves.all().iter().copied().filter(|mv| !wanted.contains(mv)).collect();
        gone.into_iter().for_each(|mv| self.moves.disable(mv));
        wanted.into_iter().for_each(|mv| self.moves.enable(mv));
    }

    fn next_code(&self, process: u32) -> Option<&Code> {
        let place = self.state.processes[process as usize].place;
        self.program.code[process as usize].get(place as usize)
    }

    fn can_move(&self, process: u32) -> bool {
        let row = &self.state.processes[process as usize];
        if !row.notices.is_empty() {
            return true;
        }
        if !row.is_alive() {
            return false;
        }
        if row.doomed.is_some() || row.failed.is_some() {
            return true;
        }
        match self.next_code(process) {
            Some(&Code::Recv { tag, blocks: true, .. }) => {
                self.state.matches(&self.program, process, tag)
            }
            Some(&Code::Lock(lock)) => self.state.locks[lock as usize].is_none(),
            Some(_) => true,
            None => self.program.implicit_exit,
        }
    }

    /// True if a living process still has something to do.
    pub fn is_blocked(&self) -> bool {
        (0..self.program.processes.len() as u32).any(|process| {
            let more = self.next_code(process).is_some() || self.program.implicit_exit;
            self.state.is_alive(process) && more
        })
    }

    /// What is left at the end: for each process its exit reason and the messages left, the
    /// variables and the names.
    pub fn outcome(&self) -> String {
        let mut text = String::new();
        for (process, row) in self.state.processes.iter().enumerate() {
            let reason = row.reason.map_or("-", |reason| self.program.words.name(reason));
            let mut left: Vec<&str> = row.mailbox.iter().map(|m| m.text.as_str()).collect();
            left.sort_unstable();
            let name = self.program.processes.name(process as u32);
            text.push_str(&format!("{name} {reason} {left:?}; "));
        }
        for (var, value) in self.state.vars.iter().enumerate() {
            let value = value.clone().unwrap_or(Value::Int(0));
            text.push_str(&format!("{} = {value}; ", self.program.vars.name(var as u32)));
        }
        for (name, owner) in self.state.names.iter().enumerate() {
            let owner = owner.map_or("-", |owner| self.program.processes.name(owner));
            text.push_str(&format!("{} is {owner}; ", self.program.names.name(name as u32)));
        }
        text
    }

    /// Why a process has exited; none if it lives, or there is no such process.
    pub fn exit_reason(&self, process: &str) -> Option<&str> {
        let process = self.program.processes.find(process)?;
        let reason = self.state.processes[process as usize].reason?;
        Some(self.program.words.name(reason))
    }

    /// What a register of a process holds; none if it was never written to.
    pub fn register(&self, process: &str, register: &str) -> Option<&Value> {
        let process = self.program.processes.find(process)?;
        let register = self.program.registers.find(register)?;
        self.state.processes[process as usize].registers.get(&register)
    }

    fn path(&self, process: u32) -> name::Path {
        self.program.paths[process as usize].clone()
    }
}

impl Names for LcWorld {
    fn id(&self, mv: Move) -> u64 {
        self.name(mv).id()
    }

    fn name(&self, mv: Move) -> Name {
        match self.actor(mv).0 {
            Actor::Process(process) => Name::Process(self.path(process)),
            Actor::Timer(timer) => {
                let owner = self.program.timers[timer as usize].owner;
                Name::Timer(self.path(owner), timer + 1)
            }
            Actor::Channel(from, to) => Name::Channel(self.path(from), self.path(to)),
        }
    }
}

/// The one kind of event of this world.
const EVENT: u8 = 1;

impl World for LcWorld {
    fn reset(&mut self, _: &Conditions, arrivals: bool) {
        self.restart();
        self.moves.reset(arrivals);
        self.refresh();
    }

    fn moves(&self) -> &MoveSet {
        &self.moves
    }

    fn moves_mut(&mut self) -> &mut MoveSet {
        &mut self.moves
    }

    fn play(&mut self, mv: Move, _: &mut dyn Decisions, trace: &mut Trace) {
        self.advance(mv);
        self.see();
        let label = self.last().label(Relation::Arrival);
        trace.push(Words::new(EVENT, mv.0, 0, label));
    }

    fn wait(&mut self) -> bool {
        false
    }

    fn announced(&self, _: Move, into: &mut Footprint) {
        into.clear();
        into.make_opaque();
    }

    fn observe(&mut self, _: bool) {}

    fn relate(&mut self, relation: Relation) -> bool {
        self.relation = relation;
        true
    }

    fn observed(&self) -> &Footprint {
        &self.observed
    }

    fn wanted(&self, into: &mut Vec<(u64, Footprint)>) {
        for process in 0..self.program.processes.len() as u32 {
            if let (Some(&Code::Lock(lock)), true) =
                (self.next_code(process), self.state.is_alive(process))
            {
                let mut print = Footprint::default();
                print.write(Resource::new(relation::kind::LOCK, u64::from(lock)));
                into.push((Name::Process(self.path(process)).id(), print));
            }
        }
    }

    fn choice(&self, mv: Move) -> u64 {
        self.actor(mv).1.unwrap_or(0)
    }

    fn offered(&self, into: &mut Vec<(u64, u64)>) {
        let Played { arrived, timeout, .. } = self.played;
        let all = self.offers.iter().copied().chain(arrived).chain(timeout);
        into.extend(all.map(|(to, choice)| (Name::Process(self.path(to)).id(), choice)));
    }

    fn state(&self) -> Digest {
        let mut hasher = Xxh3::new();
        self.state.hash(&mut Stable(&mut hasher));
        Digest(hasher.digest128())
    }

    /// Whoever waits for ever in this world is a server: its programs are counted, not judged.
    fn stuck(&self) -> bool {
        false
    }

    fn waiting(&self) -> Vec<Waiting> {
        Vec::new()
    }

    fn line(&self, event: Event) -> Option<Line> {
        let name = self.name(Move(event.who()));
        Some(Line { who: name.to_string(), text: format!("{:016x}", event.value()), to: None })
    }
}

impl Steps for LcWorld {
    type World = LcWorld;

    fn start(&mut self) {
        self.restart();
    }

    fn world(&mut self) -> &mut LcWorld {
        self
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        World::play(self, mv, draws, &mut Trace::default());
        true
    }

    fn ended(&mut self) -> bool {
        true
    }
}

/// A hasher that gives 128 bits.
struct Stable<'h>(&'h mut Xxh3);

impl Hasher for Stable<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.digest()
    }
}
