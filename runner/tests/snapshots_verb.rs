//! `atropos snapshots`: what is compared, what is written, under which variables, and how it ends.
#![cfg(not(windows))]

mod common;

use common::{Place, Said, VARIANTS};
use std::{fs, path::PathBuf};

/// A variant whose story is told fast, and the file of it.
const VARIANT: &str = "atomvm-links/v0.6.3";
const NAME: &str = "atomvm-links@v0.6.3";

/// The reviewed stories of the repository.
const REVIEWED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots");

/// A line of the story, and another in its place.
const LINE: &str = "\natomvm-links v0.6.3\n";
const CHANGED: &str = "\natomvm-links v0.6.3, somewhat changed\n";

/// A place with an empty folder of stories.
fn empty() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("snapshots")).expect("the folder of a test can be written");
    place
}

/// A place where the story of the variant was accepted.
fn accepted() -> Place {
    let place = empty();
    place.run(&["snapshots", "--accept", VARIANT]).ended(0).with("accepted");
    place
}

/// The same, but a line of the file is another.
fn changed() -> Place {
    let place = accepted();
    let text = read(&place, "snap").expect("it was accepted");
    assert!(text.contains(LINE), "the line to change: {text}");
    fs::write(file(&place, "snap"), text.replace(LINE, CHANGED)).expect("a file of the test");
    place
}

fn file(place: &Place, end: &str) -> PathBuf {
    place.path().join(format!("snapshots/{NAME}.{end}"))
}

fn read(place: &Place, end: &str) -> Option<String> {
    fs::read_to_string(file(place, end)).ok()
}

/// True if the story on disk is still the changed one, and nothing waits.
fn untouched(place: &Place) -> bool {
    read(place, "snap").is_some_and(|text| text.contains(CHANGED))
        && read(place, "snap.new").is_none()
}

/// The states of the stories in JSON lines.
fn states(said: &Said) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let lines = said.events("snapshot");
    lines.iter().map(|line| (text(&line["name"]), text(&line["state"]))).collect()
}

#[test]
fn what_was_accepted_is_the_same() {
    let place = accepted();
    let said = place.run(&["snapshots", "--check", VARIANT]).ended(0);
    assert_eq!(said.stdout, "1 story: 1 same\n");
    assert_eq!(said.stderr, "");
    let said = place.run(&["snapshots", "--check", VARIANT, "--quiet"]).ended(0);
    assert_eq!(said.stdout, "", "the summary is dropped");
}

#[test]
fn a_check_shows_the_difference_and_writes_nothing() {
    let place = changed();
    let said = place.run(&["snapshots", "--check", VARIANT]).ended(102);
    for line in [
        &format!("     changed  {NAME}\n"),
        &format!("--- snapshots/{NAME}.snap\n+++ as it is told now\n@@ -1,4 +1,4 @@\n"),
        &format!("-{}+{}", &CHANGED[1..], &LINE[1..]),
        "1 story: 1 changed\n",
    ] {
        assert!(said.stdout.contains(line), "{line:?} is shown: {}", said.stdout);
    }
    let take = format!("`atropos snapshots --accept {VARIANT}`");
    assert!(said.stderr.contains(&take), "it says how to take it: {}", said.stderr);
    assert!(untouched(&place));
    // No variable makes a check pass or write.
    for variable in [("INSTA_FORCE_PASS", "1"), ("INSTA_UPDATE", "always"), ("INSTA_UPDATE", "?")] {
        place.run_under(&[variable], &["snapshots", "--check", VARIANT]).ended(102);
        assert!(untouched(&place), "{variable:?}");
    }
}

#[test]
fn a_missing_story_is_named_by_a_check() {
    let place = empty();
    let said = place.run(&["snapshots", "--check", VARIANT]).ended(102);
    assert!(said.stdout.contains(&format!("     missing  {NAME}\n")), "{said:?}");
    assert!(said.stdout.contains("1 story: 1 missing"), "{said:?}");
    assert_eq!(place.files("snapshots", ""), [] as [PathBuf; 0], "nothing is written");
}

