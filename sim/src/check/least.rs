//! The schedule of least cost that shows what is looked for, and the proof that there is no cheaper.
//!
//! Best first: what a schedule costs is what it pays, then its steps, then the names of its movers in
//! canonical order and the values that they draw, 0 first. So there is one schedule of least cost, and
//! all below it was tried. Points are merged by the world's state and whose turn was the last; a point
//! where somebody else was there for so much less that even paying for the turn is cheaper is given up,
//! too. Bodies cannot be cloned, so a point is its way there, and is reached by playing that again.
//!
//! A *preemption* is what [`Search::preemptions`](super::Search::preemptions) counts: a turn taken
//! from a process that could go on. Where a world has one mover at a time there are none.
//!
//! Bounded by points and steps, never by time, so it comes to the same each time it is run. Needs
//! memory for each point. Leaves out verdicts that are no function of state and step, such as that a
//! run does not end.

use super::dpor::{Draws, Steps, awake};
use crate::{
    decisions::Tape,
    moves::{Move, MoveSet},
    name::Name,
    trace::digest_words,
    world::World,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// A run in which something is looked for.
pub trait Sought: Steps {
    /// True if the run at hand shows it. Asked when [`Steps::play`] has ended it, and when nothing can
    /// move any more.
    fn shows(&mut self) -> bool;
}

/// What a schedule pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Price {
    /// Turns that are taken from a process that could go on.
    #[default]
    Preemptions,
    /// Every change of who moves: a process, a channel, a timer.
    Switches,
}

/// What a schedule costs: first what it pays, then how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost {
    /// Preemptions, or switches.
    pub paid: u32,
    /// Steps.
    pub steps: u32,
}

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// At most so many points.
    pub nodes: u64,
    /// At most so many steps, those of replays included.
    pub steps: u64,
    /// At most so many steps a schedule.
    pub length: u32,
    /// What a schedule costs that is known; dearer ones are not looked at.
    pub known: Option<Cost>,
}

/// A schedule of least cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Least {
    /// The first of those that cost least, by the names of its movers; none if there is none, or the
    /// search ended before it.
    pub schedule: Option<(Cost, Tape)>,
    /// No schedule costs less than this one, or than the one that was known, as long as there is one.
    pub is_proved: bool,
    /// Points that were looked at.
    pub nodes: u64,
    /// Steps that were played, those of replays included.
    pub steps: u64,
}

/// Follows whose turn it is along a run, and what is paid for taking it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turns {
    price: Price,
    /// Who had the last one.
    last: Option<Move>,
}

impl Turns {
    /// At the start of a run.
    pub fn new(price: Price) -> Self {
        Turns { price, last: None }
    }

    /// Who had the last turn, whether or not he can go on.
    pub(super) fn last(&self) -> Option<Move> {
        self.last
    }

    /// What is paid for a move that is played now; `is_turn` is asked only if it matters.
    pub fn pay(&mut self, mv: Move, moves: &MoveSet, is_turn: impl FnOnce() -> bool) -> u32 {
        if self.last == Some(mv) || self.price == Price::Preemptions && !is_turn() {
            return 0;
        }
        let taken = self.last.replace(mv);
        match self.price {
            Price::Preemptions => taken.is_some_and(|last| moves.position(last).is_some()).into(),
            Price::Switches => taken.is_some().into(),
        }
    }
}

/// Looks for the schedule of least cost. [`Steps::goes_on`] is asked now and then; false ends it.
pub fn least<S: Sought>(run: &mut S, price: Price, reach: Reach) -> Least {
    let mut search = Search {
        run,
        reach,
        nodes: Vec::new(),
        names: Names::default(),
        open: BTreeMap::new(),
        met: Met::default(),
        standing: None,
        cut: false,
        steps: 0,
        tried: 0,
    };
    search.root(price);
    let (schedule, is_proved) = search.all();
    Least { schedule, is_proved, nodes: search.tried, steps: search.steps }
}

/// A point, by the move that leads to it from another one.
struct Node {
    from: u32,
    mv: Move,
    /// Who moves, by place in the names.
    who: u32,
    values: Box<[u32]>,
    cost: Cost,
    turns: Turns,
}

/// A move that was not played yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    from: u32,
    mv: Move,
    who: u32,
}

/// The names of movers, each once.
#[derive(Default)]
struct Names {
    all: Vec<Name>,
    by_id: BTreeMap<u64, u32>,
}

impl Names {
    fn of<W: World>(&mut self, world: &W, mv: Move) -> u32 {
        *self.by_id.entry(world.id(mv)).or_insert_with(|| {
            self.all.push(world.name(mv));
            self.all.len() as u32 - 1
        })
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        self.all[a as usize].cmp(&self.all[b as usize])
    }
}

/// The points that were met.
#[derive(Default)]
struct Met {
    /// States, with the least that led there.
    states: BTreeMap<u128, Cost>,
    /// States with whose turn was the last.
    points: BTreeSet<u128>,
}

impl Met {
    /// False if there is no need to go on from a point. Points come in the order of their cost, so
    /// whoever was there before paid no more.
    fn is_new<W: World>(&mut self, world: &W, turns: Turns, cost: Cost) -> bool {
        let state = world.state().0;
        let who = turns.last.map_or(0, |last| world.id(last));
        let point = digest_words(&[state as u64, (state >> 64) as u64, who]).0;
        let least = *self.states.entry(state).or_insert(cost);
        // From there one more payment at most comes to the same.
        let dear = Cost { paid: least.paid + 1, ..least };
        cost <= dear && self.points.insert(point)
    }
}

