//! A run told in full: its lines, what was true after each step, and what led to what.
//!
//! A case is played once more, step by step, with a look at the world after each. What led to what
//! is read off four things: the order of each mover, what a step read and wrote, whom it made able to
//! move, and whom its lines point to. So it is at least what happened before in truth, and leaves
//! out what only stood before in the list.
//!
//! The hot loop is untouched: this is a loop of its own, for people.

use crate::{
    case::{Case, Player, Unplayable, prepared},
    decisions::{Names, Recorded},
    facts::{Change, Fact, READY},
    footprint::{Footprint, Resource},
    name::Name,
    relation::Relation,
    scenario::Scenario,
    scheduler,
    timeline::Timeline,
    world::World,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A run told in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What happened.
    #[serde(flatten)]
    pub timeline: Timeline,
    /// What each step changed; before the first stands what was true at the beginning.
    pub changes: Vec<Change>,
    /// For each step, from the first, the steps that led to it directly; steps are counted from 1.
    pub causes: Vec<Vec<u32>>,
}

impl Told {
    /// What was true after a step; 0 is the beginning.
    pub fn facts_after(&self, step: u32) -> Vec<Fact> {
        let mut facts = Vec::new();
        self.changes.iter().take(step as usize + 1).for_each(|change| change.apply(&mut facts));
        facts
    }

    /// The steps without which a step would not be what it is, itself included, in order.
    pub fn past_of(&self, step: u32) -> Vec<u32> {
        let mut past = BTreeSet::from([step]);
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            let causes = (step as usize).checked_sub(1).and_then(|at| self.causes.get(at));
            for &cause in causes.into_iter().flatten() {
                if past.insert(cause) {
                    open.push(cause);
                }
            }
        }
        past.into_iter().collect()
    }
}

/// Plays a case and tells it.
///
/// # Errors
/// If it is no case of this scenario.
pub fn told<S: Scenario>(scenario: &S, case: &Case) -> Result<Told, Unplayable> {
    Ok(watched(scenario, case)?.told)
}

/// A run that was played step by step, with its world as it stands at the end.
pub(crate) struct Watched<'s, S: Scenario> {
    pub(crate) player: Player<'s, S>,
    pub(crate) played: Vec<Played>,
    pub(crate) told: Told,
}

/// Plays a case and watches each step.
///
/// # Errors
/// If it is no case of this scenario.
pub(crate) fn watched<'s, S: Scenario>(
    scenario: &'s S,
    case: &Case,
) -> Result<Watched<'s, S>, Unplayable> {
    let (mut player, workload) = prepared(scenario, case)?;
    player.world.observe(true);
    // A message depends on who sent it, not on who sent before him: where a world can tell.
    player.world.relate(Relation::Arrival);
    player.set_up(&case.conditions, &workload, false);
    player.record.clear();
    let mut tape = Recorded::strict(&case.tape);
    let mut facts = facts_of(&player.world);
    let mut changes = vec![Change::between(&[], &facts)];
    let mut played = Vec::new();
    let mut offered = BTreeSet::new();
    while played.len() < case.step_limit as usize {
        let Player { world, invariants, record, .. } = &mut player;
        let end = scheduler::step(world, &mut tape, invariants, record);
        if let Some(mv) = record.tape.moves().nth(played.len()) {
            let after = facts_of(world);
            changes.push(Change::between(&facts, &after));
            facts = after;
            let now = beside_turns(world);
            let offers = now.difference(&offered).cloned().collect();
            offered = now;
            let (print, whole) = (known(world), world.observed().clone());
            played.push(Played { mover: world.name(mv), print, whole, offers });
        }
        if end.is_some() {
            break;
        }
    }
    let timeline = player.timeline();
    let causes = causes(&played, &changes, &timeline);
    Ok(Watched { player, played, told: Told { timeline, changes, causes } })
}

fn facts_of<W: World>(world: &W) -> Vec<Fact> {
    let mut facts = Vec::new();
    world.facts(&mut facts);
    facts
}

/// Who can move and is no process or task: a timer, a channel, the collector.
fn beside_turns<W: World>(world: &W) -> BTreeSet<Name> {
    let moves = world.moves().all().iter().filter(|&&mv| !world.is_turn(mv));
    moves.map(|&mv| world.name(mv)).collect()
}

/// What the last step touched, without what every step of its world does.
fn known<W: World>(world: &W) -> Footprint {
    let mut print = Footprint::default();
    print.join_some(world.observed(), |resource| !world.is_everyones(resource));
    if world.observed().is_opaque() {
        print.make_opaque();
    }
    print
}

