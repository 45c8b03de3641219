//! Regression files: kept, played by names, stale with a reason, repaired, pruned, exported.

mod common;

use common::{Place, Said, VARIANTS, first_token, json_file, tokens};
use proptest::{prelude::*, sample::Index, test_runner::Config};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// A sound file.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_place, path) = kept(CANARY);
    fs::read(path).expect("the file can be read")
});

/// A variant with a failure of a few steps.
const CANARY: &str = "atomvm-links/v0.6.2";

/// A place with one regression, made from a failure of a campaign.
fn kept(variant: &str) -> (Place, PathBuf) {
    let place = Place::new();
    let said = place.run(&["fuzz", variant, "--runs", "200"]).ended(100);
    let token = tokens(&said.stdout).remove(0);
    let said =
        place.run(&["regressions", "add", &token, "--note", "a note"]).ended(0).with("kept: ");
    assert!(said.stderr.is_empty(), "{}", said.stderr);
    let mut files = place.files("scenarios/regressions", ".json");
    assert_eq!(files.len(), 1, "one failure, one file");
    (place, files.remove(0))
}

fn verify(place: &Place) -> Said {
    place.run(&["regressions", "verify"])
}

/// Changes the file.
fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut file = json_file(path);
    change(&mut file);
    fs::write(path, file.to_string()).expect("the file can be written");
}

fn decisions(file: &mut Value) -> &mut Vec<Value> {
    file["decisions"].as_array_mut().expect("a list of decisions")
}

/// The committed regressions.
fn committed() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/regressions").to_owned()
}

#[test]
fn a_failure_that_is_kept_still_fails() {
    let (place, path) = kept(CANARY);
    let file = json_file(&path);
    assert_eq!((&file["version"], &file["note"]), (&json!(1), &json!("a note")));
    assert_eq!(file["found"].get("commit"), None, "no commit where there is no repository");
    let invariant = file["invariant"].as_str().expect("an invariant");
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    assert!(name.starts_with(&format!("{invariant}-")), "{name}");
    verify(&place)
        .ended(0)
        .with("still fails, must fail")
        .with("1 regression, all as they must be");
    place.run(&["regressions", "list"]).ended(0).with(invariant).with("a note");
    let path = path.to_str().expect("a plain path");
    place.run(&["replay", path]).ended(100).with(invariant);
    place.run(&["shrink", path]).ended(0).with("Replay:");
}

#[test]
fn the_same_failure_is_kept_once() {
    let (place, path) = kept(CANARY);
    let before = fs::read(&path).expect("the file can be read");
    let argument = path.to_str().expect("a plain path");
    place.run(&["regressions", "add", argument]).ended(0).with("already there: ");
    assert_eq!(fs::read(&path).expect("it is still there"), before, "it was not written again");
}

#[test]
fn only_what_violates_is_kept() {
    let place = Place::new();
    let said = place.run(&["regressions", "add", "atomvm-links/fixed:1:0"]).ended(2);
    said.with("nothing to keep: the run holds");
    place.run(&["regressions", "add", "at1-0"]).ended(2).with("malformed token");
    place.run(&["regressions", "add", "nothing.json"]).ended(1).with("cannot read");
    assert!(place.files("scenarios", ".json").is_empty());
}

#[test]
fn no_regressions_are_no_failure() {
    let place = Place::new();
    for verb in ["list", "verify", "prune"] {
        place.run(&["regressions", verb]).ended(0).with("no regressions in scenarios/regressions");
    }
    place.run(&["regressions", "verify", "kv-registry"]).ended(4).with("no regression in");
}

#[test]
fn a_fix_is_seen_to_hold() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| file["variant"] = json!("fixed"));
    verify(&place).ended(0).with("holds, must hold");
    place.run(&["replay", path.to_str().expect("a plain path")]).ended(0).with("held");
    place.run(&["regressions", "prune", "--fixed", "--dry-run"]).ended(0).with("would remove");
    assert!(path.exists(), "a dry run removes nothing");
    place.run(&["regressions", "prune"]).ended(0).with("0 regressions removed");
    place.run(&["regressions", "prune", "--fixed"]).ended(0).with("it holds");
    assert!(!path.exists(), "what holds was removed");
}

#[test]
fn a_canary_that_holds_is_vacuous() {
    let place = Place::new();
    let of = Path::new(&committed()).join("atomvm-links");
    let crossed = fs::read_dir(of)
        .expect("the committed ones")
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("no-pending-unlink-"));
    let crossed = fs::read(crossed.expect("unlinks that cross").path()).expect("it can be read");
    fs::create_dir_all(place.path().join("scenarios/regressions")).expect("a folder");
    let path = PathBuf::from(place.write("scenarios/regressions/crossed.json", crossed));
    verify(&place).ended(0).with("still fails, must fail");
    // Past its first decision the run goes on canonically, and the unlinks do not cross.
    edit(&path, |file| decisions(file).truncate(1));
    verify(&place).ended(104).with("holds, must fail").with("crossed.json");
    verify(&place).with("1 of 1 regression not as they must be");
}