struct Search<'r, S> {
    run: &'r mut S,
    reach: Reach,
    nodes: Vec<Node>,
    names: Names,
    /// Moves to play, by what the schedule costs that ends with them.
    open: BTreeMap<Cost, Vec<Open>>,
    met: Met,
    /// The point at which the world stands.
    standing: Option<u32>,
    /// Some schedules were left out, whatever they cost.
    cut: bool,
    steps: u64,
    tried: u64,
}

impl<S: Sought> Search<'_, S> {
    fn root(&mut self, price: Price) {
        let (cost, turns) = (Cost::default(), Turns::new(price));
        self.nodes.push(Node { from: 0, mv: Move(0), who: 0, values: [].into(), cost, turns });
        self.run.start();
        if awake(self.run.world()).is_some() {
            self.standing = Some(0);
            self.open_all(0);
        }
    }

    /// The first schedule that shows what is looked for, and whether that is proved to cost least.
    fn all(&mut self) -> (Option<(Cost, Tape)>, bool) {
        while let Some((cost, mut bucket)) = self.open.pop_first() {
            // All that costs less was tried: what is known costs least, whatever comes now.
            let known = self.reach.known.is_some_and(|known| known <= cost) && !self.cut;
            bucket.sort_by(|a, b| self.compare(*a, *b));
            for open in bucket {
                if self.is_spent() {
                    return (None, known);
                }
                if let Some(tape) = self.play(open, cost) {
                    return (Some((cost, tape)), !self.cut);
                }
            }
        }
        (None, false)
    }

    fn is_spent(&mut self) -> bool {
        let done = self.tried;
        let progress = super::Progress { done, share: None, held: self.nodes.len() as u64 };
        done >= self.reach.nodes || self.steps >= self.reach.steps || !self.run.goes_on(progress)
    }

    /// Plays a move with all the values that it can draw; the tape if that shows what is looked for.
    fn play(&mut self, open: Open, cost: Cost) -> Option<Tape> {
        let mut told = Vec::new();
        loop {
            let (goes_on, draws, turns) = self.step(open, &told);
            self.tried += 1;
            let values: Box<[u32]> = draws.values().into();
            let again = draws.next().filter(|values| !values.is_empty());
            let awake = goes_on.then(|| awake(self.run.world())).flatten();
            if awake.is_none() && self.run.shows() {
                return Some(self.tape(open, &values));
            }
            if awake.is_some() && self.met.is_new(self.run.world(), turns, cost) {
                let Open { from, mv, who } = open;
                let node = self.nodes.len() as u32;
                self.nodes.push(Node { from, mv, who, values, cost, turns });
                self.standing = Some(node);
                self.open_all(node);
            }
            told = again?;
            if self.is_spent() {
                self.cut = true;
                return None;
            }
        }
    }

    /// Goes to where a move is open, and plays it.
    fn step(&mut self, open: Open, told: &[u32]) -> (bool, Draws, Turns) {
        if self.standing.take() != Some(open.from) {
            self.go_to(open.from);
        }
        let mut turns = self.nodes[open.from as usize].turns;
        let world = self.run.world();
        turns.pay(open.mv, world.moves(), || world.is_turn(open.mv));
        let mut draws = Draws::default();
        draws.tell(told);
        self.steps += 1;
        (self.run.play(open.mv, &mut draws), draws, turns)
    }

    /// Plays the way to a point again.
    fn go_to(&mut self, node: u32) {
        let way = self.way(node);
        self.run.start();
        awake(self.run.world());
        let mut draws = Draws::default();
        for &at in way.iter().rev() {
            let Node { mv, values, .. } = &self.nodes[at as usize];
            draws.tell(values);
            self.run.again(*mv, &mut draws);
            awake(self.run.world());
        }
        self.steps += way.len() as u64;
    }

    /// The points on the way, the last one first, without the start.
    fn way(&self, node: u32) -> Vec<u32> {
        let before = |&node: &u32| (node != 0).then(|| self.nodes[node as usize].from);
        std::iter::successors(Some(node), before).filter(|&node| node != 0).collect()
    }

    /// Notes what can be played at the point at which the world stands.
    fn open_all(&mut self, node: u32) {
        let Node { cost, turns, .. } = self.nodes[node as usize];
        if cost.steps >= self.reach.length {
            self.cut = true;
            return;
        }
        let world = &*self.run.world();
        for &mv in world.moves().all() {
            let paid = { turns }.pay(mv, world.moves(), || world.is_turn(mv));
            let cost = Cost { paid: cost.paid + paid, steps: cost.steps + 1 };
            if self.reach.known.is_none_or(|known| cost <= known) {
                let who = self.names.of(world, mv);
                self.open.entry(cost).or_default().push(Open { from: node, mv, who });
            }
        }
    }

    /// By the names of their movers from the start on; both are of one length.
    fn compare(&self, a: Open, b: Open) -> Ordering {
        let mut order = self.names.compare(a.who, b.who);
        let (mut a, mut b) = (a.from, b.from);
        while a != b {
            let (one, other) = (&self.nodes[a as usize], &self.nodes[b as usize]);
            let here = self.names.compare(one.who, other.who);
            order = here.then_with(|| one.values.cmp(&other.values)).then(order);
            (a, b) = (one.from, other.from);
        }
        order
    }

    fn tape(&self, last: Open, values: &[u32]) -> Tape {
        let mut tape = Tape::default();
        for &at in self.way(last.from).iter().rev() {
            let Node { who, values, .. } = &self.nodes[at as usize];
            tape.push(self.names.all[*who as usize].clone());
            tape.values.extend(values);
        }
        tape.push(self.names.all[last.who as usize].clone());
        tape.values.extend(values);
        tape
    }
}
