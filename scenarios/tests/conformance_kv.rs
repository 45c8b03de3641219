//! The store of the Elixir guide against what the real BEAM did.

mod common;

use atropos_scenarios::program::{conform::Verdict, explore::Bounds, kv::KvVector};
use common::lines;
use std::collections::BTreeSet;

#[test]
fn every_public_vector_of_kind_kv_passes() {
    let vectors = lines("vectors_public.jsonl");
    let mut passed = 0;
    for value in vectors.iter().filter(|value| value["kind"] == "kv") {
        let id = value["id"].as_str().expect("a vector has an id");
        let vector = KvVector::from_value(value).unwrap_or_else(|error| panic!("{id}: {error}"));
        let verdict = vector.judge(Bounds::default());
        assert_eq!(verdict, Verdict::Passed { extra: BTreeSet::new() }, "{id}");
        passed += 1;
    }
    assert_eq!(passed, 17, "vectors of kind kv");
}