#[test]
fn what_must_hold_and_fails_is_a_finding() {
    let place = Place::new();
    let program =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/programs/cache-stale-pid.json");
    let mut program = json_file(Path::new(program));
    drop(program.as_object_mut().expect("an object").remove("breaks"));
    let file = place.write("cache.json", program.to_string());
    let said = place.run(&["fuzz", "--program", &file, "--runs", "1000"]).ended(100);
    let token = first_token(&said.stdout);
    let regressions = ["regressions", "--program", &file];
    place.run(&[&regressions[..], &["add", &token]].concat()).ended(0).with("no-stale-pid");
    let said = place.run(&[&regressions[..], &["verify"]].concat()).ended(100);
    said.with("still fails, must hold").with("1 of 1 regression not as they must be");
    // Stale is worse than violated.
    let path = place.files("scenarios/regressions", ".json").remove(0);
    let text = fs::read_to_string(&path).expect("it can be read");
    place.write("scenarios/regressions/stale.json", text.replace("\"run\":\"1\"", "\"run\":\"9\""));
    let said = place.run(&[&regressions[..], &["verify"]].concat()).ended(103);
    said.with("2 of 2 regressions not as they must be");
    // Built-in scenarios know nothing of it.
    place.run(&["regressions", "verify"]).ended(103).with("no scenario or variant is called");
    place.run(&["regressions", "prune", "--dry-run"]).ended(0).with("2 regressions to remove");
}

#[test]
fn a_renamed_process_is_stale_with_its_step_and_who_could_run() {
    let (place, path) = kept(CANARY);
    let (at, called) = {
        let mut file = json_file(&path);
        let last = decisions(&mut file).len() - 1;
        (last, decisions(&mut file)[last]["called"].as_str().expect("a text").to_owned())
    };
    edit(&path, |file| decisions(file)[at]["run"] = json!("7.7"));
    let before = fs::read(&path).expect("the file can be read");
    let said = verify(&place).ended(103).with("stale, must fail");
    let said = said.with(&format!("step {}: expected {called} (7.7): step", at + 1));
    said.with("it cannot move; could run: ");
    place.run(&["replay", path.to_str().expect("a plain path")]).ended(103).with("expected");
    assert_eq!(fs::read(&path).expect("it is there"), before, "verify alone writes nothing");
}

#[test]
fn another_kind_is_stale() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| decisions(file)[0]["kind"] = json!("timer"));
    verify(&place).ended(103).with("step 1: expected").with("which is a step");
}

#[test]
fn values_belong_to_their_step() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| decisions(file)[0]["values"] = json!([1]));
    verify(&place).ended(103).with("step 1: expected").with("1 value of this step was not drawn");
}

#[test]
fn a_damaged_regression_is_repaired_and_says_how() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| {
        decisions(file).remove(0);
        decisions(file).push(json!({"at": 99, "run": "9", "kind": "step"}));
    });
    verify(&place).ended(103);
    let said = place.run(&["regressions", "verify", "--repair"]).ended(0);
    said.with("repaired: found again").with("decisions changed");
    let file = json_file(&path);
    assert_eq!(file["note"], "a note", "the note is kept");
    verify(&place).ended(0).with("still fails");
}

#[test]
fn what_cannot_be_repaired_is_left_as_it_is() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| {
        file["variant"] = json!("fixed");
        decisions(file)[0]["run"] = json!("9");
    });
    let before = fs::read(&path).expect("the file can be read");
    place.run(&["regressions", "verify", "--repair"]).ended(103).with("not repaired");
    assert_eq!(fs::read(&path).expect("it is there"), before);
}

#[test]
fn a_changed_fingerprint_changes_nothing() {
    let (place, path) = kept(CANARY);
    edit(&path, |file| file["found"]["fingerprint"] = json!("0000"));
    verify(&place).ended(0).with("still fails");
    edit(&path, |file| drop(file.as_object_mut().expect("an object").remove("found")));
    verify(&place).ended(0).with("still fails");
}