/// A step as far as its causes go.
pub(crate) struct Played {
    pub(crate) mover: Name,
    /// What it touched, without what every step of its world does.
    pub(crate) print: Footprint,
    /// What it touched.
    pub(crate) whole: Footprint,
    /// Who beside processes and tasks could move after it and not before.
    offers: Vec<Name>,
}

/// Who touched a resource: the last step that looked and wrote, and those that came since.
#[derive(Default)]
struct Touched {
    wrote: Option<u32>,
    put: Vec<u32>,
    read: Vec<u32>,
}

/// For each step the steps that led to it directly.
fn causes(played: &[Played], changes: &[Change], timeline: &Timeline) -> Vec<Vec<u32>> {
    let arrows = arrows(changes, timeline);
    let mut touched: BTreeMap<(u8, u64), Touched> = BTreeMap::new();
    let mut last: BTreeMap<&Name, u32> = BTreeMap::new();
    let mut pointed: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut opaque = None;
    let mut all = Vec::new();
    for (step, Played { mover, print, offers, .. }) in (1..).zip(played) {
        let mut led: BTreeSet<u32> = last.get(mover).copied().into_iter().chain(opaque).collect();
        led.extend(pointed.remove(&mover.to_string()).into_iter().flatten());
        if print.is_opaque() {
            led.extend(last.values());
            opaque = Some(step);
        }
        print.reads().iter().for_each(|&read| at(&mut touched, read).is_read(step, &mut led));
        for (place, &written) in print.writes().iter().enumerate() {
            let row = at(&mut touched, written);
            match print.was_put(place) {
                true => row.is_put(step, &mut led),
                false => row.is_written(step, &mut led),
            }
        }
        let offers = offers.iter().map(Name::to_string);
        for name in arrows.get(&step).into_iter().flatten().cloned().chain(offers) {
            pointed.entry(name).or_default().push(step);
        }
        last.insert(mover, step);
        led.remove(&step);
        all.push(led.into_iter().collect());
    }
    without_detours(played, &mut all);
    all
}

/// So many numbers are kept to find detours.
const MOST_CLOCKS: usize = 8_000_000;

/// Leaves out causes that lead through another cause of the same step. In a run that is too long for
/// that they stay: they are true, only needless.
fn without_detours(played: &[Played], causes: &mut [Vec<u32>]) {
    let mut movers: Vec<&Name> = played.iter().map(|step| &step.mover).collect();
    movers.sort_unstable();
    movers.dedup();
    if movers.len() * played.len() > MOST_CLOCKS {
        return;
    }
    let number = |step: u32| movers.binary_search(&&played[step as usize - 1].mover).unwrap_or(0);
    // For each step how far each mover had come in its past.
    let mut clocks: Vec<Vec<u32>> = Vec::with_capacity(played.len());
    for (step, led) in (1..).zip(causes) {
        let clock_of = |cause: u32| &clocks[cause as usize - 1];
        let mut clock = vec![0; movers.len()];
        for &cause in led.iter() {
            clock
                .iter_mut()
                .zip(clock_of(cause))
                .for_each(|(mine, known)| *mine = *known.max(mine));
        }
        let all = led.clone();
        led.retain(|&cause| {
            let mover = number(cause);
            !all.iter().any(|&other| other != cause && clock_of(other)[mover] >= cause)
        });
        clock[number(step)] = step;
        clocks.push(clock);
    }
}

fn at(touched: &mut BTreeMap<(u8, u64), Touched>, resource: Resource) -> &mut Touched {
    touched.entry((resource.kind, resource.id)).or_default()
}

impl Touched {
    fn is_read(&mut self, step: u32, led: &mut BTreeSet<u32>) {
        led.extend(self.wrote.iter().chain(&self.put));
        self.read.push(step);
    }

    /// Something was put behind what stands there: it needs nobody before it but who made room.
    fn is_put(&mut self, step: u32, led: &mut BTreeSet<u32>) {
        led.extend(self.wrote);
        self.put.push(step);
    }

    fn is_written(&mut self, step: u32, led: &mut BTreeSet<u32>) {
        led.extend(self.wrote.iter().chain(&self.put).chain(&self.read));
        *self = Touched { wrote: Some(step), ..Touched::default() };
    }
}

/// For each step the paths of those whose next step it led to: whom a line of it points to, and
/// whose turn it made possible.
fn arrows(changes: &[Change], timeline: &Timeline) -> BTreeMap<u32, Vec<String>> {
    let mut arrows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for entry in &timeline.entries {
        if let Some(path) = entry.line.to.as_deref().and_then(path) {
            arrows.entry(entry.step).or_default().push(path);
        }
    }
    for (step, change) in (0..).zip(changes) {
        let ready = change.came.iter().filter(|fact| fact.kind == READY);
        arrows.entry(step).or_default().extend(ready.filter_map(|fact| path(&fact.who)));
    }
    arrows
}

