//! Footprints tell the truth: the process world passes the audit in random programs of all effects,
//! and the audit catches a world that lies.
//!
//! The liar is a world of two counters: each process adds to both or to one of them. What it leaves
//! out of its footprints is a parameter; the honest twin passes.

mod common;

use atropos::{
    check::audit::{Audit, Lie, audit},
    decisions::{
        Ahead, Decisions, Divergence, Draws, Names, Purpose, Recorded, RunIndex, Seeded, Tape,
    },
    footprint::{Footprint, Resource},
    invariant::{Evidence, Invariants},
    moves::{Move, MoveSet},
    name::Name,
    plan::{Conditions, Plan, Spec},
    process::{PROFILES, ProcessWorld, Profile, invariants},
    relation::Relation,
    scheduler::{self, Record},
    timeline::Line,
    trace::{Digest, Event, Trace, digest_words},
    word::Words,
    world::World,
};
use std::collections::BTreeMap;

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

    fn stuck(&self) -> Option<Evidence> {
        None
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

/// One step of a recorded run.
#[derive(Clone)]
struct Played {
    who: Name,
    values: Vec<u32>,
    footprint: Footprint,
    /// Time passed before it.
    waited: bool,
}

/// Writes down the values of one move.
struct Noted<'d>(&'d mut Seeded, Vec<u32>);

impl Decisions for Noted<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.0.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.0.value(options);
        self.1.extend((options > 1).then_some(value));
        value
    }

    fn ahead(&mut self) -> Ahead {
        self.0.ahead()
    }
}

/// How often each kind of event happened: what invariants look at.
fn kinds(trace: &Trace) -> BTreeMap<u8, u32> {
    let mut kinds = BTreeMap::new();
    trace.events().for_each(|event| *kinds.entry(event.kind()).or_default() += 1);
    kinds
}

/// Plays a program to its end, step by step.
fn steps(
    world: &mut ProcessWorld,
    program: &common::Program,
    plan: &Plan,
) -> (Vec<Played>, BTreeMap<u8, u32>) {
    world.observe(true);
    world.reset(&plan.conditions, plan.strategy.wants_arrivals());
    common::start(world, program);
    let mut seeded = Seeded::new(plan.seed);
    seeded.start(plan.index, plan.strategy, 30, plan.step_limit);
    let (mut steps, mut trace) = (Vec::new(), Trace::default());
    loop {
        let waited = world.moves().is_empty();
        while world.moves().is_empty() {
            if !world.wait() {
                return (steps, kinds(&trace));
            }
        }
        let at = seeded.next_move(world.moves(), world).expect("a seed always answers");
        let mv = world.moves().all()[at];
        world.moves_mut().forget_arrivals();
        let who = world.name(mv);
        let mut noted = Noted(&mut seeded, Vec::new());
        world.play(mv, &mut noted, &mut trace);
        let values = noted.1;
        steps.push(Played { who, values, footprint: world.observed().clone(), waited });
    }
}

/// Plays steps by their names; the state that they lead to and the kinds of events on the way.
fn replayed(
    world: &mut ProcessWorld,
    program: &common::Program,
    plan: &Plan,
    steps: &[Played],
) -> Result<(Digest, BTreeMap<u8, u32>), Divergence> {
    let mut tape = Tape::default();
    steps.iter().for_each(|step| tape.push(step.who.clone()));
    tape.values = steps.iter().flat_map(|step| step.values.clone()).collect();
    world.reset(&plan.conditions, false);
    common::start(world, program);
    let (mut strict, rules) = (Recorded::strict(&tape), Invariants::new(Vec::new()));
    let mut record = Record::default();
    scheduler::run(world, &mut strict, &rules, 10_000, &mut record);
    strict.divergence().map_or_else(|| Ok((world.state(), kinds(&record.trace))), Err)
}

/// The audit looks at the state right behind a swap; here the run goes on, step by step under the
/// same names, to the same end.
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
        let (steps, events) = steps(&mut world, &program, &plan);
        let end = (world.state(), events);
        for at in 1..steps.len() {
            let (first, second) = (&steps[at - 1], &steps[at]);
            let bound = first.who == second.who || second.waited || first.waited;
            if bound || first.footprint.conflicts(&second.footprint) {
                continue;
            }
            let mut other = steps.clone();
            other.swap(at - 1, at);
            let what = || {
                let movers = format!("{} and {} at step {at}", first.who, second.who);
                format!("{movers}, {}, {plan}, {program:?}", profile.name)
            };
            let end = Ok(end.clone());
            assert_eq!(replayed(&mut world, &program, &plan, &other), end, "{}", what());
            swapped += 1;
        }
    }
    assert!(swapped > 10_000, "only {swapped} pairs were swapped");
}