#[test]
fn what_is_no_regression_is_refused_with_its_place() {
    type Change = fn(&mut Value);
    let rows: [(Change, i32, &str); 14] = [
        (|file| file["version"] = json!(2), 103, "of version 2, this build reads version 1"),
        (|file| drop(file.as_object_mut().unwrap().remove("version")), 2, "no `version`"),
        (|file| file["scenario"] = json!("atomvm-link"), 103, "did you mean atomvm-links"),
        (|file| file["variant"] = json!("v0.6.4"), 103, "atomvm-links/v0.6.2"),
        (|file| file["invariant"] = json!("no-duplicate-lynk"), 103, "did you mean no-duplicate"),
        (|file| file["step_limit"] = json!(0), 2, "`step_limit` is 0"),
        (|file| file["workload"][0] = json!(7), 2, "`workload`: operation 1"),
        (|file| file["decisions"][0]["run"] = json!("a"), 2, "decision 1: \"a\" is not a name"),
        (|file| file["decisions"][0]["kind"] = json!("walk"), 2, "line 1 column"),
        (|file| file["decisions"][0]["times"] = json!(0), 2, "decision 1: `times` is 0"),
        (|file| file["decisions"][0]["times"] = json!(4_000_000_000_u32), 2, "decision 1: `times`"),
        (|file| file["decisions"][0]["value"] = json!([1]), 2, "unknown field `value`"),
        (|file| file["found"]["who"] = json!("me"), 2, "unknown field `who`"),
        (|file| file["decisions"] = json!(null), 2, "not a regression"),
    ];
    let (place, path) = kept(CANARY);
    let sound = fs::read(&path).expect("the file can be read");
    for (change, code, piece) in rows {
        fs::write(&path, &sound).expect("the file can be written");
        edit(&path, change);
        let said = verify(&place).ended(code).with(piece).with(".json");
        assert!(!said.stderr.contains("panicked"), "{said:?}");
    }
    let half = &sound[..sound.len() / 2];
    for damage in [half, b"", b"[]", b"\xff\xfe", b"{\"decisions\": 1}"] {
        fs::write(&path, damage).expect("the file can be written");
        verify(&place).ended(2).with(".json: not ");
    }
    place.run(&["regressions", "list"]).ended(0).with("refused: ");
}

proptest! {
    #![proptest_config(Config { cases: 150, failure_persistence: None, ..Config::default() })]

    /// Bytes of a sound file changed, and its end lost: it plays, or it is refused with a reason.
    #[test]
    fn any_damage_is_a_regression_or_a_reason(
        edits in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        keep in any::<Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = SOUND.clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(keep.index(bytes.len()));
        }
        let place = Place::new();
        let path = place.write("damaged.json", bytes);
        let said = place.run(&["replay", &path]);
        prop_assert!([0, 2, 100, 103].contains(&said.code), "{:?}", said);
        prop_assert!(!said.stderr.contains("panicked"), "{:?}", said);
        prop_assert!(said.code % 100 == 0 || said.stderr.contains("damaged.json"), "{:?}", said);
    }
}

#[test]
fn what_is_gone_or_twice_there_is_pruned() {
    let (place, path) = kept(CANARY);
    let beside = |name: &str| path.with_file_name(name);
    let (twin, gone) = (beside("z-twin.json"), beside("z-gone.json"));
    fs::copy(&path, &twin).expect("a copy");
    fs::copy(&path, &gone).expect("a copy");
    edit(&twin, |file| file["note"] = json!("another note"));
    edit(&gone, |file| file["variant"] = json!("v0.5"));
    let said = place.run(&["regressions", "prune"]).ended(0);
    said.with("the same as").with("no scenario or variant is called").with("2 regressions removed");
    assert!(path.exists() && !twin.exists() && !gone.exists());
}

#[test]
fn the_bytes_of_each_committed_regression_violate_again() {
    let place = Place::new();
    let arguments = [
        "regressions",
        "--dir",
        &committed(),
        "export",
        "--libfuzzer",
        "corpus",
        "--format",
        "json",
    ];
    let said = place.run(&arguments).ended(0);
    let exported = said.events("exported");
    assert_eq!(exported.len(), place.files("corpus", "").len(), "one input a regression");
    for line in &exported {
        let file = json_file(Path::new(line["file"].as_str().expect("a path")));
        let corpus = place.path().join(line["corpus"].as_str().expect("a path"));
        let bytes = fs::read(corpus).expect("the input was written");
        let name = format!(
            "{}/{}",
            file["scenario"].as_str().expect("a name"),
            file["variant"].as_str().expect("a name")
        );
        let catalog = atropos_scenarios::catalog();
        let asked = atropos_runner::Asked::default();
        let found = atropos_runner::fuzz_one(&catalog, asked, &bytes).expect("a catalogue");
        assert_eq!(found, None, "{name} is there for it");
        let asked = atropos_runner::Asked { variant: Some(&name), faults: 0 };
        let found = atropos_runner::fuzz_one(&catalog, asked, &bytes).expect("a catalogue");
        let invariant = file["invariant"].as_str().expect("a name");
        let report = found.unwrap_or_else(|| panic!("{name}: {invariant} is not violated"));
        assert!(report.contains(invariant) && report.contains("atropos replay at1-"), "{report}");
    }
}

#[test]
fn every_committed_regression_is_as_it_must_be() {
    let place = Place::new();
    let said =
        place.run(&["regressions", "--dir", &committed(), "verify", "--format", "json"]).ended(0);
    let verified = said.events("verified");
    let listed = place.run(&["list", "--format", "json"]).ended(0).events("variant");
    assert_eq!(listed.len(), VARIANTS.len());
    for variant in listed.iter().filter(|line| line["breaks"] != json!([])) {
        let name = format!(
            "{}/{}",
            variant["scenario"].as_str().expect("a name"),
            variant["variant"].as_str().expect("a name")
        );
        for invariant in variant["breaks"].as_array().expect("a list") {
            let has = |line: &&Value| line["variant"] == name && line["invariant"] == *invariant;
            assert!(verified.iter().any(|line| has(&line)), "no regression of {name}: {invariant}");
        }
    }
}
