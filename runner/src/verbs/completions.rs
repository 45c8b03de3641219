//! `atropos completions`: the script that a shell completes verbs, flags and their values with.
//!
//! It is made of the arguments themselves. Names of scenarios are not in it: they belong to a
//! build.

use crate::{
    args::{self, CompletionsArgs},
    exit::{Exit, Stop},
    output::say,
};

pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Stop> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "atropos", &mut script);
    say(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Held)
}
