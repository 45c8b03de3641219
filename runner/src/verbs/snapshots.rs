//! `atropos snapshots`: holds the stories of the variants against the reviewed ones.
//!
//! A line a story that is not the reviewed one, with its difference, then a count. Without a mode
//! a story goes where insta would put it. Files that no variant tells are named and never deleted.

mod diff;
mod file;
mod folder;
mod policy;
mod review;
mod stories;

use crate::{
    args::{Common, Mode, SnapshotsArgs},
    catalog::{self, Catalog},
    exit::{Exit, Stop},
    output::{BAD, GOOD, Output, remark},
    progress::{Meter, counted, grouped},
    report::shell_word,
};
use folder::{Folder, State};
use policy::{Environment, Goes, Policy};
use serde::Serialize;
use stories::Story;

/// What becomes of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Leave,
    /// Nothing waits for a person any more.
    Clear,
    Store,
    Accept,
}

/// How differences are met.
#[derive(Clone, Copy)]
enum Manner {
    /// Nothing is written.
    Look,
    /// As insta would.
    Insta(Policy),
    /// All are taken.
    Accept,
    /// All wait for a person.
    Store,
}

impl Manner {
    fn deed(self, state: State) -> Deed {
        match (self, state) {
            (_, State::Unreferenced) | (Manner::Look, _) => Deed::Leave,
            // insta removes what waits once a story is the reviewed one, whatever it may write.
            (Manner::Insta(policy), State::Same) if !policy.rewrites() => Deed::Clear,
            (Manner::Insta(_), State::Same) => Deed::Accept,
            (Manner::Accept | Manner::Store, State::Same) => Deed::Clear,
            (Manner::Insta(policy), _) => match policy.goes(state == State::Changed) {
                Goes::InPlace => Deed::Accept,
                Goes::Beside => Deed::Store,
                Goes::Nowhere => Deed::Leave,
            },
            (Manner::Accept, _) => Deed::Accept,
            (Manner::Store, _) => Deed::Store,
        }
    }
}

/// A story beside the reviewed one.
struct Compared<'a> {
    story: &'a Story,
    state: State,
    /// Of a changed story.
    diff: Option<String>,
}

/// A story, or a file that none belongs to.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    state: State,
    /// The file that was written.
    written: Option<String>,
    /// A story waits for a person.
    pending: bool,
    diff: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Totals {
    same: u64,
    changed: u64,
    missing: u64,
    unreferenced: u64,
    /// Those that differ and were accepted.
    accepted: u64,
    verdict: &'static str,
}

impl Totals {
    fn stories(&self) -> u64 {
        self.same + self.changed + self.missing
    }

    /// Stories that are still not the reviewed ones.
    fn open(&self) -> u64 {
        self.changed + self.missing - self.accepted
    }

    fn count(&mut self, state: State) {
        let counter = match state {
            State::Same => &mut self.same,
            State::Changed => &mut self.changed,
            State::Missing => &mut self.missing,
            State::Unreferenced => &mut self.unreferenced,
        };
        *counter += 1;
    }
}

pub(crate) fn run(
    args: &SnapshotsArgs,
    common: &Common,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let mode = args.mode()?;
    let filter = args.filter();
    let targets = catalog::select(catalog, &filter)?;
    let manner = match mode {
        Mode::Insta => Manner::Insta(Policy::new(&Environment::read())?),
        Mode::Accept => Manner::Accept,
        Mode::Check | Mode::List | Mode::Review => Manner::Look,
    };
    let folder = Folder::open(&args.dir)?;
    let stories = stories::tell(&targets, &mut Meter::new(common.progress, common.quiet))?;
    let strays = if filter.is_empty() { folder.unreferenced(&stories)? } else { Vec::new() };
    if mode == Mode::Review && !out.is_json() {
        match review::lack() {
            Some(lack) => remark(lack.sentence()),
            None => review(&stories, &folder)?,
        }
    }
    let verb = Verb { mode, manner, folder: &folder };
    let totals = verb.all(&stories, &strays, out)?;
    verb.finish(totals, args, out)
}

/// Has a person look at all that differs.
fn review(stories: &[Story], folder: &Folder) -> Result<(), Stop> {
    let mut waiting = false;
    for story in stories {
        let compared = compare(story, folder)?;
        waiting |= compared.state.differs();
        carry_out(Manner::Store.deed(compared.state), story, folder)?;
    }
    if waiting { review::hand_over() } else { Ok(()) }
}

fn compare<'a>(story: &'a Story, folder: &Folder) -> Result<Compared<'a>, Stop> {
    let told = file::normal(&story.text);
    let (state, diff) = match folder.read(&story.name)? {
        None => (State::Missing, None),
        Some(reviewed) if reviewed == told => (State::Same, None),
        Some(reviewed) => {
            let path = folder.reviewed(&story.name).display().to_string();
            let names = [path.as_str(), "as it is told now"];
            (State::Changed, Some(diff::unified(&reviewed, &told, names)))
        }
    };
    Ok(Compared { story, state, diff })
}

