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
    ("v0.6.2", 12_341, "630b8bffd5183535f0852f1bdbf1550b"),
    ("v0.6.3", 13_659, "5d510be415a69a1de67219f7482c4020"),
    ("v0.6.6", 20_006, "d96ceac17a6098a051c63e2cce096131"),
    ("fixed", 19_239, "c5d670186155918738cac472e083302b"),
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
