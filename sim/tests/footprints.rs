//! Footprints tell the truth: the process world passes the audit in random programs of all effects,
//! and the audit catches a world that lies.
//!
//! The liar is a world of two counters: each process adds to both or to one of them. What it leaves
//! out of its footprints is a parameter; the honest twin passes.

mod common;

use atropos::{
    check::audit::{Audit, Lie, audit},
    decisions::{Decisions, Draws, Names, Purpose, RunIndex},
    footprint::{Footprint, Resource},
    invariant::Invariants,
    moves::{Move, MoveSet},
    name::Name,
    plan::{Conditions, Plan, Spec},
    process::{PROFILES, ProcessWorld, Profile, invariants},
    relation::Relation,
    timeline::Line,
    trace::{Digest, Event, Trace, digest_words},
    waiting::Waiting,
    word::Words,
    world::World,
};
use common::swaps;

/// What a world leaves out of its footprints.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    Nothing,
    TheWrite,
    TheEnabling,
    TheAnnouncement,
}

/// Two processes of four steps each: they double or increment one shared cell, and the first one's
/// second step unlocks the second process's third.
struct Cells {
    leaves: Leaves,
    cell: u64,
    done: [u32; 2],
    moves: MoveSet,
    observed: Footprint,
}

const STEPS: u32 = 4;
const CELL: Resource = Resource::new(b'c', 0);
const LOCK: Resource = Resource::new(b'l', 0);

impl Cells {
    fn new(leaves: Leaves) -> Self {
        Cells {
            leaves,
            cell: 1,
            done: [0; 2],
            moves: MoveSet::default(),
            observed: Footprint::default(),
        }
    }

    fn update(&mut self) {
        let locked = self.done[0] < 2 && self.done[1] == 2;
        let can = [self.done[0] < STEPS, self.done[1] < STEPS && !locked];
        for (who, can) in can.into_iter().enumerate() {
            let mv = Move(who as u32);
            if can { self.moves.enable(mv) } else { self.moves.disable(mv) }
        }
    }

    fn touches(&self, who: usize, into: &mut Footprint) {
        let step = self.done[who];
        // Steps 0 and 3 touch the cell; the others are private, but for the lock.
        if step == 0 || step == 3 {
            into.read(CELL);
            if self.leaves != Leaves::TheWrite {
                into.write(CELL);
            }
        }
        let unlocks = who == 0 && step == 1;
        let waits = who == 1 && step == 2;
        if (unlocks || waits) && self.leaves != Leaves::TheEnabling {
            into.write(LOCK);
        }
    }
}

impl Names for Cells {
    fn id(&self, mv: Move) -> u64 {
        self.name(mv).id()
    }

    fn name(&self, mv: Move) -> Name {
        Name::Process(vec![mv.0 + 1])
    }
}

impl World for Cells {
    fn reset(&mut self, _: &Conditions, arrivals: bool) {
        (self.cell, self.done) = (1, [0; 2]);
        self.moves.reset(arrivals);
        self.update();
    }

    fn moves(&self) -> &MoveSet {
        &self.moves
    }

    fn moves_mut(&mut self) -> &mut MoveSet {
        &mut self.moves
    }

    fn play(&mut self, mv: Move, _: &mut dyn Decisions, trace: &mut Trace) {
        let who = mv.0 as usize;
        let mut touched = Footprint::default();
        self.touches(who, &mut touched);
        self.observed = touched;
        let step = self.done[who];
        if step == 0 || step == 3 {
            self.cell = if who == 0 { self.cell * 2 } else { self.cell + 1 };
        }
        self.done[who] += 1;
        self.update();
        trace.push(Words::new(1, mv.0, step, self.cell));
    }

    fn wait(&mut self) -> bool {
        false
    }

    fn announced(&self, mv: Move, into: &mut Footprint) {
        into.clear();
        if self.leaves != Leaves::TheAnnouncement {
            self.touches(mv.0 as usize, into);
        }
    }

    fn observe(&mut self, _: bool) {}

    fn observed(&self) -> &Footprint {
        &self.observed
    }

    fn state(&self) -> Digest {
        digest_words(&[self.cell, u64::from(self.done[0]), u64::from(self.done[1])])
    }

    fn stuck(&self) -> bool {
        false
    }

    fn waiting(&self) -> Vec<Waiting> {
        Vec::new()
    }

    fn line(&self, _: Event) -> Option<Line> {
        None
    }
}

