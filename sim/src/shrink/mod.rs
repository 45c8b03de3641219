//! From a failure as found to one that a person can read.
//!
//! Every candidate goes through one gate: it is played, it must violate the same invariant, and
//! it must be smaller under one stated key. The passes only propose. What comes out is 1-minimal
//! under these passes, not proved minimal.
//!
//! The key, most important first, and why: instant before pairwise delivery and idle before any
//! timers, one thread before many and a full budget before less (a finding names what it needs), how many operations the workload has (a person
//! reads them first) and how many faults are allowed, what the operations are (simpler ones pay
//! although the schedule found for them is not yet short), movers (lanes to keep in mind), segments
//! (switches between lanes), steps, values, then the text, so that equals come out the same.

mod passes;

use crate::{
    case::{Player, decode, encode},
    decisions::{Recorded, Seeded, Tape},
    hunt::Found,
    plan::{Budget, Conditions, Delivery, Scheduler, TimerRule},
    scenario::{Scenario, variant},
    scheduler::{self, End},
    strategy::StrategyKind,
};

/// How much a shrink may cost.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// At most this many runs.
    pub tries: u64,
    /// At most this many steps in all of them: long runs are tried less often.
    pub steps: u64,
    /// Schedules tried by chance after a cut of the workload.
    pub chances: u32,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { tries: 4_000, steps: 10_000_000, chances: 6 }
    }
}

impl Effort {
    /// For a shrink that somebody asked for.
    pub const DEEP: Effort = Effort { tries: 100_000, steps: 1_000_000_000, chances: 60 };
}

/// A smaller failure.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The failure.
    pub found: Found,
    /// Runs that it took.
    pub tries: u64,
    /// Steps before and after.
    pub steps: (u64, u64),
    /// True if no pass could make it smaller; false if the effort ended first.
    pub complete: bool,
}

/// A run that fails as wanted.
#[derive(Clone, Debug)]
struct Failure<Op> {
    conditions: Conditions,
    workload: Vec<Op>,
    tape: Tape,
    key: Key,
}

type Key = ([bool; 4], usize, u32, Vec<u8>, usize, usize, u64, u64, String);

/// Where every candidate must pass.
struct Gate<'s, S: Scenario> {
    player: Player<'s, S>,
    invariant: String,
    step_limit: u32,
    effort: Effort,
    tries: u64,
    steps: u64,
    best: Failure<S::Op>,
}

/// Shrinks a failure. A failure that does not replay is returned as it is.
///
/// # Panics
/// If the failure is of another scenario.
pub fn shrink<S: Scenario>(scenario: &S, found: Found, effort: Effort) -> Shrunk {
    let variant = variant(scenario, &found.case.variant).expect("a failure of this scenario");
    let workload = decode::<S::Op>(&found.case.workload).expect("a workload of this scenario");
    let before = found.case.tape.steps();
    let mut player = Player::new(scenario, variant);
    player.aim(Some(&found.violation.invariant));
    let best = Failure {
        conditions: found.case.conditions,
        workload,
        tape: found.case.tape.clone(),
        key: key::<S>(&found.case.conditions, &[], &Tape::default()),
    };
    let mut gate = Gate {
        player,
        invariant: found.violation.invariant.clone(),
        step_limit: found.case.step_limit,
        effort,
        tries: 0,
        steps: 0,
        best,
    };
    let Some(first) =
        gate.judge(&gate.best.conditions.clone(), &gate.best.workload.clone(), &found.case.tape)
    else {
        return Shrunk { found, tries: gate.tries, steps: (before, before), complete: false };
    };
    gate.best = first;
    while !gate.is_spent() && passes::all(scenario, variant, &mut gate) {}
    let complete = !gate.is_spent();
    let tries = gate.tries;
    let found = gate.finish(found);
    let after = found.case.tape.steps();
    Shrunk { found, tries, steps: (before, after), complete }
}

