//! The values that one move draws, tried one after the other.

use crate::{
    decisions::{Ahead, Decisions, Names},
    moves::MoveSet,
};

/// The values that a move draws: those that were told, then 0.
#[derive(Clone, Debug, Default)]
pub struct Draws {
    told: Vec<u32>,
    /// What was drawn, and how many options each had.
    drawn: Vec<u32>,
    options: Vec<u32>,
}

impl Draws {
    /// Forgets what was drawn and is told what comes.
    pub(in super::super) fn tell(&mut self, told: &[u32]) {
        self.told.clear();
        self.told.extend_from_slice(told);
        self.drawn.clear();
        self.options.clear();
    }

    /// What was drawn.
    pub(in super::super) fn values(&self) -> Vec<u32> {
        self.drawn.clone()
    }

    /// How many sequences of values there are, if each had as many options as this one.
    pub(in super::super) fn sequences(&self) -> f64 {
        self.options.iter().map(|&options| f64::from(options)).product()
    }

    /// The next values in the order of an odometer, round to the first ones; none if nothing was drawn.
    pub(in super::super) fn next(&self) -> Option<Vec<u32>> {
        let mut values = self.values();
        while let Some(last) = values.pop() {
            if last + 1 < self.options[values.len()] {
                values.push(last + 1);
                return Some(values);
            }
        }
        (!self.options.is_empty()).then(Vec::new)
    }
}

impl Decisions for Draws {
    fn next_move(&mut self, _: &MoveSet, _: &dyn Names) -> Option<usize> {
        None
    }

    fn value(&mut self, options: u32) -> u32 {
        if options == 1 {
            return 0;
        }
        // Told for another schedule, a value may be none here.
        let told = self.told.get(self.options.len()).copied();
        let value = told.filter(|&value| value < options).unwrap_or(0);
        self.options.push(options);
        self.drawn.push(value);
        value
    }

    fn spares(&mut self, from: u32) {
        if let Some(options) = self.options.last_mut() {
            *options = from.min(*options);
        }
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::known(self.told.get(self.options.len()..).unwrap_or_default(), false)
    }
}
