//! The rules of tokio, observed on tokio itself: what the task world is held to is true of the real one.

#[path = "tokio_rules/compare.rs"]
mod compare;
#[path = "tokio_rules/real.rs"]
mod facade;
#[path = "tokio_rules/suite/mod.rs"]
mod suite;

#[test]
fn every_vector_is_what_tokio_does() {
    compare::check("1.54.1");
}
