//! A scenario in a few lines: one start function, one variant, some invariants.
//!
//! For a system with variants, workloads and expectations implement [`Scenario`] instead.

use crate::{
    case::{self, Case, Replay, Unplayable},
    decisions::RunIndex,
    hunt::{Found, Hunt},
    invariant::Invariant,
    plan::Spec,
    scenario::{Scenario, Variant},
    shrink,
    world::World,
};

/// A world that is made from a profile alone.
pub trait Profiled: World {
    /// Which runtime it stands for.
    type Profile: Sync + 'static;

    /// The profile when nobody chooses one.
    fn usual() -> &'static Self::Profile;

    /// An empty world under a profile.
    fn under(profile: &'static Self::Profile) -> Self;

    /// The invariants of every sane program.
    fn basics() -> Vec<Invariant<Self>>
    where
        Self: Sized;
}

type StartFn<W> = Box<dyn Fn(&mut W) + Send + Sync>;
type InvariantFn<W> = Box<dyn Fn() -> Invariant<W> + Send + Sync>;

/// A scenario of one variant, told by a function that starts its processes or tasks.
pub struct Simple<W: Profiled> {
    name: &'static str,
    profile: &'static W::Profile,
    start: StartFn<W>,
    invariants: Vec<InvariantFn<W>>,
    variants: [Variant; 1],
}

impl<W: Profiled> Simple<W> {
    /// A scenario whose processes or tasks `start` starts. It is checked for panics and deadlocks
    /// from the beginning.
    pub fn new(name: &'static str, start: impl Fn(&mut W) + Send + Sync + 'static) -> Self {
        let variants = [Variant::holds("main", "the only one")];
        let (start, invariants) = (Box::new(start), Vec::new());
        Simple { name, profile: W::usual(), start, invariants, variants }
    }

    /// Adds an invariant: a function that makes it.
    pub fn invariant(mut self, make: impl Fn() -> Invariant<W> + Send + Sync + 'static) -> Self {
        self.invariants.push(Box::new(make));
        self
    }

    /// Makes it a canary: a campaign must find these invariants broken.
    pub fn breaks(mut self, invariants: &'static [&'static str]) -> Self {
        self.variants = [Variant::breaks("main", "the only one", invariants)];
        self
    }

    /// Runs under another profile than the usual one, OTP 25 or tokio 1.54.
    pub fn profile(mut self, profile: &'static W::Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Hunts through this many runs from the default seed and shrinks the first failure.
    pub fn fuzz(&self, runs: u64) -> Option<Found> {
        let mut hunt = Hunt::new(self, &self.variants[0], Spec::default());
        let block = u64::from(RunIndex::BLOCK);
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

impl<W: Profiled> Scenario for Simple<W> {
    type World = W;
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

    fn world(&self, _: &Variant) -> W {
        W::under(self.profile)
    }

    fn fixed(&self, _: &Variant) -> Vec<()> {
        Vec::new()
    }

    fn workload(&self, _: &Variant, _: [u8; 32]) -> Vec<()> {
        Vec::new()
    }

    fn start(&self, _: &Variant, _: &[()], world: &mut W) {
        (self.start)(world);
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<W>> {
        let own = self.invariants.iter().map(|make| make());
        W::basics().into_iter().chain(own).collect()
    }
}
