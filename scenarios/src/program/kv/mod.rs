//! Programs of kind `kv`: the store of the Elixir guide, and what is done to it, step by step.
//!
//! [`KvProgram`] is what the file says. One interpreter executes it over the bodies of the story
//! `kv-registry`; [`observed`] tells what came of a run in the words in which the BEAM vectors tell
//! it.

mod interpret;
mod model;
mod observe;

pub use model::{KvProgram, Owner, Step};
pub use observe::{canonical, observed};

use super::{
    conform::Verdict,
    explore::{self, Bounds, Explored},
    parse::ProgramError,
};
use atropos::{
    plan::{Conditions, Delivery, TimerRule},
    process::{OTP_25, Profile, profile},
};
use serde_json::Value;
use std::{collections::BTreeSet, rc::Rc};

impl KvProgram {
    /// Explores all schedules of the program, merged where they lead to the same state.
    pub fn explore(&self, conditions: &Conditions, bounds: Bounds) -> Explored {
        self.explore_under(profile(&self.profile).unwrap_or(&OTP_25), conditions, bounds)
    }

    /// The same under another profile than the program names.
    pub fn explore_under(
        &self,
        profile: &'static Profile,
        conditions: &Conditions,
        bounds: Bounds,
    ) -> Explored {
        let program = Rc::new(self.clone());
        explore::outcomes(
            profile,
            conditions,
            bounds,
            |world| interpret::start(world, &program),
            |world| canonical(&observed(self, world)),
        )
    }
}

/// A program of kind `kv` with what a real BEAM observed.
#[derive(Clone, Debug)]
pub struct KvVector {
    /// What the BEAM ran.
    pub program: KvProgram,
    /// Several outcomes are legal.
    pub race: bool,
    /// What the BEAM observed, in canonical form; one outcome unless it is a race.
    pub expected: BTreeSet<String>,
}

impl KvVector {
    /// Reads a vector from its JSON line.
    ///
    /// # Errors
    /// If it is no program of kind `kv`, or carries no observation.
    pub fn from_value(value: &Value) -> Result<KvVector, ProgramError> {
        let program = KvProgram::from_value(value)?;
        let outcomes: Vec<&Value> = match (value.get("observed"), value.get("observed_set")) {
            (Some(observed), _) => vec![observed],
            (None, Some(Value::Array(set))) => {
                set.iter().filter_map(|row| row.get("observed")).collect()
            }
            _ => Vec::new(),
        };
        if outcomes.is_empty() {
            return Err(ProgramError::Malformed {
                place: "the vector".to_owned(),
                reason: "it carries neither `observed` nor `observed_set`: nothing to compare with"
                    .to_owned(),
            });
        }
        let expected = outcomes.into_iter().map(canonical).collect();
        let marked = value.get("race").and_then(Value::as_bool).unwrap_or(false);
        Ok(KvVector { race: marked || value.get("observed").is_none(), program, expected })
    }

    /// Judges the vector under the profile that its program names: a deterministic one under instant
    /// delivery and idle timers, a race under both delivery models and both timer rules.
    pub fn judge(&self, bounds: Bounds) -> Verdict {
        let mut outcomes = BTreeSet::new();
        for conditions in self.conditions() {
            let explored = self.program.explore(&conditions, bounds);
            if !explored.closed {
                return Verdict::Unfinished { states: explored.states };
            }
            outcomes.extend(explored.outcomes);
        }
        let missing = self.expected.difference(&outcomes).next();
        let extra: BTreeSet<String> = outcomes.difference(&self.expected).cloned().collect();
        match (missing, extra.first()) {
            (None, None) => Verdict::Passed { extra },
            (None, _) if self.race => Verdict::Passed { extra },
            (missing, got) => Verdict::Failed {
                expected: missing.or(self.expected.first()).cloned().unwrap_or_default(),
                got: got.cloned(),
                outcomes: outcomes.len(),
            },
        }
    }

    fn conditions(&self) -> Vec<Conditions> {
        let of = |delivery, timers| Conditions { delivery, timers, faults: 0 };
        let plain = of(Delivery::Instant, TimerRule::Idle);
        match self.race {
            false => vec![plain],
            true => vec![
                plain,
                of(Delivery::Instant, TimerRule::Any),
                of(Delivery::Pairwise, TimerRule::Idle),
                of(Delivery::Pairwise, TimerRule::Any),
            ],
        }
    }
}
