//! A run as a timeline, one file a form: for a person, an issue, a page, a trace viewer, a program.
//!
//! Each form is a function of data to text. The text of a terminal is the `Display` of a timeline;
//! the page stands in [`super::page`].

mod chrome;
mod json;
mod look;
mod mermaid;
mod shiviz;
mod svg;

pub(crate) use chrome::chrome_trace;
pub(crate) use json::json;
pub(crate) use look::{Look, look};
pub(crate) use mermaid::mermaid;
pub(crate) use shiviz::shiviz;
pub(crate) use svg::svg;

/// Where a run of so many lines is cut, if no more than `most` are shown: the end of its head and the
/// beginning of its tail.
pub(crate) fn middle(lines: usize, most: usize) -> (usize, usize) {
    if lines <= most { (lines, lines) } else { (most / 2, lines - most / 2) }
}

/// A text on one line, without what would steer a terminal or a reader.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod samples {
    use atropos::{
        timeline::{Entry, Line, Timeline},
        told::Told,
    };

    pub(super) fn entry(step: u32, who: &str, text: &str, to: Option<&str>) -> Entry {
        Entry { step, line: Line { who: who.into(), text: text.into(), to: to.map(Into::into) } }
    }

    /// A spawns B, B ends, A hears of it.
    pub(super) fn told() -> Told {
        let entries = vec![
            entry(1, "a#1", "spawn_link", Some("b#1.1")),
            entry(2, "b#1.1", "✗ exit boom", None),
            entry(3, "b#1.1", "EXIT boom, fatal", Some("a#1")),
        ];
        let causes = vec![vec![], vec![1], vec![2]];
        Told { timeline: Timeline { entries }, causes, ..Told::default() }
    }
}
