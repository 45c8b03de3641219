//! One run as data: enough to play it again, anywhere.

use crate::{
    decisions::{Decisions, Divergence, Mismatch, Recorded, Tape},
    invariant::{Invariants, NO_LIVELOCK, Violation},
    plan::Conditions,
    scenario::{Scenario, Variant, variant},
    scheduler::{self, End, Record},
    timeline::{Entry, Timeline},
    trace::{Digest, digest_bytes},
    world::World,
};
use serde::{Deserialize, Serialize};

/// A run, by its decisions and all that they rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The scenario's name.
    pub scenario: String,
    /// The variant's name.
    pub variant: String,
    /// The invariant that the run violates; none for a run that holds.
    pub invariant: Option<String>,
    /// The conditions of the run.
    pub conditions: Conditions,
    /// Its step limit.
    pub step_limit: u32,
    /// Its workload, encoded by [`encode`].
    pub workload: Vec<u8>,
    /// Its decisions.
    pub tape: Tape,
    /// What its trace must come to, see [`Digest::check`].
    pub check: u32,
}

/// A workload as bytes (postcard).
///
/// # Panics
/// If an operation's `Serialize` fails, which one derived for plain data never does.
pub fn encode<Op: Serialize>(workload: &[Op]) -> Vec<u8> {
    postcard::to_stdvec(workload).expect("a workload is plain data")
}

/// A workload from its bytes; `None` if they are not one.
pub fn decode<Op: for<'d> Deserialize<'d>>(bytes: &[u8]) -> Option<Vec<Op>> {
    match postcard::take_from_bytes(bytes) {
        Ok((workload, [])) => Some(workload),
        _ => None,
    }
}

/// A workload from its bytes, if it is one of this scenario.
pub(crate) fn workload_of<S: Scenario>(scenario: &S, bytes: &[u8]) -> Option<Vec<S::Op>> {
    decode(bytes).filter(|workload: &Vec<S::Op>| scenario.is_valid(workload))
}

/// What came of a case that was played.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The violation, if there was one.
    pub violation: Option<Violation>,
    /// Where the run left its tape, or came to another result than the case says.
    pub divergence: Option<Divergence>,
    /// How many steps it took.
    pub steps: u64,
    /// How many processes, channels and timers moved.
    pub movers: usize,
    /// The names of the points reached.
    pub reached: Vec<&'static str>,
    /// The digest of its trace.
    pub digest: Digest,
    /// What happened.
    pub timeline: Timeline,
}

/// Why a case cannot be played at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// The scenario has no such variant.
    NoVariant,
    /// The workload is not one of the scenario.
    BadWorkload,
    /// The scenario has no such invariant.
    NoInvariant,
}

/// One scenario set up to play single runs.
pub struct Player<'s, S: Scenario> {
    scenario: &'s S,
    variant: &'s Variant,
    pub(crate) world: S::World,
    pub(crate) invariants: Invariants<S::World>,
    pub(crate) record: Record,
    /// What was aimed at last.
    target: Option<String>,
}

impl<'s, S: Scenario> Player<'s, S> {
    /// A player of a variant.
    pub fn new(scenario: &'s S, variant: &'s Variant) -> Self {
        let mut player = Player {
            scenario,
            variant,
            world: scenario.world(variant),
            invariants: Invariants::new(scenario.invariants(variant)),
            record: Record::default(),
            target: None,
        };
        player.arm();
        player
    }

    /// Arms what may end a run that looks for `target`: of the invariants that the variant is
    /// expected to break only that one, and all others.
    pub fn aim(&mut self, target: Option<&str>) {
        if self.target.as_deref() != target {
            self.target = target.map(str::to_owned);
            self.arm();
        }
    }

    fn arm(&mut self) {
        let (expected, target) = (&self.variant.expectation, self.target.as_deref());
        self.invariants.arm(|name| !expected.allows(name) || Some(name) == target);
    }

    /// Sets the world up for a run.
    pub fn set_up(&mut self, conditions: &Conditions, workload: &[S::Op], arrivals: bool) {
        self.world.reset(conditions, arrivals);
        self.scenario.start(self.variant, workload, &mut self.world);
    }

    /// Plays a tape, to the letter or where it fits.
    pub fn play(
        &mut self,
        conditions: &Conditions,
        workload: &[S::Op],
        tape: &mut Recorded<'_>,
        limit: u32,
    ) -> End {
        self.drive((conditions, workload), false, tape, limit)
    }

    /// Plays what any source decides; `arrivals` says whether it wants to be told of them.
    pub(crate) fn drive<D: Decisions>(
        &mut self,
        (conditions, workload): (&Conditions, &[S::Op]),
        arrivals: bool,
        source: &mut D,
        limit: u32,
    ) -> End {
        self.set_up(conditions, workload, arrivals);
        scheduler::run(&mut self.world, source, &self.invariants, limit, &mut self.record)
    }

    /// True for an invariant that a run of this variant can violate.
    pub(crate) fn knows(&self, invariant: &str) -> bool {
        invariant == NO_LIVELOCK || self.invariants.all().iter().any(|inv| inv.name == invariant)
    }

