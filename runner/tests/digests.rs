//! The digests of a fixed campaign, pinned: debug and release builds, this machine and every other
//! must come to the same.
//!
//! They change with the semantics of a world or of a scenario, with the drawing of
//! workloads and schedules (ChaCha, proptest's generators), and with the form of the trace. A change
//! of any of these says so in its commit and pins the new values. They never change with the
//! compiler, the profile, the platform, the number of threads or a change of speed.

mod common;

use common::Place;

/// The variant, steps and digest of `atropos fuzz --runs 2000`, in the order of the catalogue.
const PINNED: [(&str, u64, &str); 37] = [
    ("v0.6.2", 12_341, "7c243a2197ecd0d662f7daef4d433dc5"),
    ("v0.6.3", 13_659, "6bbe2b08645fb81df59bc7f76aff00b0"),
    ("v0.6.6", 19_868, "279f8c48727c3958e26abc06b4a21aef"),
    ("fixed", 18_550, "b96c691fb488f71b78be042edc728897"),
    ("v3.5.24", 362_046, "2b3c13574fd7bf1b8dae94bcea8d632f"),
    ("first-fix", 362_046, "2b3c13574fd7bf1b8dae94bcea8d632f"),
    ("v3.5.26", 424_873, "26b274d6a0e56443ce573cb850f24bbf"),
    ("release-after-stop", 525_763, "b7487a18f7a655b2869a15b04103559b"),
    ("stop-dead", 308_123, "fea3a145602958416099088f12c7f720"),
    ("alive-then-call", 324_574, "e845fc0b527004e38d3bc8b953336d21"),
    ("release-at-spawn", 424_873, "26b274d6a0e56443ce573cb850f24bbf"),
    ("busy-wait", 3_517_855, "7e110c0151532601944364ea5798c85e"),
    ("normal-exit-leak", 497_106, "a2f17f9fec7b24cb19f54dd8a24d4729"),
    ("fixed", 322_014, "ce8b0bbdc9e0fc59f1dcd3781fff0607"),
    ("linked", 104_944, "4928685f16c79e790ba3656b71625f1b"),
    ("permanent", 152_597, "86bc2485f75037ac3526cd4639d8da2f"),
    ("transient", 152_012, "e2135cc29ee70127cda9b26a268263b4"),
    ("one-for-one", 136_007, "d68f0d67552bfc0d39de7a1ac003c80d"),
    ("rest-for-one-supervisor-first", 136_007, "d68f0d67552bfc0d39de7a1ac003c80d"),
    ("registry-first", 95_468, "f98b9debb5e26e0e8f0b5fb57dd364b0"),
    ("rest-for-one-registry-first", 98_119, "3966ec9e2c3a342ec9597158e6064121"),
    ("no-monitor", 147_282, "15147d1b7186247a43d07e03336a55b4"),
    ("stop-then-lookup", 241_267, "fe912884c901cf7f41160e9f1b221f05"),
    ("synchronous-call", 267_399, "b7252863046d1317a89daf6a543c299f"),
    ("guide", 154_390, "8d90cea46be3f15e3a7d95400e887078"),
    ("v1.2.0", 111_242, "a0d0b04314494c245cff6a38b97da857"),
    ("forgotten-attempt", 101_489, "aaab30a0493fc53754a8750cb99043ab"),
    ("noop-waker", 137_304, "001ea1d74a17f1cf8d3a014440c9b35c"),
    ("v1.2.2", 147_572, "78d0d5fa96f03eba153c2402950b5bec"),
    ("no-reference", 36_013, "cf7d79d09eb82c0ef393b057f4dc6acb"),
    ("v0.12.17", 48_381, "b184177868893fda844a25f2aa1a0f00"),
    ("v0.12.18", 57_750, "4e8003e253e78900dcd60124768ba2aa"),
    ("forgotten-consumer", 114_653, "db06ef40be9e62ad940eb769316615bd"),
    ("await-in-finally", 50_722, "d434eac924e1a7703739d063e923ab77"),
    ("unretrieved", 79_791, "cb677d220a93d6111264e367116b5adb"),
    ("background-set", 85_177, "03b88cb636e6b19314e15dacf369512c"),
    ("task-group", 89_334, "f1486d2e795dbd9d54f6516c7e6e4f81"),
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
