//! The search for the cheapest schedule, held to known minima and to the enumeration of all schedules.

mod lc_programs;

use atropos::{
    check::{
        classes,
        dpor::{Draws, Steps},
        least::{Cost, Price, Reach, Sought, Turns, least},
    },
    decisions::Tape,
    lc::{LcWorld, Program, Relation, Value},
    moves::Move,
    name::Name,
    trace::Digest,
    world::World,
};
use atropos_scenarios::exact::Row;
use lc_programs::{Family, program};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde::Deserialize;
use std::collections::BTreeMap;

const ROWS: &str = include_str!("../conformance/exploration/exact_counts_public.jsonl");
const MINIMA: &str = include_str!("../conformance/exploration/shrink_minima_public.json");

/// What is looked for in a program: told of the world after each step.
type Goal<'g> = &'g dyn Fn(&LcWorld) -> bool;

/// The runs of a program, each to where it shows what is looked for.
struct Runs<'g> {
    world: LcWorld,
    goal: Goal<'g>,
    shown: bool,
}

impl Steps for Runs<'_> {
    type World = LcWorld;

    fn start(&mut self) {
        Steps::start(&mut self.world);
        self.shown = false;
    }

    fn world(&mut self) -> &mut LcWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, _: &mut Draws) -> bool {
        self.world.advance(mv);
        self.shown = (self.goal)(&self.world);
        !self.shown
    }

    fn ended(&mut self) -> bool {
        true
    }
}

impl Sought for Runs<'_> {
    fn shows(&mut self) -> bool {
        self.shown
    }
}

const ALL: Reach = Reach { nodes: u64::MAX, steps: u64::MAX, length: u32::MAX, known: None };

fn search(world: &LcWorld, goal: Goal<'_>, price: Price) -> Option<(Cost, Tape)> {
    let mut runs = Runs { world: world.clone(), goal, shown: false };
    let found = least(&mut runs, price, ALL);
    assert_eq!(found.is_proved, found.schedule.is_some(), "nothing bounds the search");
    found.schedule
}

/// A minimum that somebody else proved.
#[derive(Deserialize)]
struct Minimum {
    cost: u32,
    steps: u32,
}

#[derive(Deserialize)]
struct Minima {
    bug: String,
    min: BTreeMap<String, Minimum>,
}

fn badarg(world: &LcWorld) -> bool {
    world.exit_reason("main") == Some("badarg")
}

fn late(world: &LcWorld) -> bool {
    matches!(world.register("main", "late"), Some(Value::Text(text)) if text.starts_with("reply"))
}

fn noproc(world: &LcWorld) -> bool {
    world.exit_reason("registry") == Some("noproc")
}

const BUGS: [(&str, Goal<'static>); 3] = [
    ("process main exited with reason badarg", &badarg),
    ("register `late` of main holds a value starting with \"reply\"", &late),
    ("process registry exited with reason noproc", &noproc),
];

const PRICES: [(&str, Price); 2] = [("preempt", Price::Preemptions), ("switch", Price::Switches)];

#[test]
fn the_minima_that_are_known_are_reached_and_not_undercut() {
    let minima: BTreeMap<String, Minima> = serde_json::from_str(MINIMA).expect("known minima");
    let rows = ROWS.lines().map(|line| serde_json::from_str::<Row>(line).expect("a row"));
    let programs: BTreeMap<String, Program> =
        rows.filter_map(|row| Some((row.id, row.program?))).collect();
    for (id, Minima { bug, min }) in &minima {
        let (_, goal) = BUGS.iter().find(|(name, _)| name == bug).expect("a bug that is known");
        let world = LcWorld::new(&programs[id]).expect("a program of lc-v1");
        for (name, price) in PRICES {
            let Minimum { cost: paid, steps } = min[name];
            let found = search(&world, goal, price).map(|(cost, _)| cost);
            assert_eq!(found, Some(Cost { paid, steps }), "{id}, {name}");
        }
    }
    assert_eq!(minima.len(), 3);
}

/// A schedule of least cost by going through all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Best {
    cost: Cost,
    names: Vec<Name>,
}

/// Goes through all schedules from where the world stands.
struct All<'g> {
    goal: Goal<'g>,
    best: Option<Best>,
    names: Vec<Name>,
}

