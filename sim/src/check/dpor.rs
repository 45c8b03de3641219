//! One schedule of each class: optimal dynamic partial-order reduction.
//!
//! Two schedules are of one class if they differ only in the order of steps that do not conflict.
//! The search runs a schedule to its end, looks at its races (steps that conflict and could have come
//! in the other order), and plans for each the shortest continuation that turns it round, in a
//! *wakeup tree*; *sleep sets* keep out what was explored already. So it runs exactly one schedule
//! of each class and never begins one that it must give up.
//!
//! Abdulla, Aronis, Jonsson, Sagonas: "Source Sets: A Foundation for Optimal Dynamic Partial Order
//! Reduction", J. ACM 64(4), 2017. Its words are used here. Footprints are the observed ones
//! ([`World::observed`]). Where nothing can move, time passes, which is a barrier that conflicts with
//! every step. Values that a move draws are tried one after the other and not reduced: a move that
//! drew sleeps once all its values were tried, and wakes as one.
//!
//! Memory grows with the length of a schedule and what is planned along it, not with the number of
//! schedules. Leaves out bounds on preemptions.

use crate::{
    decisions::{Decisions, Names},
    footprint::Footprint,
    moves::{Move, MoveSet},
    world::World,
};

/// A run that can be begun again and played step by step.
pub trait Steps {
    /// What is run.
    type World: World;

    /// Begins again.
    fn start(&mut self);

    /// The world as it stands.
    fn world(&mut self) -> &mut Self::World;

    /// Plays an enabled move, which may draw; false if the run ends with it.
    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool;

    /// The run has come to its end; false to search no further.
    fn ended(&mut self) -> bool;
}

/// The values that a move draws: those that were told, then 0.
#[derive(Clone, Debug, Default)]
pub struct Draws {
    told: Vec<u32>,
    /// How many options each had.
    options: Vec<u32>,
}

impl Draws {
    fn new(told: Vec<u32>) -> Self {
        Draws { told, options: Vec::new() }
    }

    /// What was drawn.
    fn values(&self) -> Vec<u32> {
        let told = self.told.iter().copied().chain(std::iter::repeat(0));
        told.take(self.options.len()).collect()
    }

    /// The next values in the order of an odometer; none after the last.
    fn next(&self) -> Option<Vec<u32>> {
        let mut values = self.values();
        while let Some(last) = values.pop() {
            if last + 1 < self.options[values.len()] {
                values.push(last + 1);
                return Some(values);
            }
        }
        None
    }
}

impl Decisions for Draws {
    fn next_move(&mut self, _: &MoveSet, _: &dyn Names) -> Option<usize> {
        None
    }

    fn value(&mut self, options: u32) -> u32 {
        if options == 1 {
            return 0;
        }
        let value = self.told.get(self.options.len()).copied().unwrap_or(0);
        self.options.push(options);
        value
    }
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At most this many schedules.
    pub executions: u64,
    /// At most this many steps a schedule; a longer one is cut.
    pub steps: u32,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reduced {
    /// Schedules that were run to their end: one of each class.
    pub executions: u64,
    /// Schedules that were given up, since all that could move was asleep. None, if the footprints
    /// tell the truth and no move draws.
    pub blocked: u64,
    /// Schedules that were cut.
    pub cut: u64,
    /// Steps that were played, those of replays included.
    pub steps: u64,
    /// Nothing was left out.
    pub closed: bool,
}

/// Runs one schedule of each class.
pub fn explore(run: &mut impl Steps, bounds: Bounds) -> Reduced {
    let mut search = Search { limit: bounds.steps as usize, ..Search::default() };
    run.world().observe(true);
    loop {
        search.replay(run);
        search.extend(run);
        if search.complete && !run.ended() {
            break;
        }
        if search.complete {
            search.plan_reversals(run);
        }
        if !search.backtrack() {
            search.result.closed = search.result.cut == 0;
            break;
        }
        let Reduced { executions, blocked, .. } = search.result;
        if executions + blocked >= bounds.executions {
            break;
        }
    }
    run.world().observe(false);
    search.result
}

/// A step as the search knows it: whose it is, what it drew, and what it touched.
#[derive(Clone, Debug)]
struct Step {
    mover: u64,
    values: Vec<u32>,
    print: Footprint,
}

impl Step {
    fn conflicts(&self, other: &Step) -> bool {
        self.mover == other.mover || self.print.conflicts(&other.print)
    }
}

/// Steps planned from some point on, as a tree; each branch in the order of planning.
#[derive(Clone, Debug, Default)]
struct Wakeup {
    branches: Vec<(Step, Wakeup)>,
}

impl Wakeup {
    /// Plans a sequence, unless one that is planned already leads to all that it leads to.
    fn insert(&mut self, mut sequence: Vec<Step>, from_root: bool) {
        if self.branches.is_empty() && !from_root {
            // A leaf: whatever follows it will be found from there.
            return;
        }
        for (step, below) in &mut self.branches {
            if let Some(place) = initial(step, &sequence) {
                if let Some(at) = place {
                    sequence.remove(at);
                }
                if !sequence.is_empty() {
                    below.insert(sequence, false);
                }
                return;
            }
        }
        self.append(sequence);
    }

