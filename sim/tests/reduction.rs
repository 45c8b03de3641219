//! The reduction against every schedule, on random programs of the process world: it comes to the same
//! ends, and runs as many schedules as there are traces.

mod common;

use atropos::{
    check::{
        dpor::{self, Draws as Values, Reduction, Steps},
        enumerate,
    },
    decisions::{Draws, Purpose, RunIndex},
    invariant::Invariants,
    moves::Move,
    plan::Conditions,
    process::{PROFILES, ProcessWorld, Profile},
    relation::Relation,
    trace::{Digest, Trace},
    world::World,
};
use std::collections::BTreeSet;

/// A random program at some point of its run, and the ends that it came to.
struct Run<'p> {
    world: ProcessWorld,
    conditions: Conditions,
    program: &'p common::Program,
    ends: BTreeSet<Digest>,
}

impl<'p> Run<'p> {
    fn new(
        profile: &'static Profile,
        conditions: Conditions,
        program: &'p common::Program,
    ) -> Self {
        Run { world: ProcessWorld::new(profile), conditions, program, ends: BTreeSet::new() }
    }
}

impl Run<'_> {
    /// How many schedules a reduced search runs, and the ends that they come to; `None` if there are
    /// too many.
    fn reduced(&mut self, relation: Relation) -> Option<(u64, BTreeSet<Digest>)> {
        self.ends.clear();
        assert!(self.world.relate(relation));
        let bounds = dpor::Bounds { executions: 3_000, steps: 60 };
        let reduced = dpor::explore(self, Reduction::Optimal, bounds);
        reduced.closed.then(|| (reduced.executions, std::mem::take(&mut self.ends)))
    }
}

impl Steps for Run<'_> {
    type World = ProcessWorld;

    fn start(&mut self) {
        self.world.reset(&self.conditions, false);
        common::start(&mut self.world, self.program);
    }

    fn world(&mut self) -> &mut ProcessWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Values) -> bool {
        self.world.play(mv, draws, &mut Trace::default());
        true
    }

    fn ended(&mut self) -> bool {
        self.ends.insert(self.world.state());
        true
    }
}

const RELATIONS: [Relation; 2] = [Relation::Full, Relation::Arrival];

fn every_end(run: &mut Run<'_>) -> Option<BTreeSet<Digest>> {
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
        let mut run = Run::new(profile, conditions, &program);
        let Some(ends) = every_end(&mut run) else { continue };
        let reduced = RELATIONS.map(|relation| run.reduced(relation));
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
