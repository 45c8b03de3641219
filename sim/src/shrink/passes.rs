//! The passes of the shrinker: each proposes candidates, the gate decides.

use super::{gate::Gate, key};
use crate::{
    decisions::{Segment, Tape},
    name::Name,
    plan::{Budget, Collect, Conditions, Delivery, Order, Scheduler, TimerRule},
    scenario::{self, Scenario},
};

/// All passes in turn; true if one of them found something smaller.
pub(super) fn all<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let mut smaller = conditions(gate);
    smaller |= drop_actors(gate);
    smaller |= fewer_faults(gate);
    smaller |= drop_operations(gate);
    smaller |= simpler_workloads(gate);
    smaller |= segments(gate);
    smaller |= values(gate);
    smaller
}

/// Kinder conditions: instant delivery, idle timers, one thread, a full budget, the loop's own order,
/// a collector that always comes.
fn conditions<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let (scenario, variant) = (gate.scenario, gate.variant);
    KINDER.iter().fold(false, |smaller, kinder| {
        let mut conditions = gate.best.conditions;
        kinder(&mut conditions);
        let conditions = scenario::conditions(scenario, variant, conditions);
        let workload = gate.best.workload.clone();
        let differs = conditions != gate.best.conditions;
        smaller | (differs && gate.consider_workload(&conditions, &workload))
    })
}

const KINDER: [fn(&mut Conditions); 6] = [
    |conditions| conditions.delivery = Delivery::Instant,
    |conditions| conditions.timers = TimerRule::Idle,
    |conditions| {
        conditions.tasks.iter_mut().for_each(|tasks| tasks.scheduler = Scheduler::CurrentThread);
    },
    |conditions| conditions.tasks.iter_mut().for_each(|tasks| tasks.budget = Budget::Full),
    |conditions| conditions.event_loop.iter_mut().for_each(|own| own.order = Order::Fifo),
    |conditions| conditions.event_loop.iter_mut().for_each(|own| own.collect = Collect::Every),
];

/// Drops an actor with every operation that names it. Guarantees that no single actor can be dropped,
/// as far as the schedules tried tell.
fn drop_actors<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let scenario = gate.scenario;
    let actors = key::actors(scenario, &gate.best.workload);
    actors.into_iter().fold(false, |smaller, gone| {
        let conditions = gate.best.conditions;
        let mut workload = gate.best.workload.clone();
        workload.retain(|op| !scenario.actors(op).contains(&gone));
        let differs = workload.len() < gate.best.workload.len();
        smaller | (differs && gate.consider_workload(&conditions, &workload))
    })
}

/// One fault less. A fault that was played goes with the value that it took, and the tape does not
/// say which that was: each is tried.
fn fewer_faults<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let (scenario, variant) = (gate.scenario, gate.variant);
    let now = gate.best.conditions;
    let fewer = Conditions { faults: now.faults.saturating_sub(1), ..now };
    let fewer = scenario::conditions(scenario, variant, fewer);
    if fewer == now {
        return false;
    }
    let (workload, tape) = (gate.best.workload.clone(), gate.best.tape.clone());
    if gate.consider_workload(&fewer, &workload) {
        return true;
    }
    let faults = (0..tape.segments.len()).filter(|&at| tape.segments[at].who == Name::Fault);
    let mut without = faults.flat_map(|at| (0..tape.values.len()).map(move |value| (at, value)));
    without.any(|(at, value)| {
        let mut tape = tape.clone();
        tape.segments[at].steps -= 1;
        tape.segments.retain(|segment| segment.steps > 0);
        tape.values.remove(value);
        gate.consider(&fewer, &workload, &tape)
    })
}

/// Drops operations: halves, quarters, .. single ones. Guarantees that no single operation can be
/// dropped, as far as the schedules tried tell.
fn drop_operations<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let mut smaller = false;
    let mut size = gate.best.workload.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < gate.best.workload.len() {
            let mut workload = gate.best.workload.clone();
            workload.drain(at..(at + size).min(workload.len()));
            let conditions = gate.best.conditions;
            if gate.consider_workload(&conditions, &workload) {
                smaller = true;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    smaller
}

/// What the scenario calls simpler.
fn simpler_workloads<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let scenario = gate.scenario;
    let mut smaller = false;
    loop {
        let conditions = gate.best.conditions;
        let candidates = scenario.simpler(&gate.best.workload);
        let tapes = renamed(&gate.best.tape);
        let taken = candidates.iter().any(|workload| {
            gate.consider_workload(&conditions, workload)
                || tapes.iter().any(|tape| gate.consider(&conditions, workload, tape))
        });
        if !taken {
            return smaller;
        }
        smaller = true;
    }
}

