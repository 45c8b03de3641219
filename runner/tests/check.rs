//! `atropos check` and `atropos count`: what is proved, what is not, and how each ends.
#![cfg(not(windows))]

mod common;

use common::Place;

/// The exact counts, as they stand in the repository.
const COUNTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../scenarios/conformance/exploration/exact_counts_public.jsonl"
);

#[test]
fn all_classes_of_a_holding_variant_hold() {
    let place = Place::new();
    let asked = ["check", "atomvm-links/fixed", "--delivery", "instant", "--faults", "0"];
    let said = place.run(&asked).ended(0);
    assert!(said.stdout.contains("holds  atomvm-links/fixed  all 10 classes hold"), "{said:?}");
    let bound = "engine dpor; its fixed workload, instant delivery, idle timers";
    assert!(said.stdout.contains(bound), "{said:?}");
    let again = place.run(&asked).ended(0);
    assert_eq!(again.stdout, said.stdout, "a check is the same the second time");
}

#[test]
fn each_engine_comes_to_the_same_verdict_and_says_what_it_covered() {
    let place = Place::new();
    for (engine, all) in [
        ("dpor", "all 10 classes hold"),
        ("source", "all 10 classes hold"),
        ("enumerate", "all 10 classes, 1,212 schedules, hold"),
        ("states", "all schedules hold"),
    ] {
        let asked = ["check", "atomvm-links/fixed", "--engine", engine, "--faults", "0"];
        let said = place.run(&[&asked[..], &["--delivery", "instant"]].concat()).ended(0);
        assert!(said.stdout.contains(all), "{said:?}");
        assert!(said.stdout.contains(&format!("engine {engine};")), "{said:?}");
        assert_eq!(said.stdout.contains("held"), ["enumerate", "states"].contains(&engine));
    }
}

#[test]
fn an_equivalence_is_told_and_refused_where_it_means_nothing() {
    let place = Place::new();
    let asked = ["check", "atomvm-links/fixed", "--delivery", "instant", "--faults", "0"];
    for engine in ["dpor", "source", "enumerate"] {
        let by = ["--engine", engine, "--equivalence", "arrival"];
        let said = place.run(&[&asked[..], &by].concat()).ended(0);
        assert!(said.stdout.contains(&format!("engine {engine}, by arrival;")), "{said:?}");
    }
    for (more, why) in [
        (&["--equivalence", "observer"][..], "programs of lc-v1"),
        (&["--equivalence", "full", "--engine", "states"], "--engine states"),
        (&["--equivalence", "arrival", "--preemptions", "1"], "--engine states"),
    ] {
        let said = place.run(&[&asked[..], more].concat()).ended(2);
        assert!(said.stderr.contains(why), "{said:?}");
    }
}

#[test]
fn a_bound_on_preemptions_is_told_and_does_not_go_with_reduction() {
    let place = Place::new();
    let asked = ["check", "atomvm-links/fixed", "--preemptions", "1"];
    let said = place.run(&asked).ended(0);
    assert!(said.stdout.contains("all schedules of at most 1 preemption hold"), "{said:?}");
    assert!(said.stdout.contains("engine states, at most 1 preemption; "), "{said:?}");
    for engine in ["dpor", "source", "enumerate"] {
        let said = place.run(&[&asked[..], &["--engine", engine]].concat()).ended(2);
        assert!(said.stderr.contains("--engine states"), "it says what to use: {said:?}");
    }
}

#[test]
fn a_bound_that_is_too_small_proves_nothing() {
    let place = Place::new();
    let said = place.run(&["check", "atomvm-links/fixed", "--classes", "3"]).ended(5);
    assert!(
        said.stdout.contains("open  atomvm-links/fixed  3 classes hold, there are more"),
        "{said:?}"
    );
    let said =
        place.run(&["check", "atomvm-links/fixed", "--engine", "states", "--states", "9"]).ended(5);
    assert!(said.stdout.contains("hold, there are more") && said.stdout.contains("9 states held"));
    let said = place.run(&["check", "atomvm-links/fixed", "--depth", "3"]).ended(5);
    assert!(said.stdout.contains("cut"), "{said:?}");
}

