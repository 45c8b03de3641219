//! What `atropos check` is asked, and how it changes the claims of a variant.

use super::{
    SourceArgs,
    conditions::{CheckedBudgetArg, DeliveryArg, OrderArg, SchedulerArg, TimersArg},
    name_of,
};
use crate::exit::{Exit, Stop};
use atropos::{
    check::{Claim, Engine, Search},
    plan::{Budget, Collect, Conditions, Delivery, Loop, Order, Scheduler, Tasks, TimerRule},
    relation::Relation,
};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Scenarios, or scenario/variant; all if absent. A variant that is named shows its failure
    pub(crate) filter: Vec<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Who searches; what the variant says if absent
    #[arg(long, value_enum)]
    pub(crate) engine: Option<EngineArg>,

    /// Only schedules of at most so many preemptions; searched by states
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000))]
    pub(crate) preemptions: Option<u32>,

    /// When two schedules count as one, with the engines dpor, source and enumerate; full if absent
    #[arg(long, value_enum)]
    pub(crate) equivalence: Option<EquivalenceArg>,

    /// When signals act; what the variant says if absent, mostly instant
    #[arg(long, value_enum)]
    pub(crate) delivery: Option<DeliveryArg>,

    /// When timers fire; what the variant says if absent, mostly idle
    #[arg(long, value_enum)]
    pub(crate) timers: Option<TimersArg>,

    /// Which tasks may be next; what the variant says if absent
    #[arg(long, value_enum)]
    pub(crate) scheduler: Option<SchedulerArg>,

    /// The coop budget of a poll; what the variant says if absent, mostly full
    #[arg(long, value_enum)]
    pub(crate) budget: Option<CheckedBudgetArg>,

    /// Which entry of an event loop's ready queue may be next; what the variant says if absent
    #[arg(long, value_enum)]
    pub(crate) order: Option<OrderArg>,

    /// When the garbage collector of an event loop runs: off, every (step in which a task is lost), or
    /// asked (a move of its own); what the variant says if absent
    #[arg(long, value_name = "WHEN")]
    pub(crate) collect: Option<Collect>,

    /// How many processes may be killed in a schedule, or tasks aborted; what the variant says if absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=16))]
    pub(crate) faults: Option<u32>,

    /// The longest schedule, in steps; a longer one is cut, and called a livelock if it does not even
    /// end when all get their turn
    #[arg(long, value_name = "STEPS", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) depth: u32,

    /// At most so many classes, with the engines dpor and source
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) classes: u64,

    /// At most so many states or traces in memory, with the engines states and enumerate
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) states: u64,
}

impl CheckArgs {
    /// Refuses what does not go together.
    pub(crate) fn refuse(&self) -> Result<(), Stop> {
        let reduces = self.engine.filter(|&engine| engine != EngineArg::States);
        match (self.preemptions, reduces) {
            (Some(_), Some(engine)) => {
                let why = format!(
                    "--preemptions does not go with --engine {}: what stands for its class may have \
                     more preemptions than another that is left out; --engine states knows the bound",
                    name_of(engine)
                );
                Err(Stop::new(Exit::Usage, why))
            }
            _ => self.refuse_chance().and_then(|()| self.refuse_equivalence()),
        }
    }

    fn refuse_chance(&self) -> Result<(), Stop> {
        match self.collect {
            Some(Collect::Chance(_)) => {
                let why = "a check leaves nothing to chance: --collect asked tries the collector in \
                           every step in which a task is lost";
                Err(Stop::new(Exit::Usage, why.to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn refuse_equivalence(&self) -> Result<(), Stop> {
        let merges = self.engine == Some(EngineArg::States) || self.preemptions.is_some();
        let why = match self.equivalence {
            Some(EquivalenceArg::Observer) => {
                "--equivalence observer is known of programs of lc-v1 alone (atropos count); processes \
                 are checked under full or arrival"
            }
            Some(_) if merges => {
                "--equivalence does not go with --engine states, which merges schedules by where they \
                 lead"
            }
            _ => return Ok(()),
        };
        Err(Stop::new(Exit::Usage, why.to_owned()))
    }

    fn of_tasks(&self, claimed: Option<Tasks>) -> Option<Tasks> {
        let asked = self.scheduler.is_some() || self.budget.is_some();
        let claimed = claimed.or(asked.then(Tasks::default))?;
        Some(Tasks {
            scheduler: self.scheduler.map_or(claimed.scheduler, Scheduler::from),
            budget: self.budget.map_or(claimed.budget, Budget::from),
        })
    }

    fn of_loops(&self, claimed: Option<Loop>) -> Option<Loop> {
        let asked = self.order.is_some() || self.collect.is_some();
        let claimed = claimed.or(asked.then(Loop::default))?;
        Some(Loop {
            order: self.order.map_or(claimed.order, Order::from),
            collect: self.collect.unwrap_or(claimed.collect),
        })
    }

    /// A claim, with what was asked for in the place of what it says.
    pub(crate) fn over(&self, claim: Claim) -> Claim {
        let Claim { conditions, search, .. } = claim;
        let conditions = Conditions {
            delivery: self.delivery.map_or(conditions.delivery, Delivery::from),
            timers: self.timers.map_or(conditions.timers, TimerRule::from),
            faults: self.faults.unwrap_or(conditions.faults),
            tasks: self.of_tasks(conditions.tasks),
            event_loop: self.of_loops(conditions.event_loop),
        };
        let relation = self.equivalence.map_or(search.relation, Relation::from);
        let (engine, preemptions) = match (self.engine, self.preemptions) {
            // States know no equivalence.
            (None, None) if self.equivalence.is_some() && search.engine == Engine::States => {
                (Engine::Dpor, None)
            }
            (None, None) => (search.engine, search.preemptions),
            (None, Some(_)) => (Engine::States, self.preemptions),
            (Some(engine), _) => (engine.into(), self.preemptions),
        };
        let (steps, executions, held) = (self.depth, self.classes, self.states);
        Claim {
            search: Search { engine, preemptions, relation, steps, executions, held, ..search },
            conditions,
            ..claim
        }
    }
}

/// See docs/exploration.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EquivalenceArg {
    /// Whatever touches the same comes in the same order
    Full,
    /// A receive depends on its message, not on the mailbox
    Arrival,
    /// What nobody observed has no order; for programs of lc-v1
    Observer,
}

impl From<EquivalenceArg> for Relation {
    fn from(equivalence: EquivalenceArg) -> Relation {
        match equivalence {
            EquivalenceArg::Full => Relation::Full,
            EquivalenceArg::Arrival => Relation::Arrival,
            EquivalenceArg::Observer => Relation::Observer,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineArg {
    /// One schedule of each class
    Dpor,
    /// One schedule of each class, and some that are given up
    Source,
    /// Each state once
    States,
    /// Every schedule: exact numbers, and slow
    Enumerate,
}

impl From<EngineArg> for Engine {
    fn from(engine: EngineArg) -> Engine {
        match engine {
            EngineArg::Dpor => Engine::Dpor,
            EngineArg::Source => Engine::Source,
            EngineArg::States => Engine::States,
            EngineArg::Enumerate => Engine::Enumerate,
        }
    }
}
