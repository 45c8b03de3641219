//! Which engine searches, how far, and what it came to.

use super::{
    dpor::{self, Reduced, Reduction, Steps},
    states::States,
    traces::Traces,
    walk::{Limits, Rule, Walked, walk},
};
use crate::{relation::Relation, world::World};
use std::fmt;

/// How the schedules of a workload are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// One schedule of each class: optimal reduction.
    #[default]
    Dpor,
    /// The same with source sets: less to plan, and some schedules that are given up.
    Source,
    /// Each state once: schedules that lead to one state are merged.
    States,
    /// Every schedule, merged by what happened before what: exact numbers, and slow.
    Enumerate,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Dpor => "dpor",
            Engine::Source => "source",
            Engine::States => "states",
            Engine::Enumerate => "enumerate",
        })
    }
}

/// A search: its engine and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    /// Who searches.
    pub engine: Engine,
    /// At most so many preemptions a schedule; only [`Engine::States`] knows such a bound, for with
    /// reduction a class may have its schedule of few preemptions pruned.
    pub preemptions: Option<u32>,
    /// When two schedules count as one; nothing to [`Engine::States`].
    pub relation: Relation,
    /// At most so many steps a schedule; a longer one is cut.
    pub steps: u32,
    /// At most so many schedules that are run to their end.
    pub executions: u64,
    /// At most so many states or traces in memory, of the engines that keep them.
    pub held: u64,
    /// At most so many runs, ended or not, of those engines.
    pub runs: u64,
}

impl Default for Search {
    fn default() -> Self {
        Search {
            engine: Engine::default(),
            preemptions: None,
            relation: Relation::default(),
            steps: 1_000,
            executions: 1_000_000,
            held: 10_000_000,
            runs: u64::MAX,
        }
    }
}

/// How far a search has come: for people, nothing is decided by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Schedules that were run to their end.
    pub done: u64,
    /// An estimate of the share that was explored, 0 to 1, from engines that have one: Knuth's, each
    /// branch of a point weighs the same. Unbiased where all branches of a point are known when it is
    /// met; reduction finds branches as it goes, and begins with too great a share.
    pub share: Option<f64>,
    /// States or traces that are held in memory.
    pub held: u64,
}

/// What a search covered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Covered {
    /// Schedules that were run to their end: with [`Engine::Dpor`] one of each class, with
    /// [`Engine::Enumerate`] of each class, with [`Engine::States`] one to each last state.
    pub executions: u64,
    /// Runs that were begun, those included that came to what was known.
    pub runs: u64,
    /// Schedules that were given up.
    pub blocked: u64,
    /// Schedules that were cut.
    pub cut: u64,
    /// Steps that were played, those of replays included.
    pub steps: u64,
    /// States or traces that were held in memory at the end.
    pub held: u64,
    /// Schedules that there are; only [`Engine::Enumerate`] counts them.
    pub schedules: Option<u128>,
    /// The share that was explored, see [`Progress::share`].
    pub share: Option<f64>,
    /// Nothing was left out.
    pub closed: bool,
}

impl Search {
    /// Searches.
    ///
    /// # Panics
    /// If another engine than [`Engine::States`] is given a bound on preemptions, or the world does not
    /// know the relation.
    pub fn run(self, run: &mut impl Steps) -> Covered {
        let bounded = self.preemptions.is_some();
        assert!(
            !bounded || self.engine == Engine::States,
            "reduction knows no bound on preemptions"
        );
        let known = run.world().relate(self.relation);
        assert!(known, "the world does not know the relation {}", self.relation);
        match self.engine {
            Engine::Dpor => self.reduce(Reduction::Optimal, run),
            Engine::Source => self.reduce(Reduction::Source, run),
            Engine::States => self.walk(&mut States::new(self.preemptions), run),
            Engine::Enumerate => {
                run.world().observe(true);
                let covered = self.walk(&mut Traces::default(), run);
                run.world().observe(false);
                covered
            }
        }
    }

    fn reduce(self, reduction: Reduction, run: &mut impl Steps) -> Covered {
        let bounds = dpor::Bounds { executions: self.executions, steps: self.steps };
        let Reduced { executions, blocked, cut, steps, share, closed } =
            dpor::explore(run, reduction, bounds);
        let (runs, share) = (executions + blocked, Some(share));
        Covered { executions, runs, blocked, cut, steps, share, closed, ..Covered::default() }
    }

    fn walk<S: Steps>(self, rule: &mut impl Rule<S::World>, run: &mut S) -> Covered {
        let limits = Limits { runs: self.runs, held: self.held, steps: self.steps };
        let Walked { schedules, ends, runs, cut, steps, share, closed, .. } =
            walk(run, rule, limits);
        Covered {
            executions: ends,
            runs,
            blocked: 0,
            cut,
            steps,
            held: rule.held(),
            schedules: (self.engine == Engine::Enumerate).then_some(schedules),
            share: Some(share),
            closed,
        }
    }
}
