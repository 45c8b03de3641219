//! `atropos merge`: what the shards of a campaign came to, as one.
//!
//! The same as one process with the same runs would have come to: the same findings, the same
//! counters, the same verdict. In which order files are named does not matter, nor how often.

use super::fuzz::{write_failures, write_reports};
use crate::{
    args::MergeArgs,
    campaign::{
        file::{CampaignFile, Unreadable},
        merge::merge,
        verdict,
    },
    exit::{Exit, Stop},
    files::{self, RunFolder},
    output::Output,
    progress::counted,
    report,
};
use std::{io, path::Path};

/// More than a campaign of all stories with findings in each.
const LONGEST: u64 = 64 << 20;

pub(crate) fn run(args: &MergeArgs, out: &mut Output) -> Result<Exit, Stop> {
    let mut whole = CampaignFile::default();
    for path in &args.files {
        let file = read(path)?;
        whole = merge(whole, file)
            .map_err(|overlap| Stop::new(Exit::Usage, format!("{}: {overlap}", path.display())))?;
    }
    let folder = RunFolder::named(&args.out, "merged")?;
    write_failures(&folder, &whole)?;
    let judged = verdict::judge(&whole);
    write_reports(&folder, &whole, &judged)?;
    for distinct in verdict::distinct(&whole) {
        out.say(&report::distinct(&distinct))?;
        out.tell("finding", &report::distinct_json(&distinct))?;
    }
    for variant in &judged {
        out.tell("variant", &variant.json())?;
    }
    out.tell("end", &verdict::totals(&whole, &judged))?;
    let parts = counted(whole.parts.len() as u64, "part", "parts");
    out.say_more(&format!("{} in {parts}", report::summary(&whole, &judged)))?;
    out.say_more(&format!("  Files:   {}", folder.told().display()))?;
    let (exit, complaint) = verdict::verdict(&whole, &judged);
    if exit == Exit::Held { Ok(exit) } else { Err(Stop::new(exit, complaint)) }
}

fn read(path: &Path) -> Result<CampaignFile, Stop> {
    let inside = path.join("run.json");
    let path = if path.is_dir() { &inside } else { path };
    let text = files::read_text(path, LONGEST).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => {
            Stop::new(Exit::Usage, format!("{}: {error}", path.display()))
        }
        _ => Stop::io("read", path, &error),
    })?;
    CampaignFile::from_json(&text).map_err(|why| {
        let exit = match why {
            Unreadable::Malformed(_) => Exit::Usage,
            Unreadable::Foreign(_) => Exit::Diverged,
        };
        Stop::new(exit, format!("{}: {why}", path.display()))
    })
}
