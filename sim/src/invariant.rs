//! What must be true of a run.
//!
//! Three kinds. *Always* is checked after each step and is local: a function of one event and of
//! what that event touched. *Settled* is checked when nothing more can happen. *Sometimes* must be
//! reached in at least one run of a campaign; a campaign that never gets there proves nothing.
//!
//! An invariant reads and never changes. Each has a name, which verdicts and expectations use, and
//! a sentence, which people read. One that reads more than its event says so
//! ([`Invariant::reading`]): in an exhaustive check that joins the footprint of the step, so that
//! what it reads and what changes it are tried in both orders.

use crate::{
    footprint::Footprint,
    trace::{Event, EventMask},
    waiting,
    world::World,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the verdict on a run that does not end.
pub const NO_LIVELOCK: &str = "no-livelock";

/// Why an invariant does not hold, in a sentence of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence(pub String);

impl<T: Into<String>> From<T> for Evidence {
    fn from(text: T) -> Self {
        Evidence(text.into())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

type AlwaysFn<W> = Box<dyn Fn(&W, Event) -> Option<Evidence> + Send + Sync>;
type SettledFn<W> = Box<dyn Fn(&W) -> Option<Evidence> + Send + Sync>;
type SometimesFn<W> = Box<dyn Fn(&W, Event) -> bool + Send + Sync>;
type ReadsFn<W> = Box<dyn Fn(&W, Event, &mut Footprint) + Send + Sync>;

enum Check<W> {
    Always(EventMask, AlwaysFn<W>),
    Settled(SettledFn<W>),
    Sometimes(EventMask, SometimesFn<W>),
}

/// An invariant of a world.
pub struct Invariant<W> {
    /// Its name, `no-duplicate-link`.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub sentence: &'static str,
    check: Check<W>,
    reads: Option<ReadsFn<W>>,
}

impl<W: World> Invariant<W> {
    /// Must be true after each step. `check` sees each event whose kind is in `on`; what it reads
    /// of the world beyond that must be declared ([`Invariant::reading`]).
    pub fn always(
        name: &'static str,
        sentence: &'static str,
        on: EventMask,
        check: impl Fn(&W, Event) -> Option<Evidence> + Send + Sync + 'static,
    ) -> Self {
        Invariant { name, sentence, check: Check::Always(on, Box::new(check)), reads: None }
    }

    /// Must be true when nothing more can happen.
    pub fn settled(
        name: &'static str,
        sentence: &'static str,
        check: impl Fn(&W) -> Option<Evidence> + Send + Sync + 'static,
    ) -> Self {
        Invariant { name, sentence, check: Check::Settled(Box::new(check)), reads: None }
    }

    /// Must happen in at least one run of a campaign.
    pub fn sometimes(
        name: &'static str,
        sentence: &'static str,
        on: EventMask,
        reached: impl Fn(&W, Event) -> bool + Send + Sync + 'static,
    ) -> Self {
        Invariant { name, sentence, check: Check::Sometimes(on, Box::new(reached)), reads: None }
    }

    /// Declares what its check of an event reads of the world: `reads` adds it to a footprint. What
    /// the event says itself and what the process that moved has done need no declaration. The world
    /// stands as after the step.
    ///
    /// # Panics
    /// If it is one of the settled world: the last state is the same in all orders of a trace.
    pub fn reading(
        mut self,
        reads: impl Fn(&W, Event, &mut Footprint) + Send + Sync + 'static,
    ) -> Self {
        assert!(!matches!(self.check, Check::Settled(_)), "{} reads the settled world", self.name);
        self.reads = Some(Box::new(reads));
        self
    }

    /// `always`, `settled` or `sometimes`.
    pub fn kind(&self) -> &'static str {
        match self.check {
            Check::Always(..) => "always",
            Check::Settled(_) => "settled",
            Check::Sometimes(..) => "sometimes",
        }
    }

    /// True for a point that must be reached rather than a rule that must hold.
    pub fn is_sometimes(&self) -> bool {
        matches!(self.check, Check::Sometimes(..))
    }
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: String,
    /// Why it does not hold.
    pub evidence: Evidence,
}

/// Kinds of events that a mask can hold.
const KINDS: usize = 64;

/// The invariants of a scenario, and which of them are armed in a run.
pub struct Invariants<W> {
    list: Vec<Invariant<W>>,
    /// For each kind of event, the armed checks that want to see it.
    by_kind: [Vec<u8>; KINDS],
    // invariant: the kinds whose list is not empty
    mask: EventMask,
    armed: u64,
}

impl<W: World> Invariants<W> {
    /// All of the list, armed.
    ///
    /// # Panics
    /// If there are more than 64, or two of one name.
    pub fn new(list: Vec<Invariant<W>>) -> Self {
        assert!(list.len() <= 64, "a scenario has at most 64 invariants, this one {}", list.len());
        for (i, invariant) in list.iter().enumerate() {
            let twice = list[..i].iter().any(|other| other.name == invariant.name);
            assert!(!twice, "two invariants are named {}", invariant.name);
        }
        let by_kind = [const { Vec::new() }; KINDS];
        let mut all = Invariants { list, by_kind, mask: EventMask::NONE, armed: u64::MAX };
        all.arm(|_| true);
        all
    }

    /// Arms those whose name passes; the others are not checked.
    pub fn arm(&mut self, wanted: impl Fn(&str) -> bool) {
        self.armed = 0;
        self.mask = EventMask::NONE;
        self.by_kind.iter_mut().for_each(Vec::clear);
        for (i, invariant) in self.list.iter().enumerate().filter(|(_, inv)| wanted(inv.name)) {
            self.armed |= 1 << i;
            if let Check::Always(on, _) | Check::Sometimes(on, _) = &invariant.check {
                self.mask = self.mask.or(*on);
                on.kinds().for_each(|kind| self.by_kind[kind].push(i as u8));
            }
        }
    }

    /// All invariants, armed or not.
    pub fn all(&self) -> &[Invariant<W>] {
        &self.list
    }

    fn armed(&self) -> impl Iterator<Item = (usize, &Invariant<W>)> {
        self.list.iter().enumerate().filter(|(i, _)| self.armed >> i & 1 == 1)
    }

    /// True if an armed check wants to see one of these kinds of events.
    #[inline]
    pub(crate) fn want(&self, kinds: EventMask) -> bool {
        self.mask.meets(kinds)
    }

    /// Checks the events of a step; sets the bits of points reached.
    #[inline(never)]
    pub(crate) fn after_step(
        &self,
        world: &W,
        mut events: impl Iterator<Item = Event>,
        reached: &mut u64,
    ) -> Option<Violation> {
        events.find_map(|event| self.after(world, event, reached))
    }

    fn after(&self, world: &W, event: Event, reached: &mut u64) -> Option<Violation> {
        for &i in &self.by_kind[usize::from(event.kind()) % KINDS] {
            let invariant = &self.list[usize::from(i)];
            match &invariant.check {
                Check::Always(_, check) => {
                    if let Some(evidence) = check(world, event) {
                        return Some(violation(invariant.name, evidence));
                    }
                }
                Check::Sometimes(_, check) if *reached >> i & 1 == 0 => {
                    *reached |= u64::from(check(world, event)) << i;
                }
                _ => {}
            }
        }
        None
    }

    /// True if an armed check declares what it reads.
    pub(crate) fn read_anything(&self) -> bool {
        self.armed().any(|(_, invariant)| invariant.reads.is_some())
    }

    /// What the armed checks read of these events.
    pub(crate) fn reads(
        &self,
        world: &W,
        events: impl Iterator<Item = Event>,
        into: &mut Footprint,
    ) {
        for event in events {
            for &i in &self.by_kind[usize::from(event.kind()) % KINDS] {
                if let Some(reads) = &self.list[usize::from(i)].reads {
                    reads(world, event, into);
                }
            }
        }
    }

    /// Checks the settled world; the first in the list that does not hold is the verdict.
    pub(crate) fn settled(&self, world: &W) -> Option<Violation> {
        self.armed().find_map(|(_, invariant)| match &invariant.check {
            Check::Settled(check) => check(world).map(|why| violation(invariant.name, why)),
            _ => None,
        })
    }
}

fn violation(name: &str, evidence: Evidence) -> Violation {
    Violation { invariant: name.to_owned(), evidence }
}

/// A settled world leaves no client waiting.
pub fn no_deadlock<W: World>() -> Invariant<W> {
    Invariant::settled(
        "no-deadlock",
        "when nothing more can happen, every client is done",
        |world: &W| world.stuck().then(|| waiting::deadlock(&world.waiting())),
    )
}
