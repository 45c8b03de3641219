//! The deciding race: two steps that touch the same thing, in one order in the failing run and in the
//! other in the nearest passing one.
//!
//! Looked for behind the decision in which the two runs part. Of several the one whose second step
//! comes first in the failing run, and of those the one whose first step does. Where the two runs
//! part by a value, or what comes in another order shares nothing, there is no race to tell.

use super::flips::Passing;
use crate::{
    footprint::{Footprint, Resource},
    name::Name,
    scenario::Scenario,
    timeline::Entry,
    told::{Played, Watched},
    world::World,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Two steps whose order decides the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Race {
    /// The step that came first in the failing run.
    pub first: Racer,
    /// The other one.
    pub second: Racer,
    /// What both touch and one of them changes, in the words of the world.
    pub over: Vec<String>,
}

/// A step of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Racer {
    /// Who moves, by its name.
    pub name: Name,
    /// Its step in the failing run, from 1.
    pub failing: u32,
    /// Its step in the passing run; none if it does not come there.
    pub passing: Option<u32>,
    /// What happens in the failing run, line by line.
    pub lines: Vec<Entry>,
}

/// The race that decides between a failing run and its nearest passing one, if one is known.
pub(super) fn race<S: Scenario>(here: &Watched<'_, S>, passing: &Passing) -> Option<Race> {
    if passing.failing.value.is_some() {
        return None;
    }
    let there = passing.case.tape.movers();
    let at: BTreeMap<(&Name, u32), u32> = numbered(there).zip(1..).collect();
    let movers: Vec<(&Name, u32)> = numbered(here.played.iter().map(|step| &step.mover)).collect();
    let world = &here.player.world;
    let racer = |index: usize| Racer {
        name: here.played[index].mover.clone(),
        failing: index as u32 + 1,
        passing: at.get(&movers[index]).copied(),
        lines: here.told.timeline.of_step(index as u32 + 1).cloned().collect(),
    };
    // What every step of a world touches tells less than what these two do.
    let prints: [fn(&Played) -> &Footprint; 2] = [|step| &step.print, |step| &step.whole];
    for print in prints {
        let begin = passing.step as usize - 1;
        for second in begin + 1..here.played.len() {
            let Some(earlier) = at.get(&movers[second]) else { continue };
            for first in begin..second {
                let turned = at.get(&movers[first]).is_none_or(|later| later > earlier);
                let [one, other] = [first, second].map(|step| print(&here.played[step]));
                if !turned || movers[first].0 == movers[second].0 || !one.conflicts(other) {
                    continue;
                }
                let over = called(world, &shared(one, other));
                if !over.is_empty() {
                    return Some(Race { first: racer(first), second: racer(second), over });
                }
            }
        }
    }
    None
}

/// Each step as its mover and which of the mover's steps it is.
fn numbered<'n>(movers: impl Iterator<Item = &'n Name>) -> impl Iterator<Item = (&'n Name, u32)> {
    let mut steps: BTreeMap<&Name, u32> = BTreeMap::new();
    movers.map(move |mover| {
        let count = steps.entry(mover).or_default();
        *count += 1;
        (mover, *count)
    })
}

/// What both touch and one of them changes.
fn shared(one: &Footprint, other: &Footprint) -> Vec<Resource> {
    let touches = |print: &Footprint, resource: &Resource| {
        print.reads().contains(resource) || print.writes().contains(resource)
    };
    let written = one.writes().iter().filter(|&resource| touches(other, resource));
    let read = other.writes().iter().filter(|&resource| touches(one, resource));
    let mut all: Vec<Resource> = written.chain(read).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn called<W: World>(world: &W, resources: &[Resource]) -> Vec<String> {
    let mut over: Vec<String> =
        resources.iter().filter_map(|&resource| world.called(resource)).collect();
    over.dedup();
    over
}
