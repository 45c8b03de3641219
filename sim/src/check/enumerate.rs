//! Every schedule of a world, merged where two prefixes lead to the same state.
//!
//! A state that was met before, keyed by the world's [`World::state`] (tables and reply histories), is
//! not entered again, and its number of interleavings is added instead. So totals are exact although
//! few paths run.
//!
//! Needs memory for one key a state. Leaves out reductions, but for those of [`ends`]: two orders of
//! independent moves are two interleavings.

use super::{
    dpor::{Draws, Steps},
    walk::{Arrival, Limits, Point, Rule, Told, walk},
};
use crate::{
    invariant::{Invariants, Violation},
    moves::Move,
    scheduler::{self, End, Record},
    world::World,
};
use std::collections::BTreeMap;

/// What an enumeration came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enumeration {
    /// Maximal schedules, counted over merged prefixes.
    pub interleavings: u128,
    /// Distinct states, the first and the last ones included.
    pub states: u64,
    /// Runs that were needed.
    pub runs: u64,
    /// Steps that were played.
    pub steps: u64,
    /// Violations by invariant: the number of distinct final states that show each.
    pub violations: BTreeMap<String, u64>,
    /// The first violation of all.
    pub first: Option<Violation>,
    /// False if a bound left something out: the search ended early, or a run was cut.
    pub closed: bool,
}

/// Bounds of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most this many runs.
    pub runs: u64,
    /// At most this many steps a run; a longer run is cut and counts as one interleaving.
    pub steps: u32,
}

/// Visits every schedule. `start` resets the world and starts its processes; `ended` sees each
/// distinct final state once.
pub fn enumerate<W: World>(
    world: &mut W,
    invariants: &Invariants<W>,
    bounds: Bounds,
    start: impl FnMut(&mut W),
    ended: impl FnMut(&W, &End),
) -> Enumeration {
    Runs::new(world, invariants, start, ended).all(Merged::default(), bounds)
}

/// Visits every end, but not every schedule: a move that may as well go first does
/// ([`World::leading`]), and what is counted is what is left. No invariant is asked.
pub fn ends<W: World>(
    world: &mut W,
    bounds: Bounds,
    start: impl FnMut(&mut W),
    ended: impl FnMut(&W, &End),
) -> Enumeration {
    let merged = Merged { ends_alone: true, ..Merged::default() };
    Runs::new(world, &Invariants::new(Vec::new()), start, ended).all(merged, bounds)
}

/// Merges by state, and counts.
#[derive(Debug, Default)]
struct Merged {
    /// States below which all is walked, with the interleavings there.
    below: BTreeMap<u128, u128>,
    /// Only ends count.
    ends_alone: bool,
    /// The next move goes first.
    led: bool,
}

impl<W: World> Rule<W> for Merged {
    fn options(&mut self, world: &W, into: &mut Vec<Move>) {
        let leading = if self.ends_alone { world.leading() } else { None };
        self.led = leading.is_some();
        match leading {
            Some(leading) => into.push(leading),
            None => into.extend(world.moves().all()),
        }
    }

    fn arrive(&mut self, world: &W, point: Point<'_>) -> Arrival {
        // Where nothing is tried beside a move there is nothing to merge, but a run has a first state.
        if std::mem::take(&mut self.led) && point.depth > 0 {
            return Arrival::Plain;
        }
        let state = world.state().0;
        self.below.get(&state).map_or(Arrival::Marked(state), |&below| Arrival::Known(below))
    }

    fn leave(&mut self, mark: u128, below: u128) {
        self.below.insert(mark, below);
    }

    fn held(&self) -> u64 {
        self.below.len() as u64
    }
}

/// The runs of a world under its invariants.
struct Runs<'w, W, S, E> {
    world: &'w mut W,
    invariants: &'w Invariants<W>,
    start: S,
    ended: E,
    record: Record,
    /// How the run at hand ended before the world had settled.
    end: Option<End>,
    result: Enumeration,
}

impl<'w, W: World, S: FnMut(&mut W), E: FnMut(&W, &End)> Runs<'w, W, S, E> {
    fn new(world: &'w mut W, invariants: &'w Invariants<W>, start: S, ended: E) -> Self {
        let (record, result) = (Record::default(), Enumeration::default());
        Runs { world, invariants, start, ended, record, end: None, result }
    }

    fn all(mut self, mut merged: Merged, bounds: Bounds) -> Enumeration {
        let limits = Limits { runs: bounds.runs, held: u64::MAX, steps: bounds.steps };
        let walked = walk(&mut self, &mut merged, limits);
        Enumeration {
            interleavings: walked.schedules,
            states: merged.below.len() as u64,
            runs: walked.runs,
            steps: walked.steps,
            closed: walked.closed,
            ..self.result
        }
    }

    /// How the run at hand ended; not at all if it was cut.
    fn end(&mut self) -> Option<End> {
        let ended = self.end.take();
        if ended.is_some() || scheduler::can_move(self.world) {
            return ended;
        }
        Some(self.invariants.settled(self.world).map_or(End::Settled, End::Violated))
    }
}

impl<W: World, S: FnMut(&mut W), E: FnMut(&W, &End)> Steps for Runs<'_, W, S, E> {
    type World = W;

    fn start(&mut self) {
        (self.start)(self.world);
        self.record.clear();
    }

    fn world(&mut self) -> &mut W {
        self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        let mut told = Told { mv, draws };
        self.end = scheduler::step(self.world, &mut told, self.invariants, &mut self.record);
        self.end.is_none()
    }

    fn ended(&mut self) -> bool {
        let Some(end) = self.end() else { return true };
        if let End::Violated(violation) = &end {
            *self.result.violations.entry(violation.invariant.clone()).or_default() += 1;
            self.result.first.get_or_insert_with(|| violation.clone());
        }
        (self.ended)(self.world, &end);
        true
    }
}
