//! The same campaign gives the same bytes: with one thread or two, in this process or the next.

mod common;

use common::{Place, VARIANTS, json_file, tokens};
use serde_json::Value;
use std::fs;

const RUNS: &str = "3000";

/// What a campaign over everything said and left on disk.
fn campaign(arguments: &[&str]) -> (Vec<Value>, Value) {
    let place = Place::new();
    let fixed = ["fuzz", "--format", "json", "--runs", RUNS];
    let said = place.run(&[&fixed, arguments].concat()).ended(0);
    let summary = json_file(&place.path().join("target/atropos/latest/run.json"));
    (said.events("variant"), summary)
}

#[test]
fn threads_and_processes_do_not_show() {
    let (variants, summary) = campaign(&["-j1"]);
    assert_eq!(variants.len(), VARIANTS.len());
    for arguments in [&["-j1"], &["-j2"], &["-j7"]] {
        let again = campaign(arguments);
        assert_eq!(again.0, variants, "{arguments:?}");
        assert_eq!(again.1, summary, "{arguments:?}");
    }
}

#[test]
fn another_seed_is_another_campaign() {
    let digests =
        |seed| campaign(&["--seed", seed]).0.iter().map(|v| v["digest"].clone()).collect();
    let (one, two): (Vec<Value>, Vec<Value>) = (digests("1"), digests("2"));
    assert!(one.iter().zip(&two).all(|(one, two)| one != two), "{one:?} {two:?}");
}

#[test]
fn failures_shrink_to_the_same_files_and_tokens() {
    let failures = |jobs| {
        let place = Place::new();
        let said = place.run(&["fuzz", VARIANTS[0], VARIANTS[2], "--runs", RUNS, jobs]).ended(100);
        let files = place.files("target/atropos", "").into_iter();
        let failures = files.filter(|file| !file.ends_with("run.json"));
        let contents: Vec<_> = failures
            .map(|file| {
                let name = file.strip_prefix(place.path()).expect("below the folder").to_owned();
                (name, fs::read(&file).unwrap_or_default())
            })
            .collect();
        (tokens(&said.stdout), contents)
    };
    let (tokens, files) = failures("-j1");
    assert_eq!(tokens.len(), 6, "{tokens:?}");
    let names: Vec<_> = files.iter().map(|(name, _)| name.clone()).collect();
    let named = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
    for name in ["case.json", "timeline.txt", "timeline.mmd", "report.html"] {
        assert_eq!(named(name), 6, "of each failure one {name}: {names:?}");
    }
    for name in ["summary.md", "junit.xml", "index.html", "next.json", "latest"] {
        assert_eq!(named(name), 1, "of the campaign one {name}: {names:?}");
    }
    assert_eq!(names.len(), 6 * 4 + 5, "and nothing else: {names:?}");
    assert_eq!(failures("-j2"), (tokens, files));
}

#[test]
fn a_run_and_its_replays_have_one_digest() {
    let place = Place::new();
    for variant in VARIANTS {
        for index in ["0", "33", "70", "4711"] {
            let run = || place.run(&["run", variant, "--index", index, "--format", "json"]);
            let (one, two) = (run(), run());
            assert_eq!(one.stdout, two.stdout, "{variant} {index}");
            let line = &one.json()[0];
            let token = line["token"].as_str().expect("a token");
            let replay = place.run(&["replay", token, "--format", "json"]).ended(one.code);
            for field in ["digest", "timeline", "verdict", "evidence", "token", "steps"] {
                assert_eq!(replay.json()[0][field], line[field], "{variant} {index} {field}");
            }
        }
    }
}
