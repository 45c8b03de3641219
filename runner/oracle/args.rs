//! The arguments, and the programs they name.

use crate::count;
use atropos_scenarios::program::{conform::Subject, explore::Bounds, random};
use clap::Parser;
use serde_json::Value;
use std::path::PathBuf;

/// Runs random programs on a real BEAM and looks for each outcome in what the simulator reaches.
///
/// Exit codes: 0 every outcome was found, 1 tool error, 2 usage, 100 an outcome was not found or
/// too few spaces closed, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "atropos-oracle", max_term_width = 100)]
pub(crate) struct Args {
    /// How many programs
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub(crate) programs: u32,

    /// The seed of the programs: a number, hexadecimal after 0x
    #[arg(long, default_value = "0xa7209005", value_parser = parse_seed)]
    pub(crate) seed: u64,

    /// The index of the first program; with `--programs 1`, one program alone
    #[arg(long, default_value_t = 0, value_name = "K")]
    pub(crate) first: u64,

    /// What the programs are made of
    #[arg(long, value_enum, default_value_t, value_name = "LAYER")]
    pub(crate) layer: LayerArg,

    /// Only programs with this operation, as `demonitor`
    #[arg(long, value_name = "OP")]
    pub(crate) with: Option<String>,

    /// How many BEAMs at a time
    #[arg(short, long, default_value_t = 2, value_name = "J")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) jobs: u32,

    /// How many threads explore; by default as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) explorers: Option<u32>,

    /// The most runs of one exploration; more, and the space counts as not closed
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    pub(crate) runs: u64,

    /// Where disagreements and compiled modules are kept
    #[arg(long, default_value = "target/oracle", value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// The Python that runs step programs; its version picks the profile
    #[arg(long, default_value = "python3", value_name = "PATH")]
    pub(crate) python: PathBuf,

    /// Print the programs as JSON lines and run nothing
    #[arg(long)]
    pub(crate) list: bool,
}

/// A layer on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LayerArg {
    /// Processes alone
    #[default]
    Processes,
    /// Servers, agents and tasks
    Otp,
    /// Trees of supervisors
    Sup,
    /// Step programs of asyncio, on a real CPython
    Asyncio,
}

impl From<LayerArg> for random::Layer {
    fn from(layer: LayerArg) -> random::Layer {
        match layer {
            LayerArg::Processes => random::Layer::Processes,
            LayerArg::Otp => random::Layer::Otp,
            LayerArg::Sup => random::Layer::Sup,
            LayerArg::Asyncio => unreachable!("step programs go another way"),
        }
    }
}

/// How far to look for programs with the wanted operation, for each that is wanted.
const SEARCH: u64 = 10_000;

impl Args {
    /// The indices of the programs.
    pub(crate) fn indices(&self) -> Vec<u64> {
        let wanted = u64::from(self.programs);
        let end = self.first.saturating_add(wanted.saturating_mul(SEARCH));
        let fits = |index: &u64| match &self.with {
            None => true,
            Some(op) => count::Counts::of_program(&self.value(*index)).has(op),
        };
        (self.first..end).filter(fits).take(self.programs as usize).collect()
    }

    /// A program.
    pub(crate) fn program(&self, index: u64) -> Subject {
        random::subject(self.layer.into(), self.seed, index)
    }

    /// A program as the BEAM reads it.
    pub(crate) fn value(&self, index: u64) -> Value {
        self.program(index).to_value()
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { runs: self.runs, ..Bounds::default() }
    }
}

fn parse_seed(text: &str) -> Result<u64, String> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
    .map_err(|_| "expected a number below 2^64, or 0x and hexadecimal digits".into())
}
