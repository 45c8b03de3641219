//! Decisions read from bytes that mean nothing by themselves: what a fuzzer makes.
//!
//! Any bytes are a run. A choice of up to 256 options takes one byte, of more two or four, modulo
//! the options; a single option takes none. Moves are counted in the canonical order of names, so
//! that a byte means the same in every build. When the bytes are exhausted, whoever moved last goes
//! on and values are 0; past half the step limit everybody gets a turn, as in a hunt.
//!
//! [`Writing`] is the inverse: it follows a tape and writes the bytes that lead the same way.

use super::{Ahead, Decisions, Names, Recorded, onward::Onward};
use crate::{moves::MoveSet, name::Name};
use std::rc::Rc;

/// How many bytes a choice takes.
fn width(options: u32) -> usize {
    match options {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// The next answer below `options`, which are more than one; `None` if too few bytes are left.
pub(super) fn answer(bytes: &[u8], at: &mut usize, options: u32) -> Option<u32> {
    let taken = bytes.get(*at..*at + width(options))?;
    *at += taken.len();
    let number = taken.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte));
    Some(number % options)
}

/// Writes an answer so that [`answer`] reads it.
fn write(bytes: &mut Vec<u8>, number: u32, options: u32) {
    bytes.extend(&number.to_le_bytes()[..width(options)]);
}

/// The enabled moves in the canonical order of names, as positions.
fn in_order(moves: &MoveSet, names: &dyn Names) -> Vec<usize> {
    let named = moves.all().iter().enumerate().map(|(at, &mv)| (names.name(mv), at));
    let mut all: Vec<(Name, usize)> = named.collect();
    all.sort();
    all.into_iter().map(|(_, at)| at).collect()
}

/// Bytes as a source of decisions.
#[derive(Clone, Debug)]
pub struct Bytes {
    bytes: Rc<[u8]>,
    at: usize,
    onward: Onward,
}

impl Bytes {
    /// Follows bytes in a run of at most `limit` steps.
    pub fn new(bytes: &[u8], limit: u32) -> Self {
        Bytes { bytes: bytes.into(), at: 0, onward: Onward::new((limit / 2).into()) }
    }

    fn pick(&mut self, moves: &MoveSet, names: &dyn Names) -> usize {
        let options = moves.len() as u32;
        if options == 1 {
            return 0;
        }
        match answer(&self.bytes, &mut self.at, options) {
            Some(rank) => in_order(moves, names)[rank as usize],
            None => self.onward.canonical(moves, names),
        }
    }
}

impl Decisions for Bytes {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let at = match self.onward.is_fair() {
            true => self.onward.fair(moves),
            false => self.pick(moves, names),
        };
        self.onward.went(at, moves, names);
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        assert!(options > 0, "a choice needs at least one option");
        if options == 1 {
            return 0;
        }
        answer(&self.bytes, &mut self.at, options).unwrap_or(0)
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::raw(self.bytes.clone(), self.at)
    }
}

/// A strict tape that writes down which bytes give the same answers.
#[derive(Debug)]
pub(crate) struct Writing<'t> {
    tape: Recorded<'t>,
    fair_from: u64,
    /// What was written so far.
    pub(crate) bytes: Vec<u8>,
}

impl<'t> Writing<'t> {
    /// Follows a strict tape in a run of at most `limit` steps.
    pub(crate) fn new(tape: Recorded<'t>, limit: u32) -> Self {
        Writing { tape, fair_from: u64::from(limit / 2), bytes: Vec::new() }
    }

    /// True if the run was the one on the tape.
    pub(crate) fn is_true(&self) -> bool {
        self.tape.divergence().is_none()
    }
}

impl Decisions for Writing<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let asks = moves.len() > 1 && self.tape.steps() < self.fair_from;
        let at = self.tape.next_move(moves, names)?;
        if asks {
            let rank = in_order(moves, names).iter().position(|&place| place == at);
            let rank = rank.expect("the move that is next is one of all");
            write(&mut self.bytes, rank as u32, moves.len() as u32);
        }
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.tape.value(options);
        if options > 1 {
            write(&mut self.bytes, value, options);
        }
        value
    }

    fn ahead(&mut self) -> Ahead {
        self.tape.ahead()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_written_is_read_again() {
        for options in [2, 7, 256, 257, 65_536, 65_537, u32::MAX] {
            for number in [0, 1, options / 2, options - 1] {
                let mut bytes = Vec::new();
                write(&mut bytes, number, options);
                assert_eq!(bytes.len(), width(options));
                let mut at = 0;
                assert_eq!(answer(&bytes, &mut at, options), Some(number), "of {options}");
                assert_eq!(answer(&bytes, &mut at, options), None, "the bytes are exhausted");
            }
        }
    }
}