    fn append(&mut self, sequence: Vec<Step>) {
        let mut tree = self;
        for step in sequence {
            tree.branches.push((step, Wakeup::default()));
            tree = &mut tree.branches.last_mut().expect("a branch was added").1;
        }
    }
}

/// Whether a step may come first in some order of a sequence ("weak initial"), and where it stands in
/// it, if it does.
fn initial(step: &Step, sequence: &[Step]) -> Option<Option<usize>> {
    for (at, other) in sequence.iter().enumerate() {
        if other.mover == step.mover {
            let free = sequence[..at].iter().all(|earlier| !earlier.conflicts(other));
            return free.then_some(Some(at));
        }
        if step.print.conflicts(&other.print) {
            return None;
        }
    }
    Some(None)
}

/// A point of the schedule at hand: what comes next, and what else is planned there.
#[derive(Clone, Debug, Default)]
struct Point {
    /// Steps that need not be taken here: a schedule with each was run.
    sleep: Vec<Step>,
    /// What is planned, the branch at hand first.
    planned: Wakeup,
    /// Who could move.
    enabled: Vec<u64>,
}

#[derive(Default)]
struct Search {
    limit: usize,
    points: Vec<Point>,
    /// The steps between the points.
    steps: Vec<Step>,
    /// Steps before each step that it depends on, as sets.
    before: Vec<Set>,
    complete: bool,
    result: Reduced,
}

/// A set of steps of a schedule.
#[derive(Clone, Debug, Default)]
struct Set(Vec<u64>);

impl Set {
    fn add(&mut self, step: usize) {
        if self.0.len() <= step / 64 {
            self.0.resize(step / 64 + 1, 0);
        }
        self.0[step / 64] |= 1 << (step % 64);
    }

    fn join(&mut self, other: &Set) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    fn has(&self, step: usize) -> bool {
        self.0.get(step / 64).is_some_and(|word| word >> (step % 64) & 1 == 1)
    }
}

/// Lets time pass until somebody can move: none if the world has settled, else whether it did.
fn awake<W: World>(world: &mut W) -> Option<bool> {
    let mut barrier = false;
    while world.moves().is_empty() {
        if !world.wait() {
            return None;
        }
        barrier = true;
    }
    Some(barrier)
}

/// Plays a step that was played before; false if the run ends with it.
fn follow(run: &mut impl Steps, step: &Step) -> bool {
    awake(run.world());
    let mv = find(run.world(), step.mover).expect("the same steps lead to the same moves");
    run.play(mv, &mut Draws::new(step.values.clone()))
}

fn find<W: World>(world: &W, mover: u64) -> Option<Move> {
    world.moves().all().iter().copied().find(|&mv| world.id(mv) == mover)
}

impl Search {
    /// The schedule at hand from the start.
    fn replay(&mut self, run: &mut impl Steps) {
        run.start();
        self.result.steps += self.steps.len() as u64;
        for step in &self.steps {
            follow(run, step);
        }
    }

    /// Goes on from where the schedule at hand stands, by what is planned, to its end.
    fn extend(&mut self, run: &mut impl Steps) {
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
            let Some((mover, values)) = self.arrive(run.world()) else {
                self.complete = false;
                self.result.blocked += 1;
                return;
            };
            let mv = find(run.world(), mover).expect("who is planned can move");
            let mut draws = Draws::new(values);
            let goes_on = run.play(mv, &mut draws);
            self.result.steps += 1;
            let mut print = run.world().observed().clone();
            if barrier {
                print.make_opaque();
            }
            let next = draws.next();
            self.take(Step { mover, values: draws.values(), print }, next);
            if !goes_on {
                self.result.executions += 1;
                return;
            }
        }
    }

    /// The point where the schedule at hand stands, and who moves there, with what it is told to draw.
    fn arrive<W: World>(&mut self, world: &W) -> Option<(u64, Vec<u32>)> {
        if self.points.len() == self.steps.len() {
            let (sleep, planned) = self.carried();
            let mut enabled: Vec<u64> =
                world.moves().all().iter().map(|&mv| world.id(mv)).collect();
            enabled.sort_unstable();
            self.points.push(Point { sleep, planned, enabled });
        }
        self.points.last().expect("there is a point before each step").next()
    }

