//! Everything about a run, in one printable value.
//!
//! What a campaign fixes stands in a [`Spec`]; what it leaves open is drawn from the seed, a block
//! at a time (swarm testing). So one number names a run, and the same plan gives the same bytes.

use crate::{
    decisions::{Draws, Purpose, RunIndex},
    strategy::StrategyKind,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// When a signal acts on its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// In the step that sends it: what one BEAM node mostly does.
    #[default]
    Instant,
    /// Later, in order for each pair of sender and receiver: all that the language guarantees.
    Pairwise,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delivery::Instant => "instant",
            Delivery::Pairwise => "pairwise",
        })
    }
}

/// When a timer fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerRule {
    /// When nothing else can move, the earliest first.
    #[default]
    Idle,
    /// At any time once it is armed: every time-out is a race.
    Any,
}

impl fmt::Display for TimerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimerRule::Idle => "idle",
            TimerRule::Any => "any",
        })
    }
}

/// Which tasks of a task world may be next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// The first of the run queue, as on tokio's current-thread runtime.
    #[default]
    CurrentThread,
    /// Any that is ready, and each await may be a switch.
    MultiThread,
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheduler::CurrentThread => "current-thread",
            Scheduler::MultiThread => "multi-thread",
        })
    }
}

/// The coop budget with which a poll of a task begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Budget {
    /// All of it.
    #[default]
    Full,
    /// Drawn: one poll in three begins with less.
    Drawn,
    /// All of it, and after each unit that is spent is asked whether it was the last, at most once a
    /// poll: what an exhaustive check asks.
    Asked,
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Budget::Full => "full",
            Budget::Drawn => "drawn",
            Budget::Asked => "asked",
        })
    }
}

/// Which entry of an event loop's ready queue may be next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The first, as in asyncio.
    #[default]
    Fifo,
    /// Any step of a task that stands there when the turn begins; callbacks in order. No CPython does
    /// that: a finding that needs it says so.
    Tasks,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Fifo => "fifo",
            Order::Tasks => "tasks",
        })
    }
}

/// When the cyclic collector runs, given that something pending is unreachable: a collection that
/// finds no lost task changes nothing that anybody sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Collect {
    /// Never.
    Off,
    /// With a chance in each step, in thousandths from 1 to 999.
    Chance(u16),
    /// In the step after a task was lost.
    #[default]
    Every,
    /// As a move of its own, which may come at any time: what an exhaustive check asks.
    Asked,
}

impl fmt::Display for Collect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Collect::Off => f.write_str("off"),
            Collect::Every => f.write_str("every"),
            Collect::Asked => f.write_str("asked"),
            Collect::Chance(thousandths) => {
                let digits = format!("{thousandths:03}");
                write!(f, "0.{}", digits.trim_end_matches('0'))
            }
        }
    }
}

impl From<Collect> for String {
    fn from(collect: Collect) -> String {
        collect.to_string()
    }
}

impl FromStr for Collect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Collect::Off),
            "every" => Ok(Collect::Every),
            "asked" => Ok(Collect::Asked),
            chance => {
                let digits =
                    chance.strip_prefix("0.").filter(|digits| (1..4).contains(&digits.len()));
                let thousandths = digits.and_then(|digits| format!("{digits:0<3}").parse().ok());
                thousandths.filter(|&chance| chance > 0).map(Collect::Chance).ok_or_else(|| {
                    "expected `off`, `every`, `asked`, or a chance from 0.001 to 0.999".to_owned()
                })
            }
        }
    }
}

impl TryFrom<String> for Collect {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The conditions under which a world is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Conditions {
    /// When signals act.
    pub delivery: Delivery,
    /// When timers fire.
    pub timers: TimerRule,
    /// How many processes the fault process may kill, or tasks it may abort.
    pub faults: u32,
    /// What tasks are run under; `None` in a world without tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Tasks>,
    /// What an event loop is run under; `None` in a world without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_loop: Option<Loop>,
}

/// The conditions that only an event loop knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Loop {
    /// Which entry of the ready queue may be next.
    pub order: Order,
    /// When the collector runs.
    pub collect: Collect,
}

impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} order, collect {}", self.order, self.collect)
    }
}

/// The conditions that only tasks know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tasks {
    /// Which task may be next.
    pub scheduler: Scheduler,
    /// The budget of a poll.
    pub budget: Budget,
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} scheduler, {} budget", self.scheduler, self.budget)
    }
}

impl Conditions {
    /// Instant delivery, idle timers, no faults: the default, for constants.
    pub const PLAIN: Conditions = Conditions {
        delivery: Delivery::Instant,
        timers: TimerRule::Idle,
        faults: 0,
        tasks: None,
        event_loop: None,
    };
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tasks, self.event_loop) {
            (Some(tasks), _) => write!(f, "{tasks}, {} timers", self.timers)?,
            (None, Some(event_loop)) => write!(f, "{event_loop}, {} timers", self.timers)?,
            (None, None) => write!(f, "{} delivery, {} timers", self.delivery, self.timers)?,
        }
        match self.faults {
            0 => Ok(()),
            1 => f.write_str(", 1 fault"),
            faults => write!(f, ", {faults} faults"),
        }
    }
}

