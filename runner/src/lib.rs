//! The command line of Atropos as a library, so that a project can put its own scenarios behind it.
//!
//! One file a verb; reports are pure functions of data; everything that reads a clock, writes a
//! file or starts a thread lives here and nowhere below. [`main`] is the whole of a binary:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     atropos_runner::main(&atropos_scenarios::catalog())
//! }
//! ```

#![forbid(unsafe_code)]

mod args;
pub mod bench;
mod campaign;
mod catalog;
mod config;
mod environment;
mod exit;
mod files;
mod interrupt;
mod libfuzzer;
mod output;
mod panics;
mod program;
mod progress;
#[cfg(test)]
mod readers;
mod regression;
pub mod report;
mod token;
mod verbs;

pub use args::Cli;
pub use catalog::Catalog;
pub use exit::{Exit, Stop};
pub use interrupt::watch_interrupt;
pub use libfuzzer::{Asked, fuzz_one};
pub use output::{remark, say};
pub use progress::{counted, grouped};
pub use token::{TokenError, case_from_token, token_of_case};

use args::{Command, Common, Refused};
use output::Output;
use std::{io::ErrorKind, process::ExitCode};

/// Parses the arguments of this process and runs the verb.
pub fn main(catalog: &Catalog) -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(Refused::Usage(error)) => return explain(&error).into(),
        Err(Refused::Config(stop)) => {
            output::complain(&stop.message);
            return stop.exit.into();
        }
    };
    cli.common.color.write_global();
    panics::quiet(cli.common.verbose > 0);
    let ended = panics::guard(|| run(&cli, catalog));
    let stop = match ended {
        Ok(Ok(exit)) => return exit.into(),
        Ok(Err(stop)) => stop,
        Err(bug) => Stop::new(Exit::Bug, bug),
    };
    if !stop.message.is_empty() {
        output::complain(&stop.message);
    }
    stop.exit.into()
}

/// Prints help, or what is wrong with the arguments. A closed pipe is silent.
fn explain(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Held };
    match error.print() {
        Err(failed) if exit == Exit::Held && failed.kind() != ErrorKind::BrokenPipe => {
            output::complain(&format!("cannot write to stdout: {failed}"));
            Exit::Tool
        }
        _ => exit,
    }
}

/// Runs a verb.
fn run(cli: &Cli, catalog: &Catalog) -> Result<Exit, Stop> {
    let Common { format, quiet, .. } = cli.common;
    let mut out = Output::new(format, quiet);
    if cli.version {
        return verbs::version::run(catalog, &mut out);
    }
    let program = cli.command.as_ref().and_then(Command::program).map(program::catalog);
    let program = program.transpose()?;
    let catalog = program.as_ref().unwrap_or(catalog);
    match &cli.command {
        Some(Command::List(args)) => verbs::list::run(args, catalog, &mut out),
        Some(Command::Run(args)) => verbs::run::run(args, catalog, &mut out),
        Some(Command::Fuzz(args) | Command::Ci(args)) => {
            verbs::fuzz::run(args, &cli.common, catalog, &mut out)
        }
        Some(Command::Replay(args)) => verbs::replay::run(args, catalog, &mut out),
        Some(Command::Timeline(args)) => verbs::timeline::run(args, catalog, &mut out),
        Some(Command::Explain(args)) => verbs::explain::run(args, catalog, &mut out),
        Some(Command::Shrink(args)) => verbs::shrink::run(args, catalog, &mut out),
        Some(Command::Regressions(args)) => verbs::regressions::run(args, catalog, &mut out),
        Some(Command::Conform(args)) => verbs::conform::run(args, &cli.common, &mut out),
        Some(Command::Check(args)) => verbs::check::run(args, &cli.common, catalog, &mut out),
        Some(Command::Count(args)) => verbs::count::run(args, &cli.common, &mut out),
        Some(Command::Merge(args)) => verbs::merge::run(args, &mut out),
        Some(Command::Again(args)) => verbs::again::run(args, catalog),
        Some(Command::Bench(args)) => verbs::bench::run(args, &mut out),
        Some(Command::Snapshots(args)) => {
            verbs::snapshots::run(args, &cli.common, catalog, &mut out)
        }
        Some(Command::Completions(args)) => verbs::completions::run(args),
        Some(Command::Man(args)) => verbs::man::run(args),
        None => Err(Stop::new(Exit::Usage, "no verb; `atropos --help` lists them")),
    }
}
