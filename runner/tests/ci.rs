//! `atropos ci`: the same commit gives the same bytes, profiles go where they should, and what was
//! found reaches the people and the machines that wait for it.

mod common;

use common::{BROKEN, Place, Said, VARIANTS, json_file};
use std::{fs, path::Path};

const CI: [&str; 4] = ["ci", "--runs", "640", "--no-regressions"];

fn of_commit(place: &Place, commit: &str, arguments: &[&str]) -> Said {
    let mut command = place.command(arguments);
    Said::of(command.env("ATROPOS_COMMIT", commit).output().expect("the binary starts"))
}

fn reports(place: &Place) -> Vec<(&'static str, String)> {
    let latest = place.path().join("target/atropos/latest");
    let read = |name| (name, fs::read_to_string(latest.join(name)).expect("a report"));
    ["run.json", "summary.md", "junit.xml", "index.html"].map(read).to_vec()
}

#[test]
fn a_job_that_is_run_again_says_and_writes_the_same_bytes() {
    let arguments = [&CI[..], &["atomvm-links", "kv-registry/linked"]].concat();
    let job = |commit, jobs: &str| {
        let place = Place::new();
        let said = of_commit(&place, commit, &[&arguments[..], &["-j", jobs]].concat()).ended(100);
        (said.stdout, reports(&place))
    };
    let first = job("0123456789abcdef", "1");
    assert_eq!(job("0123456789abcdef", "2"), first);
    let other = job("0123456789abcdee", "1");
    assert_ne!(other.1[0], first.1[0], "another commit is hunted under other seeds");
}

#[test]
fn each_scenario_has_a_seed_of_its_own() {
    let place = Place::new();
    of_commit(&place, "abc", &[&CI[..], &["--format", "json"]].concat()).ended(0);
    let file = json_file(&place.path().join("target/atropos/latest/run.json"));
    let parts = file["parts"].as_object().expect("parts by name");
    let variants = parts.values().next().expect("one part")["variants"].as_array().expect("a list");
    let mut seeds: Vec<(&str, &str)> = variants
        .iter()
        .map(|came| (came["scenario"].as_str().unwrap_or(""), came["seed"].as_str().unwrap_or("")))
        .collect();
    seeds.dedup();
    assert_eq!(seeds.len(), 5, "one seed a scenario: {seeds:?}");
    let mut numbers: Vec<&str> = seeds.iter().map(|(_, seed)| *seed).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 5, "{seeds:?}");
}

#[test]
fn without_a_commit_the_job_says_what_to_do() {
    let place = Place::new();
    let mut command = place.command(&CI);
    command.env("GIT_DIR", place.path().join("none"));
    let said = Said::of(command.output().expect("the binary starts"));
    said.ended(2).with("ATROPOS_COMMIT, GITHUB_SHA, CI_COMMIT_SHA").with("--seed NUMBER");
}

