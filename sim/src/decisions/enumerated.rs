//! Decisions of an odometer: every sequence of answers, one run each.
//!
//! Exhaustive generation in the manner of TigerBeetle's `exhaustigen`: the run asks, the odometer
//! answers what it answered last time, and after the run the last answer that can grow grows.
//! Move and value decisions are digits alike; strategies have no say here.

use super::{Ahead, Decisions, Names};
use crate::moves::MoveSet;

#[derive(Clone, Copy, Debug)]
struct Digit {
    answer: u32,
    options: u32,
}

/// An odometer over all answers of a run.
#[derive(Clone, Debug, Default)]
pub struct Enumerated {
    digits: Vec<Digit>,
    at: usize,
    stopped: bool,
}

impl Enumerated {
    /// Starts the next run at its first decision.
    pub fn rewind(&mut self) {
        self.at = 0;
        self.stopped = false;
    }

    /// Ends the run at its next decision.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many decisions the current run has taken.
    pub fn depth(&self) -> usize {
        self.at
    }

    /// True if the current run has taken a decision that no run before it took.
    pub fn is_new(&self) -> bool {
        self.at == self.digits.len()
    }

    /// Turns to the next sequence of answers, forgetting all decisions after the one that grew.
    /// Returns how many decisions are kept, the grown one included; `None` when all were tried.
    pub fn advance(&mut self) -> Option<usize> {
        self.digits.truncate(self.at);
        while let Some(last) = self.digits.last_mut() {
            if last.answer + 1 < last.options {
                last.answer += 1;
                return Some(self.digits.len());
            }
            self.digits.pop();
        }
        None
    }

    fn answer(&mut self, options: u32) -> u32 {
        assert!(options > 0, "a choice needs at least one option");
        if self.is_new() {
            self.digits.push(Digit { answer: 0, options });
        }
        let digit = self.digits[self.at];
        assert_eq!(
            digit.options,
            options,
            "decision {} offers {options} options where it offered {} before: the run is not a function of its decisions",
            self.at + 1,
            digit.options
        );
        self.at += 1;
        digit.answer
    }
}

impl Decisions for Enumerated {
    fn next_move(&mut self, moves: &MoveSet, _: &dyn Names) -> Option<usize> {
        (!self.stopped).then(|| self.answer(moves.len() as u32) as usize)
    }

    fn value(&mut self, options: u32) -> u32 {
        self.answer(options)
    }

    fn ahead(&mut self) -> Ahead {
        let values: Vec<u32> = self.digits[self.at..].iter().map(|digit| digit.answer).collect();
        Ahead::known(&values, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_comes_once() {
        let mut odometer = Enumerated::default();
        let mut seen = Vec::new();
        loop {
            odometer.rewind();
            let a = odometer.value(2);
            let b = odometer.value(if a == 0 { 3 } else { 1 });
            seen.push((a, b));
            if odometer.advance().is_none() {
                break;
            }
        }
        assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 0)]);
    }
}
