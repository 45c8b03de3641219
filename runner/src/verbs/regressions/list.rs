//! `atropos regressions list`.

use super::none_in;
use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
    progress::counted,
    regression::{self, Resolved},
};
use serde::Serialize;
use std::path::Path;

#[derive(Default, Serialize)]
struct RegressionJson<'a> {
    file: String,
    scenario: &'a str,
    variant: &'a str,
    invariant: &'a str,
    steps: usize,
    note: Option<&'a str>,
    /// Why it cannot be read, if so.
    refused: Option<&'a str>,
}

pub(super) fn run(dir: &Path, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let files = regression::files(dir)?;
    if files.is_empty() {
        out.say(&none_in(dir))?;
    }
    for path in &files {
        let file = path.display().to_string();
        match regression::from_file(catalog, path)? {
            Ok(resolved) => tell(&resolved, file, out)?,
            Err(refused) => {
                let refused = refused.message();
                out.say(&format!("{file}\n  refused: {refused}"))?;
                let line =
                    RegressionJson { file, refused: Some(refused), ..RegressionJson::default() };
                out.tell("regression", &line)?;
            }
        }
    }
    Ok(Exit::Held)
}

fn tell(resolved: &Resolved<'_>, file: String, out: &mut Output) -> Result<(), Stop> {
    let kept = &resolved.regression;
    let steps = kept.script.decisions.len();
    let invariant = &kept.script.invariant;
    let length = counted(steps as u64, "step", "steps");
    let note = kept.note.as_ref().map_or_else(String::new, |note| format!("\n  {note}"));
    out.say(&format!("{file}\n  {}  {invariant}  {length}{note}", kept.name()))?;
    let line = RegressionJson {
        file,
        scenario: &kept.scenario,
        variant: &kept.script.variant,
        invariant,
        steps,
        note: kept.note.as_deref(),
        refused: None,
    };
    out.tell("regression", &line)
}
