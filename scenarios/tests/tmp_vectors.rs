//! tmp

use atropos_scenarios::program::conform::{Vector, Verdict};
#[test]
fn tmp() {
    let text = std::fs::read_to_string("/work/shared/conformance/beam/vectors_public.jsonl").unwrap();
    let (mut p, mut f, mut s) = (0, 0, 0);
    for line in text.lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        match Vector::from_value(&v) {
            Err(e) => { s += 1; if !e.to_string().contains("later") { eprintln!("{}: {e}", v["id"]); } }
            Ok(vec) => match vec.judge(Default::default()) {
                Verdict::Passed { extra } => { p += 1; if !extra.is_empty() { eprintln!("{} extra {}", v["id"], extra.len()); } }
                other => { f += 1; eprintln!("{}: {other:#?}", v["id"]); }
            },
        }
    }
    eprintln!("{p} passed {f} failed {s} skipped");
}
