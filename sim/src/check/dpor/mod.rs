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
//! every step. Values that a move draws are tried one after the other and not reduced, all of them
//! wherever one is planned. With another value it is another step, since it may touch other things
//! and lead elsewhere; it sleeps once all were tried, and wakes as one.
//!
//! Beyond the paper, where a world has several moves of one mover that exclude each other
//! ([`World::choice`]), what could have been chosen instead is planned like a race; and a step turned
//! round is played where it would come, since it may touch other things there. See
//! docs/exploration.md.
//!
//! Memory grows with the length of a schedule and what is planned along it, not with the number of
//! schedules. Leaves out bounds on preemptions.

mod draws;
mod races;
mod search;
mod set;
mod wakeup;

pub use draws::Draws;
pub(crate) use set::Set;

use super::Progress;
use crate::{moves::Move, world::World};
use search::Search;
pub(super) use search::awake;
use std::fmt;

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

    /// Plays a step that was played before, after the same steps.
    fn again(&mut self, mv: Move, draws: &mut Draws) -> bool {
        self.play(mv, draws)
    }

    /// The run has come to its end; false to search no further.
    fn ended(&mut self) -> bool;

    /// How far the search has come, asked after each run; false to search no further.
    fn goes_on(&mut self, _progress: Progress) -> bool {
        true
    }
}

/// Which schedules are planned to turn a race round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reduction {
    /// Whole continuations, in wakeup trees: one schedule of each class, and none begun in vain.
    #[default]
    Optimal,
    /// First steps alone, in source sets: less memory; some schedules are begun and given up.
    Source,
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reduction::Optimal => "optimal reduction",
            Reduction::Source => "source sets",
        })
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// About which share was explored, from 0 to 1.
    pub share: f64,
    /// Nothing was left out.
    pub closed: bool,
}

/// Runs at least one schedule of each class, and under [`Reduction::Optimal`] just one.
pub fn explore(run: &mut impl Steps, reduction: Reduction, bounds: Bounds) -> Reduced {
    let limit = bounds.steps as usize;
    let mut search = Search { limit, reduction, ..Search::default() };
    run.world().observe(true);
    loop {
        search.replay(run);
        search.extend(run);
        let (done, share) = (search.result.executions, search.share());
        search.result.share = share;
        let progress = Progress { done, share: Some(share), held: 0 };
        if search.complete && !run.ended() || !run.goes_on(progress) {
            break;
        }
        search.plan_reversals(run);
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
