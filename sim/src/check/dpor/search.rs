//! The schedule at hand: how it is begun again, gone on with, and taken back.

use super::{
    Draws, Reduced, Reduction, Set, Steps,
    wakeup::{Step, Wakeup, Who},
};
use crate::{moves::Move, world::World};
use std::rc::Rc;

/// A point of the schedule at hand: what comes next, and what else is planned there.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    /// Steps that need not be taken here: a schedule with each was run.
    pub(super) sleep: Vec<Rc<Step>>,
    /// How many of them slept when the schedule came here; the others were taken here.
    inherited: usize,
    /// What is planned, the branch at hand first.
    pub(super) planned: Wakeup,
    /// What could be played, in order.
    pub(super) enabled: Vec<(Who, Move)>,
}

impl Point {
    /// Whether a step with the same values is planned here or was taken.
    fn knows(&self, step: &Step) -> bool {
        let planned = self.planned.branches.iter().map(|(step, _)| step);
        planned.chain(&self.sleep).any(|known| known.who == step.who && known.draws(step))
    }

    /// Who moves next, and what it is told to draw: as planned, else the first who is not asleep.
    fn next(&self) -> Option<(Who, Vec<u32>)> {
        if let Some((planned, _)) = self.planned.branches.first() {
            return Some((planned.who, planned.values.clone()));
        }
        let asleep = |who: Who| self.sleep.iter().any(|step| step.who == who);
        let who = self.enabled.iter().map(|&(who, _)| who).find(|&who| !asleep(who))?;
        Some((who, Vec::new()))
    }
}

/// A step that was played.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) step: Rc<Step>,
    /// The same move, as long as all before it is the same.
    mv: Move,
    /// Steps before it that it depends on.
    pub(super) before: Set,
    /// Its races, once they were looked for: earlier steps, as long as what follows makes a difference,
    /// and whether nothing between had to come before this one.
    pub(super) races: Option<Vec<(usize, bool)>>,
}

#[derive(Default)]
pub(super) struct Search {
    pub(super) limit: usize,
    pub(super) reduction: Reduction,
    pub(super) points: Vec<Point>,
    /// The steps between the points.
    pub(super) steps: Vec<Taken>,
    /// Whether the schedule at hand came to its end, or was given up.
    pub(super) complete: bool,
    pub(super) result: Reduced,
    pub(super) draws: Draws,
}

/// Lets time pass until somebody can move: none if the world has settled, else whether it did.
pub(in super::super) fn awake<W: World>(world: &mut W) -> Option<bool> {
    let mut barrier = false;
    while world.moves().is_empty() {
        if !world.wait() {
            return None;
        }
        barrier = true;
    }
    Some(barrier)
}

fn who<W: World>(world: &W, mv: Move) -> Who {
    Who { mover: world.id(mv), choice: world.choice(mv) }
}

/// What can be played, in order.
fn enabled<W: World>(world: &W) -> Vec<(Who, Move)> {
    let mut all: Vec<_> = world.moves().all().iter().map(|&mv| (who(world, mv), mv)).collect();
    all.sort_unstable();
    all
}

/// The move of a step. One that was no choice stands for any that its mover has.
fn find(enabled: &[(Who, Move)], wanted: Who) -> Option<Move> {
    let exact = enabled.iter().find(|&&(who, _)| who == wanted);
    let any = || enabled.iter().find(|&&(who, _)| wanted.is_any() && who.mover == wanted.mover);
    exact.or_else(any).map(|&(_, mv)| mv)
}

impl Search {
    /// The schedule at hand from the start.
    pub(super) fn replay(&mut self, run: &mut impl Steps) {
        self.replay_to(self.steps.len(), run);
    }

    /// Its first steps.
    fn replay_to(&mut self, end: usize, run: &mut impl Steps) {
        run.start();
        self.result.steps += end as u64;
        for taken in &self.steps[..end] {
            awake(run.world());
            self.draws.tell(&taken.step.values);
            run.again(taken.mv, &mut self.draws);
        }
    }

    /// Goes on from where the schedule at hand stands, by what is planned, to its end.
    pub(super) fn extend(&mut self, run: &mut impl Steps) {
        self.complete = true;
        loop {
            let Some(barrier) = awake(run.world()) else {
                self.result.executions += 1;
                return;
            };
            if self.steps.len() >= self.limit {
                self.result.cut += 1;
                self.result.executions += 1;
                return;
            }
            let Some((wanted, values)) = self.arrive(run.world()) else {
                self.complete = false;
                self.result.blocked += 1;
                return;
            };
            let point = self.points.last().expect("there is a point before each step");
            let mv = find(&point.enabled, wanted).expect("who is planned can move");
            self.draws.tell(&values);
            let (step, goes_on) = play(run, mv, &mut self.draws, barrier);
            self.result.steps += 1;
            let next = self.draws.next();
            self.take(Rc::new(step), mv, next);
            if !goes_on {
                self.result.executions += 1;
                return;
            }
        }
    }