impl All<'_> {
    fn go_on(&mut self, world: &LcWorld, turns: Turns, cost: Cost) {
        for &mv in world.moves().all() {
            let (mut next, mut turns) = (world.clone(), turns);
            let paid = turns.pay(mv, world.moves(), || world.is_turn(mv));
            let cost = Cost { paid: cost.paid + paid, steps: cost.steps + 1 };
            self.names.push(world.name_of(mv));
            next.advance(mv);
            if (self.goal)(&next) {
                let new = Best { cost, names: self.names.clone() };
                if self.best.as_ref().is_none_or(|best| new < *best) {
                    self.best = Some(new);
                }
            } else {
                self.go_on(&next, turns, cost);
            }
            self.names.pop();
        }
    }
}

trait NameOf {
    fn name_of(&self, mv: Move) -> Name;
}

impl NameOf for LcWorld {
    fn name_of(&self, mv: Move) -> Name {
        atropos::decisions::Names::name(self, mv)
    }
}

fn brute(world: &LcWorld, goal: Goal<'_>, price: Price) -> Option<Best> {
    let mut all = All { goal, best: None, names: Vec::new() };
    all.go_on(world, Turns::new(price), Cost::default());
    all.best
}

fn names_of(tape: &Tape) -> Vec<Name> {
    let steps = tape.segments.iter();
    steps.flat_map(|segment| vec![segment.who.clone(); segment.steps as usize]).collect()
}

/// Something that some schedule of the program shows.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// An event, by its id and its label.
    Event(u64, u64),
    /// A state on the way: to stop there often takes turns from processes.
    State(Digest),
}

impl Shown {
    fn event(world: &LcWorld) -> Shown {
        Shown::Event(world.last().id(), world.last().label(Relation::Arrival))
    }

    fn is_shown(self, world: &LcWorld) -> bool {
        match self {
            Shown::Event(..) => Shown::event(world) == self,
            Shown::State(state) => world.state() == state,
        }
    }
}

/// Something that the schedule with this number shows.
fn something(world: &LcWorld, number: u32) -> Option<Shown> {
    let (mut world, mut number, mut all) = (world.clone(), number, Vec::new());
    while !world.moves().is_empty() {
        let moves = world.moves().len() as u32;
        let mv = world.moves().all()[(number % moves) as usize];
        number = number.rotate_right(3) ^ moves;
        world.advance(mv);
        all.extend([Shown::event(&world), Shown::State(world.state())]);
    }
    all.get(number as usize % all.len().max(1)).copied()
}

/// A program with more schedules than this is not gone through.
const MOST: u128 = 2_000;

/// Compares programs of a family until there were `wanted` with a schedule that shows something.
fn agree(family: Family, wanted: usize) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (program(family), proptest::num::u32::ANY);
    let (mut compared, mut preempted) = (0, 0);
    while compared < wanted {
        let (program, number) = strategy.new_tree(&mut runner).expect("a program").current();
        let world = LcWorld::new(&program).expect("every name is declared");
        let few = classes::count(&world, 2_000).is_some_and(|counts| counts.interleavings <= MOST);
        let Some(shown) = something(&world, number).filter(|_| few) else { continue };
        let goal = |world: &LcWorld| shown.is_shown(world);
        for (name, price) in PRICES {
            let best = brute(&world, &goal, price);
            let found = search(&world, &goal, price);
            let found = found.map(|(cost, tape)| Best { cost, names: names_of(&tape) });
            assert_eq!(found, best, "{name}: {program:?}");
            let best = best.expect("some schedule shows it");
            preempted += usize::from(price == Price::Preemptions && best.cost.paid > 0);
        }
        compared += 1;
    }
    assert!(preempted * 50 >= wanted, "only {preempted} of {wanted} need a preemption");
}

#[test]
fn the_search_agrees_with_going_through_all_schedules_of_memory() {
    agree(Family::Memory, 200);
}

#[test]
fn the_search_agrees_with_going_through_all_schedules_of_messages() {
    agree(Family::Messages, 200);
}

#[test]
fn the_search_agrees_with_going_through_all_schedules_of_names() {
    agree(Family::Names, 200);
}

#[test]
fn the_search_agrees_with_going_through_all_schedules_of_monitors() {
    agree(Family::Monitors, 200);
}

#[test]
fn the_search_agrees_with_going_through_all_schedules_of_signals() {
    agree(Family::Signals, 200);
}
