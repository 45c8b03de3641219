//! The gate: a candidate is played, must fail as wanted, and must be smaller.
//!
//! None is played twice: what did not fail does not fail the next time, and what was not smaller than
//! the best is not smaller than a better one. Another failure that shows up is kept.

use super::{
    Effort, Ended, Shrunk,
    key::{By, Key},
};
use crate::{
    case::{Player, encode},
    check::counting::Counting,
    decisions::{Decisions, Recorded, RunIndex, Seeded, Tape},
    hunt::Found,
    invariant::Violation,
    plan::{Conditions, Plan},
    scenario::{Scenario, Variant},
    scheduler::End,
    strategy::StrategyKind,
    trace::digest_bytes,
};
use std::collections::{BTreeMap, BTreeSet};

/// A run that fails as wanted.
#[derive(Clone, Debug)]
pub(super) struct Failure<Op> {
    pub(super) conditions: Conditions,
    pub(super) workload: Vec<Op>,
    pub(super) tape: Tape,
    pub(super) preemptions: u32,
    pub(super) key: Key,
}

impl<Op: PartialEq> Failure<Op> {
    /// True if another failure is of the same workload under the same conditions.
    pub(super) fn is_of(&self, other: &Failure<Op>) -> bool {
        (&self.conditions, &self.workload) == (&other.conditions, &other.workload)
    }
}

/// Where every candidate must pass.
pub(super) struct Gate<'s, S: Scenario> {
    pub(super) scenario: &'s S,
    pub(super) variant: &'s Variant,
    pub(super) player: Player<'s, S>,
    pub(super) invariant: String,
    pub(super) step_limit: u32,
    pub(super) effort: Effort,
    pub(super) tries: u64,
    steps: u64,
    /// Points and steps of searches.
    pub(super) nodes: u64,
    pub(super) searched: u64,
    pub(super) best: Failure<S::Op>,
    by: By,
    /// Digests of the candidates that were judged.
    judged: BTreeSet<u128>,
    others: BTreeMap<String, Found>,
    plan: Plan,
    goes_on: &'s mut dyn FnMut() -> bool,
    stopped: bool,
}

