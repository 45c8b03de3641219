//! A failure as a page of its own: one file, no network, nothing to install.
//!
//! The page is a frame ([`HTML`], [`CSS`], [`JS`]) around data. The data is JSON in an element that
//! no browser runs, with every `<` escaped, so that nothing in a name or a message ends it. Script
//! and style carry a nonce made from the data: what the data holds cannot know it.
//!
//! Leaves out: where views come from. What is not known (the nearest passing run, the chance curve)
//! is left out of the page.

mod failure;
mod view;

use atropos::{
    explain::{self, Explanation},
    trace::digest_bytes,
};
use serde::Serialize;

pub(crate) use failure::{Known, report, report_of_lines};
pub(crate) use view::View;

const HTML: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// The version of the data.
const VERSION: u32 = 1;

/// What the page shows.
#[derive(Serialize)]
pub(crate) struct Page<'a> {
    pub(crate) v: u32,
    pub(crate) scenario: &'a str,
    pub(crate) variant: &'a str,
    /// What is violated; none of a run that holds.
    pub(crate) invariant: Option<&'a str>,
    pub(crate) sentence: &'a str,
    pub(crate) evidence: &'a str,
    pub(crate) commands: Vec<Command>,
    /// The first is shown first.
    pub(crate) views: Vec<View>,
    pub(crate) chance: Option<Chance>,
    pub(crate) notes: Vec<String>,
}

/// A line to copy.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Command {
    /// What it does, a word.
    pub(crate) what: &'static str,
    pub(crate) line: String,
}

/// How likely the violation is, by how much of the run is kept.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Chance {
    pub(crate) points: Vec<Point>,
    /// Runs behind each point.
    pub(crate) runs: u32,
    /// From so many decisions on every run ends in it.
    pub(crate) inevitable: Option<u32>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    /// How many decisions are kept.
    pub(crate) kept: u32,
    /// From 0 to 1.
    pub(crate) chance: f64,
    /// Bounds on it that hold with 95 %.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Chance {
    /// The curve of an explanation.
    pub(crate) fn of(explained: &Explanation) -> Self {
        let point = |point: &explain::Chance| {
            let explain::Chance { kept, chance, low, high, .. } = *point;
            Point { kept, chance, low, high }
        };
        Chance {
            points: explained.chance.iter().map(point).collect(),
            runs: explained.chance.first().map_or(0, |point| point.runs),
            inevitable: explained.inevitable_from,
        }
    }
}

impl Page<'_> {
    /// An empty page about a variant.
    pub(crate) fn about<'a>(scenario: &'a str, variant: &'a str) -> Page<'a> {
        Page {
            v: VERSION,
            scenario,
            variant,
            invariant: None,
            sentence: "",
            evidence: "",
            commands: Vec::new(),
            views: Vec::new(),
            chance: None,
            notes: Vec::new(),
        }
    }
}

/// The page as a file.
pub(crate) fn page(page: &Page<'_>) -> String {
    let json = serde_json::to_string(page).expect("a page is plain data").replace('<', "\\u003c");
    let nonce = digest_bytes(json.as_bytes()).to_string();
    let (head, tail) = HTML.split_once("{{data}}").expect("the frame has a place for the data");
    let framed = |part: &str| {
        part.replace("{{nonce}}", &nonce).replace("{{css}}", CSS).replace("{{js}}", JS)
    };
    format!("{}{json}{}", framed(head), framed(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_small() {
        let empty = page(&Page::about("a", "b"));
        assert!(empty.len() < 100_000, "{} bytes before any data", empty.len());
    }

    #[test]
    fn nothing_in_the_data_ends_its_element() {
        let evil = "</script><script>alert(1)</script><!--{{js}}";
        let file = page(&Page { evidence: evil, ..Page::about(evil, evil) });
        assert_eq!(file.matches("</script>").count(), 2, "the data's element and the script's");
        assert_eq!(file.matches("<script").count(), 2, "no other script begins");
        assert!(file.contains("{{js}}"), "a place is filled in the frame alone");
    }

    #[test]
    fn only_what_has_the_nonce_of_this_page_runs() {
        let one = page(&Page { evidence: "one", ..Page::about("a", "b") });
        let other = page(&Page { evidence: "other", ..Page::about("a", "b") });
        let nonce = |file: &str| {
            let (_, rest) = file.split_once("'nonce-").expect("a policy with a nonce");
            rest.split_once('\'').map(|(nonce, _)| nonce.to_owned()).expect("it ends")
        };
        assert_ne!(nonce(&one), nonce(&other));
        assert!(one.contains(&format!("<script nonce=\"{}\">", nonce(&one))), "the script has it");
    }
}
