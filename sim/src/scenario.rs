//! A scenario: a system told as bodies over a world, with its variants and what each must do.
//!
//! The bugs as shipped and the fixes as shipped are variants of one scenario. Each variant carries
//! its expectation: it holds, or it breaks the invariants named. A workload is plain data, so it can
//! be shrunk, stored and sent; the scenario only interprets it.

use crate::{check::Claim, invariant::Invariant, plan::Conditions, world::World};
use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, fmt::Debug};

/// What a variant is expected to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing is ever violated.
    Holds,
    /// Each of these invariants can be violated, and no other.
    Breaks(Cow<'static, [&'static str]>),
}

impl Expectation {
    /// The invariants that must break; none if the variant holds.
    pub fn breaks(&self) -> &[&'static str] {
        match self {
            Expectation::Holds => &[],
            Expectation::Breaks(names) => names,
        }
    }

    /// True if a violation of this invariant is what the variant is there for.
    pub fn allows(&self, invariant: &str) -> bool {
        self.breaks().contains(&invariant)
    }
}

/// A variant of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name, `v0.6.2`.
    pub name: Cow<'static, str>,
    /// What it is, in one sentence.
    pub about: Cow<'static, str>,
    /// What it must do.
    pub expectation: Expectation,
}

impl Variant {
    /// A variant that must hold.
    pub const fn holds(name: &'static str, about: &'static str) -> Self {
        let (name, about) = (Cow::Borrowed(name), Cow::Borrowed(about));
        Variant { name, about, expectation: Expectation::Holds }
    }

    /// A variant that must break these invariants.
    pub const fn breaks(
        name: &'static str,
        about: &'static str,
        invariants: &'static [&'static str],
    ) -> Self {
        let (name, about) = (Cow::Borrowed(name), Cow::Borrowed(about));
        Variant { name, about, expectation: Expectation::Breaks(Cow::Borrowed(invariants)) }
    }
}

/// A system under test.
pub trait Scenario: Sync {
    /// The world that its bodies live in.
    type World: World;
    /// One operation of its workload.
    type Op: Clone + Debug + PartialEq + Serialize + DeserializeOwned;

    /// Its name, `atomvm-links`.
    fn name(&self) -> &str;

    /// What it is about, in one sentence.
    fn about(&self) -> &str;

    /// The file it was read from, if it is one of data: a command line needs it to find it again.
    fn source(&self) -> Option<&str> {
        None
    }

    /// Its variants, at least one; names are unique.
    fn variants(&self) -> &[Variant];

    /// An empty world for a variant.
    fn world(&self, variant: &Variant) -> Self::World;

    /// The workload of block 0: what the story tells. The same for every seed.
    fn fixed(&self, variant: &Variant) -> Vec<Self::Op>;

    /// The workload of another block, a function of the seed alone.
    fn workload(&self, variant: &Variant, seed: [u8; 32]) -> Vec<Self::Op>;

    /// Starts the processes; the world has just been reset.
    fn start(&self, variant: &Variant, workload: &[Self::Op], world: &mut Self::World);

    /// What must be true, in the order in which settled verdicts are given.
    fn invariants(&self, variant: &Variant) -> Vec<Invariant<Self::World>>;

    /// What `check` is to show of a variant without being told more, at least one claim: within
    /// minutes, and with it every variant that breaks has broken. The fixed workload in all its
    /// schedules, unless that is too much or too little.
    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        vec![Claim::of(&self.fixed(variant))]
    }

    /// The conditions that make sense for a variant, given those that were drawn.
    fn conditions(&self, _variant: &Variant, drawn: Conditions) -> Conditions {
        drawn
    }

    /// False for a workload that no generator of this scenario makes, such as one of a damaged file:
    /// it is refused before a world is set up.
    fn is_valid(&self, _workload: &[Self::Op]) -> bool {
        true
    }

    /// An operation for people.
    fn operation_text(&self, op: &Self::Op) -> String {
        format!("{op:?}")
    }

    /// Whom an operation names: clients, peers, by number. The shrinker drops one of them with every
    /// operation that names it, and fewer of them before fewer operations. None if nobody counts them.
    fn actors(&self, _op: &Self::Op) -> Vec<u32> {
        Vec::new()
    }

    /// Workloads simpler than this one, in the terms of the domain, for the shrinker to try: without
    /// one process and all that names it, with smaller numbers. Dropping single operations is tried
    /// anyway.
    fn simpler(&self, _workload: &[Self::Op]) -> Vec<Vec<Self::Op>> {
        Vec::new()
    }
}

/// The conditions under which a variant is run, given those that were drawn or asked for: what its
/// world knows of them, and what the scenario makes of that.
pub fn conditions<S: Scenario>(scenario: &S, variant: &Variant, drawn: Conditions) -> Conditions {
    scenario.conditions(variant, S::World::known(drawn))
}

/// The variant of this name.
pub fn variant<'s, S: Scenario>(scenario: &'s S, name: &str) -> Option<&'s Variant> {
    scenario.variants().iter().find(|variant| variant.name == name)
}
