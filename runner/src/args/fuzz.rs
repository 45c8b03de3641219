//! What `atropos fuzz` is asked.

use super::{PlanArgs, SourceArgs};
use clap::{Args, parser::ValueSource};
use std::{path::PathBuf, time::Duration};

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

impl FuzzArgs {
    /// `--runs` and `--time` exclude each other; the command line overrides the environment.
    pub(super) fn settle(
        &mut self,
        runs: ValueSource,
        time: ValueSource,
    ) -> Result<(), &'static str> {
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
