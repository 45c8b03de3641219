//! The nearest passing run: the same decisions but for one.
//!
//! From the last decision backwards each is taken in every other way: another of the moves that could
//! be played there, or another value. What follows is played where it still fits. The first run that
//! holds is the nearest, since it shares the most decisions with the failing one. Where none does, a
//! drawn run that holds and parts late stands for it ([`parted`]).

use super::Effort;
use crate::{
    case::{Case, Player},
    decisions::{Ahead, Decisions, Names, Recorded, Segment, Tape},
    moves::MoveSet,
    name::Name,
    scenario::Scenario,
    scheduler::End,
    timeline::{Entry, Timeline},
};
use serde::Serialize;

/// A decision, in one of the two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Who moves, by its name.
    pub name: Name,
    /// What happens then, line by line.
    pub lines: Vec<Entry>,
    /// The value that was drawn in it, where that is what differs.
    pub value: Option<u32>,
}

/// A run that passes, and the decision by which it differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passing {
    /// The step, from 1, of the decision.
    pub step: u32,
    /// What was decided there.
    pub failing: Turn,
    /// What would have been decided.
    pub passing: Turn,
    /// True if the run passes by this decision alone, the others being played where they fit; false if
    /// those behind it were drawn.
    pub alone: bool,
    /// The run that passes.
    pub case: Case,
}

/// What came of the search.
pub(super) struct Flips {
    pub(super) nearest: Option<Passing>,
    pub(super) tried: u64,
    pub(super) all: bool,
}

/// What could be decided otherwise.
enum Other {
    Move(Name),
    /// Which value of the tape, and what it could be.
    Value(usize, u32),
}

/// The options of each step of a run.
#[derive(Default)]
struct Options {
    /// Those who could move, in canonical order.
    movers: Vec<Name>,
    /// The values drawn in it: their place on the tape, and how many options each had.
    values: Vec<(usize, u32)>,
}

/// Looks for the nearest run that passes.
pub(super) fn nearest<S: Scenario>(
    player: &mut Player<'_, S>,
    workload: &[S::Op],
    case: &Case,
    effort: Effort,
    spent: &mut u64,
) -> Flips {
    let steps = options(player, workload, case);
    let failing = player.timeline();
    let movers: Vec<&Name> = case.tape.movers().collect();
    let mut flips = Flips { nearest: None, tried: 0, all: true };
    for (at, options) in steps.iter().enumerate().rev() {
        for other in others(options, movers[at], &case.tape) {
            if flips.tried >= effort.flips || *spent >= effort.steps {
                flips.all = false;
                return flips;
            }
            flips.tried += 1;
            let tape = changed(&case.tape, at, &other);
            let mut decisions = Recorded::lenient(&tape).fair_from(case.step_limit / 2);
            let end = player.play(&case.conditions, workload, &mut decisions, case.step_limit);
            *spent += decisions.steps();
            if end != End::Settled {
                continue;
            }
            let step = at as u32 + 1;
            let (name, values) = match &other {
                Other::Move(name) => (name.clone(), (None, None)),
                Other::Value(place, value) => {
                    (movers[at].clone(), (case.tape.values.get(*place).copied(), Some(*value)))
                }
            };
            let passing = player.timeline();
            flips.nearest = Some(Passing {
                step,
                failing: turn(movers[at], (&failing, step), values.0),
                passing: turn(&name, (&passing, step), values.1),
                alone: true,
                case: player.case((case.conditions, case.step_limit), workload, None),
            });
            return flips;
        }
    }
    flips
}

fn turn(name: &Name, (timeline, step): (&Timeline, u32), value: Option<u32>) -> Turn {
    Turn { name: name.clone(), lines: timeline.of_step(step).cloned().collect(), value }
}

/// A run that passes and shares the first decisions of a failing one: where they part. None if they
/// do not, or one ends where the other goes on.
pub(super) fn parted<S: Scenario>(
    player: &mut Player<'_, S>,
    workload: &[S::Op],
    case: &Case,
    other: &Case,
) -> Option<Passing> {
    let steps = options(player, workload, case);
    let failing = player.timeline();
    let mut decisions = Recorded::strict(&other.tape);
    player.drive((&case.conditions, workload), false, &mut decisions, case.step_limit);
    let passing = player.timeline();
    let pairs = case.tape.movers().zip(other.tape.movers());
    let (here, there) = (&case.tape.values, &other.tape.values);
    for (at, (options, (mine, others))) in steps.iter().zip(pairs).enumerate() {
        let drawn = options.values.iter().map(|&(place, _)| place);
        let value = drawn.into_iter().find(|&place| here.get(place) != there.get(place));
        if mine == others && value.is_none() {
            continue;
        }
        let value = value.filter(|_| mine == others);
        let step = at as u32 + 1;
        let drawn = |values: &[u32]| value.and_then(|place| values.get(place).copied());
        return Some(Passing {
            step,
            failing: turn(mine, (&failing, step), drawn(here)),
            passing: turn(others, (&passing, step), drawn(there)),
            alone: false,
            case: other.clone(),
        });
    }
    None
}

/// All other ways to take a decision; values of which there are many are tried at both ends.
fn others(options: &Options, mover: &Name, tape: &Tape) -> Vec<Other> {
    const MOST: u32 = 8;
    let moves = options.movers.iter().filter(|name| *name != mover).cloned().map(Other::Move);
    let values = options.values.iter().flat_map(|&(place, of)| {
        let now = tape.values.get(place).copied();
        let tried = (0..of.min(MOST)).chain(of.max(MOST).saturating_sub(1)..of);
        tried.filter(move |value| Some(*value) != now).map(move |value| Other::Value(place, value))
    });
    moves.chain(values).collect()
}

/// The tape with one decision taken otherwise.
fn changed(tape: &Tape, at: usize, other: &Other) -> Tape {
    match other {
        Other::Value(place, value) => {
            let mut tape = tape.clone();
            tape.values[*place] = *value;
            tape
        }
        Other::Move(name) => {
            let mut changed = Tape { segments: Vec::new(), values: tape.values.clone() };
            tape.movers().take(at).for_each(|mover| changed.push(mover.clone()));
            changed.push(name.clone());
            // A segment of its own, so that what is skipped later is skipped step by step.
            let rest = tape.movers().skip(at).cloned();
            changed.segments.extend(rest.map(|who| Segment { who, steps: 1 }));
            changed
        }
    }
}

/// What could be decided in each step of a run that is played to the letter.
fn options<S: Scenario>(
    player: &mut Player<'_, S>,
    workload: &[S::Op],
    case: &Case,
) -> Vec<Options> {
    let mut decisions =
        Seen { recorded: Recorded::strict(&case.tape), steps: Vec::new(), values: 0 };
    player.drive((&case.conditions, workload), false, &mut decisions, case.step_limit);
    decisions.steps
}

/// A tape that is followed, and what else could have been answered.
struct Seen<'t> {
    recorded: Recorded<'t>,
    steps: Vec<Options>,
    values: usize,
}

impl Decisions for Seen<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let mut movers: Vec<Name> = moves.all().iter().map(|&mv| names.name(mv)).collect();
        movers.sort();
        movers.dedup();
        self.steps.push(Options { movers, values: Vec::new() });
        self.recorded.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        if let Some(step) = self.steps.last_mut().filter(|_| options > 1) {
            step.values.push((self.values, options));
            self.values += 1;
        }
        self.recorded.value(options)
    }

    fn ahead(&mut self) -> Ahead {
        self.recorded.ahead()
    }
}