/// Does it, and names the file that was written.
fn carry_out(deed: Deed, story: &Story, folder: &Folder) -> Result<Option<String>, Stop> {
    let path = match deed {
        Deed::Leave => return Ok(None),
        Deed::Clear => return folder.clear(&story.name).map(|()| None),
        Deed::Store => {
            folder.store(story)?;
            folder.pending(&story.name)
        }
        Deed::Accept => {
            folder.accept(story)?;
            folder.reviewed(&story.name)
        }
    };
    Ok(Some(path.display().to_string()))
}

/// The verb at work.
struct Verb<'a> {
    mode: Mode,
    manner: Manner,
    folder: &'a Folder,
}

impl Verb<'_> {
    /// Compares, writes and tells all stories, then the files that none belongs to.
    fn all(&self, stories: &[Story], strays: &[String], out: &mut Output) -> Result<Totals, Stop> {
        let mut totals = Totals::default();
        for story in stories {
            let compared = compare(story, self.folder)?;
            totals.count(compared.state);
            self.one(&compared, &mut totals, out)?;
        }
        for name in strays {
            totals.count(State::Unreferenced);
            self.stray(name, out)?;
        }
        Ok(totals)
    }

    fn one(
        &self,
        compared: &Compared<'_>,
        totals: &mut Totals,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let Compared { story, state, diff } = compared;
        let deed = self.manner.deed(*state);
        let written = carry_out(deed, story, self.folder)?;
        totals.accepted += u64::from(state.differs() && deed == Deed::Accept);
        let pending = self.folder.pending(&story.name).exists();
        let diff = diff.as_deref().filter(|_| self.mode != Mode::List);
        if state.differs() || self.mode == Mode::List {
            let note = note(written.as_deref(), deed, pending);
            out.say(&format!("{}  {}{note}", headed(*state), story.name))?;
        }
        if let Some(diff) = diff {
            out.say(&format!("{}\n", diff::coloured(diff)))?;
        }
        out.tell("snapshot", &Line { name: &story.name, state: *state, written, pending, diff })
    }

    /// A file that no variant tells: named, with the command that removes it.
    fn stray(&self, name: &str, out: &mut Output) -> Result<(), Stop> {
        let state = State::Unreferenced;
        let path = self.folder.reviewed(name).display().to_string();
        let pending = self.folder.pending(name).exists();
        let removed = format!("no variant tells it; `rm {}` removes it", shell_word(&path));
        out.say(&format!("{}  {name}: {removed}", headed(state)))?;
        out.tell("snapshot", &Line { name, state, written: None, pending, diff: None })
    }

    fn finish(
        &self,
        mut totals: Totals,
        args: &SnapshotsArgs,
        out: &mut Output,
    ) -> Result<Exit, Stop> {
        let passes = matches!(self.manner, Manner::Insta(policy) if policy.force_pass);
        let open = totals.open();
        let verdict = if open == 0 || passes { Exit::Held } else { Exit::Snapshots };
        // A list is an answer, whatever it says.
        let exit = if self.mode == Mode::List { Exit::Held } else { verdict };
        totals.verdict = verdict.verdict();
        out.tell("end", &totals)?;
        out.say_more(&summary(&totals))?;
        let differ = counted(open, "story differs", "stories differ");
        if exit == Exit::Held {
            if passes && open > 0 {
                remark(&format!("{differ} and may, by INSTA_FORCE_PASS"));
            }
            return Ok(exit);
        }
        let (look, take) = (args.command("review"), args.command("--accept"));
        let why = format!(
            "{differ} from what was reviewed: `{look}` looks, `{take}` takes what is told now"
        );
        Err(Stop::new(exit, why))
    }
}

/// The word for a state, at its width and in its colour.
fn headed(state: State) -> String {
    let style = if state == State::Same { GOOD } else { BAD };
    format!("{}{:>12}{}", style.render(), state.word(), style.render_reset())
}

/// What became of a story, behind its name.
fn note(written: Option<&str>, deed: Deed, pending: bool) -> String {
    match (written, deed) {
        (Some(_), Deed::Accept) => ", accepted".to_owned(),
        (Some(path), _) => format!(", stored as {path}"),
        (None, _) if pending => ", one waits for review".to_owned(),
        (None, _) => String::new(),
    }
}

/// The counts that are not zero.
fn summary(totals: &Totals) -> String {
    let Totals { same, changed, missing, unreferenced, accepted, .. } = totals;
    let mut text = counted(totals.stories(), "story", "stories");
    let counts =
        [(same, "same"), (changed, "changed"), (missing, "missing"), (accepted, "accepted")];
    for (at, (count, word)) in counts.into_iter().filter(|(count, _)| **count > 0).enumerate() {
        text.push_str(&format!("{}{} {word}", if at == 0 { ": " } else { ", " }, grouped(*count)));
    }
    if *unreferenced > 0 {
        let files = counted(*unreferenced, "file is", "files are");
        text.push_str(&format!("; {files} unreferenced"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_variant_tells_is_left_alone_whatever_is_asked() {
        let policy = Policy::new(&Environment::default()).expect("nothing is set");
        for manner in [Manner::Look, Manner::Insta(policy), Manner::Accept, Manner::Store] {
            assert_eq!(manner.deed(State::Unreferenced), Deed::Leave);
        }
    }
}