/// The schedule for workloads that call processes by other numbers: with two neighbouring roots
/// exchanged, and with one root gone and those behind it moved up.
fn renamed(tape: &Tape) -> Vec<Tape> {
    let renamed = |root: &dyn Fn(u32) -> u32| {
        let mut renamed = tape.clone();
        renamed.segments.iter_mut().for_each(|segment| rename(&mut segment.who, root));
        renamed
    };
    let highest = tape.segments.iter().filter_map(|segment| root_of(&segment.who)).max();
    let pairs = (1..highest.unwrap_or(0)).flat_map(|first| {
        let exchanged = move |root| match root {
            root if root == first => first + 1,
            root if root == first + 1 => first,
            root => root,
        };
        let moved_up = move |root: u32| root - u32::from(root > first);
        [renamed(&exchanged), renamed(&moved_up)]
    });
    pairs.filter(|renamed| renamed != tape).collect()
}

fn root_of(name: &Name) -> Option<u32> {
    match name {
        Name::Process(path) | Name::Timer(path, _) => path.first().copied(),
        Name::Channel(from, to) => from.first().max(to.first()).copied(),
        Name::Loop | Name::LoopTimer(_) | Name::Collect | Name::Fault => None,
    }
}

fn rename(name: &mut Name, root: &dyn Fn(u32) -> u32) {
    let paths = match name {
        Name::Process(path) | Name::Timer(path, _) => vec![path],
        Name::Channel(from, to) => vec![from, to],
        Name::Loop | Name::LoopTimer(_) | Name::Collect | Name::Fault => vec![],
    };
    for first in paths.into_iter().filter_map(|path| path.first_mut()) {
        *first = root(*first);
    }
}

/// Another schedule, from one and a place in it; `None` where there is nothing to edit.
type Edit = fn(&[Segment], usize) -> Option<Vec<Segment>>;

/// Fewer switches and fewer steps. Guarantees that no segment can be dropped, joined to an earlier
/// or later one of the same mover, swapped with its neighbour towards the canonical order, or
/// shortened by a step.
fn segments<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let edits: [Edit; 6] =
        [cut_after, dropped, joined_forward, joined_backward, swapped, shortened];
    let mut smaller = try_tape(gate, Vec::new());
    for edit in edits {
        let mut at = 0;
        while at < gate.best.tape.segments.len() {
            let taken = edit(&gate.best.tape.segments, at).is_some_and(|tape| try_tape(gate, tape));
            smaller |= taken;
            if !taken {
                at += 1;
            }
        }
    }
    smaller
}

fn try_tape<S: Scenario>(gate: &mut Gate<'_, S>, segments: Vec<Segment>) -> bool {
    let tape = Tape { segments, values: gate.best.tape.values.clone() };
    let (conditions, workload) = (gate.best.conditions, gate.best.workload.clone());
    gate.consider(&conditions, &workload, &tape)
}

fn cut_after(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    (at + 1 < segments.len()).then(|| segments[..=at].to_vec())
}

fn dropped(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    let mut rest = segments.to_vec();
    rest.remove(at);
    Some(rest)
}

fn joined_forward(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    let later = (at + 1..segments.len()).find(|&later| segments[later].who == segments[at].who)?;
    let mut rest = segments.to_vec();
    let moved = rest.remove(later);
    rest[at].steps += moved.steps;
    Some(rest)
}

fn joined_backward(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    let later = (at + 1..segments.len()).find(|&later| segments[later].who == segments[at].who)?;
    let mut rest = segments.to_vec();
    rest[later].steps += rest[at].steps;
    rest.remove(at);
    Some(rest)
}

fn swapped(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    let next = segments.get(at + 1)?;
    if next.who >= segments[at].who {
        return None;
    }
    let mut rest = segments.to_vec();
    rest.swap(at, at + 1);
    Some(rest)
}

fn shortened(segments: &[Segment], at: usize) -> Option<Vec<Segment>> {
    let mut rest = segments.to_vec();
    rest[at].steps = rest[at].steps.checked_sub(1).filter(|&steps| steps > 0)?;
    Some(rest)
}

/// Lowers values: to 0, to half, by one.
fn values<S: Scenario>(gate: &mut Gate<'_, S>) -> bool {
    let mut smaller = false;
    let mut at = 0;
    while at < gate.best.tape.values.len() {
        let value = gate.best.tape.values[at];
        let lower =
            [0, value / 2, value.saturating_sub(1)].into_iter().filter(|&lower| lower < value);
        let taken = lower.into_iter().any(|lower| {
            let mut tape = gate.best.tape.clone();
            tape.values[at] = lower;
            let (conditions, workload) = (gate.best.conditions, gate.best.workload.clone());
            gate.consider(&conditions, &workload, &tape)
        });
        smaller |= taken;
        at += usize::from(!taken);
    }
    smaller
}
