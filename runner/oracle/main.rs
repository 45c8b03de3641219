//! The oracle: random programs run on a real BEAM, and the simulator must know every outcome.
//!
//! Each program runs once on the BEAM and is explored exhaustively in the simulator; what the BEAM
//! did must lie in the set that the simulator reached. An outcome outside is tried again, alone: it
//! is a disagreement only if that recurs each time, else a fluke of a busy machine.
//!
//! Step programs of asyncio run on a real CPython in the same way, in the one schedule that they
//! have.
//!
//! `docs/conformance.md` says what is compared. Needs Erlang and Elixir, or Python; `make test` does
//! not.

#![forbid(unsafe_code)]

mod args;
mod beam;
mod campaign;
mod compare;
mod count;
mod cpython;
mod recheck;
mod report;

use args::Args;
use atropos_runner::{Exit, Stop, counted, remark, say, watch_interrupt};
use clap::Parser;
use std::{process::ExitCode, sync::atomic::Ordering::Relaxed};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            remark(&format!("error: {stop}"));
            stop.exit.into()
        }
    }
}

fn run(args: &Args) -> Result<Exit, Stop> {
    if args.layer == args::LayerArg::Asyncio {
        return cpython::run(args);
    }
    if args.list {
        return list(args);
    }
    let interrupted = watch_interrupt()?;
    let beam = beam::Beam::prepare(&args.out)?;
    let indices = args.indices();
    remark(&format!(
        "     Asking {} about {} · seed {:#x}",
        beam.release,
        counted(indices.len() as u64, "program", "programs"),
        args.seed
    ));
    if !beam.release.starts_with("OTP 25,") {
        remark("  the programs have the profile otp-25; what differs may be the release's doing");
    }
    let mut found = campaign::run(args, &indices, &beam, &interrupted)?;
    let judged = recheck::run(args, &mut found, &beam, &interrupted)?;
    let report = report::Report { args, asked: indices.len(), found: &found, judged: &judged };
    for disagreement in &judged.disagreements {
        let path = report::keep(args, "disagreements", disagreement)?;
        say(&report.disagreement(disagreement, &path))?;
    }
    for (fluke, _) in &judged.flukes {
        report::keep(args, "flukes", fluke)?;
    }
    say(&report.text())?;
    match report.verdict(interrupted.load(Relaxed)) {
        (Exit::Held, _) => Ok(Exit::Held),
        (exit, why) => Err(Stop::new(exit, why)),
    }
}

/// Prints the programs, for use by hand.
fn list(args: &Args) -> Result<Exit, Stop> {
    for index in args.indices() {
        say(&args.value(index).to_string())?;
    }
    Ok(Exit::Held)
}
