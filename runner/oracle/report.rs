//! What is told: a summary, a table of operations, and each disagreement in full.

use crate::{
    args::{Args, LayerArg},
    beam,
    campaign::{Found, Suspect},
    compare::{self, Near},
    recheck::{Judged, TRIES},
};
use atropos_runner::{Exit, Stop, counted, grouped};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// How many outcomes of the simulator are shown beside the BEAM's, and kept.
const SHOWN: usize = 3;
const KEPT: usize = 20;
/// How many indices a list shows.
const LISTED: usize = 20;
/// Below this share of closed spaces or of compared programs, in thousandths, the comparison says
/// too little.
const ENOUGH: u64 = 980;

/// Writes all that is known of an outcome outside to a file, in a folder of its kind.
pub(crate) fn keep(args: &Args, kind: &str, suspect: &Suspect) -> Result<PathBuf, Stop> {
    let (folder, seed) = (args.out.join(kind), args.seed);
    fs::create_dir_all(&folder)
        .map_err(|error| beam::failed("make the folder", &folder, &error))?;
    let path = folder.join(format!("{seed:x}-{}.json", suspect.index));
    let near = compare::nearest(&suspect.outcome, &suspect.reached, KEPT);
    let near = near.iter().map(|Near { outcome, differences }| {
        json!({ "differences": differences, "outcome": parsed(outcome) })
    });
    let record = json!({
        "seed": format!("{seed:#x}"),
        "index": suspect.index,
        "program": args.value(suspect.index),
        "beam": parsed(&suspect.outcome),
        "reached": suspect.reached.len(),
        "nearest": near.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&record).expect("a record is plain data") + "\n";
    fs::write(&path, text).map_err(|error| beam::failed("write", &path, &error))?;
    Ok(path)
}

fn parsed(outcome: &str) -> Value {
    serde_json::from_str(outcome).unwrap_or_else(|_| json!(outcome))
}

/// All that was found.
pub(crate) struct Report<'a> {
    pub(crate) args: &'a Args,
    /// How many programs were asked for.
    pub(crate) asked: usize,
    pub(crate) found: &'a Found,
    pub(crate) judged: &'a Judged,
}

