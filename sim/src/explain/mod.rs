//! Why a run fails: what led to it, which decision settled it, and how likely it was all along.
//!
//! Four readings of one failing case, none of which knows a world:
//!
//! * the *chain*: what its violation speaks of, from where it was kept or linked to where it died and
//!   where it was used ([`Link`]), read off the facts after each step ([`crate::told`]);
//! * the *nearest passing run*: the same decisions but for one, and the run holds; the last such
//!   decision, so that the two runs have as much in common as possible ([`Passing`]); if there is none,
//!   one that was drawn, and parts as late as any;
//! * the *race*: two steps that touch the same thing, in one order in the failing run and in the other
//!   in that one ([`Race`]);
//! * the *chance* of the failure by how many of its decisions are kept, the rest being drawn, and the
//!   decision from which no drawn run escaped ([`Chance`]).
//!
//! Promises that nothing is claimed beyond what was run: each figure comes with the number of runs
//! behind it. Leaves out proof: that a failure is inevitable is shown by runs, not by all of them.

mod chain;
mod chance;
mod flips;
mod race;

pub use chain::Link;
pub use chance::Chance;
pub use flips::{Passing, Turn};
pub use race::{Race, Racer};

use crate::{
    case::{Case, Unplayable, prepared},
    decisions::Recorded,
    invariant::Violation,
    scenario::Scenario,
    scheduler::End,
    told::watched,
};
use serde::Serialize;

/// How much an explanation may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Runs for each number of decisions kept.
    pub runs: u32,
    /// At most so many numbers of decisions kept, spread evenly; the rise to certainty is looked for
    /// between them.
    pub points: u32,
    /// At most so many runs with one decision changed.
    pub flips: u64,
    /// At most so many steps in all runs together.
    pub steps: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { runs: 200, points: 48, flips: 5_000, steps: 50_000_000 }
    }
}

/// Why a run fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What is violated.
    pub violation: Violation,
    /// The steps of the run.
    pub steps: u32,
    /// What led to it, in order.
    pub chain: Vec<Link>,
    /// The nearest run that passes, if one was found: one that differs in one decision, else one that
    /// was drawn behind the most decisions kept.
    pub passing: Option<Passing>,
    /// The race that decides between the two, if there is one.
    pub race: Option<Race>,
    /// Runs with one decision changed that were tried.
    pub flips: u64,
    /// True if every decision was tried in every other way; false if the effort ended first.
    pub all_flips: bool,
    /// The chance of the failure by decisions kept.
    pub chance: Vec<Chance>,
    /// The least number of decisions kept from which every run failed: its last decision settled it.
    /// 0 if the failure comes whatever is decided; none if the effort ended before it was known.
    pub inevitable_from: Option<u32>,
}

/// Explains a failing case. `None` if it does not fail as it says.
///
/// # Errors
/// If it is no case of this scenario.
pub fn explain<S: Scenario>(
    scenario: &S,
    case: &Case,
    effort: Effort,
) -> Result<Option<Explanation>, Unplayable> {
    let (mut player, workload) = prepared(scenario, case)?;
    let mut tape = Recorded::strict(&case.tape);
    let end = player.play(&case.conditions, &workload, &mut tape, case.step_limit);
    let End::Violated(violation) = end else { return Ok(None) };
    if tape.divergence().is_some() || Some(&violation.invariant) != case.invariant.as_ref() {
        return Ok(None);
    }
    let steps = tape.steps() as u32;
    let watched = watched(scenario, case)?;
    let chain = chain::chain(&watched.told, &violation);
    let mut spent = 0;
    let flips = flips::nearest(&mut player, &workload, case, effort, &mut spent);
    let wanted = violation.invariant.clone();
    let chance = chance::by_kept(&mut player, &workload, case, &wanted, effort, &mut spent);
    let drawn = chance.passing.filter(|_| flips.nearest.is_none());
    let drawn = drawn.and_then(|other| flips::parted(&mut player, &workload, case, &other));
    let passing = flips.nearest.or(drawn);
    let race = passing.as_ref().and_then(|passing| race::race(&watched, passing));
    Ok(Some(Explanation {
        violation,
        steps,
        chain,
        passing,
        race,
        flips: flips.tried,
        all_flips: flips.all,
        chance: chance.points,
        inevitable_from: chance.inevitable_from,
    }))
}
