//! One outcome against the set of outcomes.

use atropos::{
    plan::{Conditions, Delivery, TimerRule},
    process::OTP_25,
};
use atropos_scenarios::program::{
    conform::Subject,
    explore::Bounds,
    model::{Act, CALL_TIMEOUT, Data, Op, STOP_TIMEOUT, ServerOp, Step},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the simulator reached.
#[derive(Clone, Debug)]
pub(crate) struct Reached {
    pub(crate) outcomes: BTreeSet<String>,
    /// Every interleaving was seen, or is the same as one that was.
    pub(crate) closed: bool,
    pub(crate) states: u64,
    pub(crate) runs: u64,
}

/// Explores a program: signals arrive as late as the language allows; timers fire when nothing else
/// moves and, if the program knows time at all, also at any time, since a real clock does not wait.
pub(crate) fn explore(program: &Subject, bounds: Bounds) -> Reached {
    let mut reached = Reached { outcomes: BTreeSet::new(), closed: true, states: 0, runs: 0 };
    for (delivery, timers) in conditions(program) {
        let conditions = Conditions { delivery, timers, faults: 0, ..Conditions::PLAIN };
        let explored = program.explore_under(&OTP_25, &conditions, bounds);
        reached.outcomes.extend(explored.outcomes);
        reached.closed &= explored.closed;
        reached.states += explored.states;
        reached.runs += explored.runs;
    }
    reached
}

/// Under what conditions a program is explored.
///
/// A tree of supervisors takes many steps. A program in which each step begins at rest and has one
/// cause is explored under instant delivery, a race under pairwise delivery. Its times lie far apart
/// (2 or 3 ms, 200 ms, 5 s): timers fire in the order of their deadlines.
fn conditions(program: &Subject) -> Vec<(Delivery, TimerRule)> {
    let (race, times_race) = match program {
        Subject::Proc(program) => (true, program.steps.iter().any(step_knows_time)),
        Subject::Sup(program) => (program.is_race(), false),
        Subject::Kv(_) => (true, true),
    };
    let delivery = if race { Delivery::Pairwise } else { Delivery::Instant };
    let any_time = times_race.then_some((delivery, TimerRule::Any));
    std::iter::once((delivery, TimerRule::Idle)).chain(any_time).collect()
}

fn step_knows_time(step: &Step) -> bool {
    match step {
        Step::Wait { .. } => true,
        Step::One { command, .. } => knows_time(&command.op),
        Step::Par { commands, .. } => commands.iter().any(|command| knows_time(&command.op)),
    }
}

fn knows_time(op: &Op) -> bool {
    match &op.act {
        Act::Seq(ops) => ops.iter().any(knows_time),
        Act::Spawn(spawn) => spawn.body.iter().any(knows_time),
        Act::Recv { after, .. } => after.is_some(),
        Act::SendAfter(_) | Act::StartTimer(_) | Act::Sleep { .. } => true,
        Act::Server(op) => server_knows_time(op),
        Act::Task(_) => true,
        _ => false,
    }
}

/// Whether something in it lasts, or has a limit that can be reached; a usual time limit cannot.
fn server_knows_time(op: &ServerOp) -> bool {
    let word = |data: &Data, word: &str| match data {
        Data::Tuple(parts) => parts.first() == Some(&Data::Atom(word.to_owned())),
        _ => false,
    };
    match op {
        ServerOp::Start(start) => start.link || word(&start.terminate, "slow"),
        ServerOp::Call { timeout, .. } => *timeout < CALL_TIMEOUT,
        ServerOp::Cast { request, .. } => word(request, "sleep"),
        ServerOp::Stop(stop) => stop.timeout < STOP_TIMEOUT,
    }
}

/// An outcome of the simulator, and in what it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Near {
    pub(crate) outcome: String,
    /// Where, what the BEAM has there, what the simulator; `-` for nothing.
    pub(crate) differences: Vec<[String; 3]>,
}

/// The outcomes that differ in the fewest places.
pub(crate) fn nearest(outcome: &str, reached: &BTreeSet<String>, count: usize) -> Vec<Near> {
    let of_beam = leaves(outcome);
    let near = |outcome: &String| {
        let differences = differences(&of_beam, &leaves(outcome));
        Near { outcome: outcome.clone(), differences }
    };
    let mut all: Vec<Near> = reached.iter().map(near).collect();
    all.sort_by_key(|near| near.differences.len());
    all.truncate(count);
    all
}

type Leaves = BTreeMap<String, String>;

fn differences(of_beam: &Leaves, of_simulator: &Leaves) -> Vec<[String; 3]> {
    let places: BTreeSet<&String> = of_beam.keys().chain(of_simulator.keys()).collect();
    let at = |leaves: &Leaves, place| leaves.get(place).map_or("-", String::as_str).to_owned();
    let rows = places
        .into_iter()
        .map(|place| [place.clone(), at(of_beam, place), at(of_simulator, place)]);
    rows.filter(|[_, beam, simulator]| beam != simulator).collect()
}

/// The parts of an outcome: results of steps, facts of processes.
fn leaves(outcome: &str) -> Leaves {
    let mut into = Leaves::new();
    let value = serde_json::from_str(outcome).unwrap_or(Value::Null);
    gather(String::new(), &value, &mut into);
    into
}

fn gather(place: String, value: &Value, into: &mut Leaves) {
    match value {
        Value::Object(fields) if !fields.contains_key("raise") && !fields.is_empty() => {
            for (key, value) in fields {
                let dot = if place.is_empty() { "" } else { "." };
                gather(format!("{place}{dot}{key}"), value, into);
            }
        }
        Value::Array(parts) if place == "steps" => {
            for (at, value) in parts.iter().enumerate() {
                gather(format!("{place}[{at}]"), value, into);
            }
        }
        value => {
            into.insert(place, value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_nearest_outcome_differs_least() {
        let beam = json!({ "steps": [1, 2, 3], "exits": {} }).to_string();
        let far = json!({ "steps": [0, 0, 0], "exits": {} }).to_string();
        let near = json!({ "steps": [1, 2, 0], "exits": {} }).to_string();
        let found = nearest(&beam, &BTreeSet::from([far, near.clone()]), 1);
        let difference = ["steps[2]", "3", "0"].map(str::to_owned);
        assert_eq!(found, [Near { outcome: near, differences: vec![difference] }]);
    }
}
