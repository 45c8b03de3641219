//! `atropos timeline`: one small failure in every form, as snapshots, and what the verb refuses.

mod common;

use common::{BROKEN, Place, json_file};
use serde_json::Value;
use std::fs;

/// A place with the smallest failure of a variant, and its case file.
fn failed() -> (Place, String) {
    let place = Place::new();
    place.run(&["fuzz", BROKEN, "--runs", "1000", "--quiet"]).ended(100);
    let file = place.files("target", "case.json").remove(0);
    let file = file.to_str().expect("a plain name").to_owned();
    (place, file)
}

fn shown(place: &Place, case: &str, form: &str) -> String {
    let said = place.run(&["timeline", case, "--format", form]).ended(0);
    assert_eq!(said.stderr, "", "{form} is told without remarks");
    said.stdout
}

fn asserted(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(format!("timeline-{name}"), text));
}

#[test]
fn every_form_of_text_is_as_reviewed() {
    let (place, case) = failed();
    for form in ["text", "svg", "mermaid", "chrome-trace", "shiviz"] {
        asserted(form, &shown(&place, &case, form));
    }
    assert_eq!(shown(&place, &case, "human"), shown(&place, &case, "text"), "human is text");
}

#[test]
fn json_is_as_reviewed() {
    let (place, case) = failed();
    let line: Value =
        serde_json::from_str(&shown(&place, &case, "json")).expect("one line of JSON");
    asserted("json", &serde_json::to_string_pretty(&line).expect("it is written again"));
}

#[test]
fn a_page_holds_the_run_and_loads_nothing() {
    let (place, case) = failed();
    let said = place.run(&["timeline", &case, "--format", "html", "--out", "run.html"]);
    let said = said.ended(0).with("wrote run.html");
    assert_eq!(said.stdout, "", "the page is in its file");
    let page = fs::read_to_string(place.path().join("run.html")).expect("a page");
    assert!(
        page.contains("default-src 'none'") && page.contains("\"invariant\":\"no-link-to-dead\"")
    );
    let loads = ["src=", "href=", "url(", "@import", "http://", "https://"];
    let svg_names = "http://www.w3.org/2000/svg";
    let page = page.replace(svg_names, "");
    let loaded: Vec<&str> = loads.into_iter().filter(|piece| page.contains(piece)).collect();
    assert!(loaded.is_empty(), "the page speaks of {loaded:?}");
}

#[test]
fn a_failure_has_its_report_and_names_it() {
    let place = Place::new();
    let said = place.run(&["fuzz", BROKEN, "--runs", "1000"]).ended(100).with("  Report:  ");
    let told = said.stdout.lines().find_map(|line| line.strip_prefix("  Report:  "));
    let report = fs::read_to_string(place.path().join(told.expect("a line with the report")));
    let report = report.expect("the report is where it is said to be");
    for view in ["minimal", "as found"] {
        assert!(report.contains(&format!("{{\"name\":\"{view}\"")), "a view {view}");
    }
    let index = place.files("target", "index.html").remove(0);
    let index = fs::read_to_string(index).expect("an index");
    assert!(index.contains("/report.html\">report</a>"), "the index leads to the report");
}

#[test]
fn without_shrinking_there_is_one_view() {
    let place = Place::new();
    place.run(&["fuzz", BROKEN, "--runs", "1000", "--no-shrink", "--quiet"]).ended(100);
    let report = place.files("target", "report.html").remove(0);
    let report = fs::read_to_string(report).expect("a report");
    assert_eq!(report.matches("{\"name\":\"").count(), 1, "the run as found, once");
    assert!(report.contains("{\"name\":\"as found\""));
}

#[test]
fn forms_are_those_of_the_verb_alone() {
    let place = Place::new();
    place.run(&["list", "--format", "svg"]).ended(2).with("human, json");
    place.run(&["timeline", "x", "--format", "png"]).ended(2).with("chrome-trace");
    // The flag may stand before the verb as well, as it may with every other.
    let (place, case) = failed();
    let said = place.run(&["--format", "json", "timeline", &case]).ended(0);
    assert_eq!(said.events("timeline").len(), 1, "{}", said.stdout);
}

#[test]
fn a_run_that_leaves_its_tape_is_not_shown() {
    let (place, case) = failed();
    let mut file = json_file(case.as_ref());
    file["case"]["check"] = 1.into();
    let case = place.write("other.json", file.to_string());
    let said = place.run(&["timeline", &case]).ended(103).with("same moves, different events");
    assert_eq!(said.stdout, "", "nothing is shown");
}
