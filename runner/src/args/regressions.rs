//! What `atropos regressions` is asked.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct RegressionsArgs {
    /// Where the files are
    #[arg(long, global = true, value_name = "DIR", default_value = "scenarios/regressions")]
    pub(crate) dir: PathBuf,

    /// A program file instead of the built-in scenarios; see docs/program.md
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: RegressionsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegressionsCommand {
    /// List the files, what each violates and its note
    List,
    /// Keep a failure: play it, shrink it, write it by names
    Add(AddArgs),
    /// Play all: canaries must still fail, all others must hold
    Verify(VerifyArgs),
    /// Remove what is of no use any more
    Prune(PruneArgs),
    /// Write them in another form
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// A token, a case file, a regression, or - for one of them on stdin
    pub(crate) case: String,

    /// What to remember of it
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,

    /// Keep it as found
    #[arg(long)]
    pub(crate) no_shrink: bool,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Only these: a scenario, scenario/variant, an invariant, or a part of the path
    pub(crate) filter: Vec<String>,

    /// Where a file no longer fits, look for the nearest run that fails and write it instead
    #[arg(long)]
    pub(crate) repair: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// Also those that hold now
    #[arg(long)]
    pub(crate) fixed: bool,

    /// Only say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// As a corpus of the libFuzzer target, into this folder; see docs/scale/oss-fuzz.md
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) libfuzzer: PathBuf,
}
