//! The rules of tokio in the simulated world of tasks: the suite that holds of tokio itself.

#[path = "tokio_rules/compare.rs"]
mod compare;
#[path = "tokio_rules/world.rs"]
mod facade;
#[path = "tokio_rules/suite/mod.rs"]
mod suite;

use atropos::task::{TOKIO_1_47, TOKIO_1_54};

#[test]
fn every_vector_is_what_the_world_does() {
    facade::use_profile(&TOKIO_1_54);
    compare::check("1.54.1");
}

#[test]
fn and_under_the_rules_of_the_older_release() {
    facade::use_profile(&TOKIO_1_47);
    compare::check("1.47.1");
}
