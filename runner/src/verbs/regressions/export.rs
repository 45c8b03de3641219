//! `atropos regressions export`: as a corpus for the libFuzzer target.

use super::none_in;
use crate::{
    args::ExportArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    files, libfuzzer,
    output::{Output, remark},
    progress::counted,
    regression::{self, Resolved},
};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct ExportedJson<'a> {
    file: String,
    corpus: String,
    bytes: usize,
    invariant: &'a str,
}

pub(super) fn run(
    args: &ExportArgs,
    dir: &Path,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let files = regression::files(dir)?;
    if files.is_empty() {
        out.say(&none_in(dir))?;
    }
    let mut left = 0;
    for path in &files {
        let exported = match regression::from_file(catalog, path)? {
            Err(refused) => Err(refused.message().to_owned()),
            Ok(resolved) => input(catalog, &resolved)?.map(|bytes| (resolved, bytes)),
        };
        match exported {
            Ok((resolved, bytes)) => write(args, path, &resolved, &bytes, out)?,
            Err(why) => {
                left += 1;
                remark(&format!("{} is not exported: {why}", path.display()));
            }
        }
    }
    let done = counted((files.len() - left) as u64, "regression", "regressions");
    out.say_more(&format!("{done} written to {}", args.libfuzzer.display()))?;
    match left {
        0 => Ok(Exit::Held),
        _ => Err(Stop::new(Exit::Diverged, format!("{left} of {} not exported", files.len()))),
    }
}

/// The bytes of a regression, or why there are none.
fn input(catalog: &Catalog, resolved: &Resolved<'_>) -> Result<Result<Vec<u8>, String>, Stop> {
    let played = regression::play(resolved)?;
    Ok(match played.stale {
        Some(why) => Err(why),
        None => libfuzzer::input_of(catalog, &played.run.case),
    })
}

fn write(
    args: &ExportArgs,
    path: &Path,
    resolved: &Resolved<'_>,
    bytes: &[u8],
    out: &mut Output,
) -> Result<(), Stop> {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    let corpus = args.libfuzzer.join(stem);
    files::write(&corpus, bytes)?;
    let line = ExportedJson {
        file: path.display().to_string(),
        corpus: corpus.display().to_string(),
        bytes: bytes.len(),
        invariant: &resolved.regression.script.invariant,
    };
    out.tell("exported", &line)
}