#[test]
fn without_a_mode_a_story_goes_where_insta_puts_it() {
    /// Where a changed story is found.
    #[derive(Debug, PartialEq)]
    enum Found {
        Nowhere,
        Beside,
        InPlace,
    }
    use Found::{Beside, InPlace, Nowhere};
    let rows: [(&[(&str, &str)], Found); 14] = [
        (&[], Beside),
        (&[("CI", "1")], Nowhere),
        (&[("CI", "true")], Nowhere),
        (&[("CI", "false")], Beside),
        (&[("CI", "0"), ("TF_BUILD", "True")], Beside),
        (&[("TF_BUILD", "True")], Nowhere),
        (&[("INSTA_UPDATE", "auto"), ("CI", "1")], Nowhere),
        (&[("INSTA_UPDATE", "new"), ("CI", "1")], Beside),
        (&[("INSTA_UPDATE", "no")], Nowhere),
        (&[("INSTA_UPDATE", "unseen")], Beside),
        (&[("INSTA_UPDATE", "always")], InPlace),
        (&[("INSTA_UPDATE", "always"), ("CI", "1")], InPlace),
        (&[("INSTA_UPDATE", "force")], InPlace),
        (&[("INSTA_UPDATE", "")], Beside),
    ];
    let told = read(&accepted(), "snap").expect("it was accepted");
    for (variables, expected) in rows {
        let place = changed();
        let said = place.run_under(variables, &["snapshots", VARIANT]);
        let found = match (read(&place, "snap"), read(&place, "snap.new")) {
            (Some(text), None) if text == told => InPlace,
            (Some(_), Some(text)) if text == told => Beside,
            (Some(_), None) if untouched(&place) => Nowhere,
            other => panic!("{variables:?} left {other:?}"),
        };
        assert_eq!(found, expected, "{variables:?}");
        let code = if found == InPlace { 0 } else { 102 };
        assert!(said.ended(code).stdout.contains("+atomvm-links v0.6.3\n"), "the difference");
    }
}

#[test]
fn an_unseen_story_is_accepted_under_unseen() {
    let place = empty();
    place.run_under(&[("INSTA_UPDATE", "unseen")], &["snapshots", VARIANT]).ended(0);
    assert_eq!(read(&place, "snap"), read(&accepted(), "snap"));
    assert_eq!(read(&place, "snap.new"), None);
}

#[test]
fn differences_pass_where_insta_is_told_to_let_them() {
    let place = changed();
    let said = place.run_under(&[("INSTA_FORCE_PASS", "1")], &["snapshots", VARIANT]).ended(0);
    assert!(said.stdout.contains("changed"), "it is still told: {said:?}");
    assert!(said.stderr.contains("INSTA_FORCE_PASS"), "and why it passes: {said:?}");
    assert!(read(&place, "snap.new").is_some(), "it waits for a person all the same");
    place.run_under(&[("INSTA_FORCE_PASS", "0")], &["snapshots", VARIANT]).ended(102);
    for variable in [("INSTA_FORCE_PASS", "yes"), ("INSTA_UPDATE", "sometimes")] {
        place.run_under(&[variable], &["snapshots", VARIANT]).ended(2).with(variable.0);
    }
}

#[test]
fn what_waits_is_listed_and_goes_when_the_story_is_the_reviewed_one() {
    let place = changed();
    place.run(&["snapshots", VARIANT]).ended(102).with("stored as");
    let listed = place.run(&["snapshots", "--list", VARIANT]).ended(0);
    let line = format!("     changed  {NAME}, one waits for review\n");
    assert!(listed.stdout.contains(&line), "{listed:?}");
    assert!(!listed.stdout.contains("@@"), "a list shows no difference: {listed:?}");
    place.run(&["snapshots", "--accept", VARIANT]).ended(0);
    assert_eq!(read(&place, "snap.new"), None, "it was accepted");
    assert_eq!(read(&place, "snap"), read(&accepted(), "snap"));
    // insta, too, removes what waits once a story is the reviewed one; a check leaves it.
    fs::write(file(&place, "snap.new"), "out of date").expect("a file of the test");
    place.run(&["snapshots", "--check", VARIANT]).ended(0);
    assert!(read(&place, "snap.new").is_some());
    place.run_under(&[("CI", "1")], &["snapshots", VARIANT]).ended(0);
    assert_eq!(read(&place, "snap.new"), None);
}

#[test]
fn reviewed_stories_are_accepted_to_the_byte() {
    let place = empty();
    place.run(&["snapshots", "--accept", "atomvm-links", "ash-limiter/v3.5.24"]).ended(0);
    let made = place.files("snapshots", "");
    assert_eq!(made.len(), 5, "a file a variant, and no other");
    let mut quoted = 0;
    for path in made {
        let name = path.file_name().expect("a file has a name");
        let reviewed = fs::read(PathBuf::from(REVIEWED).join(name)).expect("it was reviewed");
        let made = fs::read(&path).expect("it was written");
        assert!(made == reviewed, "{name:?}: {}", String::from_utf8_lossy(&made));
        quoted += usize::from(String::from_utf8_lossy(&made).contains("description: \""));
    }
    assert!((1..5).contains(&quoted), "some headers need quotes, some do not: {quoted}");
}

