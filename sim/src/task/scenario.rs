//! A scenario of tasks in a few lines: one start function, one variant, some invariants.
//!
//! For a system with variants, workloads and expectations implement [`Scenario`] instead.

use super::{Profile, TOKIO_1_54, TaskWorld, invariants};
use crate::{
    case::{self, Case, Replay, Unplayable},
    hunt::{Found, Hunt},
    invariant::Invariant,
    plan::Spec,
    scenario::{Scenario, Variant},
    shrink,
};

type StartFn = Box<dyn Fn(&mut TaskWorld) + Send + Sync>;
type InvariantFn = Box<dyn Fn() -> Invariant<TaskWorld> + Send + Sync>;

/// A scenario of one variant, told by a function that starts its tasks.
pub struct TaskScenario {
    name: &'static str,
    profile: &'static Profile,
    start: StartFn,
    invariants: Vec<InvariantFn>,
    variants: [Variant; 1],
}

impl TaskScenario {
    /// A scenario whose tasks `start` starts. It is checked for panics and deadlocks from the
    /// beginning.
    pub fn new(name: &'static str, start: impl Fn(&mut TaskWorld) + Send + Sync + 'static) -> Self {
        let variants = [Variant::holds("main", "the only one")];
        let (start, invariants) = (Box::new(start), Vec::new());
        TaskScenario { name, profile: &TOKIO_1_54, start, invariants, variants }
    }

    /// Adds an invariant: a function that makes it.
    pub fn invariant(
        mut self,
        make: impl Fn() -> Invariant<TaskWorld> + Send + Sync + 'static,
    ) -> Self {
        self.invariants.push(Box::new(make));
        self
    }

    /// Makes it a canary: a campaign must find these invariants broken.
    pub fn breaks(mut self, invariants: &'static [&'static str]) -> Self {
        self.variants = [Variant::breaks("main", "the only one", invariants)];
        self
    }

    /// Runs under another profile than tokio 1.54.
    pub fn profile(mut self, profile: &'static Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Hunts through this many runs from the default seed and shrinks the first failure.
    pub fn fuzz(&self, runs: u64) -> Option<Found> {
        let mut hunt = Hunt::new(self, &self.variants[0], Spec::default());
        let block = u64::from(crate::decisions::RunIndex::BLOCK);
        let found = (0..runs.div_ceil(block)).find_map(|index| {
            let left = (runs - index * block).min(block);
            hunt.block(index, left as u32).found.into_iter().next()
        })?;
        Some(shrink::shrink(self, found, shrink::Effort::default()).found)
    }

    /// Plays a case to the letter.
    pub fn replay(&self, case: &Case) -> Result<Replay, Unplayable> {
        case::replay(self, case)
    }
}

impl Scenario for TaskScenario {
    type World = TaskWorld;
    type Op = ();

    fn name(&self) -> &str {
        self.name
    }

    fn about(&self) -> &str {
        "a scenario of one start function"
    }

    fn variants(&self) -> &[Variant] {
        &self.variants
    }

    fn world(&self, _: &Variant) -> TaskWorld {
        TaskWorld::new(self.profile)
    }

    fn fixed(&self, _: &Variant) -> Vec<()> {
        Vec::new()
    }

    fn workload(&self, _: &Variant, _: [u8; 32]) -> Vec<()> {
        Vec::new()
    }

    fn start(&self, _: &Variant, _: &[()], world: &mut TaskWorld) {
        (self.start)(world);
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<TaskWorld>> {
        let own = self.invariants.iter().map(|make| make());
        invariants::basics().into_iter().chain(own).collect()
    }
}
