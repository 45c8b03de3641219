//! A walk over every schedule that a rule leaves, merged where the rule says so.
//!
//! Bodies cannot be cloned, so each schedule is run from the start: the walk keeps the steps of the
//! schedule at hand, plays them again, and turns the last one that leaves something to try. What is
//! tried at a point, and which points count as one, is for a [`Rule`] to say.
//!
//! Memory grows with the length of a schedule; what is kept of points is the rule's.

use super::{
    Progress,
    dpor::{Draws, Steps, awake},
};
use crate::{
    decisions::{Ahead, Decisions, Names},
    moves::{Move, MoveSet},
};

/// What a walk tries, and what it merges. It follows each schedule from its start.
pub(super) trait Rule<W> {
    /// A schedule begins.
    fn begin(&mut self) {}

    /// The moves to try where the world stands, in this order: at least one of those that it enables.
    fn options(&mut self, world: &W, into: &mut Vec<Move>);

    /// A new point is reached; nothing is to be tried where the world has settled.
    fn arrive(&mut self, world: &W, point: Point<'_>) -> Arrival;

    /// A move is about to be played.
    fn before(&mut self, _world: &W, _mv: Move) {}

    /// It was played and drew these values; `barrier` if time passed before it.
    fn after(&mut self, _world: &W, _mv: Move, _values: &[u32], _barrier: bool) {}

    /// All below a marked point was walked: so many schedules.
    fn leave(&mut self, _mark: u128, _below: u128) {}

    /// How many points are kept.
    fn held(&self) -> u64;
}

/// A point as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<'p> {
    /// What is to be tried.
    pub(super) options: &'p [Move],
    /// How many steps lead to it.
    pub(super) depth: usize,
}

/// What becomes of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Walked, and not told apart.
    Plain,
    /// Walked, and told of when that is done.
    Marked(u128),
    /// Not walked again: so many schedules lie below it.
    Known(u128),
}

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// At most so many runs.
    pub(super) runs: u64,
    /// At most so many points are kept.
    pub(super) held: u64,
    /// At most so many steps a schedule; a longer one is cut.
    pub(super) steps: u32,
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Walked {
    /// Schedules, counted over merged points; no more than fit are counted.
    pub(super) schedules: u128,
    /// Runs that were needed.
    pub(super) runs: u64,
    /// Runs that came to an end, cut ones included.
    pub(super) ends: u64,
    /// Runs that were cut.
    pub(super) cut: u64,
    /// Steps that were played, those of replays included.
    pub(super) steps: u64,
    /// The share that was walked, by Knuth's estimator: each branch of a point weighs the same.
    pub(super) share: f64,
    /// Nothing was left out.
    pub(super) closed: bool,
}

/// A step of the schedule at hand, and the point before it.
struct Step {
    mv: Move,
    values: Vec<u32>,
    /// What it draws the next time.
    again: Option<Vec<u32>>,
    /// What else is to be tried there, the next one last.
    rest: Vec<Move>,
    /// Time passed before it.
    barrier: bool,
    mark: Option<u128>,
    /// Schedules found below the point so far.
    below: u128,
    /// The share of each move of the point, and of the values that were drawn.
    share: [f64; 2],
}

struct Walk<'r, R> {
    rule: &'r mut R,
    limit: usize,
    path: Vec<Step>,
    options: Vec<Move>,
    result: Walked,
}

/// Walks every schedule.
pub(super) fn walk<S: Steps>(
    run: &mut S,
    rule: &mut impl Rule<S::World>,
    limits: Limits,
) -> Walked {
    let (limit, result) = (limits.steps as usize, Walked::default());
    let mut walk = Walk { rule, limit, path: Vec::new(), options: Vec::new(), result };
    loop {
        let known = walk.run(run);
        walk.count(known);
        let progress = Progress {
            done: walk.result.ends,
            share: Some(walk.result.share),
            held: walk.rule.held(),
        };
        if !((known.is_some() || run.ended()) && run.goes_on(progress)) {
            break;
        }
        if !walk.advance::<S::World>() {
            walk.result.closed = walk.result.cut == 0;
            break;
        }
        if walk.result.runs >= limits.runs || walk.rule.held() >= limits.held {
            break;
        }
    }
    walk.result
}