/// The one run over all stories: it takes as long as telling them.
#[test]
fn a_file_that_no_variant_tells_is_named_and_kept() {
    let place = empty();
    let folder = place.path().join("snapshots");
    for entry in fs::read_dir(REVIEWED).expect("the reviewed stories").flatten() {
        if entry.path().extension().is_some_and(|end| end == "snap") {
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
        }
    }
    let stray = folder.join("gone story@v1.snap");
    fs::write(&stray, "---\nsource: x.rs\n---\ngone\n").expect("a file of the test");
    let said = place.run(&["snapshots", "--check"]).ended(0);
    let hint = "unreferenced  gone story@v1: no variant tells it; \
                `rm 'snapshots/gone story@v1.snap'` removes it\n";
    let all = format!("{} stories: {0} same; 1 file is unreferenced\n", VARIANTS.len());
    assert_eq!(said.stdout, [hint, &all].concat());
    assert!(stray.exists(), "nothing deletes it");
    // A filter leaves most files without a story: nothing is said of them.
    let said = place.run(&["snapshots", "--check", VARIANT]).ended(0);
    assert!(!said.stdout.contains("unreferenced"), "{said:?}");
}

#[test]
fn stories_come_in_the_order_of_the_catalogue() {
    let place = empty();
    let asked = ["snapshots", "--list", "--format", "json", "ash-limiter/v3.5.26", "atomvm-links"];
    let said = place.run(&asked).ended(0);
    let asked = ["atomvm-links/", "ash-limiter/v3.5.26"];
    let expected = VARIANTS.iter().filter(|name| asked.iter().any(|asked| name.starts_with(asked)));
    let expected = expected.map(|name| (name.replace('/', "@"), "missing".to_owned()));
    assert_eq!(states(&said), expected.collect::<Vec<_>>());
}

#[test]
fn json_has_a_line_a_story_and_an_end() {
    let place = changed();
    let asked = ["snapshots", VARIANT, "--format", "json"];
    let said = place.run(&asked).ended(102);
    let line = &said.events("snapshot")[0];
    assert_eq!(
        (&line["v"], &line["name"], &line["state"]),
        (&1.into(), &NAME.into(), &"changed".into())
    );
    assert_eq!(line["written"], format!("snapshots/{NAME}.snap.new"));
    assert_eq!(line["pending"], true);
    assert!(line["diff"].as_str().expect("a difference").contains("\n-atomvm-links v0.6.3, som"));
    let end = &said.events("end")[0];
    assert_eq!((&end["same"], &end["changed"]), (&0.into(), &1.into()));
    assert_eq!((&end["missing"], &end["unreferenced"]), (&0.into(), &0.into()));
    assert_eq!((&end["accepted"], &end["verdict"]), (&0.into(), &"differ".into()));
    let said = place.run(&[&asked[..], &["--accept"]].concat()).ended(0);
    assert_eq!(said.events("end")[0]["accepted"], 1);
    assert_eq!(states(&place.run(&asked).ended(0)), [(NAME.to_owned(), "same".to_owned())]);
}

#[test]
fn a_review_without_a_terminal_shows_the_difference_and_how_to_take_it() {
    let place = changed();
    let said = place.run(&["snapshots", "review", VARIANT, "--dir", "snapshots"]).ended(102);
    assert!(said.stdout.contains("+atomvm-links v0.6.3\n"), "{said:?}");
    assert!(said.stderr.contains(&format!("`atropos snapshots --accept {VARIANT}`")), "{said:?}");
    assert!(untouched(&place), "nothing waits for somebody who does not come");
    place.run(&["snapshots", "review", VARIANT]).ended(102).with("a review needs a terminal");
    place.run(&["snapshots", "--check", "review"]).ended(2).with("exclude each other");
    place.run(&["snapshots", "review", "--check"]).ended(2);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    place
        .run(&["snapshots", "--check"])
        .ended(1)
        .with("there is no folder snapshots")
        .with("--dir");
    place.run(&["snapshots", "--dir", "x/y"]).ended(1).with("there is no folder x/y");
    let file = place.write("file", "");
    place.run(&["snapshots", "--dir", &file]).ended(1).with("is no folder");
    place.run(&["snapshots", "--check", "--accept"]).ended(2);
    place.run(&["snapshots", "nobody"]).ended(4).with("no scenario or variant is called");
}

#[test]
fn a_story_can_be_kept_in_another_folder() {
    let place = Place::new();
    fs::create_dir_all(place.path().join("told here")).expect("a folder of the test");
    let said = place.run(&["snapshots", VARIANT, "--dir", "told here"]).ended(102);
    assert!(said.stderr.contains("--accept atomvm-links/v0.6.3 --dir 'told here'`"), "{said:?}");
    assert_eq!(place.files("told here", ".snap.new").len(), 1);
}

#[test]
fn others_may_read_what_was_accepted() {
    use std::os::unix::fs::PermissionsExt;
    let place = accepted();
    let plain = place.write("plain", "");
    let mode = |path: PathBuf| fs::metadata(path).expect("a file").permissions().mode();
    assert_eq!(mode(file(&place, "snap")), mode(plain.into()), "as the umask has it");
}