#[test]
fn of_a_variant_one_failure_is_told_in_full() {
    let place = Place::new();
    let said = of_commit(&place, "abc", &[&CI[..], &[VARIANTS[0]]].concat()).ended(100);
    let blocks = said.stdout.matches("FAIL").count();
    assert_eq!(blocks, 3, "{}", said.stdout);
    assert_eq!(said.stdout.matches("  Files:   ").count(), 1, "{}", said.stdout);
    assert_eq!(said.stdout.matches("  Replay:  ").count(), 3, "{}", said.stdout);
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_profile() {
    let place = Place::new();
    place.write("atropos.toml", "[profile.default]\nruns = 64\n\n[profile.mine]\nruns = 128\n");
    let runs = |arguments: &[&str], environment: &[(&str, &str)]| {
        let fuzz = [&["fuzz", BROKEN, "--format", "json", "-q"], arguments].concat();
        let mut command = place.command(&fuzz);
        command.envs(environment.iter().copied());
        let said = Said::of(command.output().expect("the binary starts"));
        said.events("end")[0]["runs"].as_u64().expect("a number")
    };
    assert_eq!(runs(&[], &[]), 64, "the file's default");
    assert_eq!(runs(&["--profile", "mine"], &[]), 128, "its profile");
    assert_eq!(runs(&[], &[("ATROPOS_PROFILE", "mine")]), 128, "named by the environment");
    assert_eq!(runs(&["--profile", "mine"], &[("ATROPOS_RUNS", "192")]), 192);
    assert_eq!(runs(&["--profile", "mine", "--runs", "256"], &[("ATROPOS_RUNS", "192")]), 256);
    fs::create_dir(place.path().join("below")).expect("a folder");
    place.write("below/atropos.toml", "[profile.default]\nruns = 320\n");
    assert_eq!(runs(&["-C", "below"], &[]), 320, "of the folder worked in");
    assert_eq!(runs(&["--config", "below/atropos.toml"], &[]), 320, "of the file named");
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_1() {
    let place = Place::new();
    place.write("atropos.toml", "[profile.ci]\nrums = 3\n");
    place
        .run(&["ci"])
        .ended(1)
        .with("atropos.toml: line 2: profile ci")
        .with("did you mean \"runs\"?");
    place.run(&["list", "atomvm-links"]).ended(0);
    place.run(&["fuzz", "--config", "none.toml"]).ended(1).with("cannot read none.toml");
    place.write("atropos.toml", "");
    place.run(&["fuzz", "--profile", "mine"]).ended(1).with("no profile is called \"mine\"");
    place.run(&["-C", "nowhere", "list"]).ended(1).with("cannot work in nowhere");
}

#[test]
fn a_github_job_gets_annotations_and_a_summary() {
    let place = Place::new();
    let mut command = place.command(&["fuzz", VARIANTS[0], "kv-registry/linked", "--runs", "640"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", place.path().join("step.md"));
    let said = Said::of(command.output().expect("the binary starts")).ended(100);
    let told: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(told.len(), 4, "{}", said.stderr);
    assert!(
        told.iter()
            .any(|line| line.starts_with("::error title=kv-registry/linked registry-survives::"))
    );
    let summary = fs::read_to_string(place.path().join("step.md")).expect("a summary");
    assert!(summary.starts_with("## Atropos: violated"), "{summary}");
    assert_eq!(summary.matches("```mermaid\nsequenceDiagram\n").count(), 4, "{summary}");
    assert!(!said.stdout.contains("::error"), "{}", said.stdout);
    let quiet = place.run(&["fuzz", BROKEN, "--runs", "64"]);
    assert!(!quiet.stderr.contains("::error"), "{}", quiet.stderr);
}

#[test]
fn junit_has_a_suite_a_scenario_and_a_case_a_variant_and_invariant() {
    let place = Place::new();
    place.run(&["fuzz", BROKEN, "atomvm-links/fixed", "--runs", "2000"]).ended(100);
    let (_, xml) = reports(&place).swap_remove(2);
    for piece in [
        "<testsuite name=\"atomvm-links\"",
        "<testcase name=\"v0.6.3: no-link-to-dead\"",
        "<testcase name=\"fixed: no-duplicate-link\"",
        "<property name=\"token\" value=\"at1-",
        "failures=\"1\"",
    ] {
        assert!(xml.contains(piece), "{piece:?} is missing in {xml}");
    }
    assert!(!xml.contains("time=") && !xml.contains("timestamp="), "{xml}");
}

#[test]
fn the_page_of_all_findings_opens_from_disk_without_network() {
    let place = Place::new();
    place.run(&["fuzz", VARIANTS[0], "--runs", "640"]).ended(100);
    let (_, page) = reports(&place).swap_remove(3);
    assert_eq!(page.matches("<section id=\"f-").count(), 3, "{page}");
    assert!(
        page.contains("default-src 'none'") && !page.contains("<script") && !page.contains("://")
    );
    for link in page.split("href=\"failures/").skip(1) {
        let path =
            Path::new("target/atropos/latest/failures").join(link.split('"').next().unwrap_or(""));
        assert!(place.path().join(&path).exists(), "{} is not there", path.display());
    }
}

#[test]
fn a_night_goes_on_where_the_last_one_ended() {
    let place = Place::new();
    let night = |arguments: &[&str]| {
        let fuzz = ["fuzz", "atomvm-links/fixed", "--format", "json", "--continue"];
        place.run(&[&fuzz, arguments].concat()).ended(0).events("start")[0]["from"].clone()
    };
    assert_eq!(night(&["--runs", "100"]), 0);
    assert_eq!(night(&["--runs", "64"]), 128, "whole blocks");
    assert_eq!(night(&["--runs", "64", "--shard", "0/2"]), 0, "a shard has a count of its own");
    assert_eq!(night(&["--runs", "64", "--seed", "5"]), 0, "and so has a seed");
    assert_eq!(night(&["--time", "200ms"]), 192);
    let next = json_file(&place.path().join("target/atropos/next.json"));
    let run = next["entries"]["a7209005 0/1"]["run"].as_u64().expect("a number");
    assert!(run > 192 && run.is_multiple_of(64), "{next}");
    place.write("target/atropos/next.json", "{\"version\":9,\"entries\":{}}");
    place.run(&["fuzz", "--continue"]).ended(1).with("next.json: of version 9");
}

#[test]
fn wider_bounds_are_searched_and_the_next_night_goes_further() {
    let place = Place::new();
    let night = || {
        let fuzz = ["fuzz", "atomvm-links/fixed", "--runs", "64", "--continue"];
        place.run(&[&fuzz[..], &["--widen-check", "60s"]].concat()).ended(0)
    };
    let said = night().with("bounds wider by 1");
    assert!(said.stdout.contains("holds  atomvm-links/fixed"), "{}", said.stdout);
    night().with("bounds wider by 2");
}

#[test]
fn what_must_be_reached_is_demanded_when_it_is_asked() {
    let place = Place::new();
    let arguments = ["fuzz", "kv-registry", "--runs", "1"];
    let demand = |demand| place.run(&[&arguments[..], &["--demand", demand]].concat());
    demand("always").ended(104).with("never reached");
    demand("auto").ended(0).with("never reached");
    demand("never").ended(0);
}

/// A regression of Atropos itself, in the folder of the test; perhaps changed.
fn keep(place: &Place, change: impl Fn(String) -> String) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions/atomvm-links");
    let first = fs::read_dir(&ours).expect("regressions").flatten().map(|file| file.path());
    let first = first.filter(|path| path.to_string_lossy().contains("no-duplicate-link")).min();
    let text = fs::read_to_string(first.expect("one of this invariant")).expect("a text");
    let folder = place.path().join("scenarios/regressions/atomvm-links");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("kept.json"), change(text)).expect("a file");
}

#[test]
fn what_was_kept_is_played_first() {
    let place = Place::new();
    let fuzz = |filter: &[&str]| place.run(&[&["fuzz", "--runs", "64"], filter].concat());
    keep(&place, |text| text);
    fuzz(&["atomvm-links"]).ended(0).with("Replayed 1 regression, 1 as they must be");
    let silent = fuzz(&["kv-registry"]).ended(0);
    assert!(!silent.stdout.contains("regression"), "not of these: {}", silent.stdout);
    keep(&place, |text| text.replace("\"v0.6.2\"", "\"fixed\""));
    fuzz(&["atomvm-links"]).ended(0).with("Replayed 1 regression, 1 as they must be");
    keep(&place, |text| text.replace("\"run\":\"1\"", "\"run\":\"7\""));
    let stale = fuzz(&["atomvm-links"]).ended(103).with("it no longer fits").with("step 1");
    assert!(stale.stderr.contains("kept.json"), "{}", stale.stderr);
    let (_, xml) = reports(&place).swap_remove(2);
    assert!(xml.contains("<testsuite name=\"regressions\" tests=\"1\""), "{xml}");
    fuzz(&["atomvm-links", "--no-regressions"]).ended(0);
    keep(&place, |text| text.replace("\"v0.6.2\"", "\"v0.0.1\""));
    fuzz(&["--no-shrink"]).ended(103).with("\"atomvm-links/v0.0.1\"");
}
