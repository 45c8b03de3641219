//! A catalogue of one's own behind the command line: every way in which a campaign can end.
//!
//! Runs the example `own_catalog`, which cargo builds along with these tests.

mod common;

use common::{Place, Said, json_file, tokens};
use std::path::{Path, PathBuf};

/// The example lies beside the binary.
fn own_catalog() -> Place {
    let atropos = Path::new(env!("CARGO_BIN_EXE_atropos"));
    let folder = atropos.parent().expect("the binary lies in a folder");
    let name = format!("own_catalog{}", std::env::consts::EXE_SUFFIX);
    let example: PathBuf = folder.join("examples").join(name);
    assert!(example.exists(), "build it first: cargo build --package atropos-runner --examples");
    Place::of(example)
}

fn fuzz(scenario: &str, runs: &str) -> (Place, Said) {
    let place = own_catalog();
    let said = place.run(&["fuzz", scenario, "--runs", runs]);
    (place, said)
}

#[test]
fn a_panic_in_a_body_is_a_finding() {
    let (place, said) = fuzz("lost-job", "2000");
    let said = said.ended(100).with("lost-job/main  no-panic").with("it was there a moment ago");
    assert!(!said.stderr.contains("panicked at"), "bodies panic in silence: {}", said.stderr);
    let token = tokens(&said.stdout).remove(0);
    place.run(&["replay", &token]).ended(100).with("violated: no-panic");
    place.run(&["-v", "replay", &token]).ended(100).with("own_catalog.rs");
}

#[test]
fn a_run_without_end_is_a_finding() {
    let place = own_catalog();
    let said = place.run(&["fuzz", "ping-pong", "--runs", "64", "--steps", "300"]);
    let said =
        said.ended(100).with("ping-pong/main  no-livelock").with("every run comes to an end");
    let case = said.stdout.split("atropos replay ").nth(1).expect("a replay line");
    place.run(&["replay", case.lines().next().expect("a line")]).ended(100).with("no-livelock");
}

#[test]
fn a_client_that_waits_for_ever_is_a_finding() {
    let (_, said) = fuzz("waits-for-ever", "64");
    said.ended(100).with("waits-for-ever/main  no-deadlock").with("client#1");
}

#[test]
fn a_run_that_differs_the_second_time_ends_with_103() {
    let (place, said) = fuzz("two-faced", "2000");
    let said =
        said.ended(103).with("two-faced/main is not deterministic").with("not deterministic");
    assert!(said.stderr.contains("first difference in step 2: "), "{}", said.stderr);
    assert!(said.stderr.contains("judge#1: trap_exit on"), "{}", said.stderr);
    assert!(!said.stdout.contains("✓"), "{}", said.stdout);
    let summary = json_file(&place.path().join("target/atropos/latest/run.json"));
    assert_eq!(summary["verdict"], "diverged");
    assert!(summary["variants"][0]["unstable"].is_string(), "{summary}");
}

#[test]
fn a_body_that_reads_an_address_is_caught_and_named_by_its_first_step() {
    let (_, said) = fuzz("homesick", "640");
    let said = said.ended(103).with("homesick/main is not deterministic");
    assert!(said.stderr.contains("gave another run the second time"), "{}", said.stderr);
    // Which bit of the addresses differs first is chance: a step after the first and before the end.
    let step = said.stderr.split("first difference in step ").nth(1).expect("a step is named");
    let (step, what) = step.split_once(": ").expect("and what differs in it");
    let step: usize = step.parse().expect("a number");
    assert!((2..=65).contains(&step), "step {step}");
    assert!(what.starts_with("judge#1: trap_exit o"), "{what}");
}

#[test]
fn a_body_that_differs_from_process_to_process_is_caught_by_another_process() {
    let place = own_catalog();
    place.run(&["fuzz", "numbered", "--runs", "640"]).ended(0);
    let said = place.run(&["fuzz", "numbered", "--runs", "640", "--check-determinism"]).ended(103);
    let said = said.with("numbered/main is not deterministic: another process gave another run");
    assert!(said.stderr.contains("first difference in step "), "{}", said.stderr);
    assert!(said.stderr.contains("judge#1: trap_exit o"), "{}", said.stderr);
    place.run(&["fuzz", "zoo/tiger", "--runs", "640", "--check-determinism"]).ended(0);
}

#[test]
fn a_body_that_never_gives_way_ends_with_100() {
    let place = own_catalog();
    let said = place.run(&["fuzz", "greedy", "-j1", "--patience", "300ms"]).ended(100);
    assert!(said.stderr.contains("a body of greedy/main does not give way"), "{}", said.stderr);
    assert!(said.stderr.contains("among 0 to 63 of seed 0xa7209005"), "{}", said.stderr);
    assert!(said.stderr.contains("no end for 300ms"), "{}", said.stderr);
}

#[test]
fn a_canary_that_nothing_catches_ends_with_104() {
    let (_, said) = fuzz("zoo/tiger", "1000");
    let said = said.ended(104).with("error: zoo/tiger: canary not caught by no-panic");
    assert!(said.stdout.contains("? zoo/tiger"), "{}", said.stdout);
    assert!(said.stdout.contains("canary missed: 0 of 1 invariant broken"), "{}", said.stdout);
    // Too few runs to demand anything: it is told, and no more.
    fuzz("zoo/tiger", "999").1.ended(0).with("canary not caught by no-panic");
}

#[test]
fn a_point_that_is_never_reached_ends_with_104() {
    let (place, said) = fuzz("never-there", "1000");
    said.ended(104).with("error: never-there/main: never reached linked");
    let summary = json_file(&place.path().join("target/atropos/latest/run.json"));
    assert_eq!(summary["verdict"], "vacuous");
    assert_eq!(summary["variants"][0]["unreached"][0], "linked");
}

#[test]
fn a_panic_outside_a_body_ends_with_101_and_names_its_place() {
    for jobs in ["-j1", "-j4"] {
        let said = own_catalog().run(&["fuzz", "zoo/dodo", jobs]).ended(101);
        assert!(said.stderr.contains("own_catalog.rs"), "{}", said.stderr);
        assert!(said.stderr.contains("no dodo left"), "{}", said.stderr);
    }
    own_catalog().run(&["run", "zoo/dodo", "--index", "64"]).ended(101).with("no dodo left");
}

#[test]
fn tokens_of_another_catalogue_are_foreign() {
    let said = Place::new().run(&["fuzz", common::BROKEN, "--runs", "200"]).ended(100);
    let token = tokens(&said.stdout).remove(0);
    own_catalog().run(&["replay", &token]).ended(103).with("this build does not have");
}
