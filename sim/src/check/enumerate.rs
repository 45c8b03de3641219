//! Every schedule of a world, merged where two prefixes lead to the same state.
//!
//! Bodies cannot be cloned, so each path is run from the start by an odometer; a state that was met
//! before, keyed by the world's [`World::state`] (tables and reply histories), is not entered again,
//! and its number of interleavings is added instead. So totals are exact although few paths run.
//!
//! Needs memory for one key a state. Leaves out reductions: two orders of independent moves are two
//! interleavings.

use crate::{
    decisions::Enumerated,
    invariant::{Invariants, Violation},
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
    /// False if the bound on runs ended the search.
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

/// A state on the current path.
struct Frame {
    state: u128,
    /// Decisions taken before it.
    digits: usize,
    /// Interleavings found below it so far.
    below: u128,
}

/// Visits every schedule. `start` resets the world and starts its processes; `ended` sees each
/// distinct final state once.
pub fn enumerate<W: World>(
    world: &mut W,
    invariants: &Invariants<W>,
    bounds: Bounds,
    mut start: impl FnMut(&mut W),
    mut ended: impl FnMut(&W, &End),
) -> Enumeration {
    let mut result = Enumeration::default();
    let mut odometer = Enumerated::default();
    let mut known: BTreeMap<u128, u128> = BTreeMap::new();
    let mut path: Vec<Frame> = Vec::new();
    let mut record = Record::default();
    let mut kept = 0;
    while result.runs < bounds.runs {
        start(world);
        odometer.rewind();
        record.trace.clear();
        record.tape.clear();
        result.runs += 1;
        let mut end = None;
        loop {
            // Below the digits that are kept the path was seen by the run before.
            if odometer.depth() >= kept {
                let state = world.state().0;
                if let Some(below) = known.get(&state) {
                    path.last_mut().expect("only the first state has no parent").below += below;
                    break;
                }
                path.push(Frame { state, digits: odometer.depth(), below: 0 });
            }
            if end.is_some() || record.tape.len() >= bounds.steps as usize {
                break;
            }
            end = scheduler::step(world, &mut odometer, invariants, &mut record);
            if end.is_some() {
                let leaf = path.last_mut().expect("a run has a first state");
                // The last step of a violated run leads to a state of its own.
                if let Some(End::Violated(violation)) = &end {
                    *result.violations.entry(violation.invariant.clone()).or_default() += 1;
                    result.first.get_or_insert_with(|| violation.clone());
                }
                leaf.below += 1;
                ended(world, end.as_ref().expect("the run has ended"));
                break;
            }
        }
        result.steps += record.tape.len() as u64;
        let next = odometer.advance();
        kept = next.unwrap_or(0);
        close(&mut path, &mut known, kept, next.is_none(), &mut result);
        if next.is_none() {
            result.closed = true;
            break;
        }
    }
    result.states = known.len() as u64;
    result
}

/// Closes the states whose decisions are all tried.
fn close(
    path: &mut Vec<Frame>,
    known: &mut BTreeMap<u128, u128>,
    kept: usize,
    all: bool,
    result: &mut Enumeration,
) {
    while path.last().is_some_and(|frame| all || frame.digits >= kept) {
        let frame = path.pop().expect("there is a last frame");
        known.insert(frame.state, frame.below);
        match path.last_mut() {
            Some(parent) => parent.below += frame.below,
            None => result.interleavings = frame.below,
        }
    }
}