#[test]
fn a_check_as_json_says_all_that_it_covered() {
    let asked = ["check", "atomvm-links/fixed", "--engine", "enumerate", "--format", "json"];
    let said = Place::new().run(&[&asked[..], &["--faults", "0"]].concat()).ended(0);
    let lines = said.events("check");
    assert_eq!(lines.len(), 2, "one for each delivery");
    let instant = &lines[0];
    assert_eq!(instant["engine"], "enumerate");
    assert_eq!((&instant["classes"], &instant["schedules"]), (&10.into(), &1212.into()));
    assert_eq!((&instant["closed"], &instant["interrupted"]), (&true.into(), &false.into()));
    assert_eq!(instant["verdict"], "holds");
    assert!(instant["preemptions"].is_null());
    assert!((instant["share"].as_f64().expect("a share") - 1.0).abs() < 1e-9);
    assert_eq!(instant["workload"].as_array().expect("operations").len(), 7);
}

#[test]
fn a_livelock_is_a_verdict_and_no_cut() {
    let place = Place::new();
    let said = place.run(&["check", "ash-limiter/busy-wait"]).ended(0);
    assert!(said.stdout.contains("breaks  ash-limiter/busy-wait  no-livelock"), "{said:?}");
    let token = common::tokens(&said.stdout).remove(0);
    place.run(&["replay", &token]).ended(100).with("no-livelock");
}

/// Those that hold are proved by the tests of the scenarios.
#[test]
fn every_variant_that_is_there_to_break_does() {
    let place = Place::new();
    let listed = place.run(&["list", "--format", "json"]).ended(0);
    let mut broken = 0;
    for line in listed.events("variant") {
        if line["breaks"].as_array().is_none_or(|names| names.is_empty()) {
            continue;
        }
        let name =
            format!("{}/{}", line["scenario"].as_str().unwrap(), line["variant"].as_str().unwrap());
        let said = place.run(&["check", &name, "--quiet"]).ended(0);
        assert!(said.stdout.contains(&format!("breaks  {name}")), "{said:?}");
        broken += 1;
    }
    assert_eq!(broken, 31);
}

#[test]
fn a_variant_that_is_there_to_break_gives_a_token_that_replays() {
    let place = Place::new();
    let said = place.run(&["check", "atomvm-links/v0.6.3"]).ended(0);
    assert!(said.stdout.contains("breaks  atomvm-links/v0.6.3  no-link-to-dead"), "{said:?}");
    let token = match &common::tokens(&said.stdout)[..] {
        [one] => one.clone(),
        several => panic!("one failure, one token: {several:?}"),
    };
    place.run(&["replay", &token]).ended(100).with("no-link-to-dead");
}

#[test]
fn the_engines_run_one_execution_of_each_class() {
    Place::new()
        .run(&["count", COUNTS, "--engines"])
        .ended(0)
        .with("9,539 executions of 9,539 classes, 0 blocked");
}

#[test]
fn a_row_that_knows_other_classes_of_observers_fails() {
    let text = std::fs::read_to_string(COUNTS).expect("the exact counts");
    let row = text.lines().find(|row| row.contains("\"id\": \"readers-2\"")).expect("a row");
    let wrong = row.replace("\"classes_observer\": 4", "\"classes_observer\": 5");
    assert_ne!(row, wrong);
    let place = Place::new();
    let file = place.write("wrong.jsonl", wrong);
    place
        .run(&["count", &file, "--engines"])
        .ended(100)
        .with("classes_observer: expected 5, counted 4")
        .with("observer: optimal reduction: 4 executions of 5 classes, 0 blocked");
}

#[test]
fn every_exact_count_is_counted() {
    let said = Place::new().run(&["count", COUNTS]).ended(0).with("550 figures agree");
    assert!(said.stdout.ends_with("\n55 passed, 0 failed\n"), "{said:?}");
    Place::new().run(&["count", COUNTS, "--only", "readers", "--most", "1000"]).ended(100);
    Place::new().run(&["count", COUNTS, "--only", "nothing"]).ended(4);
}
