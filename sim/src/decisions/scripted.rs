//! Decisions read from a script: one entry a step, with the values that this step draws.
//!
//! A script is followed to the letter: who moves, of which kind that is, and which values the step
//! takes, no more and no fewer. The first thing that does not fit ends the run and is named. Where
//! the script ends and the run does not, whoever moved last goes on, in the second half of the step
//! limit everybody by turns: what was a violation once may hold now, and then the run has a rest.
//!
//! Leaves out: what the entries are called, and what they did when they were written down.

use super::{
    Ahead, Decisions, Divergence, Mismatch, Names, Tape,
    onward::{Onward, position_of},
};
use crate::{
    moves::MoveSet,
    name::{MoveKind, Name},
};

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who moves.
    pub who: Name,
    /// Of which kind that is.
    pub kind: MoveKind,
    /// The values that the step draws, in order.
    pub values: Vec<u32>,
}

/// The same as a tape, which does not say to which step a value belongs.
pub(crate) fn tape(script: &[Decision]) -> Tape {
    let mut tape = Tape::default();
    for Decision { who, values, .. } in script {
        tape.push(who.clone());
        tape.values.extend(values);
    }
    tape
}

/// A script as a source of decisions.
#[derive(Clone, Debug)]
pub struct Scripted<'t> {
    script: &'t [Decision],
    ids: Vec<u64>,
    onward: Onward,
    /// How many values of the step at hand were taken.
    taken: usize,
    divergence: Option<Divergence>,
}

impl<'t> Scripted<'t> {
    /// Follows a script in a run of at most `limit` steps.
    pub fn new(script: &'t [Decision], limit: u32) -> Self {
        let ids = script.iter().map(|decision| decision.who.id()).collect();
        Scripted {
            script,
            ids,
            onward: Onward::new((limit / 2).into()),
            taken: 0,
            divergence: None,
        }
    }

    /// Where the run left the script, if it did; asked after the run.
    pub fn divergence(&self) -> Option<Divergence> {
        let ended_early = || {
            let step = self.onward.steps + 1;
            (self.steps() < self.script.len())
                .then_some(Divergence { step, mismatch: Mismatch::RunEnded })
        };
        self.divergence.clone().or_else(|| self.values_left()).or_else(ended_early)
    }

    /// Steps so far.
    fn steps(&self) -> usize {
        self.onward.steps as usize
    }

    /// The values of the step at hand that were not taken; none past the end of the script.
    fn rest(&self) -> &'t [u32] {
        let at_hand = self.steps().checked_sub(1).and_then(|at| self.script.get(at));
        at_hand.map_or(&[], |decision| &decision.values[self.taken..])
    }

    fn values_left(&self) -> Option<Divergence> {
        let left = self.rest().len();
        let step = self.onward.steps;
        (left > 0).then_some(Divergence { step, mismatch: Mismatch::ValuesLeft { left } })
    }

    fn follow(&self, moves: &MoveSet, names: &dyn Names) -> Result<usize, Mismatch> {
        let Decision { who, kind, .. } = &self.script[self.steps()];
        if who.kind() != *kind {
            return Err(Mismatch::Kind { who: who.clone(), recorded: *kind });
        }
        position_of(self.ids[self.steps()], moves, names).ok_or_else(|| {
            let mut runnable: Vec<Name> = moves.all().iter().map(|&mv| names.name(mv)).collect();
            runnable.sort();
            Mismatch::NotRunnable { expected: who.clone(), runnable }
        })
    }
}

impl Decisions for Scripted<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.divergence = self.divergence.take().or_else(|| self.values_left());
        if self.divergence.is_some() {
            return None;
        }
        let at = match self.steps() {
            step if step < self.script.len() => match self.follow(moves, names) {
                Ok(at) => at,
                Err(mismatch) => {
                    self.divergence = Some(Divergence { step: step as u64 + 1, mismatch });
                    return None;
                }
            },
            _ if self.onward.is_fair() => self.onward.fair(moves),
            _ => self.onward.canonical(moves, names),
        };
        self.onward.went(at, moves, names);
        self.taken = 0;
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        assert!(options > 0, "a choice needs at least one option");
        if options == 1 || self.steps() > self.script.len() {
            return 0;
        }
        let recorded = self.rest().first().copied();
        if recorded.is_none_or(|value| value >= options) {
            let step = self.onward.steps;
            let mismatch = Mismatch::Value { recorded, options };
            self.divergence.get_or_insert(Divergence { step, mismatch });
        }
        self.taken += usize::from(recorded.is_some());
        recorded.unwrap_or(0).min(options - 1)
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::known(self.rest(), true)
    }
}
