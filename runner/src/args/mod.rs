//! The arguments: an enum of verbs, a file for those with many flags. Flags are a promise.

mod check;
mod common;
mod conditions;
mod fuzz;
mod measure;
mod regressions;
mod runs;
mod seed;
mod shell;
mod snapshots;

pub(crate) use check::CheckArgs;
pub(crate) use common::{Common, Format, Progress};
pub(crate) use conditions::{LONGEST_RUN, PlanArgs};
pub(crate) use fuzz::{Annotations, FuzzArgs, Show};
pub(crate) use measure::{BenchArgs, ConformArgs, CountArgs};
pub(crate) use regressions::{
    AddArgs, ExportArgs, PruneArgs, RegressionsArgs, RegressionsCommand, VerifyArgs,
};
pub(crate) use runs::{
    AgainArgs, ExplainArgs, ListArgs, MergeArgs, ReplayArgs, RunArgs, ShrinkArgs, TimelineArgs,
};
pub(crate) use seed::Seed;
pub(crate) use shell::{CompletionsArgs, ManArgs};
pub(crate) use snapshots::{Mode, SnapshotsArgs};

use crate::{config::Config, exit::Stop};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  atropos fuzz                         all scenarios; canaries must be caught
  atropos fuzz atomvm-links/v0.6.2     one variant; its failure is shown, exit 100
  atropos replay at1-...               the same run again, from its token
  atropos ci                           what a change is held to; the same commit, the same bytes

Exit codes: 0 held, 1 tool error, 2 usage, 4 nothing matched, 100 violated,
102 snapshots differ, 103 diverged, 104 vacuous, 130 interrupted.";

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List scenarios, variants and what each must do
    List(ListArgs),
    /// Play one run and print its timeline
    Run(RunArgs),
    /// Hunt through many runs, shrink what fails
    Fuzz(FuzzArgs),
    /// The job of a continuous integration: `fuzz` under the profile ci
    Ci(FuzzArgs),
    /// Join what the shards of a campaign came to
    Merge(MergeArgs),
    /// Play a failure again, to the letter
    Replay(ReplayArgs),
    /// Show a run as text, page, drawing, trace or JSON
    Timeline(TimelineArgs),
    /// Say why a run fails: what led to it, the decision that settled it, its chance
    Explain(ExplainArgs),
    /// Make a failure smaller
    Shrink(ShrinkArgs),
    /// Search all schedules of a workload: proof that it holds, or the run that shows it does not
    Check(CheckArgs),
    /// Keep failures as files, and play them again by names
    Regressions(RegressionsArgs),
    /// Hold a world against what the real runtime observed: a BEAM, or CPython
    Conform(ConformArgs),
    /// Hold the engines against programs whose numbers of schedules are known
    Count(CountArgs),
    /// Play runs of another process again; serves --check-determinism
    #[command(hide = true)]
    Again(AgainArgs),
    /// Measure the kernel against a hand-written executor
    Bench(BenchArgs),
    /// Hold the stories of the variants against the reviewed ones
    Snapshots(SnapshotsArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one a verb
    Man(ManArgs),
}

impl Command {
    /// The program file that takes the place of the built-in scenarios.
    pub(crate) fn program(&self) -> Option<&Path> {
        let source = match self {
            Command::Run(args) => &args.source,
            Command::Fuzz(args) | Command::Ci(args) => &args.source,
            Command::Replay(args) => &args.source,
            Command::Explain(args) => &args.source,
            Command::Timeline(args) => &args.source,
            Command::Shrink(args) => &args.source,
            Command::List(args) => &args.source,
            Command::Again(args) => &args.source,
            Command::Check(args) => &args.source,
            Command::Regressions(args) => return args.program.as_deref(),
            Command::Conform(_)
            | Command::Count(_)
            | Command::Bench(_)
            | Command::Merge(_)
            | Command::Snapshots(_)
            | Command::Completions(_)
            | Command::Man(_) => return None,
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

/// A value as it is typed.
fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The arguments as clap knows them, for what is made of them: completions, manual pages.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Why there are no arguments to go by.
pub(crate) enum Refused {
    /// Help was asked for, or a flag makes no sense.
    Usage(clap::Error),
    /// The configuration cannot be used.
    Config(Stop),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Refused::Usage(error)
    }
}

/// The verbs that have profiles, each with the one that counts where none is named.
const WITH_PROFILES: [(&str, &str); 2] = [("fuzz", "default"), ("ci", "ci")];

/// Reads the arguments of this process. A profile becomes the defaults of its verb, and the
/// arguments are read once more over them.
pub(crate) fn parse() -> Result<Cli, Refused> {
    let arguments = own_arguments();
    let matches = Cli::command().try_get_matches_from(&arguments)?;
    if let Some(folder) = matches.get_one::<PathBuf>("directory") {
        std::env::set_current_dir(folder)
            .map_err(|error| Refused::Config(Stop::io("work in", folder, &error)))?;
    }
    let given = matches.subcommand().and_then(|(verb, given)| {
        let (verb, profile) = WITH_PROFILES.iter().find(|(known, _)| *known == verb)?;
        Some((*verb, *profile, given))
    });
    let Some((verb, profile, given)) = given else {
        return Ok(Cli::from_arg_matches(&matches)?);
    };
    let profile = given.get_one::<String>("profile").map_or(profile, String::as_str);
    let file = given.get_one::<PathBuf>("config").map(PathBuf::as_path);
    with_profile(&arguments, verb, file, profile)
}

fn with_profile(
    arguments: &[OsString],
    verb: &'static str,
    file: Option<&Path>,
    profile: &str,
) -> Result<Cli, Refused> {
    let config = Config::read(file).map_err(Refused::Config)?;
    let mut refused = None;
    let mut command = Cli::command().mut_subcommand(verb, |command| {
        config.apply(profile, command.clone()).unwrap_or_else(|stop| {
            refused = Some(stop);
            command
        })
    });
    if let Some(stop) = refused {
        return Err(Refused::Config(stop));
    }
    let matches = command.try_get_matches_from_mut(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    let given = matches.subcommand_matches(verb).expect("the verb was there before");
    if let Some(Command::Fuzz(fuzz) | Command::Ci(fuzz)) = &mut cli.command {
        fuzz.profile = Some(profile.to_owned());
        let source = |name| given.value_source(name);
        if let (Some(runs), Some(time)) = (source("runs"), source("time")) {
            let command = command.find_subcommand_mut(verb).expect("its matches are here");
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
