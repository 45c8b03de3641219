//! The folder of reviewed stories: what it holds of a story, and what nobody tells.
//!
//! `<name>.snap` is a reviewed story, `<name>.snap.new` one that waits for a person.

use super::{
    file,
    stories::{Story, file_stem},
};
use crate::{
    exit::{Exit, Stop},
    files,
};
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How a story stands to the reviewed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is the reviewed one.
    Same,
    /// It is another.
    Changed,
    /// Nobody reviewed it.
    Missing,
    /// Reviewed, and told by no variant.
    Unreferenced,
}

impl State {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Same => "same",
            State::Changed => "changed",
            State::Missing => "missing",
            State::Unreferenced => "unreferenced",
        }
    }

    /// True if somebody must look at the story.
    pub(crate) fn differs(self) -> bool {
        matches!(self, State::Changed | State::Missing)
    }
}

/// The folder.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// If there is none, or something else.
    pub(crate) fn open(path: &Path) -> Result<Self, Stop> {
        if path.is_dir() {
            return Ok(Folder { path: path.to_owned() });
        }
        let shown = path.display();
        let why = match path.exists() {
            true => format!("{shown} is no folder; --dir names the one of the stories"),
            false => format!(
                "there is no folder {shown}: run this where it is, name another with --dir, or make it for stories to come"
            ),
        };
        Err(Stop::new(Exit::Tool, why))
    }

    /// The file of a reviewed story.
    pub(crate) fn reviewed(&self, name: &str) -> PathBuf {
        self.path.join(format!("{}.snap", file_stem(name)))
    }

    /// The file of a story that waits for a person.
    pub(crate) fn pending(&self, name: &str) -> PathBuf {
        self.path.join(format!("{}.snap.new", file_stem(name)))
    }

    /// The reviewed story of this name. What is no UTF-8 in it differs from every story.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, Stop> {
        let path = self.reviewed(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(file::read(&String::from_utf8_lossy(&bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Stop::io("read", &path, &error)),
        }
    }

    /// Accepts a story. One that waited is out of date then.
    pub(crate) fn accept(&self, story: &Story) -> Result<(), Stop> {
        write(&self.reviewed(&story.name), story)?;
        self.clear(&story.name)
    }

    /// Has a story wait for a person.
    pub(crate) fn store(&self, story: &Story) -> Result<(), Stop> {
        write(&self.pending(&story.name), story)
    }

    /// Removes a story that waited.
    pub(crate) fn clear(&self, name: &str) -> Result<(), Stop> {
        let path = self.pending(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Stop::io("remove", &path, &error))
            }
            _ => Ok(()),
        }
    }

    /// The names of reviewed stories that none of these variants tells, in order.
    pub(crate) fn unreferenced(&self, stories: &[Story]) -> Result<Vec<String>, Stop> {
        let stop = |error| Stop::io("read the folder", &self.path, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(stop)? {
            let name = entry.map_err(stop)?.file_name();
            let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".snap")) else {
                continue;
            };
            if !stories.iter().any(|story| file_stem(&story.name) == stem) {
                names.push(stem.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

fn write(path: &Path, story: &Story) -> Result<(), Stop> {
    files::write(path, file::write(story))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_variant_tells_is_unreferenced_and_nothing_else() {
        let folder = tempfile::TempDir::new().expect("a folder for the test");
        for name in ["a@b.snap", "c__d@e.snap", "z@z.snap", "y@y.snap", "y@y.snap.new", "review.rs"]
        {
            fs::write(folder.path().join(name), "").expect("the folder of a test can be written");
        }
        let story =
            |name: &str| Story { name: name.to_owned(), about: String::new(), text: String::new() };
        let folder = Folder::open(folder.path()).expect("it is there");
        let stories = ["a@b", "c/d@e", "nobody@reviewed"].map(story);
        assert_eq!(folder.unreferenced(&stories).expect("it can be read"), ["y@y", "z@z"]);
    }
}
