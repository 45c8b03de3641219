//! `atropos again`: plays runs that another process played, and says what they come to. It serves
//! `--check-determinism` and is not for people.

use super::fuzz::{self, Asked};
use crate::{
    args::AgainArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    files, output,
};
use std::io;

/// More than any campaign asks.
const LONGEST: u64 = 64 << 20;

pub(crate) fn run(_: &AgainArgs, catalog: &Catalog) -> Result<Exit, Stop> {
    let refused = |why: String| Stop::new(Exit::Usage, format!("stdin is no question: {why}"));
    let text = files::limited(io::stdin(), LONGEST).map_err(|error| refused(error.to_string()))?;
    let asked: Asked = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    let played = fuzz::play(catalog, &asked)?;
    output::say(&serde_json::to_string(&played).expect("plain data"))?;
    Ok(Exit::Held)
}
