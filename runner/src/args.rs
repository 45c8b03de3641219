//! The arguments: an enum of verbs. Flags are a promise.

mod conditions;

pub(crate) use conditions::PlanArgs;

use crate::exit::{Exit, Stop};
use atropos::{
    check::{Claim, Engine, Search},
    plan::{Budget, Collect, Conditions, Delivery, Loop, Order, Scheduler, Tasks, TimerRule},
    relation::Relation,
};
use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    error::ErrorKind, parser::ValueSource,
};
use conditions::{CheckedBudgetArg, DeliveryArg, OrderArg, SchedulerArg, TimersArg};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

const EXAMPLES: &str = "\
Examples:
  atropos fuzz                         all scenarios; canaries must be caught
  atropos fuzz atomvm-links/v0.6.2     one variant; its failure is shown, exit 100
  atropos replay at1-...               the same run again, from its token

Exit codes: 0 held, 1 tool error, 2 usage, 4 nothing matched, 100 violated,
103 diverged, 104 vacuous, 130 interrupted.";

/// Find, shrink and replay lifecycle bugs of processes and tasks by deterministic simulation.
#[derive(Debug, Parser)]
#[command(name = "atropos", bin_name = "atropos", after_help = EXAMPLES, disable_version_flag = true)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// Print the version and the fingerprint of the engine
    #[arg(short = 'V', long)]
    pub(crate) version: bool,

    #[command(flatten)]
    pub(crate) common: Common,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags of every verb.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// How results are written to stdout
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,

    /// Say less
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more: the panics of bodies with their backtraces
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, env = "ATROPOS_PROGRESS")]
    pub(crate) progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text; free to change
    Human,
    /// One JSON object a line; a promise
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// A bar on a terminal, a line every ten seconds elsewhere
    Auto,
    /// A bar
    Bar,
    /// A line every ten seconds
    Plain,
    /// Nothing
    None,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List scenarios, variants and what each must do
    List(ListArgs),
    /// Play one run and print its timeline
    Run(RunArgs),
    /// Hunt through many runs, shrink what fails
    Fuzz(FuzzArgs),
    /// Play a failure again, to the letter
    Replay(ReplayArgs),
    /// Make a failure smaller
    Shrink(ShrinkArgs),
    /// Search all schedules of a workload: proof that it holds, or the run that shows it does not
    Check(CheckArgs),
    /// Hold a world against what the real runtime observed: a BEAM, or CPython
    Conform(ConformArgs),
    /// Hold the engines against programs whose numbers of schedules are known
    Count(CountArgs),
    /// Measure the kernel against a hand-written executor
    Bench(BenchArgs),
}

impl Command {
    /// The program file that takes the place of the built-in scenarios.
    pub(crate) fn program(&self) -> Option<&Path> {
        let source = match self {
            Command::Run(args) => &args.source,
            Command::Fuzz(args) => &args.source,
            Command::Replay(args) => &args.source,
            Command::Shrink(args) => &args.source,
            Command::List(args) => &args.source,
            Command::Check(args) => &args.source,
            Command::Conform(_) | Command::Count(_) | Command::Bench(_) => return None,
        };
        source.program.as_deref()
    }
}