impl Report<'_> {
    /// How the oracle ends, and why if not well.
    pub(crate) fn verdict(&self, interrupted: bool) -> (Exit, String) {
        let Judged { disagreements, unjudged, .. } = self.judged;
        let Found { compared, bugs, hung, .. } = self.found;
        if interrupted {
            return (Exit::Interrupted, "interrupted; what was found is told".to_owned());
        }
        let bad = [
            (disagreements.len(), "disagreement", "disagreements"),
            (unjudged.len(), "outcome outside not run again", "outcomes outside not run again"),
            (bugs.len(), "panic of the simulator", "panics of the simulator"),
            (hung.len(), "program hung on the BEAM", "programs hung on the BEAM"),
        ];
        let bad = bad.into_iter().filter(|(count, ..)| *count > 0);
        let bad = bad.map(|(count, one, many)| counted(count as u64, one, many));
        let mut bad: Vec<String> = bad.collect();
        if self.closed_thousandths() < ENOUGH {
            bad.push("too few spaces closed".to_owned());
        }
        if thousandths(*compared, self.asked as u64) < ENOUGH {
            bad.push("too few programs compared".to_owned());
        }
        match bad.is_empty() {
            true => (Exit::Held, String::new()),
            false => (Exit::Violated, bad.join(", ")),
        }
    }

    fn closed_thousandths(&self) -> u64 {
        thousandths(self.found.closed, self.found.explored)
    }

    fn closed(&self) -> String {
        let per_mille = self.closed_thousandths();
        format!("{} ({}.{} %)", grouped(self.found.closed), per_mille / 10, per_mille % 10)
    }

    /// A disagreement: the program, what the BEAM did, and what comes nearest to it.
    pub(crate) fn disagreement(&self, suspect: &Suspect, path: &Path) -> String {
        let index = suspect.index;
        let program = &self.args.value(index)["program"];
        let mut text = format!("DISAGREEMENT  program {index}, {}\n", path.display());
        if let Some(tree) = self.args.value(index).get("tree") {
            line(&mut text, &format!("      {tree}"));
        }
        for (at, step) in program.as_array().into_iter().flatten().enumerate() {
            line(&mut text, &format!("  {at:>2}  {step}"));
        }
        line(&mut text, &format!("  BEAM       {}", suspect.outcome));
        let near = compare::nearest(&suspect.outcome, &suspect.reached, SHOWN);
        if near.is_empty() {
            line(&mut text, "  simulator  no outcome at all");
        }
        for Near { outcome, differences } in near {
            line(&mut text, &format!("  simulator  {outcome}"));
            for [place, beam, simulator] in differences {
                line(&mut text, &format!("    {place}: BEAM {beam}, simulator {simulator}"));
            }
        }
        let seed = self.args.seed;
        let layer = match self.args.layer {
            LayerArg::Processes => "",
            LayerArg::Otp => "--layer otp ",
            LayerArg::Sup => "--layer sup ",
            LayerArg::Asyncio => unreachable!("step programs have a report of their own"),
        };
        let again = format!("{layer}--seed {seed:#x} --first {index} --programs 1");
        line(&mut text, &format!("  again      atropos-oracle {again}"));
        text
    }

    /// The summary.
    pub(crate) fn text(&self) -> String {
        let mut text = self.table();
        self.lists(&mut text);
        let Found { compared, explored, states, runs, outcomes, seconds, .. } = self.found;
        let rows = [
            ("compared", grouped(*compared)),
            ("explored", format!("{}, closed {}", grouped(*explored), self.closed())),
            (
                "reached",
                format!(
                    "{} in {} and {}",
                    counted(*outcomes, "outcome", "outcomes"),
                    counted(*states, "state", "states"),
                    counted(*runs, "run", "runs"),
                ),
            ),
            ("crashes", grouped(self.found.crashes.len() as u64)),
            ("hung", grouped(self.found.hung.len() as u64)),
            ("undecided", grouped(self.found.undecided.len() as u64)),
            ("bugs", grouped(self.found.bugs.len() as u64)),
            ("flukes", grouped(self.judged.flukes.len() as u64)),
            ("unjudged", grouped(self.judged.unjudged.len() as u64)),
            ("disagreements", grouped(self.judged.disagreements.len() as u64)),
            ("took", format!("{seconds:.0} s")),
        ];
        for (name, value) in rows {
            line(&mut text, &format!("  {name:<14} {value}"));
        }
        text + "\n" + &self.row()
    }

    /// How often each operation occurred.
    fn table(&self) -> String {
        let mut text = String::new();
        line(&mut text, "  operation      in steps   raised  in bodies");
        for (op, count) in &self.found.counts.0 {
            let [steps, raised, bodies] =
                [count.in_steps, count.raised, count.in_bodies].map(grouped);
            line(&mut text, &format!("  {op:<13} {steps:>9} {raised:>8} {bodies:>10}"));
        }
        text + "\n"
    }

    /// Which programs need a look.
    fn lists(&self, text: &mut String) {
        for (index, why) in &self.found.crashes {
            line(text, &format!("  program {index}: the reference interpreter failed: {why}"));
        }
        for (index, why) in &self.found.bugs {
            line(text, &format!("  program {index}: the simulator panicked: {why}"));
        }
        for (suspect, times) in &self.judged.flukes {
            let index = suspect.index;
            line(text, &format!("  program {index}: outside once, and {times} of {TRIES} alone"));
        }
        let unjudged = indices(self.judged.unjudged.iter().map(|suspect| suspect.index));
        let named = [
            ("did not end on the BEAM", indices(self.found.hung.iter().copied())),
            ("outside a space that did not close", indices(self.found.undecided.iter().copied())),
            ("outside, not run again", unjudged),
        ];
        for (what, list) in named.into_iter().filter(|(_, list)| !list.is_empty()) {
            line(text, &format!("  {what}: {list}"));
        }
    }

    /// A row for the table in `docs/conformance.md`.
    fn row(&self) -> String {
        let cells = [
            today(),
            format!("{:#x}", self.args.seed),
            grouped(self.found.compared),
            self.closed(),
            grouped(self.found.crashes.len() as u64),
            grouped(self.judged.flukes.len() as u64),
            grouped(self.judged.disagreements.len() as u64),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

#[expect(clippy::disallowed_types, reason = "a report has a date")]
fn today() -> String {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

fn thousandths(part: u64, whole: u64) -> u64 {
    part * 1000 / whole.max(1)
}

/// The first of a list.
fn indices(mut list: impl Iterator<Item = u64>) -> String {
    let first = list.by_ref().take(LISTED).map(|index| index.to_string());
    let text = first.collect::<Vec<_>>().join(", ");
    match list.count() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// A line that ends.
fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::collections::BTreeSet;

    fn verdict(found: &Found, judged: &Judged) -> (Exit, String) {
        let args = Args::parse_from(["atropos-oracle"]);
        Report { args: &args, asked: 100, found, judged }.verdict(false)
    }

    fn all_well() -> Found {
        Found { compared: 100, explored: 100, closed: 98, ..Found::default() }
    }

    #[test]
    fn two_in_a_hundred_may_stay_open() {
        assert_eq!(verdict(&all_well(), &Judged::default()), (Exit::Held, String::new()));
        let found = Found { closed: 97, ..all_well() };
        assert_eq!(verdict(&found, &Judged::default()).0, Exit::Violated);
        let found = Found { compared: 97, ..all_well() };
        assert_eq!(verdict(&found, &Judged::default()).0, Exit::Violated);
    }

    #[test]
    fn a_disagreement_fails_and_a_fluke_does_not() {
        let suspect = Suspect { index: 0, outcome: String::new(), reached: BTreeSet::new() };
        let flukes = Judged { flukes: vec![(suspect.clone(), 1)], ..Judged::default() };
        assert_eq!(verdict(&all_well(), &flukes).0, Exit::Held);
        let disagreements = Judged { disagreements: vec![suspect], ..Judged::default() };
        let expected = (Exit::Violated, "1 disagreement".to_owned());
        assert_eq!(verdict(&all_well(), &disagreements), expected);
    }

    #[test]
    fn a_long_list_is_cut() {
        assert_eq!(indices(0..2), "0, 1");
        assert!(indices(0..30).ends_with("19 and 10 more"));
    }
}