impl<S: Scenario> Gate<'_, S> {
    fn is_spent(&self) -> bool {
        self.tries >= self.effort.tries || self.steps >= self.effort.steps
    }

    /// Plays a candidate leniently; a failure of the wanted kind comes back with its exact tape.
    fn judge(
        &mut self,
        conditions: &Conditions,
        workload: &[S::Op],
        tape: &Tape,
    ) -> Option<Failure<S::Op>> {
        self.tries += 1;
        let mut decisions = Recorded::lenient(tape).fair_from(self.step_limit / 2);
        let end = self.player.play(conditions, workload, &mut decisions, self.step_limit);
        self.steps += decisions.steps();
        self.failure(end, conditions, workload)
    }

    fn failure(
        &self,
        end: End,
        conditions: &Conditions,
        workload: &[S::Op],
    ) -> Option<Failure<S::Op>> {
        match end {
            End::Violated(violation) if violation.invariant == self.invariant => {
                let tape = self.player.tape();
                let key = key::<S>(conditions, workload, &tape);
                Some(Failure { conditions: *conditions, workload: workload.to_vec(), tape, key })
            }
            _ => None,
        }
    }

    /// Takes a candidate if it fails as wanted and is smaller.
    fn consider(&mut self, conditions: &Conditions, workload: &[S::Op], tape: &Tape) -> bool {
        if self.is_spent() {
            return false;
        }
        let failure = self.judge(conditions, workload, tape);
        self.take(failure)
    }

    fn take(&mut self, failure: Option<Failure<S::Op>>) -> bool {
        match failure {
            Some(failure) if failure.key < self.best.key => {
                self.best = failure;
                true
            }
            _ => false,
        }
    }

    /// Takes a smaller workload under the schedule so far, the canonical one, or some by chance.
    fn consider_workload(&mut self, conditions: &Conditions, workload: &[S::Op]) -> bool {
        let tape = self.best.tape.clone();
        self.consider(conditions, workload, &tape)
            || self.consider(conditions, workload, &Tape::default())
            || self.by_chance(conditions, workload)
    }

    fn by_chance(&mut self, conditions: &Conditions, workload: &[S::Op]) -> bool {
        let mut decisions = Seeded::new(0);
        for chance in 0..self.effort.chances {
            if self.is_spent() {
                return false;
            }
            self.tries += 1;
            let index = crate::decisions::RunIndex::nth(u64::from(chance));
            let kind = StrategyKind::of_run(chance);
            decisions.start(index, kind, self.best.tape.steps() as u32, self.step_limit);
            self.player.set_up(conditions, workload, kind.wants_arrivals());
            let Player { world, invariants, record, .. } = &mut self.player;
            let end = scheduler::run(world, &mut decisions, invariants, self.step_limit, record);
            self.steps += record.tape.len() as u64;
            let failure = self.failure(end, conditions, workload);
            if self.take(failure) {
                return true;
            }
        }
        false
    }

    /// The best failure as a case, played to the letter once more.
    fn finish(mut self, found: Found) -> Found {
        let Failure { conditions, workload, tape, .. } = self.best.clone();
        let mut strict = Recorded::strict(&tape);
        let end = self.player.play(&conditions, &workload, &mut strict, self.step_limit);
        let same = strict.divergence().is_none();
        match end {
            End::Violated(violation) if same && violation.invariant == self.invariant => {
                let mut case = found.case;
                case.conditions = conditions;
                case.workload = encode(&workload);
                case.tape = tape;
                case.check = self.player.record.trace.digest().check();
                Found { violation, case, plan: found.plan }
            }
            _ => found,
        }
    }
}

fn key<S: Scenario>(conditions: &Conditions, workload: &[S::Op], tape: &Tape) -> Key {
    let mut movers: Vec<_> = tape.segments.iter().map(|segment| &segment.who).collect();
    movers.sort();
    movers.dedup();
    (
        [
            conditions.delivery == Delivery::Pairwise,
            conditions.timers == TimerRule::Any,
            conditions.tasks.is_some_and(|tasks| tasks.scheduler == Scheduler::MultiThread),
            conditions.tasks.is_some_and(|tasks| tasks.budget != Budget::Full),
        ],
        workload.len(),
        conditions.faults,
        encode(workload),
        movers.len(),
        tape.segments.len(),
        tape.steps(),
        tape.values.iter().map(|&value| u64::from(value)).sum(),
        tape.to_string(),
    )
}
