//! Where the next campaign goes on: `next.json` beside the folders of the campaigns.
//!
//! One entry for each set of base seeds and each shard, since what is next depends on both.

use crate::{
    campaign::shard::Shard,
    exit::{Exit, Stop},
    files,
};
use atropos::{plan::Spec, trace::digest_words};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

const VERSION: u32 = 1;
/// No file of ours comes near.
const LONGEST: u64 = 1 << 20;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The run to begin with.
    run: u64,
    /// How far bounds of checks were widened.
    level: u32,
}

/// What is next, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Next {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Next {
    pub(super) fn read(out: &Path) -> Result<Self, Stop> {
        let path = out.join("next.json");
        let text = match files::read_text(&path, LONGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Next { path, entries: BTreeMap::new() });
            }
            Err(error) => return Err(Stop::io("read", &path, &error)),
        };
        let entries = parse(&text).map_err(|why| {
            let path = path.display();
            Stop::new(Exit::Tool, format!("{path}: {why}; without that file counting begins anew"))
        })?;
        Ok(Next { path, entries })
    }

    /// The run to begin with.
    pub(super) fn of(&self, specs: &[Spec], shard: Shard) -> u64 {
        self.entries.get(&key(specs, shard)).map_or(0, |entry| entry.run)
    }

    /// How far bounds of checks are to be widened, from 1.
    pub(super) fn level(&self, specs: &[Spec], shard: Shard) -> u32 {
        self.entries.get(&key(specs, shard)).map_or(1, |entry| entry.level.max(1))
    }

    pub(super) fn write(
        &self,
        specs: &[Spec],
        shard: Shard,
        run: u64,
        level: Option<u32>,
    ) -> Result<(), Stop> {
        let mut entries = self.entries.clone();
        let entry = entries.entry(key(specs, shard)).or_default();
        *entry = Entry { run, level: level.unwrap_or(entry.level) };
        let file = File { version: VERSION, entries };
        let text = serde_json::to_string_pretty(&file).expect("plain data") + "\n";
        files::write(&self.path, &text)
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, Entry>, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.version != VERSION {
        return Err(format!("of version {}, this build reads version {VERSION}", file.version));
    }
    let odd = file.entries.iter().find(|(_, entry)| {
        !entry.run.is_multiple_of(crate::campaign::BLOCK) || entry.run > u64::MAX / 1024
    });
    match odd {
        Some((key, entry)) => Err(format!("entry {key:?}: run {} begins no block", entry.run)),
        None => Ok(file.entries),
    }
}

/// The seeds and the shard in short.
fn key(specs: &[Spec], shard: Shard) -> String {
    let mut seeds: Vec<u64> = specs.iter().map(|spec| spec.seed).collect();
    seeds.dedup();
    match seeds[..] {
        [seed] => format!("{seed:x} {shard}"),
        _ => format!("{:x} {shard}", digest_words(&seeds).0 as u64),
    }
}
