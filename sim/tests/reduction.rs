//! The reduction against every schedule, on random programs of the process world: it comes to the same
//! ends, and runs as many schedules as there are traces.

mod common;

use atropos::{
    check::{
        dpor::{self, Draws as Values, Reduction, Steps},
        enumerate,
    },
    decisions::{Ahead, Decisions, Draws, Names, Purpose, RunIndex},
    footprint::Footprint,
    invariant::Invariants,
    moves::{Move, MoveSet},
    process::{PROFILES, ProcessWorld},
    relation::Relation,
    trace::{Digest, Trace},
    world::World,
};
use common::runs::Runs;
use std::collections::BTreeSet;

/// How many schedules a reduced search runs, and the ends that they come to; `None` if there are too
/// many.
fn reduced(run: &mut Runs<'_>, relation: Relation) -> Option<(u64, BTreeSet<Digest>)> {
    run.ends.clear();
    assert!(run.world.relate(relation));
    let bounds = dpor::Bounds { executions: 3_000, steps: 60 };
    let reduced = dpor::explore(run, Reduction::Optimal, bounds);
    reduced.closed.then(|| (reduced.executions, std::mem::take(&mut run.ends)))
}

const RELATIONS: [Relation; 2] = [Relation::Full, Relation::Arrival];

fn every_end(run: &mut Runs<'_>) -> Option<BTreeSet<Digest>> {
    let mut ends = BTreeSet::new();
    let bounds = enumerate::Bounds { runs: 20_000, steps: 60 };
    let (conditions, program) = (run.conditions, run.program);
    let rules = Invariants::new(Vec::new());
    let start = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        common::start(world, program);
    };
    let ended = |world: &ProcessWorld, _: &_| {
        ends.insert(world.state());
    };
    let closed = enumerate::enumerate(&mut run.world, &rules, bounds, start, ended).closed;
    closed.then_some(ends)
}

#[test]
fn reduced_searches_come_to_every_end() {
    let (mut compared, mut schedules) = (0, [0; 2]);
    for number in 0..400 {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(17, index, Purpose::Workload);
        let profile = PROFILES[draws.below(5) as usize];
        let processes = 2 + draws.below(2);
        let program = common::random_program(&mut draws, processes, 3);
        let conditions = common::random_conditions(&mut draws, 1);
        let mut run = Runs::new(profile, conditions, &program);
        let Some(ends) = every_end(&mut run) else { continue };
        let reduced = RELATIONS.map(|relation| reduced(&mut run, relation));
        let [Some(full), Some(arrival)] = reduced else { continue };
        for (relation, (_, reached)) in RELATIONS.iter().zip([&full, &arrival]) {
            let (name, missed) = (profile.name, ends.difference(reached).count());
            let all = ends.len();
            assert!(
                *reached == ends,
                "{relation:?} misses {missed} of {all} ends: {name}, {conditions:?}, {program:?}"
            );
        }
        compared += 1;
        schedules[0] += full.0;
        schedules[1] += arrival.0;
    }
    assert!(compared > 300, "only {compared} programs were small enough");
    let [full, arrival] = schedules;
    assert!(arrival < full, "{full} schedules, by arrival {arrival}");
}

/// An event, whose and which, and what it touched.
type Happened = ((u64, u32), Footprint);

/// A trace as all its ordered pairs of events that conflict: whose and which each is.
type Pairs = BTreeSet<[(u64, u32); 2]>;

/// Every schedule of a program, one by one.
struct All<'r, 'p> {
    run: &'r mut Runs<'p>,
    traces: BTreeSet<Pairs>,
    schedules: u32,
    draws: bool,
}

impl All<'_, '_> {
    /// Walks all schedules that begin so; false if there are too many, or one draws.
    fn walk(&mut self, begin: &[Move]) -> bool {
        let (events, moves) = self.play(begin);
        if self.draws || self.schedules > 1_500 {
            return false;
        }
        if moves.is_empty() {
            self.schedules += 1;
            self.traces.insert(pairs(&events));
        }
        moves.into_iter().all(|mv| self.walk(&[begin, &[mv]].concat()))
    }

    /// Plays some moves; what they were, and what can come next.
    fn play(&mut self, moves: &[Move]) -> (Vec<Happened>, Vec<Move>) {
        self.run.start();
        let mut events: Vec<Happened> = Vec::new();
        for &mv in moves {
            let world = &mut self.run.world;
            let barrier = world.moves().is_empty();
            while world.moves().is_empty() && world.wait() {}
            let mover = world.id(mv);
            let mut draws = Values::default();
            world.play(mv, &mut Noticing(&mut draws, &mut self.draws), &mut Trace::default());
            let mut print = world.observed().clone();
            if barrier {
                print.make_opaque();
            }
            let before = events.iter().filter(|((other, _), _)| *other == mover).count();
            events.push(((mover, before as u32), print));
        }
        let world = &mut self.run.world;
        while world.moves().is_empty() && world.wait() {}
        let mut next = world.moves().all().to_vec();
        next.sort_unstable_by_key(|&mv| world.id(mv));
        (events, next)
    }
}

/// Notices whether a move draws.
struct Noticing<'d>(&'d mut Values, &'d mut bool);

impl Decisions for Noticing<'_> {
    fn next_move(&mut self, _: &MoveSet, _: &dyn Names) -> Option<usize> {
        None
    }

    fn value(&mut self, options: u32) -> u32 {
        *self.1 |= options > 1;
        self.0.value(options)
    }

    fn ahead(&mut self) -> Ahead {
        self.0.ahead()
    }
}

fn pairs(events: &[Happened]) -> Pairs {
    let mut pairs = Pairs::new();
    for (at, (id, print)) in events.iter().enumerate() {
        pairs.insert([*id, *id]);
        for (other, earlier) in &events[..at] {
            if other.0 == id.0 || earlier.conflicts(print) {
                pairs.insert([*other, *id]);
            }
        }
    }
    pairs
}

/// Told apart by nothing but which conflicting events came first, schedules come to as many classes as
/// an optimal search runs.
#[test]
fn an_optimal_search_runs_each_trace_once() {
    let mut compared = 0;
    for number in 0..400 {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(19, index, Purpose::Workload);
        let profile = PROFILES[draws.below(5) as usize];
        let program = common::random_program(&mut draws, 2, 3);
        let conditions = common::random_conditions(&mut draws, 0);
        let mut run = Runs::new(profile, conditions, &program);
        for relation in RELATIONS {
            run.world.relate(relation);
            run.world.observe(true);
            let mut all =
                All { run: &mut run, traces: BTreeSet::new(), schedules: 0, draws: false };
            if !all.walk(&[]) {
                break;
            }
            let traces = all.traces.len() as u64;
            let bounds = dpor::Bounds { executions: 3_000, steps: 60 };
            let reduced = dpor::explore(&mut run, Reduction::Optimal, bounds);
            let told = (reduced.executions, reduced.blocked, reduced.closed);
            let name = profile.name;
            let what = format!("{relation:?}, {name}, {conditions:?}, {program:?}");
            assert_eq!(told, (traces, 0, true), "{what}");
            compared += 1;
        }
    }
    assert!(compared > 400, "only {compared} programs were small enough");
}
