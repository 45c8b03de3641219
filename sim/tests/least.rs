//! The search for the cheapest schedule, held to the odometer: random programs of the process world
//! under any conditions, faults and values included.

mod common;

use atropos::{
    check::{
        dpor::{Draws as Values, Steps},
        least::{Cost, Price, Reach, Sought, Turns, least},
    },
    decisions::{Ahead, Decisions, Draws, Enumerated, Names, Purpose, RunIndex, Tape},
    moves::{Move, MoveSet},
    name::Name,
    plan::Conditions,
    process::{OTP_25, ProcessWorld},
    trace::Trace,
    world::World,
};
use common::Program;

/// Who moves, and the kind of the first event of that step.
type Shown = (u64, u8);

/// The runs of a program, each to where it shows something.
struct Runs<'p> {
    world: ProcessWorld,
    conditions: Conditions,
    program: &'p Program,
    wanted: Option<Shown>,
    shown: bool,
}

impl<'p> Runs<'p> {
    fn new(conditions: Conditions, program: &'p Program) -> Self {
        let world = ProcessWorld::new(&OTP_25);
        Runs { world, conditions, program, wanted: None, shown: false }
    }

    /// Lets time pass until somebody can move; false if nobody ever will.
    fn can_move(&mut self) -> bool {
        while self.world.moves().is_empty() {
            if !self.world.wait() {
                return false;
            }
        }
        true
    }

    fn show(&mut self, mv: Move, decisions: &mut dyn Decisions) -> Shown {
        let mut trace = Trace::default();
        let who = self.world.id(mv);
        self.world.play(mv, decisions, &mut trace);
        let shown = (who, trace.at(0).kind());
        self.shown = self.wanted == Some(shown);
        shown
    }
}

impl Steps for Runs<'_> {
    type World = ProcessWorld;

    fn start(&mut self) {
        self.world.reset(&self.conditions, false);
        common::start(&mut self.world, self.program);
        self.shown = false;
    }

    fn world(&mut self) -> &mut ProcessWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, values: &mut Values) -> bool {
        self.show(mv, values);
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

/// Answers of an odometer, and the values among them.
struct Noting<'o> {
    odometer: &'o mut Enumerated,
    values: Vec<u32>,
}

impl Decisions for Noting<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.odometer.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.odometer.value(options);
        if options > 1 {
            self.values.push(value);
        }
        value
    }

    fn ahead(&mut self) -> Ahead {
        self.odometer.ahead()
    }
}

/// A schedule with what it costs, in the order of the search: a step is who moves and what it draws.
type Best = (Cost, Vec<(Name, Vec<u32>)>);

/// One run by an odometer to where it shows something: the schedule and what it showed at each step.
fn one(runs: &mut Runs<'_>, odometer: &mut Enumerated) -> (Option<Best>, Vec<Shown>) {
    odometer.rewind();
    Steps::start(runs);
    let (mut turns, mut cost) = (Turns::new(Price::Preemptions), Cost::default());
    let (mut steps, mut all) = (Vec::new(), Vec::new());
    while runs.can_move() {
        let at = odometer.next_move(runs.world.moves(), &runs.world).expect("it never stops");
        let mv = runs.world.moves().all()[at];
        let name = runs.world.name(mv);
        cost.paid += turns.pay(mv, runs.world.moves(), || runs.world.is_turn(mv));
        cost.steps += 1;
        let mut noting = Noting { odometer, values: Vec::new() };
        all.push(runs.show(mv, &mut noting));
        steps.push((name, noting.values));
        if runs.shown {
            return (Some((cost, steps)), all);
        }
    }
    (None, all)
}

/// The cheapest schedule of all that there are; none if there are more than so many.
fn brute(runs: &mut Runs<'_>, most: u32) -> Option<Best> {
    let (mut odometer, mut best): (_, Option<Best>) = (Enumerated::default(), None);
    for _ in 0..most {
        if let (Some(new), _) = one(runs, &mut odometer) {
            best = Some(best.map_or(new.clone(), |best| best.min(new)));
        }
        if odometer.advance().is_none() {
            return best;
        }
    }
    None
}

fn tape_of((_, steps): &Best) -> Tape {
    let mut tape = Tape::default();
    for (name, values) in steps {
        tape.push(name.clone());
        tape.values.extend(values);
    }
    tape
}

/// Compares the share of so many random programs that are small enough.
fn agree(programs: u32) {
    let mut draws = Draws::new(21, RunIndex::default(), Purpose::Workload);
    let (mut compared, mut preempted, mut drawn) = (0, 0, 0);
    for _ in 0..programs {
        let program = common::random_program(&mut draws, 3, 3);
        let conditions = common::random_conditions(&mut draws, 1);
        let mut runs = Runs::new(conditions, &program);
        // Something that the first schedule, or one by chance, shows at the end of it.
        let mut odometer = Enumerated::default();
        for _ in 0..draws.below(40) {
            one(&mut runs, &mut odometer);
            if odometer.advance().is_none() {
                odometer = Enumerated::default();
            }
        }
        let (_, shown) = one(&mut runs, &mut odometer);
        let Some(&wanted) = shown.last() else { continue };
        runs.wanted = Some(wanted);
        let Some(best) = brute(&mut runs, 2_000) else { continue };
        let all = Reach { nodes: u64::MAX, steps: u64::MAX, length: 1_000, known: None };
        let found = least(&mut runs, Price::Preemptions, all);
        let what = || format!("{conditions}, {program:?}");
        assert!(found.is_proved, "nothing bounds the search: {}", what());
        assert_eq!(found.schedule, Some((best.0, tape_of(&best))), "{}", what());
        // What is known is proved without being found again, and bounds the search.
        let known = least(&mut runs, Price::Preemptions, Reach { known: Some(best.0), ..all });
        assert_eq!((known.schedule, known.is_proved), (found.schedule, true), "{}", what());
        assert!(known.nodes <= found.nodes, "{}", what());
        compared += 1;
        preempted += u32::from(best.0.paid > 0);
        drawn += u32::from(best.1.iter().any(|(_, values)| values.iter().any(|&value| value > 0)));
    }
    assert!(
        compared * 4 >= programs && preempted * 200 >= programs && drawn * 400 >= programs,
        "{compared} compared, {preempted} with a preemption, {drawn} with a value"
    );
}

#[test]
fn the_search_agrees_with_the_odometer_on_random_programs() {
    agree(400);
}

#[test]
#[ignore = "the long count, asked for by name"]
fn the_search_agrees_with_the_odometer_on_random_programs_holds() {
    agree(20_000);
}