    /// What came of the last run.
    pub(crate) fn came_to(
        &self,
        violation: Option<Violation>,
        divergence: Option<Divergence>,
    ) -> Replay {
        let mut movers: Vec<_> =
            self.tape().segments.into_iter().map(|segment| segment.who).collect();
        movers.sort();
        movers.dedup();
        Replay {
            violation,
            divergence,
            steps: self.record.tape.len() as u64,
            movers: movers.len(),
            reached: self.reached(),
            digest: self.record.trace.digest(),
            timeline: self.timeline(),
        }
    }

    /// The last run as data: it was set up so, and violated this invariant, if any.
    pub(crate) fn case(
        &self,
        (conditions, step_limit): (Conditions, u32),
        workload: &[S::Op],
        invariant: Option<String>,
    ) -> Case {
        Case {
            scenario: self.scenario.name().to_owned(),
            variant: self.variant.name.clone().into_owned(),
            invariant,
            conditions,
            step_limit,
            workload: encode(workload),
            tape: self.tape(),
            check: self.record.trace.digest().check(),
        }
    }

    /// The decisions of the last run by name.
    pub fn tape(&self) -> Tape {
        self.record.tape.named(&self.world)
    }

    /// The last run as lines.
    pub fn timeline(&self) -> Timeline {
        let Record { trace, tape, .. } = &self.record;
        let mut timeline = Timeline::default();
        for step in 0..tape.len() {
            let events =
                tape.events_before(step, trace.len())..tape.events_before(step + 1, trace.len());
            let lines = events.filter_map(|at| self.world.line(trace.at(at)));
            timeline.entries.extend(lines.map(|line| Entry { step: step as u32 + 1, line }));
        }
        timeline
    }

    /// The names of the points that the last run reached.
    pub fn reached(&self) -> Vec<&'static str> {
        let all = self.invariants.all().iter().enumerate();
        all.filter(|(i, _)| self.record.reached >> i & 1 == 1)
            .map(|(_, point)| point.name)
            .collect()
    }
}

/// A player for a case and the case's workload, or why there is none.
pub(crate) fn prepared<'s, S: Scenario>(
    scenario: &'s S,
    case: &Case,
) -> Result<(Player<'s, S>, Vec<S::Op>), Unplayable> {
    let variant = variant(scenario, &case.variant).ok_or(Unplayable::NoVariant)?;
    let workload = workload_of(scenario, &case.workload).ok_or(Unplayable::BadWorkload)?;
    let mut player = Player::new(scenario, variant);
    if case.invariant.as_deref().is_some_and(|name| !player.knows(name)) {
        return Err(Unplayable::NoInvariant);
    }
    player.aim(case.invariant.as_deref());
    Ok((player, workload))
}

/// Plays a case to the letter and says what came of it.
pub fn replay<S: Scenario>(scenario: &S, case: &Case) -> Result<Replay, Unplayable> {
    let (mut player, workload) = prepared(scenario, case)?;
    let mut tape = Recorded::strict(&case.tape);
    let end = player.play(&case.conditions, &workload, &mut tape, case.step_limit);
    let violation = end.violation();
    let digest = player.record.trace.digest();
    let steps = player.record.tape.len() as u64;
    let divergence = tape.divergence().or_else(|| {
        let found = violation.as_ref().map(|violation| violation.invariant.as_str());
        if found != case.invariant.as_deref() {
            let text =
                found.map_or("everything held".to_owned(), |name| format!("{name} was violated"));
            Some(Divergence { step: steps, mismatch: Mismatch::Verdict(text) })
        } else if digest.check() != case.check {
            Some(Divergence { step: steps, mismatch: Mismatch::Events })
        } else {
            None
        }
    });
    Ok(player.came_to(violation, divergence))
}

/// The case of a variant's fixed workload under the canonical schedule: no seed is involved.
pub fn canonical<S: Scenario>(scenario: &S, variant: &Variant, conditions: Conditions) -> Case {
    let mut player = Player::new(scenario, variant);
    player.aim(None);
    let conditions = crate::scenario::conditions(scenario, variant, conditions);
    let workload = scenario.fixed(variant);
    let step_limit = crate::plan::Spec::DEFAULT_STEP_LIMIT;
    let empty = Tape::default();
    let end = player.play(&conditions, &workload, &mut Recorded::lenient(&empty), step_limit);
    let invariant = end.violation().map(|violation| violation.invariant);
    player.case((conditions, step_limit), &workload, invariant)
}

/// What a case rests on besides its own data: 16 bits that change when the semantics of the
/// scenario or its world change, and do not when only random number generation does.
///
/// It is the digest of canonical runs, so nobody has to remember to bump a version.
pub fn fingerprint<S: Scenario>(scenario: &S, variant: &Variant) -> u16 {
    use crate::plan::{Delivery, Scheduler, Tasks};
    let mut bytes = Vec::new();
    let mut add = |conditions: Conditions| {
        let case = canonical(scenario, variant, conditions);
        bytes.extend(case.check.to_le_bytes());
        bytes.extend(case.workload);
    };
    for delivery in [Delivery::Instant, Delivery::Pairwise] {
        add(Conditions { delivery, ..Conditions::default() });
    }
    if S::World::known(Conditions::default()).tasks.is_some() {
        let many = Tasks { scheduler: Scheduler::MultiThread, ..Tasks::default() };
        add(Conditions { tasks: Some(many), ..Conditions::default() });
    }
    for invariant in scenario.invariants(variant) {
        bytes.extend(invariant.name.bytes());
    }
    digest_bytes(&bytes).0 as u16
}
