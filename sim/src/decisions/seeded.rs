//! Decisions drawn from a seed: ChaCha8, one stream per run and purpose.
//!
//! The base seed is the key; a run's index picks the stream. So run (block, i) draws the same
//! numbers whatever ran before it, on whichever thread or machine, and an extra draw for data never
//! shifts the schedule. Streams are started when they are first asked: two that start eagerly
//! would cost a tenth of a small run.

use super::{Ahead, Decisions, Names};
use crate::{
    moves::{Move, MoveSet},
    strategy::{Portfolio, Strategy, StrategyKind},
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::{Deserialize, Serialize};

/// Which run of a campaign: blocks of [`RunIndex::BLOCK`] runs share one workload, and all that a
/// strategy learns lives within a block. Threads and shards take whole blocks.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RunIndex {
    /// The block, from 0.
    pub block: u64,
    /// The run within the block, below [`RunIndex::BLOCK`].
    pub run: u32,
}

impl RunIndex {
    /// Runs in a block.
    pub const BLOCK: u32 = 64;

    /// The run with this number when all blocks are laid end to end.
    pub fn nth(number: u64) -> Self {
        let block = u64::from(Self::BLOCK);
        RunIndex { block: number / block, run: (number % block) as u32 }
    }

    /// The number of this run when all blocks are laid end to end.
    pub fn number(self) -> u64 {
        self.block * u64::from(Self::BLOCK) + u64::from(self.run)
    }
}

/// What a stream is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The order of moves.
    Schedule = 0,
    /// Values inside moves.
    Data = 1,
    /// The workload of a block.
    Workload = 2,
    /// What the plan of a block leaves open.
    Plan = 3,
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of a run for a purpose, under a base seed.
    pub fn new(seed: u64, index: RunIndex, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(b"atropos\0");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index.number() << 2 | purpose as u64);
        Draws(rng)
    }

    /// A number below `options`, by multiplication of one 32-bit draw (Lemire 2019); the bias is
    /// below `options` in 2^32. One option draws nothing.
    ///
    /// # Panics
    /// If there are no options.
    #[inline]
    pub fn below(&mut self, options: u32) -> u32 {
        assert!(options > 0, "a choice needs at least one option");
        if options == 1 {
            return 0;
        }
        Self::scaled(self.bits(), options)
    }

    /// 32 bits as a number below `options`.
    #[inline]
    pub(super) fn scaled(bits: u32, options: u32) -> u32 {
        ((u64::from(bits) * u64::from(options)) >> 32) as u32
    }

    /// 32 random bits.
    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// 32 random bytes: the seed of another generator.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }
}

/// Decisions of one run, drawn from a seed by a strategy.
///
/// Past half the step limit the schedule is round-robin, so that a run that still does not end is
/// a livelock and not an unlucky schedule.
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    index: RunIndex,
    portfolio: Portfolio,
    schedule: Draws,
    data: Option<Draws>,
    steps: u32,
    fair_from: u32,
    last: Move,
}

impl Seeded {
    /// A source under a base seed; [`Seeded::start`] begins each run.
    pub fn new(seed: u64) -> Self {
        let index = RunIndex::default();
        Seeded {
            seed,
            index,
            portfolio: Portfolio::default(),
            schedule: Draws::new(seed, index, Purpose::Schedule),
            data: None,
            steps: 0,
            fair_from: u32::MAX,
            last: Move(0),
        }
    }

    /// Begins a run: its index, its strategy, the steps to expect (what the block has seen so far)
    /// and the step limit.
    pub fn start(&mut self, index: RunIndex, kind: StrategyKind, expected: u32, limit: u32) {
        self.index = index;
        self.schedule = Draws::new(self.seed, index, Purpose::Schedule);
        self.data = None;
        self.steps = 0;
        self.fair_from = limit / 2;
        self.last = Move(0);
        self.portfolio.select(kind);
        self.portfolio.begin(expected, &mut self.schedule);
    }

    fn data(&mut self) -> &mut Draws {
        let (seed, index) = (self.seed, self.index);
        self.data.get_or_insert_with(|| Draws::new(seed, index, Purpose::Data))
    }
}

impl Decisions for Seeded {
    #[inline]
    fn next_move(&mut self, moves: &MoveSet, _: &dyn Names) -> Option<usize> {
        self.steps += 1;
        if self.steps > self.fair_from {
            let at = super::round_robin(moves, self.last);
            self.last = moves.all()[at];
            return Some(at);
        }
        Some(self.portfolio.pick(moves, &mut self.schedule))
    }

    fn value(&mut self, options: u32) -> u32 {
        self.data().below(options)
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::drawn(self.data().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_runs_and_purposes_differ_and_repeat() {
        let first = |run, purpose| Draws::new(1, RunIndex { block: 0, run }, purpose).bits();
        assert_eq!(first(3, Purpose::Schedule), first(3, Purpose::Schedule));
        assert_ne!(first(3, Purpose::Schedule), first(4, Purpose::Schedule));
        assert_ne!(first(3, Purpose::Schedule), first(3, Purpose::Data));
    }

    #[test]
    fn one_option_draws_nothing() {
        let mut a = Draws::new(7, RunIndex::default(), Purpose::Data);
        let mut b = a.clone();
        assert_eq!(a.below(1), 0);
        assert_eq!(a.bits(), b.bits());
    }

    #[test]
    fn a_run_index_is_a_block_and_a_run() {
        for number in [0, 1, 63, 64, 1000] {
            assert_eq!(RunIndex::nth(number).number(), number);
        }
        assert_eq!(RunIndex::nth(130), RunIndex { block: 2, run: 2 });
    }
}
