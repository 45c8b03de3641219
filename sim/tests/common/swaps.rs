//! Swaps in whole runs: what is independent is played in the other order, and the run goes on.

use atropos::{
    decisions::{Ahead, Decisions, Divergence, Names, Recorded, Seeded, Tape},
    footprint::Footprint,
    invariant::Invariants,
    moves::MoveSet,
    name::Name,
    plan::Plan,
    scheduler::{self, Record},
    trace::{Digest, Trace},
    world::World,
};
use std::{collections::BTreeMap, fmt::Debug};

/// The last state of a run, and how often each kind of event happened on the way.
type End = (Digest, BTreeMap<u8, u32>);

/// One step of a recorded run.
#[derive(Clone)]
struct Played {
    who: Name,
    values: Vec<u32>,
    footprint: Footprint,
    /// Time passed before it.
    waited: bool,
}

/// Writes down the values of one move.
struct Noted<'d>(&'d mut Seeded, Vec<u32>);

impl Decisions for Noted<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.0.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.0.value(options);
        self.1.extend((options > 1).then_some(value));
        value
    }

    fn ahead(&mut self) -> Ahead {
        self.0.ahead()
    }
}

/// How often each kind of event happened: what invariants look at.
fn kinds(trace: &Trace) -> BTreeMap<u8, u32> {
    let mut kinds = BTreeMap::new();
    trace.events().for_each(|event| *kinds.entry(event.kind()).or_default() += 1);
    kinds
}

/// Plays a program to its end, step by step.
fn steps<W: World>(world: &mut W, plan: &Plan) -> (Vec<Played>, End) {
    let mut seeded = Seeded::new(plan.seed);
    seeded.start(plan.index, plan.strategy, 30, plan.step_limit);
    let (mut steps, mut trace) = (Vec::new(), Trace::default());
    loop {
        let waited = world.moves().is_empty();
        while world.moves().is_empty() {
            if !world.wait() {
                return (steps, (world.state(), kinds(&trace)));
            }
        }
        let at = seeded.next_move(world.moves(), world).expect("a seed always answers");
        let mv = world.moves().all()[at];
        world.moves_mut().forget_arrivals();
        let who = world.name(mv);
        let mut noted = Noted(&mut seeded, Vec::new());
        world.play(mv, &mut noted, &mut trace);
        let values = noted.1;
        steps.push(Played { who, values, footprint: world.observed().clone(), waited });
    }
}

/// Plays steps by their names.
fn replayed<W: World>(world: &mut W, steps: &[Played]) -> Result<End, Divergence> {
    let mut tape = Tape::default();
    steps.iter().for_each(|step| tape.push(step.who.clone()));
    tape.values = steps.iter().flat_map(|step| step.values.clone()).collect();
    let (mut strict, rules) = (Recorded::strict(&tape), Invariants::new(Vec::new()));
    let mut record = Record::default();
    scheduler::run(world, &mut strict, &rules, 10_000, &mut record);
    strict.divergence().map_or_else(|| Ok((world.state(), kinds(&record.trace))), Err)
}

/// The audit looks at the state right behind a swap; here the run goes on, step by step under the
/// same names, to the same end. `start` begins a run, with arrivals or without. How many were swapped.
pub(crate) fn change_nothing<W: World>(
    world: &mut W,
    plan: &Plan,
    program: &impl Debug,
    start: impl Fn(&mut W, bool),
) -> u64 {
    world.observe(true);
    start(world, plan.strategy.wants_arrivals());
    let (steps, end) = steps(world, plan);
    let mut swapped = 0;
    for at in 1..steps.len() {
        let (first, second) = (&steps[at - 1], &steps[at]);
        let bound = first.who == second.who || second.waited || first.waited;
        if bound || first.footprint.conflicts(&second.footprint) {
            continue;
        }
        let mut other = steps.clone();
        other.swap(at - 1, at);
        start(world, false);
        let (other, end) = (replayed(world, &other), Ok(end.clone()));
        let movers = || {
            let [first, second] =
                [first, second].map(|step| (&step.who, step.footprint.to_string()));
            format!("{first:?} and {second:?}")
        };
        assert_eq!(other, end, "{} at step {at}, {plan}, {program:?}", movers());
        swapped += 1;
    }
    swapped
}