/// Audits many runs; the first lie ends it.
#[expect(clippy::result_large_err, reason = "a lie is found once and ends the audit")]
fn audited(leaves: Leaves) -> Result<Audit, Lie> {
    let mut all = Audit::default();
    let spec = Spec::default();
    for number in 0..200 {
        let index = RunIndex::nth(number);
        let plan: Plan = spec.block(index.block)[index.run as usize];
        let start =
            |world: &mut Cells| world.reset(&plan.conditions, plan.strategy.wants_arrivals());
        let rules = Invariants::new(Vec::new());
        let audit = audit(&mut Cells::new(leaves), &rules, &plan, start)?;
        all.steps += audit.steps;
        all.swapped += audit.swapped;
    }
    Ok(all)
}

#[test]
fn an_honest_world_passes() {
    let audit = audited(Leaves::Nothing).expect("honest footprints");
    assert!(audit.swapped > 200, "only {} pairs were swapped", audit.swapped);
}

#[test]
fn a_write_that_is_left_out_is_caught() {
    assert!(matches!(audited(Leaves::TheWrite), Err(Lie::Order { .. })));
}

#[test]
fn an_enabling_that_is_left_out_is_caught() {
    assert!(matches!(audited(Leaves::TheEnabling), Err(Lie::Enabling { .. })));
}

#[test]
fn an_announcement_that_is_too_small_is_caught() {
    assert!(matches!(audited(Leaves::TheAnnouncement), Err(Lie::Announcement { step: 1, .. })));
}

/// Audits random programs under a profile, one run each.
fn audited_programs(
    profile: &'static Profile,
    relation: Relation,
    (programs, faults): (u64, u32),
) -> Audit {
    let mut all = Audit::default();
    let mut world = ProcessWorld::new(profile);
    assert!(world.relate(relation), "the world knows {relation:?}");
    let ready_made = invariants::names().filter_map(invariants::ready_made);
    let rules = Invariants::new(ready_made.filter(|rule| rule.name != "mailbox-bounded").collect());
    for number in 0..programs {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(7, index, Purpose::Workload);
        let processes = 3 + draws.below(3);
        let program = common::random_program(&mut draws, processes, 6);
        let mut plan: Plan = Spec::default().block(index.block)[index.run as usize];
        plan.conditions = common::random_conditions(&mut draws, faults);
        let start = |world: &mut ProcessWorld| {
            world.reset(&plan.conditions, plan.strategy.wants_arrivals());
            common::start(world, &program);
        };
        match audit(&mut world, &rules, &plan, start) {
            Ok(Audit { steps, swapped }) => {
                all.steps += steps;
                all.swapped += swapped;
            }
            Err(lie) => panic!("{}, {plan}, {program:?}: {lie:#?}", profile.name),
        }
    }
    all
}

#[test]
fn footprints_of_the_process_world_do_not_lie() {
    for profile in PROFILES {
        let Audit { swapped, .. } = audited_programs(profile, Relation::Full, (4_000, 0));
        assert!(swapped > 10_000, "{}: only {swapped} pairs were swapped", profile.name);
    }
}

#[test]
fn footprints_by_arrival_do_not_lie() {
    for profile in PROFILES {
        for faults in [0, 2] {
            let by = |relation| audited_programs(profile, relation, (2_000, faults)).swapped;
            let (full, arrival) = (by(Relation::Full), by(Relation::Arrival));
            assert!(arrival > full, "{}: {full}, by arrival {arrival}", profile.name);
        }
    }
}

#[test]
fn the_process_world_knows_no_observers() {
    assert!(!ProcessWorld::new(PROFILES[0]).relate(Relation::Observer));
}

#[test]
fn footprints_do_not_lie_where_somebody_is_killed() {
    for profile in PROFILES {
        let Audit { swapped, .. } = audited_programs(profile, Relation::Full, (4_000, 2));
        assert!(swapped > 5_000, "{}: only {swapped} pairs were swapped", profile.name);
    }
}

#[test]
fn a_swap_of_what_is_independent_changes_nothing_that_comes_later() {
    let mut swapped = 0;
    for number in 0..3_000 {
        let index = RunIndex::nth(number);
        let mut draws = Draws::new(13, index, Purpose::Workload);
        let profile = PROFILES[draws.below(4) as usize];
        let processes = 3 + draws.below(2);
        let program = common::random_program(&mut draws, processes, 6);
        let mut plan: Plan = Spec::default().block(index.block)[index.run as usize];
        plan.conditions = common::random_conditions(&mut draws, 1);
        let mut world = ProcessWorld::new(profile);
        swapped += swaps::change_nothing(&mut world, &plan, &program, |world, arrivals| {
            world.reset(&plan.conditions, arrivals);
            common::start(world, &program);
        });
    }
    assert!(swapped > 10_000, "only {swapped} pairs were swapped");
}
