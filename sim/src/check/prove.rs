//! Whether a scenario holds in every schedule of a workload, as far as a search goes.
//!
//! What is proved is told with its bound: this workload, these conditions, schedules of at most so
//! many steps, of at most so many preemptions. The first violation ends the search; it is a run like
//! any other, as data. A schedule that is cut goes on round-robin for as many steps again, or up to
//! the limit of a fuzzed run: one that still does not end is a livelock.

use super::{
    Covered, Engine, Progress, Search,
    dpor::{Draws, Steps},
    walk::Told,
};
use crate::{
    case::{Case, Player},
    decisions::{Ahead, Decisions, Names, round_robin},
    footprint::Footprint,
    invariant::{Invariants, Violation},
    moves::{Move, MoveSet},
    plan::{Conditions, Spec},
    scenario::{Scenario, Variant},
    scheduler::{self, End},
    world::World,
};

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What the search covered.
    pub covered: Covered,
    /// The conditions that it was run under: those asked for, as far as they make sense.
    pub conditions: Conditions,
    /// The first violation and the run that shows it.
    pub found: Option<(Violation, Case)>,
    /// The points reached, one bit each by place in the list of invariants.
    pub reached: u64,
    /// The longest schedule, in steps.
    pub longest: u64,
}

/// Searches the schedules of a workload. `goes_on` is asked after each with how far the search has
/// come; false ends it.
pub fn check<S: Scenario>(
    scenario: &S,
    variant: &Variant,
    (conditions, workload): (Conditions, &[S::Op]),
    search: Search,
    goes_on: impl FnMut(Progress) -> bool,
) -> Proof {
    let mut checked = Checked::new(scenario, variant, (conditions, workload), search, goes_on);
    let covered = search.run(&mut checked);
    checked.look_back();
    Proof { covered, ..checked.proof }
}

/// Counts the schedules of a workload, whatever they break.
pub fn count<S: Scenario>(
    scenario: &S,
    variant: &Variant,
    workload: (Conditions, &[S::Op]),
    search: Search,
) -> Covered {
    let mut checked = Checked::new(scenario, variant, workload, search, |_| true);
    checked.player.invariants.arm(|_| false);
    (checked.judges, checked.reads) = (false, None);
    search.run(&mut checked)
}

struct Checked<'s, S: Scenario, G> {
    conditions: Conditions,
    workload: &'s [S::Op],
    /// The longest schedule that is not cut.
    limit: u32,
    player: Player<'s, S>,
    /// None, for steps that were judged when they were played first.
    silent: Invariants<S::World>,
    /// What invariants read of a step, if any of them declares it.
    reads: Option<Footprint>,
    goes_on: G,
    /// False if schedules are only counted.
    judges: bool,
    proof: Proof,
}

impl<'s, S: Scenario, G> Checked<'s, S, G> {
    fn new(
        scenario: &'s S,
        variant: &'s Variant,
        (conditions, workload): (Conditions, &'s [S::Op]),
        search: Search,
        goes_on: G,
    ) -> Self {
        let conditions = crate::scenario::conditions(scenario, variant, conditions);
        let mut player = Player::new(scenario, variant);
        // Whatever the variant is expected to break may end it.
        player.invariants.arm(|_| true);
        // States need no footprints.
        let observes = search.engine != Engine::States && player.invariants.read_anything();
        let covered = Covered::default();
        Checked {
            conditions,
            workload,
            limit: search.steps,
            player,
            silent: Invariants::new(Vec::new()),
            reads: observes.then(Footprint::default),
            goes_on,
            judges: true,
            proof: Proof { covered, conditions, found: None, reached: 0, longest: 0 },
        }
    }

    fn violated(&mut self, violation: Violation) {
        let invariant = Some(violation.invariant.clone());
        let limit = self.limit.max(self.player.record.tape.len() as u32);
        let case = self.player.case((self.conditions, limit), self.workload, invariant);
        self.proof.found.get_or_insert((violation, case));
    }

    /// Notes what the run before has shown.
    fn look_back(&mut self) {
        let record = &self.player.record;
        self.proof.reached |= record.reached;
        self.proof.longest =
            self.proof.longest.max(record.tape.len().min(self.limit as usize) as u64);
    }

    /// A run that was cut goes on, each in turn, for as many steps again, and as far as a fuzzed run.
    fn go_on_fairly(&mut self) -> Option<Violation> {
        let limit = self.limit.saturating_mul(2).max(Spec::DEFAULT_STEP_LIMIT);
        let Player { world, invariants, record, .. } = &mut self.player;
        let mut fair = Fair { last: Move(0) };
        while record.tape.len() < limit as usize {
            match scheduler::step(world, &mut fair, invariants, record) {
                Some(End::Violated(violation)) => return Some(violation),
                Some(End::Settled | End::Stopped) => return None,
                None => {}
            }
        }
        scheduler::can_move(world).then(|| scheduler::livelock(world, &record.trace, limit))
    }
}

impl<S: Scenario, G: FnMut(Progress) -> bool> Steps for Checked<'_, S, G> {
    type World = S::World;

    fn start(&mut self) {
        self.look_back();
        self.player.set_up(&self.conditions, self.workload, false);
        self.player.record.clear();
    }

    fn world(&mut self) -> &mut S::World {
        &mut self.player.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        let Player { world, invariants, record, .. } = &mut self.player;
        let seen = record.trace.len();
        let end = scheduler::step(world, &mut Told { mv, draws }, invariants, record);
        if let Some(reads) = &mut self.reads {
            reads.clear();
            invariants.reads(world, record.trace.since(seen), reads);
            world.join(reads);
        }
        match end {
            Some(End::Violated(violation)) => {
                self.violated(violation);
                false
            }
            Some(End::Settled | End::Stopped) => false,
            None => true,
        }
    }

    fn again(&mut self, mv: Move, draws: &mut Draws) -> bool {
        if self.reads.is_some() {
            return self.play(mv, draws);
        }
        let Player { world, record, .. } = &mut self.player;
        scheduler::step(world, &mut Told { mv, draws }, &self.silent, record).is_none()
    }

    fn ended(&mut self) -> bool {
        if self.proof.found.is_some() || !self.judges {
            return !self.judges;
        }
        let violation = match scheduler::can_move(&mut self.player.world) {
            true => self.go_on_fairly(),
            false => self.player.invariants.settled(&self.player.world),
        };
        violation.into_iter().for_each(|violation| self.violated(violation));
        self.proof.found.is_none()
    }

    fn goes_on(&mut self, progress: Progress) -> bool {
        (self.goes_on)(progress)
    }
}

/// Each in turn.
struct Fair {
    last: Move,
}

impl Decisions for Fair {
    fn next_move(&mut self, moves: &MoveSet, _: &dyn Names) -> Option<usize> {
        let at = round_robin(moves, self.last);
        self.last = moves.all()[at];
        Some(at)
    }

    fn value(&mut self, _: u32) -> u32 {
        0
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::Harmless
    }
}