impl<R> Walk<'_, R> {
    /// One run along the schedule at hand to its end; or to a point that is known, with the number
    /// of schedules below it.
    fn run<S: Steps>(&mut self, run: &mut S) -> Option<u128>
    where
        R: Rule<S::World>,
    {
        run.start();
        self.rule.begin();
        for at in 0..self.path.len() {
            awake(run.world());
            if !self.play(at, run) {
                return None;
            }
        }
        loop {
            let awake = awake(run.world());
            self.options.clear();
            if awake.is_some() {
                self.rule.options(run.world(), &mut self.options);
            }
            let point = Point { options: &self.options, depth: self.path.len() };
            let mark = match self.rule.arrive(run.world(), point) {
                Arrival::Plain => None,
                Arrival::Marked(mark) => Some(mark),
                Arrival::Known(below) => return Some(below),
            };
            if awake.is_none() || self.path.len() >= self.limit {
                self.result.cut += u64::from(awake.is_some());
                mark.into_iter().for_each(|mark| self.rule.leave(mark, 1));
                return None;
            }
            self.push(mark, awake == Some(true));
            if !self.play(self.path.len() - 1, run) {
                return None;
            }
        }
    }

    fn push(&mut self, mark: Option<u128>, barrier: bool) {
        let options = &self.options;
        let share = self.path.last().map_or(1.0, |step| step.share[1]) / options.len() as f64;
        self.path.push(Step {
            mv: options[0],
            values: Vec::new(),
            again: None,
            rest: options[1..].iter().rev().copied().collect(),
            barrier,
            mark,
            below: 0,
            share: [share; 2],
        });
    }

    /// Plays a step of the schedule at hand; false if the run ends with it.
    fn play<S: Steps>(&mut self, at: usize, run: &mut S) -> bool
    where
        R: Rule<S::World>,
    {
        self.result.steps += 1;
        let is_last = at + 1 == self.path.len();
        let step = &mut self.path[at];
        self.rule.before(run.world(), step.mv);
        let mut draws = Draws::default();
        draws.tell(&step.values);
        let goes_on = match is_last {
            true => run.play(step.mv, &mut draws),
            false => run.again(step.mv, &mut draws),
        };
        if is_last {
            step.values = draws.values();
            // Round to the first ones, which are told by nothing.
            step.again = draws.next().filter(|values| !values.is_empty());
            step.share[1] = step.share[0] / draws.sequences();
        }
        self.rule.after(run.world(), step.mv, &step.values, step.barrier);
        goes_on
    }

    /// Counts a run that has ended, or has come to a point with so many schedules below it.
    fn count(&mut self, known: Option<u128>) {
        self.result.runs += 1;
        self.result.ends += u64::from(known.is_none());
        self.result.share += self.path.last().map_or(1.0, |step| step.share[1]);
        self.add(known.unwrap_or(1));
    }

    fn add(&mut self, schedules: u128) {
        let below = match self.path.last_mut() {
            Some(step) => &mut step.below,
            None => &mut self.result.schedules,
        };
        *below = below.saturating_add(schedules);
    }

    /// Turns the last step that leaves something to try; false if none does.
    fn advance<W>(&mut self) -> bool
    where
        R: Rule<W>,
    {
        while let Some(step) = self.path.last_mut() {
            if let Some(values) = step.again.take() {
                step.values = values;
                return true;
            }
            if let Some(mv) = step.rest.pop() {
                step.mv = mv;
                step.values.clear();
                return true;
            }
            let Step { mark, below, .. } = *step;
            mark.into_iter().for_each(|mark| self.rule.leave(mark, below));
            self.path.pop();
            self.add(below);
        }
        false
    }
}

/// One move, and what it draws.
pub(crate) struct Told<'d> {
    pub(crate) mv: Move,
    pub(crate) draws: &'d mut Draws,
}

impl Decisions for Told<'_> {
    fn next_move(&mut self, moves: &MoveSet, _: &dyn Names) -> Option<usize> {
        moves.position(self.mv)
    }

    fn value(&mut self, options: u32) -> u32 {
        self.draws.value(options)
    }

    fn spares(&mut self, from: u32) {
        self.draws.spares(from);
    }

    fn ahead(&mut self) -> Ahead {
        self.draws.ahead()
    }
}
