//! Whether a scenario holds in every schedule of a workload: one of each class, invariants watched.
//!
//! What is proved is told with its bound: this workload, these conditions, schedules of at most so
//! many steps. The first violation ends the search; it is a run like any other, as data.

use super::dpor::{self, Bounds, Draws, Reduced, Steps};
use crate::{
    case::{Case, Player},
    decisions::{Decisions, Names},
    footprint::Footprint,
    invariant::Violation,
    moves::{Move, MoveSet},
    plan::Conditions,
    scenario::{Scenario, Variant},
    scheduler::{self, End},
    world::World,
};

/// What a check came to.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What the search covered.
    pub reduced: Reduced,
    /// The first violation and the run that shows it.
    pub found: Option<(Violation, Case)>,
    /// The points reached, one bit each by place in the list of invariants.
    pub reached: u64,
    /// The longest schedule, in steps.
    pub longest: u64,
}

/// Runs one schedule of each class of a workload. `goes_on` is asked after each schedule with how
/// many there were; false ends the search.
pub fn check<S: Scenario>(
    scenario: &S,
    variant: &Variant,
    (conditions, workload): (Conditions, &[S::Op]),
    bounds: Bounds,
    goes_on: impl FnMut(u64) -> bool,
) -> Proof {
    let conditions = scenario.conditions(variant, conditions);
    let mut player = Player::new(scenario, variant);
    // Whatever the variant is expected to break may end it.
    player.invariants.arm(|_| true);
    let reads = player.invariants.read_anything().then(Footprint::default);
    let mut checked = Checked {
        conditions,
        workload,
        steps: bounds.steps,
        player,
        reads,
        goes_on,
        executions: 0,
        proof: Proof { reduced: Reduced::default(), found: None, reached: 0, longest: 0 },
    };
    let reduced = dpor::explore(&mut checked, dpor::Reduction::Optimal, bounds);
    Proof { reduced, ..checked.proof }
}

struct Checked<'s, S: Scenario, G> {
    conditions: Conditions,
    workload: &'s [S::Op],
    /// The longest schedule.
    steps: u32,
    player: Player<'s, S>,
    /// What invariants read of a step, if any of them declares it.
    reads: Option<Footprint>,
    goes_on: G,
    executions: u64,
    proof: Proof,
}

impl<S: Scenario, G> Checked<'_, S, G> {
    fn violated(&mut self, violation: Violation) {
        let invariant = Some(violation.invariant.clone());
        let case = self.player.case((self.conditions, self.steps), self.workload, invariant);
        self.proof.found.get_or_insert((violation, case));
    }
}

impl<S: Scenario, G: FnMut(u64) -> bool> Steps for Checked<'_, S, G> {
    type World = S::World;

    fn start(&mut self) {
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

    fn ended(&mut self) -> bool {
        self.executions += 1;
        self.proof.reached |= self.player.record.reached;
        self.proof.longest = self.proof.longest.max(self.player.record.tape.len() as u64);
        let Player { world, invariants, .. } = &mut self.player;
        if self.proof.found.is_none()
            && !scheduler::can_move(world)
            && let Some(violation) = invariants.settled(world)
        {
            self.violated(violation);
        }
        self.proof.found.is_none() && (self.goes_on)(self.executions)
    }
}

/// One move, and what it draws.
struct Told<'d> {
    mv: Move,
    draws: &'d mut Draws,
}

impl Decisions for Told<'_> {
    fn next_move(&mut self, moves: &MoveSet, _: &dyn Names) -> Option<usize> {
        moves.position(self.mv)
    }

    fn value(&mut self, options: u32) -> u32 {
        self.draws.value(options)
    }
}
