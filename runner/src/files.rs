//! What a campaign leaves on disk.
//!
//! ```text
//! target/atropos/<seed>-<n>/run.json                      the summary
//! target/atropos/<seed>-<n>/failures/<id>/case.json       the run as data
//! target/atropos/<seed>-<n>/failures/<id>/timeline.txt    the same for people
//! target/atropos/<seed>-<n>/failures/<id>/timeline.mmd    the same as a Mermaid diagram
//! target/atropos/<seed>-<n>/failures/<id>/report.html     the same as a page to look around in
//! target/atropos/<seed>-<n>/{summary.md,junit.xml,index.html}  reports over all of it
//! target/atropos/latest -> <seed>-<n>
//! ```
//!
//! A file is written beside its place and renamed into it, so none is ever half there.

use crate::exit::Stop;
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

/// The folder of one campaign.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// How the folder is told.
    told: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new campaign and points `latest` to it. Fails before any work is done
    /// if nothing can be written there.
    pub(crate) fn create(out: &Path, seed: u64) -> Result<Self, Stop> {
        fs::create_dir_all(out).map_err(|error| Stop::io("make the folder", out, &error))?;
        let mut number = 1;
        loop {
            let name = format!("{seed:x}-{number}");
            let path = out.join(&name);
            match fs::create_dir(&path) {
                Ok(()) => {
                    point_latest(out, &name)
                        .map_err(|error| Stop::io("link", &out.join("latest"), &error))?;
                    // The link is called the same each time.
                    let told = if cfg!(unix) { out.join("latest") } else { path.clone() };
                    return Ok(RunFolder { path, told });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(Stop::io("make the folder", &path, &error)),
            }
        }
    }

    /// Makes a folder of this name, or takes the one that is there, without its failures.
    pub(crate) fn named(out: &Path, name: &str) -> Result<Self, Stop> {
        let path = out.join(name);
        let stale = path.join("failures");
        if stale.exists() {
            fs::remove_dir_all(&stale).map_err(|error| Stop::io("remove", &stale, &error))?;
        }
        fs::create_dir_all(&path).map_err(|error| Stop::io("make the folder", &path, &error))?;
        Ok(RunFolder { told: path.clone(), path })
    }

    /// The folder as people are told it: the same words for the same campaign.
    pub(crate) fn told(&self) -> &Path {
        &self.told
    }

    /// Writes a file of the campaign.
    pub(crate) fn write(&self, name: &str, content: &str) -> Result<(), Stop> {
        write(&self.path.join(name), content)
    }

    /// The folder of a failure as people are told it.
    pub(crate) fn told_failure(&self, id: &str) -> PathBuf {
        self.told.join("failures").join(id)
    }

    /// The folder of a failure.
    pub(crate) fn failure(&self, id: &str) -> PathBuf {
        self.path.join("failures").join(id)
    }

    /// Removes the folder of a failure that became another.
    pub(crate) fn remove_failure(&self, id: &str) -> Result<(), Stop> {
        let path = self.failure(id);
        fs::remove_dir_all(&path).map_err(|error| Stop::io("remove", &path, &error))
    }
}

/// A text file that is at most so many bytes long.
pub(crate) fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    limited(fs::File::open(path)?, longest)
}

/// A text that is at most so many bytes long.
pub(crate) fn limited(source: impl io::Read, longest: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(source, longest + 1), &mut bytes)?;
    let no_text = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    if bytes.len() as u64 > longest {
        return Err(no_text(format!("longer than {longest} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| no_text("not UTF-8 text".to_owned()))
}

/// Writes a file whole, or says which could not be written.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Stop> {
    write_whole(path, content).map_err(|error| Stop::io("write", path, &error))
}

/// Writes a file beside its place and renames it into it; makes its folder if there is none.
fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = file_beside(folder)?;
    file.write_all(content.as_ref())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// A file that others may read as the umask allows: a temporary one is its owner's alone.
#[cfg(unix)]
fn file_beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let everybody = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().permissions(everybody).tempfile_in(folder)
}

#[cfg(not(unix))]
fn file_beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::NamedTempFile::new_in(folder)
}

#[cfg(unix)]
fn point_latest(out: &Path, name: &str) -> io::Result<()> {
    let beside = out.join(format!(".latest-{name}"));
    std::os::unix::fs::symlink(name, &beside)?;
    fs::rename(&beside, out.join("latest")).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(not(unix))]
fn point_latest(out: &Path, name: &str) -> io::Result<()> {
    write_whole(&out.join("latest"), name)
}
