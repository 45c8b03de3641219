//! The command line over the worked stories.

use std::process::ExitCode;

fn main() -> ExitCode {
    atropos_runner::main(&atropos_scenarios::catalog())
}
