//! A script that no longer fits, and the nearest run that still shows what it is there for.
//!
//! It is looked for near the old decisions first: the script where it fits and the canonical
//! schedule elsewhere, then the same with one segment less or one value harmless, at last some
//! seeded runs of the same workload under the same conditions. What comes back violates the same
//! invariant and says how it was found. The search counts tries and reads no clock.
//!
//! Leaves out: writing anything. A repair is a proposal.

use crate::{
    case::{Case, Player, Unplayable, workload_of},
    decisions::{Recorded, RunIndex, Seeded, Tape, scripted_tape},
    invariant::Violation,
    scenario::Scenario,
    scheduler::End,
    script::{self, Script},
    strategy::StrategyKind,
};
use std::fmt;

/// How a repair was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the script, where it fits.
    Leniently,
    /// The same without one of its segments, or with one value harmless.
    Edited,
    /// By a seeded run of the same workload, the n-th from 1.
    Seeded(u32),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Leniently => f.write_str("leniently"),
            Way::Edited => f.write_str("leniently after one change"),
            Way::Seeded(number) => write!(f, "by seeded run {number} of its workload"),
        }
    }
}

/// A run in the place of a script that no longer fits.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// The run.
    pub case: Case,
    /// What it violates.
    pub violation: Violation,
    /// How it was found.
    pub way: Way,
}

/// At most this many edits of a script are tried.
const EDITS: usize = 2_000;
/// Seeded runs that are tried.
const SEEDED: u32 = 640;

/// Looks for a run near a script that violates the same invariant.
pub fn repair<S: Scenario>(scenario: &S, script: &Script) -> Result<Option<Repaired>, Unplayable> {
    let workload = workload_of(scenario, &script.workload).ok_or(Unplayable::BadWorkload)?;
    let player = script::player(scenario, script)?;
    let mut search = Search { player, script, workload };
    let tape = scripted_tape(&script.decisions);
    Ok(search
        .leniently(&tape, Way::Leniently)
        .or_else(|| edits(&tape).take(EDITS).find_map(|tape| search.leniently(&tape, Way::Edited)))
        .or_else(|| (0..SEEDED).find_map(|number| search.seeded(number))))
}

/// A tape without one segment, and with one value harmless.
fn edits(tape: &Tape) -> impl Iterator<Item = Tape> + '_ {
    let dropped = (0..tape.segments.len()).map(|at| {
        let mut tape = tape.clone();
        tape.segments.remove(at);
        tape
    });
    let drawn = (0..tape.values.len()).filter(|&at| tape.values[at] != 0);
    let harmless = drawn.map(|at| {
        let mut tape = tape.clone();
        tape.values[at] = 0;
        tape
    });
    dropped.chain(harmless)
}

struct Search<'s, S: Scenario> {
    player: Player<'s, S>,
    script: &'s Script,
    workload: Vec<S::Op>,
}

impl<S: Scenario> Search<'_, S> {
    fn leniently(&mut self, tape: &Tape, way: Way) -> Option<Repaired> {
        let Script { conditions, step_limit, .. } = self.script;
        let mut source = Recorded::lenient(tape).fair_from(step_limit / 2);
        let end = self.player.play(conditions, &self.workload, &mut source, *step_limit);
        self.wanted(end, way)
    }

    fn seeded(&mut self, number: u32) -> Option<Repaired> {
        let Script { conditions, step_limit, .. } = self.script;
        let kind = StrategyKind::of_run(number % RunIndex::BLOCK);
        let mut source = Seeded::new(0);
        let expected = self.script.decisions.len() as u32;
        source.start(RunIndex::nth(number.into()), kind, expected, *step_limit);
        let (set_up, arrivals) = ((conditions, &self.workload[..]), kind.wants_arrivals());
        let end = self.player.drive(set_up, arrivals, &mut source, *step_limit);
        self.wanted(end, Way::Seeded(number + 1))
    }

    /// The last run, if it violates what the script is there for.
    fn wanted(&self, end: End, way: Way) -> Option<Repaired> {
        let Script { conditions, step_limit, invariant, .. } = self.script;
        let violation = end.violation().filter(|violation| violation.invariant == *invariant)?;
        let case =
            self.player.case((*conditions, *step_limit), &self.workload, Some(invariant.clone()));
        Some(Repaired { case, violation, way })
    }
}