/// Where scenarios come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct SourceArgs {
    /// A program file instead of the built-in scenarios; see docs/program.md
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ConformArgs {
    /// Vectors: programs with what a real BEAM or CPython observed, one a line
    pub(crate) file: PathBuf,

    /// Outcomes that no vector lists are failures, too, unless they are explained
    #[arg(long)]
    pub(crate) strict: bool,

    /// Outcomes that are legal though no run showed them, each with the reason; if absent, the file
    /// allowed.jsonl beside the vectors
    #[arg(long, value_name = "FILE")]
    pub(crate) allow: Option<PathBuf>,

    /// Only vectors whose id contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

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

#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// Programs of lc-v1 with their exact counts, one a line; see docs/exploration.md
    pub(crate) file: PathBuf,

    /// Only rows whose id contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,

    /// A program with more traces than this is not counted
    #[arg(long, value_name = "TRACES", default_value_t = 1_000_000)]
    pub(crate) most: u64,

    /// Run the reducing engines, too: each must run as many schedules as there are classes
    #[arg(long)]
    pub(crate) engines: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this scenario, or scenario/variant, with its invariants
    pub(crate) scenario: Option<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

/// A value as it is typed.
fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// A base seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

fn parse_seed(text: &str) -> Result<Seed, String> {
    if text == "random" {
        return Ok(Seed(random_seed()));
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number
        .map(Seed)
        .map_err(|_| "expected a number below 2^64, 0x and hexadecimal digits, or `random`".into())
}

/// The one place where chance from outside enters, because somebody asked for it.
#[expect(clippy::disallowed_types, reason = "`--seed random` asks the operating system for chance")]
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("atropos")
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The scenario, or scenario/variant; with --program it may be left out
    #[arg(required_unless_present = "program")]
    pub(crate) scenario: Option<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Which run under the seed; the first 64 are the fixed workload
    #[arg(long, default_value_t = 0, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(..=u64::MAX / 8))]
    pub(crate) index: u64,

    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Scenarios, or scenario/variant; all if absent. A variant that is named shows its failures
    pub(crate) filter: Vec<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// How many runs a variant
    #[arg(long, value_name = "N", default_value_t = 20_000, env = "ATROPOS_RUNS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=u64::MAX / 1024))]
    pub(crate) runs: u64,

    /// How long, instead of how many runs: 30s, 5m
    #[arg(long, value_parser = humantime::parse_duration, env = "ATROPOS_TIME")]
    pub(crate) time: Option<Duration>,

    /// How many threads; all cores if absent
    #[arg(short, long, value_name = "N", env = "ATROPOS_JOBS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// Where findings are written
    #[arg(long, value_name = "DIR", default_value = "target/atropos", env = "ATROPOS_OUT")]
    pub(crate) out: PathBuf,

    /// Show failures as found
    #[arg(long)]
    pub(crate) no_shrink: bool,

    /// How long a run may take no step before it is called a livelock
    #[arg(long, hide = true, value_parser = humantime::parse_duration, default_value = "20s")]
    pub(crate) patience: Duration,

    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A token, a case file, or - for either on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// A token, a case file, or - for either on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// At most this many runs
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tries: u64,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// How many rounds are measured; the least of them counts
    #[arg(long, value_name = "N", default_value_t = 9)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
}

impl FuzzArgs {
    /// `--runs` and `--time` exclude each other; the command line overrides the environment.
    fn settle(&mut self, runs: ValueSource, time: ValueSource) -> Result<(), &'static str> {
        if runs > time {
            self.time = None;
        }
        match runs == time {
            true if runs == ValueSource::CommandLine => Err("--runs and --time exclude each other"),
            true => Err("ATROPOS_RUNS and ATROPOS_TIME exclude each other"),
            false => Ok(()),
        }
    }
}

/// Reads the arguments of this process.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(own_arguments())?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let given = matches.subcommand_matches("fuzz");
    if let (Some(Command::Fuzz(fuzz)), Some(given)) = (&mut cli.command, given) {
        let source = |name| given.value_source(name);
        if let (Some(runs), Some(time)) = (source("runs"), source("time")) {
            let command = command.find_subcommand_mut("fuzz").expect("its matches are here");
            fuzz.settle(runs, time)
                .map_err(|why| command.error(ErrorKind::ArgumentConflict, why))?;
        }
    }
    Ok(cli)
}

/// The arguments of this process; `cargo atropos fuzz` passes its own name first.
fn own_arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let is_cargo = |name: &OsString| {
        PathBuf::from(name).file_stem().is_some_and(|stem| stem == "cargo-atropos")
    };
    if arguments.first().is_some_and(is_cargo)
        && arguments.get(1).is_some_and(|first| first == "atropos")
    {
        arguments.remove(1);
    }
    arguments
}
