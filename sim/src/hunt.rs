//! The hunt: run after run of one variant, a block at a time, until something breaks.
//!
//! A block is 64 runs of one workload. All that a strategy learns lives and dies within it, so
//! blocks can be hunted in any order, on any thread or machine, and tell the same. Every failure is
//! run twice before it is told, and so is one in a hundred of the runs that hold: a run that is not
//! a function of its plan is a finding of its own.

use crate::{
    case::{Case, Player},
    decisions::{Draws, Purpose, RunIndex, Seeded},
    invariant::Violation,
    plan::{Plan, Spec},
    scenario::{self, Scenario, Variant},
    scheduler::{End, Record},
    trace::{Digest, digest_words},
    world::World,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A violation and the run that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What was violated.
    pub violation: Violation,
    /// The run as data.
    pub case: Case,
    /// The plan that found it.
    pub plan: Plan,
}

/// A run that was not the same the second time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unstable {
    /// Its plan.
    pub plan: Plan,
    /// The first step, from 1, that differs.
    pub step: u64,
    /// How that step differs: the event of the first run and of the second.
    pub events: [Option<String>; 2],
}

/// What a block came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockReport {
    /// Which block.
    pub block: u64,
    /// How many runs.
    pub runs: u64,
    /// How many steps in all.
    pub steps: u64,
    /// The points reached, one bit each by place in the list of invariants.
    pub reached: u64,
    /// How often each invariant was violated.
    pub violated: BTreeMap<String, u64>,
    /// The first violation of each invariant, in the order of runs.
    pub found: Vec<Found>,
    /// The first run that was not the same the second time.
    pub unstable: Option<Unstable>,
    /// The digest of the digests of all runs.
    pub digest: Digest,
}

/// One in this many runs that hold is run again.
const PROBE: u64 = 100;

/// A hunter of one variant.
pub struct Hunt<'s, S: Scenario> {
    scenario: &'s S,
    variant: &'s Variant,
    spec: Spec,
    player: Player<'s, S>,
    decisions: Seeded,
    /// The first of two runs that are compared, kept so that its memory is reused.
    first: Record,
    /// The longest run of the block so far.
    longest: u32,
}

impl<'s, S: Scenario> Hunt<'s, S> {
    /// A hunter of a variant under a spec.
    pub fn new(scenario: &'s S, variant: &'s Variant, spec: Spec) -> Self {
        Hunt {
            scenario,
            variant,
            spec,
            player: Player::new(scenario, variant),
            decisions: Seeded::new(spec.seed),
            first: Record::default(),
            longest: 0,
        }
    }

    /// The workload of a block: what the story tells in block 0, drawn from the seed elsewhere.
    pub fn workload(&self, block: u64) -> Vec<S::Op> {
        if block == 0 {
            return self.scenario.fixed(self.variant);
        }
        let index = RunIndex { block, run: 0 };
        let seed = Draws::new(self.spec.seed, index, Purpose::Workload).seed();
        self.scenario.workload(self.variant, seed)
    }

    /// Hunts through the first `runs` runs of a block.
    pub fn block(&mut self, block: u64, runs: u32) -> BlockReport {
        let workload = self.workload(block);
        let mut report = BlockReport {
            block,
            runs: 0,
            steps: 0,
            reached: 0,
            violated: BTreeMap::new(),
            found: Vec::new(),
            unstable: None,
            digest: Digest(0),
        };
        let mut digests = Vec::with_capacity(2 * runs as usize);
        self.longest = 0;
        for plan in self.spec.block(block).into_iter().take(runs as usize) {
            let digest = self.one(plan, &workload, &mut report);
            digests.extend([digest.0 as u64, (digest.0 >> 64) as u64]);
        }
        report.digest = digest_words(&digests);
        report
    }

