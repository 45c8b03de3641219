//! The help of every verb, to be read as a whole: flags are a promise.
#![cfg(not(windows))]

mod common;

use common::Place;

/// The command line itself, and its verbs.
const VERBS: [&str; 23] = [
    "",
    "list",
    "run",
    "fuzz",
    "replay",
    "ci",
    "merge",
    "timeline",
    "explain",
    "shrink",
    "regressions",
    "regressions add",
    "regressions verify",
    "regressions prune",
    "regressions export",
    "check",
    "count",
    "conform",
    "bench",
    "snapshots",
    "snapshots review",
    "completions",
    "man",
];

#[test]
fn help_of_every_verb() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for verb in VERBS {
            let arguments: Vec<&str> = verb.split_whitespace().chain(["--help"]).collect();
            let place = Place::new();
            let mut command = place.command(&arguments);
            let output = command.env("COLUMNS", "100").output().expect("the binary starts");
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            let name =
                ["help", verb].join(if verb.is_empty() { "" } else { "-" }).replace(' ', "-");
            insta::assert_snapshot!(name, String::from_utf8_lossy(&output.stdout));
        }
    });
}