/// The path in a lane's name: `child#2.1`.
fn path(lane: &str) -> Option<String> {
    lane.rsplit_once('#').map(|(_, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        process::{Filter, ProcessScenario, Term},
        timeline::{Entry, Line},
    };

    fn played(path: u32, reads: &[u64], writes: &[u64]) -> Played {
        let mut print = Footprint::default();
        reads.iter().for_each(|&id| print.read(Resource::new(b'x', id)));
        writes.iter().for_each(|&id| print.write(Resource::new(b'x', id)));
        Played { mover: Name::Process(vec![path]), whole: print.clone(), print, offers: vec![] }
    }

    fn changes(steps: usize) -> Vec<Change> {
        vec![Change::default(); steps + 1]
    }

    #[test]
    fn a_read_follows_its_write_and_a_write_follows_both() {
        let steps = [played(1, &[], &[7]), played(2, &[7], &[]), played(3, &[], &[7])];
        // The write follows the first one, too, but by way of the read.
        let expected: Vec<Vec<u32>> = vec![vec![], vec![1], vec![2]];
        assert_eq!(causes(&steps, &changes(3), &Timeline::default()), expected);
    }

    #[test]
    fn steps_that_share_nothing_do_not_lead_to_each_other() {
        let steps = [played(1, &[1], &[2]), played(2, &[3], &[4]), played(1, &[], &[])];
        let expected: Vec<Vec<u32>> = vec![vec![], vec![], vec![1]];
        assert_eq!(causes(&steps, &changes(3), &Timeline::default()), expected);
    }

    #[test]
    fn an_arrow_leads_to_the_next_step_of_whom_it_points_to() {
        let line = Line { who: "a#1".into(), text: "spawn".into(), to: Some("b#2".into()) };
        let timeline = Timeline { entries: vec![Entry { step: 1, line }] };
        let steps = [played(1, &[], &[]), played(3, &[], &[]), played(2, &[], &[])];
        let expected: Vec<Vec<u32>> = vec![vec![], vec![], vec![1]];
        assert_eq!(causes(&steps, &changes(3), &timeline), expected);
    }

    #[test]
    fn a_collector_follows_from_the_step_that_gave_it_something_to_do() {
        let offering = Played { offers: vec![Name::Collect], ..played(1, &[], &[]) };
        let collecting = Played { mover: Name::Collect, ..played(1, &[], &[]) };
        let steps = [offering, played(2, &[], &[]), collecting];
        let expected: Vec<Vec<u32>> = vec![vec![], vec![], vec![1]];
        assert_eq!(causes(&steps, &changes(3), &Timeline::default()), expected);
    }

    /// A parent with a child that dies of an exit signal, under a monitor.
    fn family() -> ProcessScenario {
        ProcessScenario::new("family", |world| {
            world.client("parent", |ctx| async move {
                let code = |ctx: crate::process::Ctx| async move {
                    ctx.receive(Filter::Any).await;
                    Ok(())
                };
                let child = ctx.spawn("child", code).await;
                ctx.monitor(child).await;
                ctx.hold("child", child);
                ctx.exit2(child, Term::KILL).await;
                ctx.receive(Filter::Down).await;
                Ok(())
            });
        })
    }

    #[test]
    fn differences_come_to_what_is_true() {
        let scenario = family();
        let variant = &scenario.variants()[0];
        let case = crate::case::canonical(&scenario, variant, Default::default());
        let told = told(&scenario, &case).expect("a case of the scenario");
        let (mut player, workload) = prepared(&scenario, &case).expect("a case of the scenario");
        player.set_up(&case.conditions, &workload, false);
        let mut tape = Recorded::strict(&case.tape);
        let mut step = 0;
        loop {
            let mut whole = facts_of(&player.world);
            whole.sort();
            assert_eq!(told.facts_after(step), whole, "after step {step}");
            let Player { world, invariants, record, .. } = &mut player;
            if scheduler::step(world, &mut tape, invariants, record).is_some() {
                break;
            }
            step += 1;
        }
        assert!(step > 4 && told.changes.len() as u32 == step + 1, "{step} steps were told");
        let dead = |fact: &Fact| fact.kind == "handle" && fact.dead;
        let outlives = (0..step).any(|step| told.facts_after(step).iter().any(dead));
        assert!(outlives, "the handle outlives the child");
    }

    #[test]
    fn the_past_of_a_step_is_all_that_led_to_it() {
        let told = Told { causes: vec![vec![], vec![], vec![1], vec![3]], ..Told::default() };
        assert_eq!(told.past_of(4), [1, 3, 4]);
        assert_eq!(told.past_of(2), [2]);
    }
}