    /// What the next point inherits: who sleeps on, and what is planned below the step at hand.
    fn carried(&self) -> (Vec<Step>, Wakeup) {
        let (Some(point), Some(step)) = (self.points.last(), self.steps.last()) else {
            return (Vec::new(), Wakeup::default());
        };
        // Whoever wakes with one of its values wakes with all.
        let wakes = |mover: u64| point.sleep.iter().any(|s| s.mover == mover && s.conflicts(step));
        let sleep = point.sleep.iter().filter(|asleep| !wakes(asleep.mover)).cloned();
        (sleep.collect(), point.planned.branches[0].1.clone())
    }

    /// The schedule at hand goes on by a step; `next` is what its mover draws the next time.
    fn take(&mut self, step: Step, next: Option<Vec<u32>>) {
        let mut before = Set::default();
        for at in (0..self.steps.len()).rev() {
            if !before.has(at) && self.steps[at].conflicts(&step) {
                before.add(at);
                before.join(&self.before[at]);
            }
        }
        let point = self.points.last_mut().expect("there is a point before each step");
        match point.planned.branches.first_mut() {
            Some((planned, _)) => *planned = step.clone(),
            None => point.planned.branches.push((step.clone(), Wakeup::default())),
        }
        if let Some(values) = next {
            let again = Step { values, ..step.clone() };
            point.planned.branches.insert(1, (again, Wakeup::default()));
        }
        self.before.push(before);
        self.steps.push(step);
    }

    /// Plans, for each race of the schedule at hand, how it is turned round.
    fn plan_reversals(&mut self, run: &mut impl Steps) {
        let mut wanted = Vec::new();
        run.world().wanted(&mut wanted);
        for later in 1..self.steps.len() {
            self.plan_reversals_of(later, run);
        }
        // Who is kept from a step to the end would have taken it earlier.
        for (mover, print) in wanted {
            self.steps.push(Step { mover, values: Vec::new(), print });
            self.plan_reversals_of(self.steps.len() - 1, run);
            self.steps.pop();
        }
    }

    /// The races of a step: earlier ones that it conflicts with, of others, with nothing between that
    /// keeps them apart. One that could not come the other way round (a lock is taken after it was
    /// given back, a message received after it was sent) keeps nothing apart: what the step really
    /// waited for lies further back.
    fn plan_reversals_of(&mut self, later: usize, run: &mut impl Steps) {
        let mover = self.steps[later].mover;
        let own = self.steps[..later].iter().rposition(|other| other.mover == mover);
        let mut known = own.map_or_else(Set::default, |own| {
            let mut known = self.before[own].clone();
            known.add(own);
            known
        });
        for at in (0..later).rev() {
            if known.has(at) || !self.steps[at].conflicts(&self.steps[later]) {
                continue;
            }
            known.add(at);
            let sequence = self.reversal(at, later);
            if !self.can_follow(at, &sequence, run) {
                continue;
            }
            known.join(&self.before[at]);
            let asleep = &self.points[at].sleep;
            if !asleep.iter().any(|step| initial(step, &sequence).is_some()) {
                self.points[at].planned.insert(sequence, true);
            }
        }
    }

    /// What follows the point before the earlier step if the later one comes first: all that does not
    /// depend on the earlier one, then the later one.
    fn reversal(&self, earlier: usize, later: usize) -> Vec<Step> {
        (earlier + 1..later)
            .filter(|&at| !self.before[at].has(earlier))
            .chain([later])
            .map(|at| self.steps[at].clone())
            .collect()
    }

    /// Whether a sequence can be played from a point on; only its last step is in doubt.
    fn can_follow(&mut self, point: usize, sequence: &[Step], run: &mut impl Steps) -> bool {
        let Some((last, first)) = sequence.split_last() else { return true };
        let mover = last.mover;
        let enabled = self.points[point].enabled.binary_search(&mover).is_ok();
        let moved = first.iter().any(|step| step.mover == mover);
        if enabled && !moved {
            return true;
        }
        run.start();
        self.result.steps += (point + first.len()) as u64;
        for step in self.steps[..point].iter().chain(first) {
            if !follow(run, step) {
                return false;
            }
        }
        awake(run.world()).is_some() && find(run.world(), mover).is_some()
    }

    /// Takes back the last step that leaves something planned; false if nothing is.
    fn backtrack(&mut self) -> bool {
        self.points.truncate(self.steps.len().max(1));
        while let Some(step) = self.steps.pop() {
            self.before.pop();
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

impl Point {
    /// Who moves next, and what it is told to draw: as planned, else the first who is not asleep.
    fn next(&self) -> Option<(u64, Vec<u32>)> {
        if let Some((planned, _)) = self.planned.branches.first() {
            return Some((planned.mover, planned.values.clone()));
        }
        let asleep = |mover: u64| self.sleep.iter().any(|step| step.mover == mover);
        let mover = self.enabled.iter().copied().find(|&mover| !asleep(mover))?;
        Some((mover, Vec::new()))
    }
}
