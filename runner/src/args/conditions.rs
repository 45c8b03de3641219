//! The conditions of runs, as they are typed.

use super::{Seed, name_of, seed::parse_seed};
use atropos::plan::{Budget, Collect, Delivery, Order, Scheduler, Spec, TimerRule};
use clap::{Args, ValueEnum};

/// The highest step limit that anybody can ask for.
pub(crate) const LONGEST_RUN: u32 = 100_000_000;

/// The conditions of runs.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanArgs {
    /// The base seed: a number, hexadecimal after 0x, `random`, or `commit` for one that is made of the
    /// commit, the scenario and the profile
    #[arg(long, env = "ATROPOS_SEED", value_parser = parse_seed, default_value_t = Seed::Number(Spec::DEFAULT_SEED))]
    pub(crate) seed: Seed,

    /// When signals act; drawn for each run if absent
    #[arg(long, value_enum)]
    pub(crate) delivery: Option<DeliveryArg>,

    /// When timers fire; drawn for each run if absent
    #[arg(long, value_enum)]
    pub(crate) timers: Option<TimersArg>,

    /// Which tasks may be next; drawn for each run if absent
    #[arg(long, value_enum)]
    pub(crate) scheduler: Option<SchedulerArg>,

    /// The coop budget of a poll; drawn for each run if absent
    #[arg(long, value_enum)]
    pub(crate) budget: Option<BudgetArg>,

    /// Which entry of an event loop's ready queue may be next; drawn for each run if absent
    #[arg(long, value_enum)]
    pub(crate) order: Option<OrderArg>,

    /// When the garbage collector of an event loop runs: off, every (step in which a task is lost),
    /// asked (a move of its own), or a chance such as 0.05; drawn for each run if absent
    #[arg(long, value_name = "WHEN")]
    pub(crate) collect: Option<Collect>,

    /// How many processes may be killed in a run, or tasks aborted
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=16))]
    pub(crate) faults: u32,

    /// A run longer than this is a livelock
    #[arg(long, value_name = "N", default_value_t = Spec::DEFAULT_STEP_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=i64::from(LONGEST_RUN)))]
    pub(crate) steps: u32,
}

impl PlanArgs {
    pub(crate) fn spec(&self) -> Spec {
        Spec {
            delivery: self.delivery.map(Delivery::from),
            timers: self.timers.map(TimerRule::from),
            scheduler: self.scheduler.map(Scheduler::from),
            budget: self.budget.map(Budget::from),
            order: self.order.map(Order::from),
            collect: self.collect,
            faults: self.faults,
            step_limit: self.steps,
            ..Spec::seeded(self.seed.number())
        }
    }

    /// The flags that ask for these conditions again: the seed, and what differs from the default.
    pub(crate) fn flags(&self) -> String {
        let mut text = format!("--seed {}", self.seed);
        let mut add = |flag: &str, value: Option<String>| {
            value.into_iter().for_each(|value| text.push_str(&format!(" --{flag} {value}")));
        };
        add("delivery", self.delivery.map(name_of));
        add("timers", self.timers.map(name_of));
        add("scheduler", self.scheduler.map(name_of));
        add("budget", self.budget.map(name_of));
        add("order", self.order.map(name_of));
        add("collect", self.collect.map(|collect| collect.to_string()));
        add("faults", (self.faults != 0).then(|| self.faults.to_string()));
        let steps = self.steps != Spec::DEFAULT_STEP_LIMIT;
        add("steps", steps.then(|| self.steps.to_string()));
        text
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DeliveryArg {
    /// In the step that sends them
    Instant,
    /// Later, in order for each pair
    Pairwise,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TimersArg {
    /// When nothing else can move
    Idle,
    /// At any time
    Any,
}

impl From<DeliveryArg> for Delivery {
    fn from(delivery: DeliveryArg) -> Delivery {
        match delivery {
            DeliveryArg::Instant => Delivery::Instant,
            DeliveryArg::Pairwise => Delivery::Pairwise,
        }
    }
}

impl From<TimersArg> for TimerRule {
    fn from(timers: TimersArg) -> TimerRule {
        match timers {
            TimersArg::Idle => TimerRule::Idle,
            TimersArg::Any => TimerRule::Any,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchedulerArg {
    /// The first of the run queue, as on tokio's current-thread runtime
    CurrentThread,
    /// Any that is ready; each await may be a switch
    MultiThread,
}

impl From<SchedulerArg> for Scheduler {
    fn from(scheduler: SchedulerArg) -> Scheduler {
        match scheduler {
            SchedulerArg::CurrentThread => Scheduler::CurrentThread,
            SchedulerArg::MultiThread => Scheduler::MultiThread,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BudgetArg {
    /// 128 units
    Full,
    /// One poll in three begins with less
    Drawn,
}

impl From<BudgetArg> for Budget {
    fn from(budget: BudgetArg) -> Budget {
        match budget {
            BudgetArg::Full => Budget::Full,
            BudgetArg::Drawn => Budget::Drawn,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CheckedBudgetArg {
    /// 128 units
    Full,
    /// 128 units, and any that is spent may be the last, once a poll
    Asked,
}

impl From<CheckedBudgetArg> for Budget {
    fn from(budget: CheckedBudgetArg) -> Budget {
        match budget {
            CheckedBudgetArg::Full => Budget::Full,
            CheckedBudgetArg::Asked => Budget::Asked,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// The first, as in asyncio
    Fifo,
    /// Any step of a task that stands there when the turn begins; no CPython does that
    Tasks,
}

impl From<OrderArg> for Order {
    fn from(order: OrderArg) -> Order {
        match order {
            OrderArg::Fifo => Order::Fifo,
            OrderArg::Tasks => Order::Tasks,
        }
    }
}