    /// The point where the schedule at hand stands, and who moves there, with what it is told to draw.
    fn arrive<W: World>(&mut self, world: &W) -> Option<(Who, Vec<u32>)> {
        if self.points.len() == self.steps.len() {
            let enabled = enabled(world);
            let (mut sleep, planned) = self.carried();
            // A choice that others leave no room for is none.
            sleep.retain(|step| enabled.binary_search_by_key(&step.who, |&(who, _)| who).is_ok());
            let inherited = sleep.len();
            self.points.push(Point { sleep, inherited, planned, enabled });
        }
        self.points.last().expect("there is a point before each step").next()
    }

    /// What the next point inherits: who sleeps on, and what is planned below the step at hand.
    fn carried(&mut self) -> (Vec<Rc<Step>>, Wakeup) {
        let (Some(point), Some(taken)) = (self.points.last_mut(), self.steps.last()) else {
            return (Vec::new(), Wakeup::default());
        };
        let planned = std::mem::take(&mut point.planned.branches[0].1);
        // Whoever wakes with one of its values wakes with all.
        let wakes = |who: Who| {
            point.sleep.iter().any(|step| step.who == who && step.conflicts(&taken.step))
        };
        let sleep = point.sleep.iter().filter(|asleep| !wakes(asleep.who)).cloned();
        (sleep.collect(), planned)
    }

    /// The schedule at hand goes on by a step; `next` is what its mover draws the next time.
    fn take(&mut self, step: Rc<Step>, mv: Move, next: Option<Vec<u32>>) {
        let before = self.dependencies(&step);
        let point = self.points.last_mut().expect("there is a point before each step");
        match point.planned.branches.first_mut() {
            Some((planned, _)) => *planned = Rc::clone(&step),
            None => point.planned.branches.push((Rc::clone(&step), Wakeup::default())),
        }
        if let Some(values) = next {
            let Step { who, ref print, ref offers, .. } = *step;
            let again = Step { who, values, print: print.clone(), offers: offers.clone() };
            if !point.knows(&again) {
                point.planned.branches.insert(1, (Rc::new(again), Wakeup::default()));
            }
        }
        self.steps.push(Taken { step, mv, before, races: None });
    }

    /// The steps that a further one depends on.
    fn dependencies(&self, step: &Step) -> Set {
        let mut before = Set::default();
        for (at, taken) in self.steps.iter().enumerate().rev() {
            if !before.has(at) && taken.step.conflicts(step) {
                before.add(at);
                before.join(&taken.before);
            }
        }
        before
    }

    /// Plays the first steps, then others; false if one of those cannot be played.
    pub(super) fn lead(&mut self, first: usize, then: &[Rc<Step>], run: &mut impl Steps) -> bool {
        self.replay_to(first, run);
        self.result.steps += then.len() as u64;
        then.iter().all(|step| {
            if awake(run.world()).is_none() {
                return false;
            }
            let enabled = enabled(run.world());
            let Ok(at) = enabled.binary_search_by_key(&step.who, |&(who, _)| who) else {
                return false;
            };
            let mv = enabled[at].1;
            self.draws.tell(&step.values);
            run.play(mv, &mut self.draws)
        })
    }

    /// The share of what is planned so far that was explored: of each point, as many parts as it has
    /// branches, all of the same weight (Knuth, "Estimating the Efficiency of Backtrack Programs",
    /// 1975). Branches that are not yet planned make it too great.
    pub(super) fn share(&self) -> f64 {
        let (mut share, mut weight) = (0.0, 1.0);
        for point in &self.points {
            let taken = (point.sleep.len() - point.inherited) as f64;
            let branches = taken + point.planned.branches.len().max(1) as f64;
            share += weight * taken / branches;
            weight /= branches;
        }
        // The schedule at hand is at its end.
        share + weight
    }

    /// Takes back the last step that leaves something planned; false if nothing is.
    pub(super) fn backtrack(&mut self) -> bool {
        self.points.truncate(self.steps.len().max(1));
        while let Some(Taken { step, .. }) = self.steps.pop() {
            self.points.truncate(self.steps.len() + 1);
            let point = self.points.last_mut().expect("there is a point before each step");
            point.planned.branches.remove(0);
            point.sleep.push(step);
            if !point.planned.branches.is_empty() {
                return true;
            }
        }
        false
    }
}

/// The move of a step, if it can be made now, and whether time must pass before it.
pub(super) fn can_play(run: &mut impl Steps, wanted: Who) -> Option<(Move, bool)> {
    let barrier = awake(run.world())?;
    Some((find(&enabled(run.world()), wanted)?, barrier))
}

/// Plays a move and tells what it was.
pub(super) fn play<R: Steps>(
    run: &mut R,
    mv: Move,
    draws: &mut Draws,
    barrier: bool,
) -> (Step, bool) {
    let who = who(run.world(), mv);
    let goes_on = run.play(mv, draws);
    let world = run.world();
    let mut print = world.observed().clone();
    if barrier {
        print.make_opaque();
    }
    let mut offered = Vec::new();
    world.offered(&mut offered);
    let offers = offered.into_iter().map(|(mover, choice)| Who { mover, choice }).collect();
    (Step { who, values: draws.values(), print, offers }, goes_on)
}
