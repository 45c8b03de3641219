//! A run as the page holds it: lines with their looks, facts by number, causes.
//!
//! Facts repeat from step to step, so each is written once and named by its place. A long run is cut
//! in the middle; what was changed there comes in one piece, so that the state is right behind it.

use crate::report::timeline::{Look, look, middle};
use atropos::{
    facts::{Change, Fact},
    timeline::Line,
    told::Told,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Of more lines only the first and the last are shown.
const MOST: usize = 6_000;

/// A run to look at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    pub(crate) name: &'static str,
    entries: Vec<Row>,
    facts: Facts,
    causes: Vec<Vec<u32>>,
    violation_step: Option<u32>,
    gap: Option<Gap>,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    step: u32,
    #[serde(flatten)]
    line: Line,
    look: Look,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Facts {
    all: Vec<Fact>,
    /// What came and what went in each step, by places in `all`; the beginning first.
    steps: Vec<[Vec<usize>; 2]>,
}

/// Lines that are left out, before the entry at this place.
#[derive(Clone, Copy, Debug, Serialize)]
struct Gap {
    at: usize,
    lines: usize,
}

impl View {
    /// The view of a run that violates something at its last step, or nothing.
    pub(crate) fn new(name: &'static str, told: &Told, violated: bool) -> View {
        let entries = &told.timeline.entries;
        let row = |entry: &atropos::timeline::Entry| Row {
            step: entry.step,
            look: look(&entry.line.text),
            line: entry.line.clone(),
        };
        let last = entries.last().map(|entry| entry.step);
        let mut causes = told.causes.clone();
        let (rows, changes, gap) = match middle(entries.len(), MOST) {
            (head, tail) if head == tail => {
                (entries.iter().map(row).collect(), told.changes.clone(), None)
            }
            (head, tail) => {
                let (from, to) = (entries[head - 1].step, entries[tail].step);
                let cut = from + 1..to;
                causes
                    .iter_mut()
                    .zip(1..)
                    .filter(|(_, step)| cut.contains(step))
                    .for_each(|(led, _)| led.clear());
                let rows = entries[..head].iter().chain(&entries[tail..]).map(row).collect();
                (rows, cut_out(told, from, to), Some(Gap { at: head, lines: tail - head }))
            }
        };
        let violation_step = last.filter(|_| violated);
        View { name, entries: rows, facts: numbered(&changes), causes, violation_step, gap }
    }
}

/// The changes with those between two steps in one piece.
fn cut_out(told: &Told, from: u32, to: u32) -> Vec<Change> {
    let mut changes = told.changes.clone();
    if to <= from + 1 || changes.len() <= to as usize {
        return changes;
    }
    let whole = Change::between(&told.facts_after(from), &told.facts_after(to - 1));
    for change in &mut changes[from as usize + 1..to as usize] {
        *change = Change::default();
    }
    changes[to as usize - 1] = whole;
    changes
}

fn numbered(changes: &[Change]) -> Facts {
    let mut places: BTreeMap<&Fact, usize> = BTreeMap::new();
    let mut all = Vec::new();
    let mut number = |fact| {
        *places.entry(fact).or_insert_with(|| {
            all.push(Fact::clone(fact));
            all.len() - 1
        })
    };
    let mut steps = Vec::new();
    for Change { came, went } in changes {
        let came: Vec<usize> = came.iter().map(&mut number).collect();
        let went: Vec<usize> = went.iter().map(&mut number).collect();
        steps.push([came, went]);
    }
    Facts { all, steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use atropos::timeline::{Entry, Timeline};

    /// A run of so many steps in which a number grows.
    fn told(steps: u32) -> Told {
        let line = Line { who: "a#1".to_owned(), text: "x".to_owned(), to: None };
        let entries = (1..=steps).map(|step| Entry { step, line: line.clone() }).collect();
        let fact = |n: u32| Fact::new("state", "a#1".to_owned(), n.to_string());
        let first = Change { came: vec![fact(0)], went: vec![] };
        let rest = (1..=steps).map(|n| Change { came: vec![fact(n)], went: vec![fact(n - 1)] });
        let changes = std::iter::once(first).chain(rest).collect();
        let causes = (1..=steps).map(|step| (1..step).last().into_iter().collect()).collect();
        Told { timeline: Timeline { entries }, changes, causes }
    }

    #[test]
    fn behind_a_gap_the_state_is_right() {
        let view = View::new("as found", &told(9_000), true);
        assert_eq!(view.entries.len(), MOST);
        assert_eq!(view.gap.map(|gap| (gap.at, gap.lines)), Some((3_000, 3_000)));
        let mut there = vec![0_i32; view.facts.all.len()];
        for [came, went] in &view.facts.steps {
            came.iter().for_each(|&at| there[at] += 1);
            went.iter().for_each(|&at| there[at] -= 1);
            assert!(there.iter().all(|&count| (0..=1).contains(&count)), "what went was there");
        }
        let last = there.iter().position(|&count| count == 1).expect("one state at the end");
        assert_eq!(view.facts.all[last].text, "9000");
    }

    #[test]
    fn a_fact_is_written_once() {
        let mut told = told(2);
        told.changes[2].came = told.changes[0].came.clone();
        let view = View::new("minimal", &told, false);
        assert_eq!(view.facts.all.len(), 2, "0 comes twice and stands there once");
        assert_eq!(view.violation_step, None);
    }
}