/// What a campaign fixes; `None` is drawn for each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The base seed.
    pub seed: u64,
    /// The strategy; open: rotated by [`StrategyKind::of_run`].
    pub strategy: Option<StrategyKind>,
    /// The delivery model; open: either.
    pub delivery: Option<Delivery>,
    /// The timer rule; open: either.
    pub timers: Option<TimerRule>,
    /// Which tasks may be next; open: either.
    pub scheduler: Option<Scheduler>,
    /// The budget of a poll; open: full or drawn.
    pub budget: Option<Budget>,
    /// Which entry of an event loop's ready queue may be next; open: either.
    pub order: Option<Order>,
    /// When the collector runs; open: always, or now and then.
    pub collect: Option<Collect>,
    /// The number of faults allowed.
    pub faults: u32,
    /// A run longer than this is a livelock; from half of it on the schedule is round-robin.
    pub step_limit: u32,
}

impl Spec {
    /// The base seed when nobody chooses one.
    pub const DEFAULT_SEED: u64 = 0xa720_9005;
    /// The step limit when nobody chooses one.
    pub const DEFAULT_STEP_LIMIT: u32 = 10_000;

    /// Nothing fixed but the seed.
    pub fn seeded(seed: u64) -> Self {
        Spec {
            seed,
            strategy: None,
            delivery: None,
            timers: None,
            scheduler: None,
            budget: None,
            order: None,
            collect: None,
            faults: 0,
            step_limit: Self::DEFAULT_STEP_LIMIT,
        }
    }

    /// The plans of the 64 runs of a block.
    pub fn block(&self, block: u64) -> Vec<Plan> {
        // Each world has a stream of its own: what is drawn for one shifts nothing else.
        let stream = |run| Draws::new(self.seed, RunIndex { block, run }, Purpose::Plan);
        let (mut draws, mut of_tasks, mut of_loops) = (stream(0), stream(1), stream(2));
        let plan = |run| {
            let conditions = Conditions {
                tasks: Some(self.tasks(&mut of_tasks)),
                event_loop: Some(self.event_loop(&mut of_loops)),
                ..self.conditions(&mut draws)
            };
            self.plan(RunIndex { block, run }, conditions)
        };
        (0..RunIndex::BLOCK).map(plan).collect()
    }

    fn tasks(&self, draws: &mut Draws) -> Tasks {
        let scheduler = [Scheduler::CurrentThread, Scheduler::MultiThread][draws.below(2) as usize];
        let budget = [Budget::Full, Budget::Drawn][draws.below(2) as usize];
        Tasks {
            scheduler: self.scheduler.unwrap_or(scheduler),
            budget: self.budget.unwrap_or(budget),
        }
    }

    fn event_loop(&self, draws: &mut Draws) -> Loop {
        let order = [Order::Fifo, Order::Tasks][draws.below(2) as usize];
        let collect = [Collect::Every, Collect::Chance(50)][draws.below(2) as usize];
        Loop { order: self.order.unwrap_or(order), collect: self.collect.unwrap_or(collect) }
    }

    fn conditions(&self, draws: &mut Draws) -> Conditions {
        // Both are drawn whether or not they are fixed: fixing one must not shift the other.
        let delivery = [Delivery::Instant, Delivery::Pairwise][draws.below(2) as usize];
        let timers = [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize];
        Conditions {
            delivery: self.delivery.unwrap_or(delivery),
            timers: self.timers.unwrap_or(timers),
            faults: self.faults,
            tasks: None,
            event_loop: None,
        }
    }

    fn plan(&self, index: RunIndex, conditions: Conditions) -> Plan {
        Plan {
            seed: self.seed,
            index,
            strategy: self.strategy.unwrap_or_else(|| StrategyKind::of_run(index.run)),
            conditions,
            step_limit: self.step_limit,
        }
    }
}

impl Default for Spec {
    fn default() -> Self {
        Spec::seeded(Spec::DEFAULT_SEED)
    }
}

/// One run, with nothing left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The base seed.
    pub seed: u64,
    /// Which run under that seed.
    pub index: RunIndex,
    /// How moves are picked.
    pub strategy: StrategyKind,
    /// What the world is told.
    pub conditions: Conditions,
    /// When the run is called a livelock.
    pub step_limit: u32,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, index, strategy, conditions, step_limit } = self;
        write!(
            f,
            "seed {seed:#x}, run {}, {strategy}, {conditions}, at most {step_limit} steps",
            index.number()
        )
    }
}
