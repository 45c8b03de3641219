//! Every schedule of a world, merged where two prefixes lead to the same state.
//!
//! Bodies cannot be cloned, so each path is run from the start by an odometer; a state that was met
//! before, keyed by the world's [`World::state`] (tables and reply histories), is not entered again,
//! and its number of interleavings is added instead. So totals are exact although few paths run.
//!
//! Needs memory for one key a state. Leaves out reductions, but for those of [`ends`]: two orders of
//! independent moves are two interleavings.

use crate::{
    decisions::{Decisions, Enumerated, Names},
    invariant::{Invariants, Violation},
    moves::{Move, MoveSet},
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
    Search::default().all(world, invariants, bounds, start, ended)
}

/// Visits every end, but not every schedule: a move that may as well go first does
/// ([`World::leading`]), and what is counted is what is left. No invariant is asked.
pub fn ends<W: World>(
    world: &mut W,
    bounds: Bounds,
    start: impl FnMut(&mut W),
    ended: impl FnMut(&W, &End),
) -> Enumeration {
    let search = Search { ends_alone: true, ..Search::default() };
    search.all(world, &Invariants::new(Vec::new()), bounds, start, ended)
}

/// A state on the current path.
struct Frame {
    state: u128,
    /// Decisions taken before it.
    digits: usize,
    /// Interleavings found below it so far.
    below: u128,
}

#[derive(Default)]
struct Search {
    odometer: Enumerated,
    /// States whose decisions are all tried, with the interleavings below them.
    known: BTreeMap<u128, u128>,
    /// The states of the current run, from the first.
    path: Vec<Frame>,
    /// Decisions that this run shares with the run before.
    kept: usize,
    /// Only ends count.
    ends_alone: bool,
    /// True once the bound on steps has cut a run.
    cut: bool,
    record: Record,
    result: Enumeration,
}

impl Search {
    fn all<W: World>(
        mut self,
        world: &mut W,
        invariants: &Invariants<W>,
        bounds: Bounds,
        mut start: impl FnMut(&mut W),
        mut ended: impl FnMut(&W, &End),
    ) -> Enumeration {
        while self.result.runs < bounds.runs {
            start(world);
            if let Some(end) = self.run(world, invariants, bounds.steps) {
                self.count(&end);
                ended(world, &end);
            }
            if !self.advance() {
                self.result.closed = !self.cut;
                break;
            }
        }
        self.result.states = self.known.len() as u64;
        self.result
    }

    /// One run, up to its end (then how it ended), a state met before, or the bound on steps.
    fn run<W: World>(
        &mut self,
        world: &mut W,
        invariants: &Invariants<W>,
        steps: u32,
    ) -> Option<End> {
        self.odometer.rewind();
        self.record.clear();
        self.result.runs += 1;
        loop {
            let leading = if self.ends_alone { world.leading() } else { None };
            // Where nothing is tried beside a move there is nothing to merge, but a run has a first state.
            let merges = leading.is_none() || self.path.is_empty();
            if merges && !self.enter(world) {
                break;
            }
            if self.record.tape.len() >= steps as usize && scheduler::can_move(world) {
                self.cut = true;
                self.below_last(1);
                return None;
            }
            let mut decisions = Led { leading, odometer: &mut self.odometer };
            let end = scheduler::step(world, &mut decisions, invariants, &mut self.record);
            if end.is_some() {
                self.result.steps += self.record.tape.len() as u64;
                return end;
            }
        }
        self.result.steps += self.record.tape.len() as u64;
        None
    }

    /// Enters the state that the world is in; false if its schedules are counted already.
    fn enter<W: World>(&mut self, world: &W) -> bool {
        // Where the decisions are still those of the run before, the path knows the state.
        if self.odometer.depth() < self.kept {
            return true;
        }
        let state = world.state().0;
        if let Some(&below) = self.known.get(&state) {
            self.below_last(below);
            return false;
        }
        self.path.push(Frame { state, digits: self.odometer.depth(), below: 0 });
        true
    }

    fn below_last(&mut self, interleavings: u128) {
        self.path.last_mut().expect("the first state of a run is never known").below +=
            interleavings;
    }

    fn count(&mut self, end: &End) {
        self.below_last(1);
        if let End::Violated(violation) = end {
            *self.result.violations.entry(violation.invariant.clone()).or_default() += 1;
            self.result.first.get_or_insert_with(|| violation.clone());
        }
    }

    /// Turns to the next run and closes the states whose decisions are all tried; false after the
    /// last.
    fn advance(&mut self) -> bool {
        let next = self.odometer.advance();
        self.kept = next.unwrap_or(0);
        while self.path.last().is_some_and(|frame| next.is_none() || frame.digits >= self.kept) {
            let frame = self.path.pop().expect("there is a last frame");
            self.known.insert(frame.state, frame.below);
            match self.path.last_mut() {
                Some(parent) => parent.below += frame.below,
                None => self.result.interleavings = frame.below,
            }
        }
        next.is_some()
    }
}

/// The odometer, but for a move that goes first.
struct Led<'a> {
    leading: Option<Move>,
    odometer: &'a mut Enumerated,
}

impl Decisions for Led<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        match self.leading {
            Some(leading) => moves.position(leading),
            None => self.odometer.next_move(moves, names),
        }
    }

    fn value(&mut self, options: u32) -> u32 {
        self.odometer.value(options)
    }
}
