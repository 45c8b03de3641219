//! The folder of regressions: which files are there, and where a new one goes.

use super::Regression;
use crate::exit::Stop;
use atropos::trace::digest_bytes;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// All JSON files of a folder and of the folders in it, in the order of their names. A folder that
/// is not there has none.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        match path.is_dir() {
            true => files.extend(entries(&path)?),
            false => files.push(path),
        }
    }
    files.retain(|path| path.extension().is_some_and(|end| end == "json") && path.is_file());
    files.sort();
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let unread = |error: io::Error| Stop::io("read the folder", folder, &error);
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unread(error)),
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path()).map_err(unread)).collect()
        }
    }
}

/// Where a regression stands in a folder. Variant, invariant and timeline make the name, so the
/// same failure from many seeds is one file.
pub(crate) fn place_of(folder: &Path, regression: &Regression) -> PathBuf {
    let Regression { script, timeline, .. } = regression;
    let text = format!("{}\n{}\n{}", regression.name(), script.invariant, timeline.join("\n"));
    let hash = digest_bytes(text.as_bytes()).check();
    folder.join(&regression.scenario).join(format!("{}-{hash:08x}.json", script.invariant))
}
