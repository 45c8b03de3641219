//! `atropos regressions prune`: what is of no use any more goes, each with its reason.

use super::none_in;
use crate::{
    args::PruneArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
    progress::counted,
    regression::{self, Outcome, Refused, Regression},
};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Serialize)]
struct PrunedJson<'a> {
    file: String,
    why: &'a str,
    /// False under `--dry-run`.
    removed: bool,
}

pub(super) fn run(
    args: &PruneArgs,
    dir: &Path,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let files = regression::files(dir)?;
    if files.is_empty() {
        out.say(&none_in(dir))?;
        return Ok(Exit::Held);
    }
    let mut kept: Vec<(PathBuf, Regression)> = Vec::new();
    let mut removed = 0;
    for path in files {
        let Some(why) = reason(args, catalog, &path, &mut kept)? else { continue };
        if !args.dry_run {
            fs::remove_file(&path).map_err(|error| Stop::io("remove", &path, &error))?;
        }
        removed += 1;
        let done = if args.dry_run { "would remove" } else { "removed" };
        out.say(&format!("{done} {}: {why}", path.display()))?;
        let file = path.display().to_string();
        out.tell("pruned", &PrunedJson { file, why: &why, removed: !args.dry_run })?;
    }
    let done = if args.dry_run { "to remove" } else { "removed" };
    out.say_more(&format!("{} {done}", counted(removed, "regression", "regressions")))?;
    Ok(Exit::Held)
}

/// Why a file goes; if it stays, it is remembered. A damaged file stays: somebody must look at it.
fn reason(
    args: &PruneArgs,
    catalog: &Catalog,
    path: &Path,
    kept: &mut Vec<(PathBuf, Regression)>,
) -> Result<Option<String>, Stop> {
    let resolved = match regression::from_file(catalog, path)? {
        Ok(resolved) => resolved,
        Err(Refused::Gone(why)) => return Ok(Some(why)),
        Err(Refused::Damaged(_) | Refused::Version(_)) => return Ok(None),
    };
    let same = |(_, other): &&(PathBuf, Regression)| {
        other.scenario == resolved.regression.scenario && other.script == resolved.regression.script
    };
    if let Some((first, _)) = kept.iter().find(same) {
        return Ok(Some(format!("the same as {}", first.display())));
    }
    if args.fixed && regression::verify_one(catalog, path)?.outcome == Outcome::Holds {
        return Ok(Some("it holds".to_owned()));
    }
    kept.push((path.to_owned(), resolved.regression));
    Ok(None)
}
