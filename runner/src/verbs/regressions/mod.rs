//! `atropos regressions`: failures kept as files, by names.

mod add;
mod export;
mod list;
mod prune;
mod verify;

use crate::{
    args::{RegressionsArgs, RegressionsCommand},
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
};
use std::path::Path;

pub(crate) fn run(
    args: &RegressionsArgs,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let dir = &args.dir;
    match &args.command {
        RegressionsCommand::List => list::run(dir, catalog, out),
        RegressionsCommand::Add(args) => add::run(args, dir, catalog, out),
        RegressionsCommand::Verify(args) => verify::run(args, dir, catalog, out),
        RegressionsCommand::Prune(args) => prune::run(args, dir, catalog, out),
        RegressionsCommand::Export(args) => export::run(args, dir, catalog, out),
    }
}

/// What is said of a folder without regressions.
fn none_in(dir: &Path) -> String {
    format!(
        "no regressions in {}; `atropos regressions add TOKEN` keeps a failure there",
        dir.display()
    )
}
