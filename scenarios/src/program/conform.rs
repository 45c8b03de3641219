//! Vectors: programs with what a real BEAM observed, and whether the world agrees.
//!
//! A deterministic vector must give its observation in every schedule under instant delivery with
//! idle timers. A race vector is explored under both delivery models and both timer rules: each
//! outcome that the BEAM showed must be reached. What is reached beside them is extra: the recorded
//! outcomes are a sample, so extra outcomes are counted and, one by one, explained or not.

use super::{
    explore::{Bounds, Explored, explore_under},
    kv::{self, KvProgram},
    model::Program,
    observe,
    parse::ProgramError,
    sup::{self, SupProgram},
};
use atropos::{
    plan::{Conditions, Delivery, TimerRule},
    process::{OTP_25, Profile, profile},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the BEAM ran: a program of one of the kinds.
#[derive(Clone, Debug)]
pub enum Subject {
    /// What actors do.
    Proc(Program),
    /// What is done to a tree of supervisors.
    Sup(SupProgram),
    /// What is done to the store of the Elixir guide.
    Kv(KvProgram),
}

impl Subject {
    fn from_value(value: &Value) -> Result<Subject, ProgramError> {
        match value.get("kind").and_then(Value::as_str) {
            Some("kv") => KvProgram::from_value(&program_of(value)).map(Subject::Kv),
            Some("sup") => SupProgram::from_value(&program_of(value)).map(Subject::Sup),
            _ => Program::from_value(&program_of(value)).map(Subject::Proc),
        }
    }

    /// The program as JSON, without what the BEAM made of it.
    ///
    /// # Panics
    /// If it is of kind `kv`: nobody makes these up.
    pub fn to_value(&self) -> Value {
        match self {
            Subject::Proc(program) => program.to_value(),
            Subject::Sup(program) => program.to_value(),
            Subject::Kv(_) => unreachable!("programs of kind kv are read and never written"),
        }
    }

    /// An observation in the form in which two of them are compared.
    pub fn canonical(&self, observed: &Value) -> String {
        match self {
            Subject::Proc(program) => observe::canonical(program, observed),
            Subject::Sup(program) => sup::canonical(program, observed),
            Subject::Kv(_) => kv::canonical(observed),
        }
    }

    /// Explores all schedules under a profile.
    pub fn explore_under(
        &self,
        profile: &'static Profile,
        conditions: &Conditions,
        bounds: Bounds,
    ) -> Explored {
        match self {
            Subject::Proc(program) => explore_under(program, profile, conditions, bounds),
            Subject::Sup(program) => program.explore_under(profile, conditions, bounds),
            Subject::Kv(program) => program.explore_under(profile, conditions, bounds),
        }
    }

    fn profile(&self) -> &'static Profile {
        let named = match self {
            Subject::Proc(program) => &program.profile,
            Subject::Sup(program) => &program.profile,
            Subject::Kv(program) => &program.profile,
        };
        profile(named).unwrap_or(&OTP_25)
    }

    /// Whether nobody orders what it does, whatever the recording says: one outcome in twenty runs is
    /// then a habit of the BEAM and no rule.
    fn is_race(&self) -> bool {
        match self {
            Subject::Proc(_) | Subject::Kv(_) => false,
            Subject::Sup(program) => program.is_race(),
        }
    }

    /// Whether a timer may fire before its time makes a difference that is worth its states.
    fn knows_time(&self) -> bool {
        match self {
            Subject::Proc(_) | Subject::Kv(_) => true,
            Subject::Sup(program) => program.knows_time(),
        }
    }
}

/// A vector that can be judged.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What the BEAM ran.
    pub subject: Subject,
    /// Several outcomes are legal.
    pub race: bool,
    /// What the BEAM observed, in canonical form; one outcome unless it is a race.
    pub expected: BTreeSet<String>,
}

/// What became of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The world agrees. `extra` are outcomes that the vector does not list.
    Passed {
        /// In canonical form.
        extra: BTreeSet<String>,
    },
    /// The world does something else.
    Failed {
        /// An outcome of the BEAM.
        expected: String,
        /// What the world came to instead: the outcome most like it.
        got: Option<String>,
        /// How many outcomes the world came to.
        outcomes: usize,
    },
    /// The exploration came to its bound.
    Unfinished {
        /// The states seen.
        states: u64,
    },
}

impl Vector {
    /// Reads a vector from its JSON line.
    ///
    /// # Errors
    /// If it is no program of its kind, or carries no observation.
    pub fn from_value(value: &Value) -> Result<Vector, ProgramError> {
        let subject = Subject::from_value(value)?;
        let outcomes: Vec<&Value> = match (value.get("observed"), value.get("observed_set")) {
            (Some(observed), _) => vec![observed],
            (None, Some(Value::Array(set))) => {
                set.iter().filter_map(|row| row.get("observed")).collect()
            }
            _ => Vec::new(),
        };
        if outcomes.is_empty() {
            return Err(ProgramError {
                place: "the vector".to_owned(),
                reason: "it carries neither `observed` nor `observed_set`: nothing to compare with"
                    .to_owned(),
            });
        }
        let expected = outcomes.into_iter().map(|seen| subject.canonical(seen)).collect();
        let marked = value.get("race").and_then(Value::as_bool).unwrap_or(false);
        let race = marked || value.get("observed").is_none() || subject.is_race();
        Ok(Vector { subject, race, expected })
    }

