//! What tasks share, against every schedule: reduced searches come to every end, and no end is taken
//! for another.

mod things;

use atropos::{
    check::{
        dpor::{self, Draws as Values, Reduction, Steps},
        enumerate,
    },
    decisions::{Draws, Purpose, RunIndex},
    invariant::Invariants,
    moves::Move,
    plan::{Budget, Conditions, Scheduler, Tasks},
    task::{TOKIO_1_54, TaskWorld},
    trace::{Digest, Trace},
    world::World,
};
use std::collections::BTreeSet;
use things::{Program, THEMES, Theme};

struct Runs<'p> {
    world: TaskWorld,
    conditions: Conditions,
    program: &'p Program,
    ends: BTreeSet<Digest>,
}

impl Steps for Runs<'_> {
    type World = TaskWorld;

    fn start(&mut self) {
        self.world.reset(&self.conditions, false);
        things::start(&mut self.world, self.program);
    }

    fn world(&mut self) -> &mut TaskWorld {
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

fn every_end(run: &mut Runs<'_>) -> Option<BTreeSet<Digest>> {
    let mut ends = BTreeSet::new();
    let bounds = enumerate::Bounds { runs: 4_000, steps: 60 };
    let (conditions, program) = (run.conditions, run.program);
    let rules = Invariants::new(Vec::new());
    let start = |world: &mut TaskWorld| {
        world.reset(&conditions, false);
        things::start(world, program);
    };
    let ended = |world: &TaskWorld, _: &_| {
        ends.insert(world.state());
    };
    let found = enumerate::enumerate(&mut run.world, &rules, bounds, start, ended);
    found.closed.then_some(ends)
}

/// Compares random programs of one theme; how many were small enough.
fn compare(theme: Theme, programs: u64, faults: u32, budget: Budget) -> usize {
    let mut compared = 0;
    for number in 0..programs {
        let mut draws = Draws::new(31, RunIndex::nth(number), Purpose::Workload);
        let program = things::random(&mut draws, theme);
        let scheduler =
            [Scheduler::CurrentThread, Scheduler::MultiThread][draws.below(4).min(1) as usize];
        let tasks = Some(Tasks { scheduler, budget });
        let conditions = Conditions { faults, tasks, ..Conditions::default() };
        let world = TaskWorld::new(&TOKIO_1_54);
        let mut run = Runs { world, conditions, program: &program, ends: BTreeSet::new() };
        let Some(ends) = every_end(&mut run) else { continue };
        for reduction in [Reduction::Optimal, Reduction::Source] {
            run.ends.clear();
            let bounds = dpor::Bounds { executions: 2_000, steps: 60 };
            if dpor::explore(&mut run, reduction, bounds).closed {
                let missed = ends.difference(&run.ends).count();
                assert!(
                    run.ends == ends,
                    "program {number}: {reduction} misses {missed} of {} ends, finds {}: \
                     {conditions:?}, {program:?}",
                    ends.len(),
                    run.ends.len(),
                );
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn reduced_searches_come_to_every_end_of_every_thing() {
    for theme in THEMES {
        let compared = compare(theme, 120, 0, Budget::Full);
        assert!(compared > 60, "{theme:?}: only {compared} programs were small enough");
    }
}

#[test]
fn with_faults_and_budgets_too() {
    for theme in THEMES {
        let faults = compare(theme, 20, 1, Budget::Full);
        assert!(faults > 20, "{theme:?}: only {faults} programs were small enough");
        // Most have no end: whoever is asked may be out of budget each time.
        compare(theme, 20, 0, Budget::Asked);
    }
}
