//! How the process ends. Exit codes are a promise.

use std::{fmt, process::ExitCode};

/// An exit code with a name. A finding is never mistaken for a fault of the tool: 100 is a
/// violation, 101 (Rust's own for a panic) a bug of Atropos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All that was asked held.
    Held = 0,
    /// The tool failed: a file, a folder, a configuration.
    Tool = 1,
    /// The arguments make no sense: a flag, a token, a tape.
    Usage = 2,
    /// Nothing matched the filter.
    NoMatch = 4,
    /// A check came to its bound: nothing is violated, nothing is proved.
    Unproved = 5,
    /// An invariant was violated.
    Violated = 100,
    /// A bug of Atropos.
    Bug = 101,
    /// A story is not the one that was reviewed, or nobody reviewed it.
    Snapshots = 102,
    /// A run was not what its tape or its plan says: a stale token, or nondeterminism.
    Diverged = 103,
    /// A canary was not caught or a `sometimes` point never reached: the campaign proves nothing.
    Vacuous = 104,
    /// Ctrl-C, after what was found had been written.
    Interrupted = 130,
}

impl Exit {
    /// What a campaign that ends so came to, for programs.
    pub(crate) fn verdict(self) -> &'static str {
        match self {
            Exit::Held => "held",
            Exit::Violated => "violated",
            Exit::Snapshots => "differ",
            Exit::Diverged => "diverged",
            Exit::Vacuous => "vacuous",
            Exit::Interrupted => "interrupted",
            Exit::Unproved => "unproved",
            Exit::Tool | Exit::Usage | Exit::NoMatch | Exit::Bug => "failed",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a verb ended early: the code and what to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The code.
    pub exit: Exit,
    /// What was wrong, where, and what to do; empty if all was said.
    pub message: String,
}

impl Stop {
    /// Ends with this code and message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Stop { exit, message: message.into() }
    }

    /// A file or folder that could not be used.
    pub(crate) fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Stop::new(Exit::Tool, format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}
