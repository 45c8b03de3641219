//! The digests of a fixed campaign, pinned: debug and release builds, this machine and every other
//! must come to the same.
//!
//! They change with the semantics of the process world or of a scenario, with the drawing of
//! workloads and schedules (ChaCha, proptest's generators), and with the form of the trace. A change
//! of any of these says so in its commit and pins the new values. They never change with the
//! compiler, the profile, the platform, the number of threads or a change of speed.

mod common;

use common::Place;

/// The variant, steps and digest of `atropos fuzz --runs 2000`.
const PINNED: [(&str, u64, &str); 4] = [
    ("v0.6.2", 12_341, "7c243a2197ecd0d662f7daef4d433dc5"),
    ("v0.6.3", 13_659, "6bbe2b08645fb81df59bc7f76aff00b0"),
    ("v0.6.6", 19_868, "279f8c48727c3958e26abc06b4a21aef"),
    ("fixed", 18548, "6b1ed1d196f22db62e5be34de240bd87"),
];

#[test]
fn every_build_comes_to_the_pinned_digests() {
    let said = Place::new().run(&["fuzz", "--format", "json", "--runs", "2000"]).ended(0);
    let variants = said.events("variant");
    let found: Vec<(&str, u64, &str)> = variants
        .iter()
        .map(|line| {
            let text = |field: &str| line[field].as_str().expect("a text");
            (text("variant"), line["steps"].as_u64().expect("a number"), text("digest"))
        })
        .collect();
    assert_eq!(found, PINNED);
}
