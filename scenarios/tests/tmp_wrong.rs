//! tmp
use atropos_scenarios::program::conform::{Vector, Verdict};
use atropos::process::{Profile, OTP_25, Wrong};
#[test]
fn tmp() {
    let text = std::fs::read_to_string("/work/shared/conformance/beam/vectors_public.jsonl").unwrap();
    let vectors: Vec<Vector> = text.lines().filter_map(|l| Vector::from_value(&serde_json::from_str(l).unwrap()).ok()).collect();
    for wrong in Wrong::ALL {
        let profile: &'static Profile = Box::leak(Box::new(Profile { wrong: Some(wrong), ..OTP_25 }));
        let caught: Vec<String> = vectors.iter().filter(|v| !matches!(v.judge_under(profile, Default::default()), Verdict::Passed { .. })).map(|v| v.program.id.clone()).collect();
        eprintln!("{wrong:?}: {} {}", if caught.is_empty() { "NOT CAUGHT" } else { "" }, caught.join(" "));
    }
}
