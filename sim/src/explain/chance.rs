//! How likely the failure is when some of its decisions are kept and the others drawn.
//!
//! Kept are the first k moves with the values drawn in them; then the portfolio of strategies goes
//! on from a seed, as in a hunt, so the chance is that of a campaign that stands there. The point from
//! which every drawn run fails is looked for between two kept numbers by halving: exact where the
//! chance does not fall again, which is checked for the points that were drawn.

use super::Effort;
use crate::{
    case::{Case, Player},
    decisions::{Ahead, Decisions, Names, Recorded, RunIndex, Seeded},
    moves::MoveSet,
    scenario::Scenario,
    scheduler::End,
    strategy::StrategyKind,
};
use serde::Serialize;

/// The chance of a failure at one number of decisions kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// Decisions kept, from 0.
    pub kept: u32,
    /// Runs that were drawn from there on.
    pub runs: u32,
    /// Those that violated the same invariant.
    pub failed: u32,
    /// The share of them, 0 to 1.
    pub chance: f64,
    /// The bounds of Wilson's interval at 95 %, 0 to 1.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

impl Chance {
    fn new(kept: u32, runs: u32, failed: u32) -> Self {
        // Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
        let (n, z) = (f64::from(runs.max(1)), 1.96_f64);
        let chance = f64::from(failed) / n;
        let middle = chance + z * z / (2.0 * n);
        let spread = z * (chance * (1.0 - chance) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
        Chance {
            kept,
            runs,
            failed,
            chance,
            low: bound(middle - spread),
            high: bound(middle + spread),
        }
    }

    fn is_certain(&self) -> bool {
        self.runs > 0 && self.failed == self.runs
    }
}

/// The chances that were measured.
pub(super) struct Chances {
    pub(super) points: Vec<Chance>,
    pub(super) inevitable_from: Option<u32>,
    /// A run that passed, drawn behind the most decisions kept.
    pub(super) passing: Option<Case>,
}

/// The chance of the failure by decisions kept.
pub(super) fn by_kept<S: Scenario>(
    player: &mut Player<'_, S>,
    workload: &[S::Op],
    case: &Case,
    wanted: &str,
    effort: Effort,
    spent: &mut u64,
) -> Chances {
    let steps = case.tape.steps() as u32;
    let every = steps.div_ceil(effort.points.max(1)).max(1);
    let mut points: Vec<Chance> = Vec::new();
    let mut passing: Option<(u32, Case)> = None;
    let mut measure = |kept: u32| {
        let runs = (0..effort.runs).map_while(|run| {
            (*spent < effort.steps).then(|| {
                let end = drawn(player, workload, case, (kept, run));
                *spent += player.record.tape.len() as u64;
                let nearer = passing.as_ref().is_none_or(|&(before, _)| before < kept);
                if end == End::Settled && nearer {
                    let conditions = (case.conditions, case.step_limit);
                    passing = Some((kept, player.case(conditions, workload, None)));
                }
                matches!(end, End::Violated(violation) if violation.invariant == wanted)
            })
        });
        let runs: Vec<bool> = runs.collect();
        let failed = runs.iter().filter(|failed| **failed).count() as u32;
        (!runs.is_empty()).then(|| Chance::new(kept, runs.len() as u32, failed))
    };
    let kept = (0..steps).step_by(every as usize).chain([steps]);
    points.extend(kept.map_while(&mut measure));
    if points.last().is_none_or(|last| last.kept != steps) {
        return Chances { points, inevitable_from: None, passing: passing.map(|(_, case)| case) };
    }
    let certain = points.iter().rev().take_while(|point| point.is_certain()).last();
    let Some(mut high) = certain.map(|point| point.kept) else {
        return Chances { points, inevitable_from: None, passing: passing.map(|(_, case)| case) };
    };
    let below = points.iter().rev().find(|point| point.kept < high);
    let mut low = below.map_or(high, |point| point.kept);
    while high > low + 1 {
        let Some(point) = measure(low + (high - low) / 2) else { break };
        match point.is_certain() {
            true => high = point.kept,
            false => low = point.kept,
        }
        points.push(point);
    }
    points.sort_by_key(|point| point.kept);
    Chances { points, inevitable_from: Some(high), passing: passing.map(|(_, case)| case) }
}

/// One run: so many decisions kept, the others drawn by the n-th seed.
fn drawn<S: Scenario>(
    player: &mut Player<'_, S>,
    workload: &[S::Op],
    case: &Case,
    (kept, run): (u32, u32),
) -> End {
    let kind = StrategyKind::of_run(run % RunIndex::BLOCK);
    let mut seeded = Seeded::new(u64::from(kept));
    seeded.start(RunIndex::nth(run.into()), kind, case.tape.steps() as u32, case.step_limit);
    let recorded = Recorded::strict(&case.tape);
    let mut decisions = Kept { recorded, seeded, kept, moves: 0 };
    let (set_up, arrivals) = ((&case.conditions, workload), kind.wants_arrivals());
    player.drive(set_up, arrivals, &mut decisions, case.step_limit)
}

/// The first decisions of a tape, then those of a seed.
struct Kept<'t> {
    recorded: Recorded<'t>,
    seeded: Seeded,
    kept: u32,
    /// Moves so far; a value belongs to the last of them.
    moves: u32,
}

impl Decisions for Kept<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.moves += 1;
        // The seed goes along, so that whatever its strategy learns of the moves it has learnt.
        let drawn = self.seeded.next_move(moves, names);
        if self.moves <= self.kept { self.recorded.next_move(moves, names) } else { drawn }
    }

    fn value(&mut self, options: u32) -> u32 {
        match self.moves <= self.kept {
            true => self.recorded.value(options),
            false => self.seeded.value(options),
        }
    }

    fn ahead(&mut self) -> Ahead {
        // Asked while a move is set up: the values are those of the move at hand.
        match self.moves <= self.kept {
            true => self.recorded.ahead(),
            false => self.seeded.ahead(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_share_and_narrows() {
        for (runs, failed) in [(10, 0), (10, 10), (10, 5), (1000, 500)] {
            let Chance { chance, low, high, .. } = Chance::new(0, runs, failed);
            assert!(low <= chance && chance <= high, "{low} {chance} {high}");
        }
        let width = |runs| Chance::new(0, runs, runs / 2).high - Chance::new(0, runs, runs / 2).low;
        assert!(width(1000) < width(10) / 5.0);
        // 200 of 200: at least 98.1 % with 95 % confidence.
        assert!((Chance::new(0, 200, 200).low - 0.981).abs() < 0.001);
    }
}
