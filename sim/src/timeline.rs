//! A run for the eye: one line an event, a lane a process, time downward.
//!
//! The text is made for diffs: fixed columns, one sign per kind of event, no seeds, no clocks. Up
//! to five lanes stand side by side in 100 columns; more fall back to a list. A reviewer of
//! snapshots and a reader of a red job see the same text.

use crate::rounds::{self, Round};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a world says about one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose lane it stands in.
    pub who: String,
    /// What happened, in the words of the world; begins with its sign.
    pub text: String,
    /// Whose lane the arrow points to, if there is another party.
    pub to: Option<String>,
}

impl Line {
    /// What happened and to whom the arrow points: `link → b#2`.
    pub fn with_arrow(&self) -> String {
        match &self.to {
            Some(to) => format!("{} → {to}", self.text),
            None => self.text.clone(),
        }
    }
}

/// A line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The step, from 1, in which it happened.
    pub step: u32,
    /// What happened.
    #[serde(flatten)]
    pub line: Line,
}

/// A run as lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The lines in order.
    pub entries: Vec<Entry>,
}

const WIDTH: usize = 100;
const MARGIN: usize = 6;
const MOST_LANES: usize = 5;
const WIDEST_LANE: usize = 30;
/// Of lines that come so often, alone or as a block, only the first and the last are shown: a livelock
/// has thousands.
const MOST_ALIKE: usize = 4;

impl Timeline {
    /// The lines of a step, from 1.
    pub fn of_step(&self, step: u32) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.step == step)
    }

    /// The lanes, in the order of the paths that their names end in (`a#1`, `b#2`, `child#2.1`), so
    /// that a lane keeps its place from schedule to schedule; those without a path come last.
    pub fn lanes(&self) -> Vec<&str> {
        let mut lanes: Vec<&str> = Vec::new();
        for entry in &self.entries {
            for name in std::iter::once(&entry.line.who).chain(&entry.line.to) {
                if !lanes.contains(&name.as_str()) {
                    lanes.push(name);
                }
            }
        }
        lanes.sort_by_key(|lane| path(lane));
        lanes
    }

    /// The entries that are shown, and what stands for those that are not.
    fn shown(&self) -> Vec<Result<&Entry, Round>> {
        let lines: Vec<&Line> = self.entries.iter().map(|entry| &entry.line).collect();
        let mut shown = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            let Some(round) = rounds::round(&lines[at..], MOST_ALIKE + 1) else {
                shown.push(Ok(&self.entries[at]));
                at += 1;
                continue;
            };
            let end = at + round.length * round.times;
            shown.extend(self.entries[at..at + round.length].iter().map(Ok));
            shown.push(Err(Round { times: round.times - 2, ..round }));
            shown.extend(self.entries[end - round.length..end].iter().map(Ok));
            at = end;
        }
        shown
    }

    /// Writes the entries that are shown, each by `line`, and what stands for the others.
    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        mut line: impl FnMut(&mut fmt::Formatter<'_>, &Entry) -> fmt::Result,
    ) -> fmt::Result {
        for entry in self.shown() {
            match entry {
                Ok(entry) => line(f, entry)?,
                Err(Round { length: 1, times }) => writeln!(f, "   ⋮  {times} times the same")?,
                Err(Round { length, times }) => {
                    writeln!(f, "   ⋮  {times} times the same {length} lines")?;
                }
            }
        }
        Ok(())
    }

    fn as_list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.lanes().iter().map(|lane| lane.chars().count()).max().unwrap_or(0);
        self.write(f, |f, Entry { step, line }| {
            writeln!(f, "{step:>4}  {:<longest$}  {}", line.who, line.with_arrow())
        })
    }

    fn as_lanes(&self, lanes: &[&str], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = ((WIDTH - MARGIN) / lanes.len()).min(WIDEST_LANE);
        let mut head = " ".repeat(MARGIN);
        lanes.iter().for_each(|lane| head.push_str(&format!("{lane:<width$}")));
        writeln!(f, "{}", head.trim_end())?;
        let lane_of = |name: &str| lanes.iter().position(|lane| *lane == name).unwrap_or(0);
        self.write(f, |f, Entry { step, line }| {
            let to = line.to.as_deref().map(lane_of);
            let drawn = draw(lane_of(&line.who), to, &line.text, width, lanes.len());
            writeln!(f, "{step:>4}  {drawn}")
        })
    }
}

