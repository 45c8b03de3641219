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
    let said = place.run(&["check", "atomvm-links/fixed"]).ended(0);
    assert!(said.stdout.contains("holds  atomvm-links/fixed  all 10 classes hold"), "{said:?}");
    assert!(said.stdout.contains("its fixed workload, instant delivery, idle timers"), "{said:?}");
    let again = place.run(&["check", "atomvm-links/fixed"]).ended(0);
    assert_eq!(again.stdout, said.stdout, "a check is the same the second time");
}

#[test]
fn a_bound_that_is_too_small_proves_nothing() {
    let said = Place::new().run(&["check", "atomvm-links/fixed", "--classes", "3"]).ended(5);
    assert!(
        said.stdout.contains("open  atomvm-links/fixed  3 classes hold, there are more"),
        "{said:?}"
    );
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
fn every_exact_count_is_counted() {
    let said = Place::new().run(&["count", COUNTS]).ended(0).with("550 figures agree");
    assert!(said.stdout.ends_with("\n55 passed, 0 failed\n"), "{said:?}");
    Place::new().run(&["count", COUNTS, "--only", "readers", "--most", "1000"]).ended(100);
    Place::new().run(&["count", COUNTS, "--only", "nothing"]).ended(4);
}