    /// Judges the vector under the profile that its program names.
    pub fn judge(&self, bounds: Bounds) -> Verdict {
        self.judge_under(self.subject.profile(), bounds)
    }

    /// Judges the vector under another profile.
    pub fn judge_under(&self, profile: &'static Profile, bounds: Bounds) -> Verdict {
        let mut outcomes = BTreeSet::new();
        for conditions in self.conditions() {
            let explored = self.subject.explore_under(profile, &conditions, bounds);
            if !explored.closed {
                return Verdict::Unfinished { states: explored.states };
            }
            outcomes.extend(explored.outcomes);
        }
        let missing = self.expected.iter().find(|outcome| !outcomes.contains(*outcome));
        let extra: BTreeSet<String> = outcomes.difference(&self.expected).cloned().collect();
        match missing {
            Some(expected) => failed(expected, &outcomes),
            None if !self.race && !extra.is_empty() => {
                failed(self.expected.first().expect("one outcome at least"), &extra)
            }
            None => Verdict::Passed { extra },
        }
    }

    fn conditions(&self) -> Vec<Conditions> {
        let deliveries: &[Delivery] = match self.race {
            true => &[Delivery::Instant, Delivery::Pairwise],
            false => &[Delivery::Instant],
        };
        let timers: &[TimerRule] = match self.race && self.subject.knows_time() {
            true => &[TimerRule::Idle, TimerRule::Any],
            false => &[TimerRule::Idle],
        };
        let both = deliveries.iter().flat_map(|&delivery| {
            timers.iter().map(move |&timers| Conditions {
                delivery,
                timers,
                faults: 0,
                ..Conditions::PLAIN
            })
        });
        both.collect()
    }
}

/// A vector may carry more than a program does: what it was recorded with, remarks.
fn program_of(vector: &Value) -> Value {
    const KEYS: [&str; 10] = [
        "id",
        "rule",
        "about",
        "kind",
        "profile",
        "tree",
        "variant",
        "program",
        "linger",
        "invariants",
    ];
    match vector {
        Value::Object(fields) => {
            let own = fields.iter().filter(|(key, _)| KEYS.contains(&key.as_str()));
            Value::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

fn failed(expected: &str, outcomes: &BTreeSet<String>) -> Verdict {
    Verdict::Failed {
        expected: expected.to_owned(),
        got: nearest(expected, outcomes).cloned(),
        outcomes: outcomes.len(),
    }
}

/// The outcome that shares the longest beginning with another.
fn nearest<'o>(wanted: &str, outcomes: &'o BTreeSet<String>) -> Option<&'o String> {
    let shared = |outcome: &&String| {
        outcome.bytes().zip(wanted.bytes()).take_while(|(ours, theirs)| ours == theirs).count()
    };
    outcomes.iter().max_by_key(shared)
}

/// Outcomes that are legal though no run of a BEAM has shown them, each with the reason why.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    rows: BTreeMap<(String, String), String>,
}

impl Allowed {
    /// Reads JSON lines of `{"id": .., "outcome": .., "why": ..}`; the outcome is in canonical form.
    ///
    /// # Errors
    /// With the number of a line, from 1, that is none.
    pub fn from_lines(text: &str) -> Result<Allowed, String> {
        let mut allowed = Allowed::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row: Option<((String, String), String)> =
                serde_json::from_str::<Value>(line).ok().and_then(|value| {
                    let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
                    let outcome = value.get("outcome")?.to_string();
                    Some(((text("id")?, outcome), text("why")?))
                });
            let (key, why) = row.filter(|(_, why)| !why.trim().is_empty()).ok_or_else(|| {
                format!("line {}: expected {{\"id\": .., \"outcome\": .., \"why\": ..}}", at + 1)
            })?;
            allowed.rows.insert(key, why);
        }
        Ok(allowed)
    }

    /// Why an outcome of a vector is legal, if somebody said so.
    pub fn why(&self, id: &str, outcome: &str) -> Option<&str> {
        self.rows.get(&(id.to_owned(), outcome.to_owned())).map(String::as_str)
    }

    /// Rows whose outcome no vector of these had as an extra one: they explain nothing any more.
    pub fn unused<'a>(
        &'a self,
        used: &'a BTreeSet<(String, String)>,
    ) -> impl Iterator<Item = &'a str> {
        self.rows.keys().filter(|key| !used.contains(key)).map(|(id, _)| id.as_str())
    }
}
