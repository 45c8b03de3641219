//! Many machines: shards do each run once, and what they came to merges into what one process says.

mod common;

use common::{Place, VARIANTS, json_file};
use serde_json::Value;
use std::fs;

/// Three canaries that are named, so that there are findings, and one that holds.
const HUNTED: [&str; 4] =
    [VARIANTS[0], "kv-registry/permanent", "llama-chat/v0.12.17", "restate-join/v1.2.2"];

fn fuzz(place: &Place, out: &str, arguments: &[&str]) {
    let fixed = ["fuzz", "--runs", "1000", "-q", "--out", out];
    place.run(&[&fixed, &HUNTED[..], arguments].concat()).ended(100);
}

/// A campaign's file without who did which share.
fn whole(place: &Place, folder: &str) -> Value {
    let mut file = json_file(&place.path().join(folder).join("run.json"));
    file.as_object_mut().expect("an object").remove("parts").expect("parts");
    file
}

#[test]
fn shards_merge_into_what_one_process_comes_to() {
    let place = Place::new();
    fuzz(&place, "one", &[]);
    let one = whole(&place, "one/latest");
    assert!(one["failures"].as_u64().is_some_and(|failures| failures >= 5), "{one}");
    for of in [2, 3, 20] {
        let mut files = Vec::new();
        for shard in 0..of {
            let out = format!("shards-{of}-{shard}");
            let share = format!("{shard}/{of}");
            let fixed = ["fuzz", "--runs", "1000", "-q", "--out", &out, "--shard", &share];
            let said = place.run(&[&fixed, &HUNTED[..]].concat());
            assert!([0, 100].contains(&said.code), "{said:?}");
            files.push(format!("{out}/latest"));
        }
        // In whatever order, and one of them twice.
        files.reverse();
        files.push(files[0].clone());
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        let out = format!("whole-{of}");
        place.run(&[&["merge", "--out", &out], &names[..]].concat()).ended(100);
        assert_eq!(whole(&place, &format!("{out}/merged")), one, "{of} shards");
    }
    let again = place.run(&["merge", "--out", "again", "whole-2/merged", "whole-3/merged"]);
    again.ended(2).with("hold the same runs of").with("their sum would count them twice");
}

#[test]
fn a_merged_campaign_is_written_like_any_other() {
    let place = Place::new();
    for shard in ["0/2", "1/2"] {
        fuzz(&place, shard, &["--shard", shard]);
    }
    let said = place.run(&["merge", "0/2/latest/run.json", "1/2/latest"]).ended(100);
    assert!(said.stdout.contains("Done 4,000 runs in 2 parts"), "{}", said.stdout);
    assert!(
        said.stdout.contains("FAIL  atomvm-links/v0.6.2  no-duplicate-link"),
        "{}",
        said.stdout
    );
    let merged = place.path().join("target/atropos/merged");
    for name in ["run.json", "summary.md", "junit.xml", "index.html"] {
        assert!(merged.join(name).exists(), "{name} is missing");
    }
    let cases = place.files("target/atropos/merged/failures", "case.json");
    assert!(!cases.is_empty(), "each finding has its folder");
    for case in cases {
        place.run(&["replay", case.to_str().expect("a plain name")]).ended(100);
        let shown = fs::read_to_string(case.with_file_name("timeline.txt")).expect("a text");
        assert!(
            shown.contains("delivery") || shown.contains("order") || shown.contains("scheduler")
        );
    }
}

#[test]
fn what_is_no_campaign_is_refused_with_its_place() {
    let place = Place::new();
    fuzz(&place, "one", &[]);
    let text = fs::read_to_string(place.path().join("one/latest/run.json")).expect("a file");
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from:?} is there to be changed");
        place.write("changed.json", text.replacen(from, to, 1))
    };
    place.write("empty.json", "");
    let edits: [(&str, &str, i32, &str); 3] = [
        ("\"version\": 2", "\"version\": 1", 103, "of version 1, this build reads version 2"),
        ("\"from\": 0", "\"from\": 1", 2, "is not named after what it holds"),
        ("\"parts\": {", "\"parts\": [", 2, "line "),
    ];
    for (from, to, code, why) in edits {
        let file = changed(from, to);
        place.run(&["merge", &file]).ended(code).with(why);
    }
    place.run(&["merge", "empty.json"]).ended(2).with("empty.json: not a run.json");
    place.run(&["merge", "nowhere"]).ended(1).with("cannot read nowhere");
    place.run(&["merge"]).ended(2).with("RUN.json");
}

#[test]
fn schedulers_of_clusters_say_which_shard() {
    let place = Place::new();
    let mut command = place.command(&["fuzz", VARIANTS[3], "--runs", "256", "--shard", "auto/4"]);
    command.args(["--format", "json"]).env("JOB_COMPLETION_INDEX", "3");
    let output = command.output().expect("the binary starts");
    let line = String::from_utf8(output.stdout).expect("text");
    assert!(line.contains("\"shard\":\"3/4\"") && line.contains("\"runs\":64"), "{line}");
    place.run(&["fuzz", "--shard", "4/4"]).ended(2).with("the last is 3/4");
    place.run(&["fuzz", "--shard", "auto"]).ended(2).with("none of CI_NODE_INDEX");
    place.run(&["fuzz", "--from", "65"]).ended(2).with("64 begins one");
}
