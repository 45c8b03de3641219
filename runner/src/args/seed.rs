//! A base seed, as it is typed.

/// A base seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

pub(super) fn parse_seed(text: &str) -> Result<Seed, String> {
    if text == "random" {
        return Ok(Seed(random_seed()));
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number
        .map(Seed)
        .map_err(|_| "expected a number below 2^64, 0x and hexadecimal digits, or `random`".into())
}

/// The one place where chance from outside enters, because somebody asked for it.
#[expect(clippy::disallowed_types, reason = "`--seed random` asks the operating system for chance")]
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("atropos")
}
