//! The runs of a random program, as an engine plays them.

use atropos::{
    check::dpor::{Draws, Steps},
    moves::Move,
    plan::Conditions,
    process::{ProcessWorld, Profile},
    trace::{Digest, Trace},
    world::World,
};
use std::collections::BTreeSet;

/// A random program at some point of its run, and the ends that it came to.
pub(crate) struct Runs<'p> {
    pub(crate) world: ProcessWorld,
    pub(crate) conditions: Conditions,
    pub(crate) program: &'p super::Program,
    /// The last states of the runs that ended.
    pub(crate) ends: BTreeSet<Digest>,
}

impl<'p> Runs<'p> {
    pub(crate) fn new(
        profile: &'static Profile,
        conditions: Conditions,
        program: &'p super::Program,
    ) -> Self {
        Runs { world: ProcessWorld::new(profile), conditions, program, ends: BTreeSet::new() }
    }
}

impl Steps for Runs<'_> {
    type World = ProcessWorld;

    fn start(&mut self) {
        self.world.reset(&self.conditions, false);
        super::start(&mut self.world, self.program);
    }

    fn world(&mut self) -> &mut ProcessWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        self.world.play(mv, draws, &mut Trace::default());
        true
    }

    fn ended(&mut self) -> bool {
        self.ends.insert(self.world.state());
        true
    }
}
