//! Verbs that hold the instrument against something known.

use clap::Args;
use std::path::PathBuf;

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
pub(crate) struct BenchArgs {
    /// How many rounds are measured; the least of them counts
    #[arg(long, value_name = "N", default_value_t = 9)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
}
