//! The rules of tokio, observed on an older tokio.

#[path = "../../tests/tokio_rules/compare.rs"]
mod compare;
#[path = "../../tests/tokio_rules/real.rs"]
mod facade;
#[path = "../../tests/tokio_rules/suite/mod.rs"]
mod suite;

#[test]
fn every_vector_is_what_tokio_does() {
    compare::check("1.47.1");
}
