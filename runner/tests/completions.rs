//! `atropos completions` and `atropos man`: what is made of the arguments.
#![cfg(not(windows))]

mod common;

use common::Place;
use std::{
    fs,
    process::{Command, Stdio},
};

/// Every verb, `help` aside.
const VERBS: [&str; 17] = [
    "list",
    "run",
    "fuzz",
    "ci",
    "merge",
    "replay",
    "timeline",
    "explain",
    "shrink",
    "regressions",
    "check",
    "conform",
    "count",
    "bench",
    "snapshots",
    "completions",
    "man",
];

#[test]
fn every_shell_is_told_every_verb_and_its_flags() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = place.run(&["completions", shell]).ended(0);
        assert_eq!(said.stderr, "", "{shell}");
        for verb in VERBS {
            assert!(said.stdout.contains(verb), "{shell} completes {verb}");
        }
        for flag in ["no-shrink", "accept", "preemptions"] {
            assert!(said.stdout.contains(flag), "{shell} completes --{flag}");
        }
    }
    place.run(&["completions", "tcsh"]).ended(2).with("possible values: bash, elvish, fish");
}

/// What a bash with the script completes behind these words.
fn completed(script: &str, words: &[&str]) -> String {
    let last = words.len() - 1;
    let quoted = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let previous = words[last - 1];
    let asked = format!(
        "{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={last}; \
         _atropos atropos '{}' '{previous}'; printf '%s ' \"${{COMPREPLY[@]}}\"",
        words[last]
    );
    let output = Command::new("bash").args(["-c", &asked]).output().expect("bash starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn bash_takes_its_script_and_completes_with_it() {
    let script = Place::new().run(&["completions", "bash"]).ended(0).stdout;
    let place = Place::new();
    let path = place.write("atropos.bash", &script);
    let checked = Command::new("bash").args(["-n", &path]).output().expect("bash starts");
    assert!(checked.status.success() && checked.stderr.is_empty(), "{checked:?}");
    assert_eq!(completed(&script, &["atropos", "snap"]).trim(), "snapshots");
    assert_eq!(completed(&script, &["atropos", "snapshots", "--ch"]).trim(), "--check");
    assert_eq!(completed(&script, &["atropos", "fuzz", "--timers", "id"]).trim(), "idle");
}

#[test]
fn the_page_of_atropos() {
    let said = Place::new().run(&["man"]).ended(0);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("man", said.stdout));
}

#[test]
fn a_page_a_verb() {
    let place = Place::new();
    let said = place.run(&["man", "--out", "share/man1"]).ended(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    let pages = place.files("share/man1", ".1");
    let names: Vec<&str> = pages.iter().filter_map(|page| page.file_name()?.to_str()).collect();
    let below = VERBS.iter().map(|verb| format!("atropos-{verb}.1"));
    let of_regressions = ["add", "export", "list", "prune", "verify"];
    let of_regressions = of_regressions.map(|verb| format!("atropos-regressions-{verb}.1"));
    let more = ["atropos.1".to_owned(), "atropos-snapshots-review.1".to_owned()];
    let mut expected: Vec<String> = below.chain(more).chain(of_regressions).collect();
    expected.sort();
    assert_eq!(names, expected);
    for (page, name) in pages.iter().zip(names) {
        let text = fs::read_to_string(page).expect("a page can be read");
        let title = name.trim_end_matches(".1");
        assert!(text.contains(&format!(".TH {title} 1")), "{name} has its title: {text}");
    }
    let first = fs::read_to_string(place.path().join("share/man1/atropos.1")).expect("a page");
    assert_eq!(first, place.run(&["man"]).stdout, "the same page on stdout");
    let folder = place.write("file", "");
    place.run(&["man", "--out", &folder]).ended(1).with("cannot write");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    for arguments in [&["completions", "bash"][..], &["man"]] {
        let mut command = place.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.as_mut().expect("the binary starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("stderr is piped");
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("what is said is UTF-8");
        let status = child.wait().expect("the binary ends");
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
