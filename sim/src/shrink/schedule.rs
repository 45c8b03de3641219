//! The search for the least schedule of the workload that is left.

use super::gate::{Failure, Gate};
use crate::{
    case::Player,
    check::{
        Progress, Told,
        dpor::{Draws, Steps},
        least::{Cost, Least, Price, Reach, Sought, least},
    },
    invariant::{Invariants, NO_LIVELOCK, Violation},
    moves::Move,
    plan::Conditions,
    scenario::Scenario,
    scheduler::{self, End},
};

/// What a search came to; what it found stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Searched {
    /// It found a schedule that costs less than what stood before.
    pub(super) is_shorter: bool,
    /// What stands costs least.
    pub(super) is_proved: bool,
}

/// Looks for a schedule of fewer preemptions, or as many and fewer steps, under which the best
/// workload fails as wanted.
///
/// That a run does not end is no matter of a state, so there is no search for one.
pub(super) fn search<S: Scenario>(gate: &mut Gate<'_, S>) -> Searched {
    let steps = gate.effort.searched.saturating_sub(gate.searched);
    if gate.invariant == NO_LIVELOCK || gate.effort.nodes == 0 || steps == 0 {
        return Searched::default();
    }
    let Failure { tape, preemptions, .. } = &gate.best;
    let known = Cost { paid: *preemptions, steps: tape.steps() as u32 };
    // As far as a candidate is played as its tape says.
    let length = gate.step_limit / 2;
    let reach = Reach { nodes: gate.effort.nodes, steps, length, known: Some(known) };
    let Least { schedule, is_proved, nodes, steps } =
        least(&mut Aimed::new(gate), Price::Preemptions, reach);
    gate.nodes += nodes;
    gate.searched += steps;
    match schedule {
        None => Searched { is_shorter: false, is_proved },
        Some((cost, tape)) => {
            let fails = gate.take_schedule(&tape);
            Searched { is_shorter: fails && cost < known, is_proved: fails && is_proved }
        }
    }
}

/// The runs of the best workload, as the search plays them.
struct Aimed<'g, 's, S: Scenario> {
    gate: &'g mut Gate<'s, S>,
    conditions: Conditions,
    workload: Vec<S::Op>,
    /// None, for steps that were judged when they were played first.
    silent: Invariants<S::World>,
    /// How the run at hand ended, if a step has ended it.
    end: Option<End>,
}

impl<'g, 's, S: Scenario> Aimed<'g, 's, S> {
    fn new(gate: &'g mut Gate<'s, S>) -> Self {
        let Failure { conditions, workload, .. } = gate.best.clone();
        Aimed { gate, conditions, workload, silent: Invariants::new(Vec::new()), end: None }
    }

    fn is_wanted(&mut self, violation: Violation) -> bool {
        if violation.invariant == self.gate.invariant {
            return true;
        }
        self.gate.keep(violation, &self.conditions, &self.workload);
        false
    }
}

impl<S: Scenario> Steps for Aimed<'_, '_, S> {
    type World = S::World;

    fn start(&mut self) {
        self.gate.player.set_up(&self.conditions, &self.workload, false);
        self.gate.player.record.clear();
        self.end = None;
    }

    fn world(&mut self) -> &mut S::World {
        &mut self.gate.player.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        let Player { world, invariants, record, .. } = &mut self.gate.player;
        self.end = scheduler::step(world, &mut Told { mv, draws }, invariants, record);
        self.end.is_none()
    }

    fn again(&mut self, mv: Move, draws: &mut Draws) -> bool {
        let Player { world, record, .. } = &mut self.gate.player;
        scheduler::step(world, &mut Told { mv, draws }, &self.silent, record).is_none()
    }

    fn ended(&mut self) -> bool {
        true
    }

    fn goes_on(&mut self, _: Progress) -> bool {
        self.gate.goes_on()
    }
}

impl<S: Scenario> Sought for Aimed<'_, '_, S> {
    fn shows(&mut self) -> bool {
        let violation = match self.end.take() {
            Some(End::Violated(violation)) => Some(violation),
            Some(End::Settled | End::Stopped) => None,
            None => {
                let Player { world, invariants, .. } = &self.gate.player;
                invariants.settled(world)
            }
        };
        violation.is_some_and(|violation| self.is_wanted(violation))
    }
}