    /// Plays the run of a block and run number and leaves it in the player.
    pub fn replay(&mut self, index: RunIndex) -> (Plan, End) {
        let runs = index.run + 1;
        let workload = self.workload(index.block);
        self.longest = 0;
        let mut last = None;
        for plan in self.spec.block(index.block).into_iter().take(runs as usize) {
            let plan = self.narrowed(plan);
            let end = self.run(&plan, &workload, self.longest);
            self.longest = self.longest.max(self.player.record.tape.len() as u32);
            last = Some((plan, end));
        }
        last.expect("a block has at least one run")
    }

    /// The last run as data.
    pub fn case(&self, plan: &Plan, workload: &[S::Op], violation: Option<&Violation>) -> Case {
        let invariant = violation.map(|violation| violation.invariant.clone());
        self.player.case((plan.conditions, plan.step_limit), workload, invariant)
    }

    /// The player, holding the last run.
    pub fn player(&self) -> &Player<'s, S> {
        &self.player
    }

    fn narrowed(&self, mut plan: Plan) -> Plan {
        plan.conditions = scenario::conditions(self.scenario, self.variant, plan.conditions);
        plan
    }

    /// Of several invariants that a variant breaks, each run looks for one, by rotation.
    fn target(&self, run: u32) -> Option<&'static str> {
        let breaks = self.variant.expectation.breaks();
        breaks.get(run as usize % breaks.len().max(1)).copied()
    }

    fn run(&mut self, plan: &Plan, workload: &[S::Op], expected: u32) -> End {
        self.player.aim(self.target(plan.index.run));
        self.decisions.start(plan.index, plan.strategy, expected, plan.step_limit);
        let (set_up, arrivals) = ((&plan.conditions, workload), plan.strategy.wants_arrivals());
        self.player.drive(set_up, arrivals, &mut self.decisions, plan.step_limit)
    }

    fn one(&mut self, plan: Plan, workload: &[S::Op], report: &mut BlockReport) -> Digest {
        let plan = self.narrowed(plan);
        let expected = self.longest;
        let end = self.run(&plan, workload, expected);
        let digest = self.player.record.trace.digest();
        let steps = self.player.record.tape.len() as u32;
        self.longest = self.longest.max(steps);
        report.runs += 1;
        report.steps += u64::from(steps);
        report.reached |= self.player.record.reached;
        if let End::Violated(violation) = &end {
            let count = report.violated.entry(violation.invariant.clone()).or_default();
            *count += 1;
            if *count == 1 {
                let case = self.case(&plan, workload, Some(violation));
                report.found.push(Found { violation: violation.clone(), case, plan });
            }
        }
        let failed = matches!(end, End::Violated(_));
        if report.unstable.is_none() && (failed || plan.index.number().is_multiple_of(PROBE)) {
            report.unstable = self.probe(&plan, workload, expected, digest);
        }
        digest
    }

    /// Runs a plan again and compares.
    fn probe(
        &mut self,
        plan: &Plan,
        workload: &[S::Op],
        expected: u32,
        digest: Digest,
    ) -> Option<Unstable> {
        std::mem::swap(&mut self.first, &mut self.player.record);
        self.run(plan, workload, expected);
        let (first, second) = (&self.first, &self.player.record);
        if second.trace.digest() == digest {
            return None;
        }
        let events = first.trace.len().max(second.trace.len());
        let event = |trace: &crate::trace::Trace, at| (at < trace.len()).then(|| trace.at(at));
        let at = (0..events).find(|&at| event(&first.trace, at) != event(&second.trace, at))?;
        let before = |step| second.tape.events_before(step, usize::MAX);
        let step = (0..second.tape.len()).take_while(|&step| before(step) <= at).count() as u64;
        let text = |trace| {
            let line = event(trace, at).and_then(|event| self.player.world.line(event));
            line.map(|line| format!("{}: {}", line.who, line.text))
        };
        Some(Unstable { plan: *plan, step, events: [text(&first.trace), text(&second.trace)] })
    }
}
