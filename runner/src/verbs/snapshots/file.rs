//! The form of a `.snap` file: a header between two lines of dashes, then the story.
//!
//! Written to the byte as insta 1.49 writes it (`Snapshot::serialize_snapshot` in its `snapshot.rs`,
//! `need_quotes` in its YAML `emitter.rs`), with the keys that `snapshots/review.rs` gives its
//! snapshots. insta does not compare headers and makes a new one with each new body; so do we, and
//! a header is skipped when it is read. A `.snap.new` file of ours lacks `assertion_line`: no
//! assertion made it.

use super::stories::Story;

/// The test that asserts the stories, from the root of the project.
const SOURCE: &str = "snapshots/review.rs";
const DASHES: &str = "---";

/// The text of a file with a story.
pub(crate) fn write(story: &Story) -> String {
    let about = scalar(&story.about);
    let body = normal(&story.text);
    format!("{DASHES}\nsource: {SOURCE}\ndescription: {about}\n{DASHES}\n{body}\n")
}

/// The story in a file. A text without a header is all story, and will differ.
pub(crate) fn read(text: &str) -> String {
    let mut lines = text.lines();
    let opened = lines.next().is_some_and(|line| line.trim_end() == DASHES);
    let closed = opened && lines.any(|line| line.trim_end() == DASHES);
    match closed {
        true => normal(&lines.collect::<Vec<_>>().join("\n")),
        false => normal(text),
    }
}

/// A story as it is compared: line ends of Unix, and none at its end.
pub(crate) fn normal(text: &str) -> String {
    text.trim_end().replace("\r\n", "\n")
}

/// Words that YAML would take for something else than a text.
const WORDS: [&str; 22] = [
    "yes", "Yes", "YES", "no", "No", "NO", "True", "TRUE", "true", "False", "FALSE", "false", "on",
    "On", "ON", "off", "Off", "OFF", "null", "Null", "NULL", "~",
];

/// A text as a scalar of YAML, quoted where insta quotes it.
fn scalar(text: &str) -> String {
    match needs_quotes(text) {
        // JSON escapes the same, but for one control character.
        true => serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f"),
        false => text.to_owned(),
    }
}

fn needs_quotes(text: &str) -> bool {
    let quoted = |c: char| {
        ":{}[],#`\"'\\\t\n\r".contains(c)
            || matches!(c, '\0'..='\x06' | '\x0e'..='\x1a' | '\x1c'..='\x1f')
    };
    text.is_empty()
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.starts_with(|c| "&*?|-<>=!%@.".contains(c))
        || text.contains(quoted)
        || WORDS.contains(&text)
        || text.starts_with("0x")
        || text.parse::<i64>().is_ok()
        || text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What insta reads from a file of ours, and what it would write instead.
    fn through_insta(ours: &str) -> (insta::Snapshot, String) {
        let folder = tempfile::TempDir::new().expect("a folder for the test");
        let (from, to) = (folder.path().join("it.snap"), folder.path().join("again.snap"));
        fs::write(&from, ours).expect("the folder of a test can be written");
        let snapshot = insta::Snapshot::from_file(&from).expect("insta reads what we write");
        snapshot.save(&to).expect("insta writes");
        (snapshot, fs::read_to_string(&to).expect("what insta wrote"))
    }

    fn story(about: &str, text: &str) -> Story {
        Story { name: "it".to_owned(), about: about.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn descriptions_are_quoted_as_insta_quotes_them() {
        let texts = [
            "a lookup after a crash",
            "a page is read again (#2178)",
            "two, three",
            "it's late",
            "\"quoted\" \\ and back",
            "- a list",
            "? a key",
            ".hidden",
            "0x1f",
            "12",
            "1.5",
            "1e3",
            "no",
            "No way",
            "~",
            "null",
            " padded",
            "padded ",
            "tab\tand line\nend",
            "del \u{7f}: here",
            "an – dash and a → arrow",
            "a: b",
            "yes",
        ];
        for text in texts {
            let ours = write(&story(text, "told\n"));
            let (read, again) = through_insta(&ours);
            assert_eq!(read.metadata().description(), Some(text), "the description as read");
            assert_eq!(ours, again, "{text:?}");
        }
    }

    #[test]
    fn a_body_is_written_as_insta_writes_it_and_read_back() {
        for text in ["a\nb\n", "a\n\n  b  \n\n\n", "a\r\nb", "  ---\n---\nx", ""] {
            let ours = write(&story("about", text));
            let (theirs, again) = through_insta(&ours);
            assert_eq!(ours, again, "{text:?}");
            let theirs = theirs.as_text().expect("a story is text").to_string();
            assert_eq!([read(&ours), theirs], [normal(text), normal(text)], "{text:?}");
        }
    }

    #[test]
    fn any_header_is_skipped_and_its_absence_is_a_difference() {
        let known = "---\nsource: x.rs\nexpression: e\ninfo:\n  k: v\n---\nthe story\n";
        assert_eq!(read(known), "the story");
        assert_eq!(read(&known.replace('\n', "\r\n")), "the story");
        for broken in ["no header\n", "---\nsource: x.rs\nthe story\n"] {
            assert_eq!(read(broken), broken.trim_end(), "{broken:?} is all story");
        }
    }
}
