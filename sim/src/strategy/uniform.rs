//! Uniform random walk: each enabled move is equally likely at each step.
//!
//! The baseline that is hard to beat on shallow bugs (Thomson, Donaldson, Betts: "Concurrency
//! testing using schedule bounding", PPoPP 2014). Its hole: one process that must take n steps
//! before another takes one is found with probability about 2^-n.

use super::Strategy;
use crate::{decisions::Draws, moves::MoveSet};

/// Uniform random walk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uniform;

impl Strategy for Uniform {
    fn begin(&mut self, _steps: u32, _draws: &mut Draws) {}

    #[inline]
    fn pick(&mut self, moves: &MoveSet, draws: &mut Draws) -> usize {
        draws.below(moves.len() as u32) as usize
    }
}
