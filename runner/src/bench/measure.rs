//! Timing: variants interleaved round by round, the least and the median of the rounds.

use std::time::Duration;

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]
type Clock = std::time::Instant;

/// Some work that was done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) units: u64,
    pub(super) time: Duration,
}

/// Does some work and times the part of it that counts.
pub(super) type Work<'w> = &'w mut dyn FnMut() -> Sample;

/// Times all of some work, which says how many units it was.
pub(super) fn timed(work: impl FnOnce() -> u64) -> Sample {
    let start = Clock::now();
    let units = work();
    Sample { units, time: start.elapsed() }
}

/// What a variant cost, in ns a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    pub(super) least: f64,
    pub(super) median: f64,
}

const ROUND: Duration = Duration::from_millis(25);

/// Measures variants against each other.
pub(super) fn measure<const N: usize>(rounds: u32, mut variants: [Work<'_>; N]) -> [Figure; N] {
    let mut costs: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    variants.iter_mut().for_each(|work| {
        work();
    });
    for _ in 0..rounds {
        for (work, costs) in variants.iter_mut().zip(&mut costs) {
            costs.push(round(work));
        }
    }
    costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        Figure { least: costs[0], median: costs[costs.len() / 2] }
    })
}

fn round(work: &mut Work<'_>) -> f64 {
    let (mut units, mut time) = (0, Duration::ZERO);
    while time < ROUND {
        let sample = work();
        units += sample.units;
        time += sample.time;
    }
    time.as_nanos() as f64 / units.max(1) as f64
}
