//! The help of every verb, to be read as a whole: flags are a promise.
#![cfg(not(windows))]

mod common;

use common::Place;

#[test]
fn help_of_every_verb() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for verb in
            ["", "list", "run", "fuzz", "replay", "shrink", "check", "count", "conform", "bench"]
        {
            let arguments = [verb, "--help"];
            let arguments = if verb.is_empty() { &arguments[1..] } else { &arguments };
            let place = Place::new();
            let output =
                place.command(arguments).env("COLUMNS", "100").output().expect("the binary starts");
            assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
            let name = format!("help{}{verb}", if verb.is_empty() { "" } else { "-" });
            insta::assert_snapshot!(name, String::from_utf8_lossy(&output.stdout));
        }
    });
}
