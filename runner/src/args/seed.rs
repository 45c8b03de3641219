//! A base seed, as it is typed.

use atropos::plan::Spec;
use std::fmt;

/// A base seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
    /// This one.
    Number(u64),
    /// Made of the commit, the scenario and the profile: another with each change, the same when a
    /// job is run again.
    Commit,
}

impl Seed {
    /// The seed, where it is a number; the default one elsewhere.
    pub(crate) fn number(self) -> u64 {
        match self {
            Seed::Number(seed) => seed,
            Seed::Commit => Spec::DEFAULT_SEED,
        }
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seed::Number(seed) => write!(f, "{seed:#x}"),
            Seed::Commit => f.write_str("commit"),
        }
    }
}

pub(super) fn parse_seed(text: &str) -> Result<Seed, String> {
    match text {
        "random" => return Ok(Seed::Number(random_seed())),
        "commit" => return Ok(Seed::Commit),
        _ => {}
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map(Seed::Number).map_err(|_| {
        "expected a number below 2^64, 0x and hexadecimal digits, `random` or `commit`".into()
    })
}

/// The one place where chance from outside enters, because somebody asked for it.
#[expect(clippy::disallowed_types, reason = "`--seed random` asks the operating system for chance")]
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("atropos")
}
