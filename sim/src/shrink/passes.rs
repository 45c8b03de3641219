//! The passes of the shrinker: each proposes candidates, the gate decides.

use super::Gate;
use crate::{
    decisions::{Segment, Tape},
    plan::{Delivery, TimerRule},
    scenario::{Scenario, Variant},
};

/// All passes in turn; true if one of them found something smaller.
pub(super) fn all<S: Scenario>(scenario: &S, variant: &Variant, gate: &mut Gate<'_, S>) -> bool {
    let mut smaller = conditions(scenario, variant, gate);
    smaller |= drop_operations(gate);
    smaller |= simpler_workloads(scenario, gate);
    smaller |= segments(gate);
    smaller |= values(gate);
    smaller
}

/// Kinder conditions: instant delivery, idle timers, fewer faults.
fn conditions<S: Scenario>(scenario: &S, variant: &Variant, gate: &mut Gate<'_, S>) -> bool {
    let now = gate.best.conditions;
    let mut kinder = [now; 3];
    kinder[0].delivery = Delivery::Instant;
    kinder[1].timers = TimerRule::Idle;
    kinder[2].faults = now.faults.saturating_sub(1);
    kinder.into_iter().fold(false, |smaller, conditions| {
        let conditions = scenario.conditions(variant, conditions);
        let workload = gate.best.workload.clone();
        let differs = conditions != gate.best.conditions;
        smaller | (differs && gate.consider_workload(&conditions, &workload))
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
fn simpler_workloads<S: Scenario>(scenario: &S, gate: &mut Gate<'_, S>) -> bool {
    let mut smaller = false;
    loop {
        let conditions = gate.best.conditions;
        let candidates = scenario.simpler(&gate.best.workload);
        if !candidates.iter().any(|workload| gate.consider_workload(&conditions, workload)) {
            return smaller;
        }
        smaller = true;
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
