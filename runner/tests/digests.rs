//! The digests of a fixed campaign, pinned: debug and release builds, this machine and every other
//! must come to the same.
//!
//! They change with the semantics of the process world or of a scenario, with the drawing of
//! workloads and schedules (ChaCha, proptest's generators), and with the form of the trace. A change
//! of any of these says so in its commit and pins the new values. They never change with the
//! compiler, the profile, the platform, the number of threads or a change of speed.

mod common;

use common::Place;

/// The variant, steps and digest of `atropos fuzz --runs 2000`: those of atomvm-links, then those of
/// ash-limiter.
const PINNED: [(&str, u64, &str); 14] = [
    ("v0.6.2", 12_341, "7c243a2197ecd0d662f7daef4d433dc5"),
    ("v0.6.3", 13_659, "6bbe2b08645fb81df59bc7f76aff00b0"),
    ("v0.6.6", 19_868, "279f8c48727c3958e26abc06b4a21aef"),
    ("fixed", 18548, "6b1ed1d196f22db62e5be34de240bd87"),
    ("v3.5.24", 362_047, "813d3cf42c2b8b14e87edbed4cf92d1c"),
    ("first-fix", 362_047, "813d3cf42c2b8b14e87edbed4cf92d1c"),
    ("v3.5.26", 424_871, "e8a08cb9d53c16e96cc5c59ab73885e3"),
    ("release-after-stop", 525_763, "951e331e64363d7f1f8b399065bcf5bb"),
    ("stop-dead", 309_209, "41758f8871c3cde8846fe74a04c3be5b"),
    ("alive-then-call", 326_073, "efa3220c1a7669d90ccf8fd56b2824ac"),
    ("release-at-spawn", 424_871, "e8a08cb9d53c16e96cc5c59ab73885e3"),
    ("busy-wait", 3_517_855, "7e110c0151532601944364ea5798c85e"),
    ("normal-exit-leak", 497_106, "f396b48d14eef049dc389262f296dd7d"),
    ("fixed", 323_183, "dd8e2d9e6713b2d9ae31d9a243760b2a"),
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
