//! The audit of footprints: what claims to be independent is swapped, and must commute.
//!
//! In a random run each two adjacent moves of different processes with disjoint observed footprints
//! are played in the other order; the world must come to the same state, and the invariants must
//! say of each move what they said before. A footprint that leaves something out fails here, and so
//! does an invariant that does not declare what it reads, and an announcement that does not cover
//! what was observed. The audit of a run ends with the first violation, as the run does.

use super::dpor::{Draws, awake};
use crate::{
    decisions::{Ahead, Decisions, Names, Seeded},
    footprint::Footprint,
    invariant::Invariants,
    moves::{Move, MoveSet},
    name::Name,
    plan::Plan,
    trace::{Digest, Trace},
    world::World,
};

/// What an audit looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Steps of the run.
    pub steps: u64,
    /// Adjacent pairs that were swapped.
    pub swapped: u64,
}

/// A footprint that lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Two moves with disjoint footprints lead to different states in different orders.
    Order {
        /// The step of the first, from 1.
        step: usize,
        /// Who moved first and second.
        movers: [Name; 2],
        /// Their footprints.
        footprints: [String; 2],
    },
    /// What an invariant says of two moves with disjoint footprints depends on their order.
    Verdict {
        /// The step of the first, from 1.
        step: usize,
        /// Who moved first and second.
        movers: [Name; 2],
        /// Their footprints.
        footprints: [String; 2],
        /// What was violated by each, in the order as it was run.
        as_run: [Option<String>; 2],
        /// And the other way round.
        swapped: [Option<String>; 2],
    },
    /// A move enabled another although their footprints are disjoint.
    Enabling {
        /// The step of the first, from 1.
        step: usize,
        /// Who moved first and second.
        movers: [Name; 2],
    },
    /// A move touched what it had not announced.
    Announcement {
        /// The step, from 1.
        step: usize,
        /// Who moved.
        mover: Name,
        /// What it had announced and what it touched.
        footprints: [String; 2],
    },
}

struct Step {
    mv: Move,
    id: u64,
    name: Name,
    values: Vec<u32>,
    footprint: Footprint,
    /// Time passed before it: nothing may be moved across.
    barrier: bool,
    state: Digest,
    /// The invariant that it violated.
    violated: Option<String>,
}

/// Writes down the values of one move.
struct Noted<'d>(&'d mut Seeded, Vec<u32>);

impl Decisions for Noted<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.0.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.0.value(options);
        if options > 1 {
            self.1.push(value);
        }
        value
    }

    fn spares(&mut self, from: u32) {
        self.0.spares(from);
    }

    fn ahead(&mut self) -> Ahead {
        self.0.ahead()
    }
}

/// Audits one run of a plan under these invariants. `start` resets the world (with arrivals, if the
/// strategy wants them) and starts its processes.
#[expect(clippy::result_large_err, reason = "a lie is found once and ends the audit")]
pub fn audit<W: World>(
    world: &mut W,
    invariants: &Invariants<W>,
    plan: &Plan,
    mut start: impl FnMut(&mut W),
) -> Result<Audit, Lie> {
    world.observe(true);
    start(world);
    let steps = record(world, invariants, plan)?;
    let mut audit = Audit { steps: steps.len() as u64, swapped: 0 };
    for at in 0..steps.len().saturating_sub(1) {
        let (first, second) = (&steps[at], &steps[at + 1]);
        let own = first.id == second.id;
        if own || second.barrier || first.footprint.conflicts(&second.footprint) {
            continue;
        }
        start(world);
        steps[..at].iter().for_each(|step| drop(play(world, invariants, step)));
        if first.barrier {
            world.wait();
        }
        let movers = || [first.name.clone(), second.name.clone()];
        if world.moves().position(second.mv).is_none() {
            return Err(Lie::Enabling { step: at + 1, movers: movers() });
        }
        let footprints = || [first.footprint.to_string(), second.footprint.to_string()];
        let late = play(world, invariants, second);
        let early = match world.moves().position(first.mv) {
            Some(_) => play(world, invariants, first),
            None => None,
        };
        audit.swapped += 1;
        if world.state() != second.state {
            return Err(Lie::Order { step: at + 1, movers: movers(), footprints: footprints() });
        }
        let as_run = [first.violated.clone(), second.violated.clone()];
        let swapped = [early, late];
        if as_run != swapped {
            let (step, movers, footprints) = (at + 1, movers(), footprints());
            return Err(Lie::Verdict { step, movers, footprints, as_run, swapped });
        }
    }
    world.observe(false);
    Ok(audit)
}

/// Plays a step again; the invariant that it violates, if any.
fn play<W: World>(world: &mut W, invariants: &Invariants<W>, step: &Step) -> Option<String> {
    awake(world);
    let (mut draws, mut trace) = (Draws::default(), Trace::default());
    draws.tell(&step.values);
    world.play(step.mv, &mut draws, &mut trace);
    judged(world, invariants, &trace)
}

fn judged<W: World>(world: &W, invariants: &Invariants<W>, trace: &Trace) -> Option<String> {
    let violation = invariants.after_step(world, trace.events(), &mut 0)?;
    Some(violation.invariant)
}

#[expect(clippy::result_large_err, reason = "a lie is found once and ends the audit")]
fn record<W: World>(
    world: &mut W,
    invariants: &Invariants<W>,
    plan: &Plan,
) -> Result<Vec<Step>, Lie> {
    let mut seeded = Seeded::new(plan.seed);
    seeded.start(plan.index, plan.strategy, 32, plan.step_limit);
    let mut steps = Vec::new();
    let (mut announced, mut reads) = (Footprint::default(), Footprint::default());
    while steps.len() < plan.step_limit as usize {
        let Some(barrier) = awake(world) else { return Ok(steps) };
        let at = seeded.next_move(world.moves(), world).expect("a seed always answers");
        let mv = world.moves().all()[at];
        world.moves_mut().forget_arrivals();
        let (id, name) = (world.id(mv), world.name(mv));
        world.announced(mv, &mut announced);
        let mut noted = Noted(&mut seeded, Vec::new());
        let mut trace = Trace::default();
        world.play(mv, &mut noted, &mut trace);
        let values = noted.1;
        if !announced.covers(world.observed()) {
            let footprints = [announced.to_string(), world.observed().to_string()];
            return Err(Lie::Announcement { step: steps.len() + 1, mover: name, footprints });
        }
        reads.clear();
        invariants.reads(world, trace.events(), &mut reads);
        world.join(&reads);
        let (footprint, state) = (world.observed().clone(), world.state());
        let violated = judged(world, invariants, &trace);
        let over = violated.is_some();
        steps.push(Step { mv, id, name, values, footprint, barrier, state, violated });
        if over {
            break;
        }
    }
    Ok(steps)
}
