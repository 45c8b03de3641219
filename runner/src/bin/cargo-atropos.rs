//! The same as `atropos`, reached as `cargo atropos`.

use std::process::ExitCode;

fn main() -> ExitCode {
    atropos_runner::main(&atropos_scenarios::catalog())
}
