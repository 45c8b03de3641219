//! Verbs that speak of single runs.

use super::{Format, PlanArgs, SourceArgs};
use clap::Args;
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this scenario, or scenario/variant, with its invariants
    pub(crate) scenario: Option<String>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
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
pub(crate) struct ReplayArgs {
    /// A token, a case file, a regression, or - for one of them on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    /// A token, a case file, or - for either on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// In which form; human is text
    // It takes the place of the flag that all verbs have.
    #[arg(id = "format", long, value_name = "FORM", default_value = "text")]
    #[arg(value_parser = Format::of_a_timeline())]
    pub(crate) format: Format,

    /// Write it to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ShrinkArgs {
    /// A token, a case file, a regression, or - for one of them on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// At most this many runs
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tries: u64,

    /// At most this long: 30s, 5m. What was won by then is told, and that it ended early
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) time: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A token, a case file, or - for either on stdin
    pub(crate) case: String,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// How many runs are drawn for each number of decisions kept
    #[arg(long, value_name = "N", default_value_t = 200)]
    #[arg(value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) runs: u32,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// What campaigns left: their run.json, or the folders that hold one
    #[arg(required = true, value_name = "RUN.json")]
    pub(crate) files: Vec<PathBuf>,

    /// Where the whole is written
    #[arg(long, value_name = "DIR", default_value = "target/atropos", env = "ATROPOS_OUT")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct AgainArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}
