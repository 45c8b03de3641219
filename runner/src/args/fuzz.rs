//! What `atropos fuzz` and `atropos ci` are asked.
//!
//! All of it may stand in a profile, too: a profile is a list of these flags (`config`).

use super::{PlanArgs, SourceArgs};
use crate::{campaign::file::Demand, environment::ShardArg};
use clap::{Args, ValueEnum, parser::ValueSource};
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Scenarios, or scenario/variant; all if absent. A variant that is named shows its failures
    pub(crate) filter: Vec<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// What to ask where neither the command line nor the environment does: default, ci, nightly, or
    /// one of the configuration's own
    #[arg(long, value_name = "NAME", env = "ATROPOS_PROFILE", help_heading = "Configuration")]
    pub(crate) profile: Option<String>,

    /// The configuration; if absent atropos.toml, or .config/atropos.toml
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub(crate) config: Option<PathBuf>,

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

    /// Only a share of the campaign: which, from 0, of how many, such as 0/4; auto asks GitLab's or
    /// Slurm's variables, auto/4 those of a Kubernetes Indexed Job
    #[arg(long, value_name = "I/N", env = "ATROPOS_SHARD", help_heading = "Many machines")]
    pub(crate) shard: Option<ShardArg>,

    /// The first run, a multiple of 64
    #[arg(long, value_name = "RUN", conflicts_with = "resume", help_heading = "Many machines")]
    #[arg(value_parser = parse_first_run)]
    pub(crate) from: Option<u64>,

    /// Begin where the last campaign under these seeds ended, as next.json in --out tells
    #[arg(long = "continue", help_heading = "Many machines")]
    pub(crate) resume: bool,

    /// Where findings are written
    #[arg(long, value_name = "DIR", default_value = "target/atropos", env = "ATROPOS_OUT")]
    pub(crate) out: PathBuf,

    /// Show failures as found
    #[arg(long)]
    pub(crate) no_shrink: bool,

    /// How long a failure may be shrunk; what was won by then is told, and that it ended early
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "30s")]
    pub(crate) shrink_time: Duration,

    /// How many failures of a variant are shown in full; the others get a line
    #[arg(long, value_enum, default_value_t = Show::All)]
    pub(crate) show: Show,

    /// The failures that were kept, which are played first
    #[arg(long, value_name = "DIR", default_value = "scenarios/regressions")]
    pub(crate) regressions: PathBuf,

    /// Do not play the failures that were kept
    #[arg(long)]
    pub(crate) no_regressions: bool,

    /// When a canary that was not caught and a point that was not reached end with 104
    #[arg(long, value_enum, default_value_t = DemandArg::Auto, help_heading = "Proof")]
    pub(crate) demand: DemandArg,

    /// Play one in a hundred blocks again in another process, and compare
    #[arg(long, help_heading = "Proof")]
    pub(crate) check_determinism: bool,

    /// After the runs, search all schedules under bounds wider than the claims, for so long
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = "Proof")]
    pub(crate) widen_check: Option<Duration>,

    /// Whether findings are told as annotations on stderr
    #[arg(long, value_enum, default_value_t = Annotations::Auto)]
    pub(crate) annotations: Annotations,

    /// How long a run may take no step before it is called a livelock
    #[arg(long, hide = true, value_parser = humantime::parse_duration, default_value = "20s")]
    pub(crate) patience: Duration,

    #[command(flatten)]
    pub(crate) plan: PlanArgs,
}

/// How many failures of a variant are shown in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Show {
    /// All
    All,
    /// The first of each variant
    First,
}

/// See [`Demand`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemandArg {
    /// Never
    Never,
    /// From 1,000 runs a variant on
    Auto,
    /// Always
    Always,
}

impl From<DemandArg> for Demand {
    fn from(demand: DemandArg) -> Demand {
        match demand {
            DemandArg::Never => Demand::Never,
            DemandArg::Auto => Demand::Auto,
            DemandArg::Always => Demand::Always,
        }
    }
}

/// Whether findings are told as annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Annotations {
    /// In a GitHub job
    Auto,
    /// As GitHub reads them
    Github,
    /// Not
    None,
}

fn parse_first_run(text: &str) -> Result<u64, String> {
    let number: u64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    match number {
        _ if number > u64::MAX / 1024 => Err("beyond every campaign".to_owned()),
        _ if !number.is_multiple_of(64) => {
            Err(format!("blocks are of 64 runs: {} begins one", number / 64 * 64))
        }
        number => Ok(number),
    }
}

impl FuzzArgs {
    /// `--runs` and `--time` exclude each other; the command line overrides the environment, and both
    /// a profile, where time goes before the default of runs.
    pub(super) fn settle(
        &mut self,
        runs: ValueSource,
        time: ValueSource,
    ) -> Result<(), &'static str> {
        if runs > time {
            self.time = None;
        }
        match runs {
            _ if runs != time => Ok(()),
            ValueSource::CommandLine => Err("--runs and --time exclude each other"),
            ValueSource::EnvVariable => Err("ATROPOS_RUNS and ATROPOS_TIME exclude each other"),
            _ => Ok(()),
        }
    }
}
