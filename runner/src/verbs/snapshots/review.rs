//! Handing over to `cargo insta review`, where a person looks at one story after the other.

use crate::exit::{Exit, Stop};
use std::{
    io::{self, IsTerminal},
    process::{Command, Stdio},
};

/// What is missing for a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Somebody at a terminal.
    Terminal,
    /// The program.
    CargoInsta,
}

impl Lack {
    /// Says so.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Lack::Terminal => "a review needs a terminal; these are the differences",
            Lack::CargoInsta => {
                "a review needs cargo-insta, which `cargo install cargo-insta` gives; these are the differences"
            }
        }
    }
}

/// What is missing here, if anything.
pub(crate) fn lack() -> Option<Lack> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    lack_of(terminal, is_installed)
}

fn lack_of(terminal: bool, installed: impl FnOnce() -> bool) -> Option<Lack> {
    match terminal {
        false => Some(Lack::Terminal),
        true => (!installed()).then_some(Lack::CargoInsta),
    }
}

fn is_installed() -> bool {
    let mut asked = Command::new("cargo");
    asked.args(["insta", "--version"]);
    asked.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// Runs `cargo insta review` on this terminal until the person is done.
///
/// # Errors
/// If it cannot be started, or fails.
pub(crate) fn hand_over() -> Result<(), Stop> {
    let status = Command::new("cargo").args(["insta", "review"]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Stop::new(Exit::Tool, format!("cargo insta review failed: {status}"))),
        Err(error) => {
            Err(Stop::new(Exit::Tool, format!("cannot start cargo insta review: {error}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_and_nothing_is_started_without_a_terminal() {
        let unasked = || panic!("without a terminal nobody asks for the program");
        assert_eq!(lack_of(false, unasked), Some(Lack::Terminal));
        assert_eq!(lack_of(true, || false), Some(Lack::CargoInsta));
        assert_eq!(lack_of(true, || true), None);
    }
}
