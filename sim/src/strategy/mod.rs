//! How a seed picks the next move: one file an algorithm, with its paper.
//!
//! Strategies act on moves only and see nothing but the enabled set; what a world is made of stays
//! hidden from them. No single family finds everything, so a campaign rotates through a portfolio.

mod pct;
mod uniform;

pub use pct::Pct;
pub use uniform::Uniform;

use crate::{decisions::Draws, moves::MoveSet};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An algorithm that picks the next move.
pub trait Strategy {
    /// Begins a run that is expected to take about `steps` steps.
    fn begin(&mut self, steps: u32, draws: &mut Draws);

    /// A position in [`MoveSet::all`]. Called before each step, also when there is no choice (and
    /// then no choice is drawn). Arrivals since the step before are listed in the set.
    fn pick(&mut self, moves: &MoveSet, draws: &mut Draws) -> usize;
}

/// Which strategy, with its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// [`Uniform`].
    #[default]
    Uniform,
    /// [`Pct`] with this depth, from 1.
    Pct(u32),
}

impl StrategyKind {
    /// The strategy of a run by fixed rotation, so that it does not depend on who runs it: half
    /// uniform, half PCT with depths 1 to 5.
    pub fn of_run(run: u32) -> Self {
        match run % 10 {
            even if even % 2 == 0 => StrategyKind::Uniform,
            odd => StrategyKind::Pct(odd / 2 + 1),
        }
    }
}

impl StrategyKind {
    /// True if the strategy reads [`MoveSet::arrivals`]; keeping that list costs a little.
    pub fn wants_arrivals(self) -> bool {
        matches!(self, StrategyKind::Pct(_))
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrategyKind::Uniform => f.write_str("uniform"),
            StrategyKind::Pct(depth) => write!(f, "pct{depth}"),
        }
    }
}

/// All strategies, one of them selected; their memory is kept from run to run.
#[derive(Debug, Default)]
pub struct Portfolio {
    selected: StrategyKind,
    uniform: Uniform,
    pct: Pct,
}

impl Portfolio {
    /// Selects the strategy of the next run.
    pub fn select(&mut self, kind: StrategyKind) {
        self.selected = kind;
        if let StrategyKind::Pct(depth) = kind {
            self.pct.set_depth(depth);
        }
    }
}

impl Strategy for Portfolio {
    fn begin(&mut self, steps: u32, draws: &mut Draws) {
        match self.selected {
            StrategyKind::Uniform => self.uniform.begin(steps, draws),
            StrategyKind::Pct(_) => self.pct.begin(steps, draws),
        }
    }

    #[inline]
    fn pick(&mut self, moves: &MoveSet, draws: &mut Draws) -> usize {
        match self.selected {
            StrategyKind::Uniform => self.uniform.pick(moves, draws),
            StrategyKind::Pct(_) => self.pct.pick(moves, draws),
        }
    }
}