impl<'s, S: Scenario> Gate<'s, S> {
    /// A gate for a failure; none if it does not fail as it says.
    pub(super) fn new(
        scenario: &'s S,
        variant: &'s Variant,
        found: &Found,
        workload: Vec<S::Op>,
        (effort, goes_on): (Effort, &'s mut dyn FnMut() -> bool),
    ) -> Option<Self> {
        let mut player = Player::new(scenario, variant);
        player.aim(Some(&found.violation.invariant));
        let (conditions, tape) = (found.case.conditions, found.case.tape.clone());
        let (by, preemptions) = (By::default(), u32::MAX);
        let key = Key::new(scenario, &conditions, &workload, &tape, (by, preemptions));
        let mut gate = Gate {
            scenario,
            variant,
            player,
            invariant: found.violation.invariant.clone(),
            step_limit: found.case.step_limit,
            effort,
            tries: 0,
            steps: 0,
            nodes: 0,
            searched: 0,
            best: Failure { conditions, workload: workload.clone(), tape, preemptions, key },
            by,
            judged: BTreeSet::new(),
            others: BTreeMap::new(),
            plan: found.plan,
            goes_on,
            stopped: false,
        };
        gate.best = gate.judge(&conditions, &workload, &found.case.tape)?;
        Some(gate)
    }

    /// From now on schedules are smaller by what the search proves: candidates are judged anew.
    pub(super) fn by_preemptions(&mut self) {
        self.by = By::Preemptions;
        self.judged.clear();
        let Failure { conditions, workload, tape, preemptions, .. } = &self.best;
        let by = (self.by, *preemptions);
        self.best.key = Key::new(self.scenario, conditions, workload, tape, by);
    }

    /// True if no more candidates may be played.
    pub(super) fn is_spent(&mut self) -> bool {
        self.tries >= self.effort.tries || self.steps >= self.effort.steps || !self.goes_on()
    }

    /// False from the moment on that somebody says so.
    pub(super) fn goes_on(&mut self) -> bool {
        self.stopped = self.stopped || !(self.goes_on)();
        !self.stopped
    }

    pub(super) fn why_spent(&self) -> Ended {
        if self.stopped { Ended::Stopped } else { Ended::EffortSpent }
    }

    /// Plays a candidate leniently; a failure of the wanted kind comes back with its exact tape.
    fn judge(
        &mut self,
        conditions: &Conditions,
        workload: &[S::Op],
        tape: &Tape,
    ) -> Option<Failure<S::Op>> {
        let mut decisions = Recorded::lenient(tape).fair_from(self.step_limit / 2);
        self.play((conditions, workload), false, &mut decisions)
    }

    /// Plays a candidate by any decisions.
    fn play(
        &mut self,
        (conditions, workload): (&Conditions, &[S::Op]),
        arrivals: bool,
        decisions: &mut impl Decisions,
    ) -> Option<Failure<S::Op>> {
        self.tries += 1;
        let mut counting = Counting::new(decisions);
        let set_up = (conditions, workload);
        let end = self.player.drive(set_up, arrivals, &mut counting, self.step_limit);
        let preemptions = counting.preemptions;
        self.steps += self.player.record.tape.len() as u64;
        match end {
            End::Violated(violation) if violation.invariant == self.invariant => {
                Some(self.failure(conditions, workload, preemptions))
            }
            End::Violated(violation) => {
                self.keep(violation, conditions, workload);
                None
            }
            End::Settled | End::Stopped => None,
        }
    }

    /// The run that the player has just played, which failed as wanted.
    fn failure(
        &self,
        conditions: &Conditions,
        workload: &[S::Op],
        preemptions: u32,
    ) -> Failure<S::Op> {
        let tape = self.player.tape();
        let key = Key::new(self.scenario, conditions, workload, &tape, (self.by, preemptions));
        Failure { conditions: *conditions, workload: workload.to_vec(), tape, preemptions, key }
    }

    /// Keeps another failure, which the player has just played, if it is the first of its invariant.
    pub(super) fn keep(
        &mut self,
        violation: Violation,
        conditions: &Conditions,
        workload: &[S::Op],
    ) {
        if self.others.contains_key(&violation.invariant) {
            return;
        }
        let name = violation.invariant.clone();
        let case = self.player.case((*conditions, self.step_limit), workload, Some(name.clone()));
        self.others.insert(name, Found { violation, case, plan: self.plan });
    }

    /// True the first time that it is asked of a candidate; one that no generator makes was judged.
    fn is_new(&mut self, conditions: &Conditions, workload: &[S::Op], how: &[u8]) -> bool {
        let mut bytes = encode(&[*conditions]);
        bytes.extend(encode(workload));
        bytes.extend(how);
        self.scenario.is_valid(workload) && self.judged.insert(digest_bytes(&bytes).0)
    }

    /// Takes a candidate if it fails as wanted and is smaller.
    pub(super) fn consider(
        &mut self,
        conditions: &Conditions,
        workload: &[S::Op],
        tape: &Tape,
    ) -> bool {
        if self.is_spent() || !self.is_new(conditions, workload, tape.to_string().as_bytes()) {
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

    /// Takes another schedule for the best workload, if it fails as wanted: the search knows why.
    pub(super) fn take_schedule(&mut self, tape: &Tape) -> bool {
        let Failure { conditions, workload, .. } = self.best.clone();
        let failure = self.judge(&conditions, &workload, tape);
        let same = failure.as_ref().is_some_and(|failure| failure.tape == *tape);
        if let (Some(failure), true) = (failure, same) {
            self.best = failure;
        }
        same
    }

    /// Takes a smaller workload under the schedule so far, the canonical one, or some by chance.
    pub(super) fn consider_workload(
        &mut self,
        conditions: &Conditions,
        workload: &[S::Op],
    ) -> bool {
        let tape = self.best.tape.clone();
        self.consider(conditions, workload, &tape)
            || self.consider(conditions, workload, &Tape::default())
            || self.by_chance(conditions, workload)
    }

    fn by_chance(&mut self, conditions: &Conditions, workload: &[S::Op]) -> bool {
        let expected = self.best.tape.steps() as u32;
        if !self.is_new(conditions, workload, format!("by chance {expected}").as_bytes()) {
            return false;
        }
        let mut decisions = Seeded::new(0);
        for chance in 0..self.effort.chances {
            if self.is_spent() {
                return false;
            }
            let index = RunIndex::nth(u64::from(chance));
            let kind = StrategyKind::of_run(chance);
            decisions.start(index, kind, expected, self.step_limit);
            let failure = self.play((conditions, workload), kind.wants_arrivals(), &mut decisions);
            if self.take(failure) {
                return true;
            }
        }
        false
    }

    /// The best failure as a case, played to the letter once more.
    pub(super) fn finish(mut self, found: Found, before: u64, ended: Ended) -> Shrunk {
        let Failure { conditions, workload, tape, preemptions, .. } = self.best.clone();
        let mut strict = Recorded::strict(&tape);
        let end = self.player.play(&conditions, &workload, &mut strict, self.step_limit);
        let same = strict.divergence().is_none();
        let others = self.others.into_values().collect();
        let (tries, nodes) = (self.tries, self.nodes);
        match end {
            End::Violated(violation) if same && violation.invariant == self.invariant => {
                let mut case = found.case;
                case.conditions = conditions;
                case.workload = encode(&workload);
                let steps = (before, tape.steps());
                case.tape = tape;
                case.check = self.player.record.trace.digest().check();
                let found = Found { violation, case, plan: found.plan };
                Shrunk { found, tries, nodes, steps, preemptions, ended, others }
            }
            _ => Shrunk { tries, nodes, others, ..Shrunk::untouched(found) },
        }
    }
}