/// The ordinals at the end of a lane's name; those without are last.
fn path(lane: &str) -> (bool, Vec<u32>) {
    let ordinals =
        lane.rsplit_once('#').map(|(_, path)| path.split('.').map_while(|n| n.parse().ok()));
    (ordinals.is_none(), ordinals.into_iter().flatten().collect())
}

/// The text in its lane, and an arrow to the other party's lane.
fn draw(from: usize, to: Option<usize>, text: &str, width: usize, lanes: usize) -> String {
    let mut row = vec![' '; lanes * width];
    let start = from * width;
    // The text may run on into free space on its right; an arrow begins behind it.
    let put = |row: &mut Vec<char>, at: usize, text: &str| {
        for (i, c) in text.chars().enumerate() {
            match row.get_mut(at + i) {
                Some(cell) => *cell = c,
                None => row.push(c),
            }
        }
        at + text.chars().count()
    };
    match to {
        Some(to) if to > from => {
            let end = put(&mut row, start, text);
            let tip = to * width;
            if end + 2 <= tip {
                (end + 1..tip).for_each(|at| row[at] = '─');
                row[tip - 1] = '►';
            } else {
                put(&mut row, end, " ►");
            }
        }
        Some(to) if to < from => {
            let tip = to * width;
            (tip + 1..start.saturating_sub(1)).for_each(|at| row[at] = '─');
            row[tip] = '◄';
            put(&mut row, start, text);
        }
        _ => {
            put(&mut row, start, text);
        }
    }
    row.into_iter().collect::<String>().trim_end().to_owned()
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = self.lanes();
        let fits = |entry: &Entry| entry.line.text.chars().count() < WIDTH / MOST_LANES;
        if lanes.is_empty() {
            Ok(())
        } else if lanes.len() > MOST_LANES || (lanes.len() > 3 && !self.entries.iter().all(fits)) {
            self.as_list(f)
        } else {
            self.as_lanes(&lanes, f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(step: u32, who: &str, text: &str, to: Option<&str>) -> Entry {
        Entry { step, line: Line { who: who.into(), text: text.into(), to: to.map(Into::into) } }
    }

    #[test]
    fn few_lanes_stand_side_by_side() {
        let timeline = Timeline {
            entries: vec![
                entry(1, "a", "link", Some("b")),
                entry(2, "b", "✗ exit boom", None),
                entry(3, "b", "EXIT boom", Some("a")),
            ],
        };
        let expected = "      a                             b
   1  link ────────────────────────►
   2                                ✗ exit boom
   3  ◄──────────────────────────── EXIT boom
";
        assert_eq!(timeline.to_string(), expected);
    }

    #[test]
    fn many_lanes_become_a_list() {
        let entries = ["a", "b", "c", "d", "e", "f"].map(|who| entry(1, who, "link", Some("a")));
        let text = Timeline { entries: entries.to_vec() }.to_string();
        assert!(text.starts_with("   1  a  link → a\n"), "{text}");
    }

    #[test]
    fn what_is_said_again_and_again_is_told_once() {
        let mut entries: Vec<Entry> =
            (1..=2_000).map(|step| entry(step, "a", "again", None)).collect();
        entries.push(entry(2_001, "a", "done", None));
        let text = Timeline { entries }.to_string();
        let expected = "      a
   1  again
   ⋮  1998 times the same
2000  again
2001  done
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_circle_of_lines_is_told_once() {
        let turn = |step: u32| entry(step, ["a", "b"][step as usize % 2], "your turn", None);
        let entries: Vec<Entry> =
            std::iter::once(entry(1, "a", "begin", None)).chain((2..=2_000).map(turn)).collect();
        let text = Timeline { entries }.to_string();
        let expected = "      a                             b
   1  begin
   2  your turn
   3                                your turn
   ⋮  997 times the same 2 lines
1998  your turn
1999                                your turn
2000  your turn
";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_empty_run_is_an_empty_text() {
        assert_eq!(Timeline::default().to_string(), "");
    }
}
