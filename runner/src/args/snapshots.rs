//! What `atropos snapshots` is asked.
//!
//! The modes are flags that exclude each other; `review` is a word, since it starts another
//! program. What insta reads from the environment is read where it is used, in
//! `verbs::snapshots::policy`: those names are insta's, and no flags of ours.

use crate::exit::{Exit, Stop};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

const ENVIRONMENT: &str = "\
Examples:
  atropos snapshots                    tell the stories; a new one is stored as .snap.new
  atropos snapshots --check            the differences, exit 102; writes nothing
  atropos snapshots review             look at each in cargo insta review

Environment, as insta reads it:
  INSTA_UPDATE      auto (default), new, always, unseen, no or force
  INSTA_FORCE_PASS  1: differences are shown and do not fail
  CI, TF_BUILD      under auto nothing is written";

#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT, disable_help_subcommand = true)]
pub(crate) struct SnapshotsArgs {
    /// Scenarios, or scenario/variant; all if absent
    filter: Vec<String>,

    /// Where the reviewed stories are
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_DIR)]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    modes: Modes,

    #[command(subcommand)]
    word: Option<Word>,
}

const DEFAULT_DIR: &str = "snapshots";

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Modes {
    /// Print what differs and write nothing; exit 102
    #[arg(long)]
    check: bool,

    /// Take all stories as they are told now
    #[arg(long)]
    accept: bool,

    /// List the stories with their state and write nothing
    #[arg(long)]
    list: bool,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Look at changed stories one by one, in cargo insta review
    Review {
        /// Scenarios, or scenario/variant; all if absent
        filter: Vec<String>,
    },
}

/// What is done with stories that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// What insta would do under this environment.
    Insta,
    /// Show them.
    Check,
    /// Take them.
    Accept,
    /// Name them, and those that do not differ.
    List,
    /// Have a person look.
    Review,
}

impl SnapshotsArgs {
    /// The mode.
    ///
    /// # Errors
    /// If `review` stands behind the flag of another.
    pub(crate) fn mode(&self) -> Result<Mode, Stop> {
        let Modes { check, accept, list } = self.modes;
        let flags = [
            (check, "--check", Mode::Check),
            (accept, "--accept", Mode::Accept),
            (list, "--list", Mode::List),
        ];
        let flag = flags.into_iter().find(|(given, ..)| *given);
        match (flag, &self.word) {
            (None, None) => Ok(Mode::Insta),
            (Some((_, _, mode)), None) => Ok(mode),
            (None, Some(Word::Review { .. })) => Ok(Mode::Review),
            (Some((_, flag, _)), Some(Word::Review { .. })) => {
                Err(Stop::new(Exit::Usage, format!("{flag} and review exclude each other")))
            }
        }
    }

    /// The scenarios and variants that were named, before or behind `review`.
    pub(crate) fn filter(&self) -> Vec<String> {
        let behind = self.word.as_ref().map_or(&[][..], |Word::Review { filter }| filter);
        [&self.filter, behind].concat()
    }

    /// The command line of another mode for the same stories: `atropos snapshots <rest>`.
    pub(crate) fn command(&self, rest: &str) -> String {
        let mut command = format!("atropos snapshots {rest}");
        for name in self.filter() {
            command.push_str(&format!(" {}", crate::report::shell_word(&name)));
        }
        if self.dir != Path::new(DEFAULT_DIR) {
            let dir = self.dir.display().to_string();
            command.push_str(&format!(" --dir {}", crate::report::shell_word(&dir)));
        }
        command
    }
}
