//! Every observation that a program can come to.

use super::{
    model::Program,
    observe::{canonical, observed},
    reach::Reach,
    script::Script,
};
use atropos::{
    check::enumerate::{self, Enumeration},
    plan::Conditions,
    process::{OTP_25, ProcessWorld, Profile, Questions, profile},
    world::World,
};
use std::{collections::BTreeSet, rc::Rc};

/// How far an exploration goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most this many runs.
    pub runs: u64,
    /// At most this many steps a run.
    pub steps: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { runs: 200_000, steps: 10_000 }
    }
}

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Explored {
    /// The observations in canonical form.
    pub outcomes: BTreeSet<String>,
    /// Nothing was left out.
    pub closed: bool,
    /// Distinct states.
    pub states: u64,
    /// Runs that were needed.
    pub runs: u64,
}

/// Explores all schedules of a program, merged where they lead to the same state.
pub fn explore(program: &Program, conditions: &Conditions, bounds: Bounds) -> Explored {
    let profile = profile(&program.profile).unwrap_or(&OTP_25);
    explore_under(program, profile, conditions, bounds)
}

/// The same, with every schedule tried: no move goes first because it may as well. For comparison.
pub fn explore_all(program: &Program, conditions: &Conditions, bounds: Bounds) -> Explored {
    let profile = profile(&program.profile).unwrap_or(&OTP_25);
    explore_in(program, profile, conditions, bounds, Questions::Anything)
}

/// The same under another profile than the program names.
pub fn explore_under(
    program: &Program,
    profile: &'static Profile,
    conditions: &Conditions,
    bounds: Bounds,
) -> Explored {
    let questions = Reach::of(&program.steps).questions();
    explore_in(program, profile, conditions, bounds, questions)
}

fn explore_in(
    program: &Program,
    profile: &'static Profile,
    conditions: &Conditions,
    bounds: Bounds,
    questions: Questions,
) -> Explored {
    let script = Rc::new(Script::new(program, &program.steps));
    outcomes(
        profile,
        conditions,
        bounds,
        |world| {
            world.expect(questions);
            script.start(world);
        },
        |world| canonical(program, &observed(program, &program.steps, world)),
    )
}

/// Visits all ends of what `start` starts; `outcome` tells what a run came to.
pub(super) fn outcomes(
    profile: &'static Profile,
    conditions: &Conditions,
    bounds: Bounds,
    start: impl Fn(&mut ProcessWorld),
    outcome: impl Fn(&ProcessWorld) -> String,
) -> Explored {
    let mut world = ProcessWorld::new(profile);
    let mut outcomes = BTreeSet::new();
    let bounds = enumerate::Bounds { runs: bounds.runs, steps: bounds.steps };
    let Enumeration { closed, states, runs, .. } = enumerate::ends(
        &mut world,
        bounds,
        |world| {
            world.reset(conditions, false);
            start(world);
        },
        |world, _| {
            outcomes.insert(outcome(world));
        },
    );
    Explored { outcomes, closed, states, runs }
}
