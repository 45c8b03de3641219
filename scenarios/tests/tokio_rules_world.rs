//! The rules of tokio in the simulated world of tasks: the suite that holds of tokio itself.

#[path = "tokio_rules/compare.rs"]
mod compare;
#[path = "tokio_rules/world.rs"]
mod facade;
#[path = "tokio_rules/suite/mod.rs"]
mod suite;

/// One test, since the release is one for the whole program.
#[test]
fn every_vector_is_what_the_world_does() {
    for (profile, version) in [("tokio-1.54", "1.54.1"), ("tokio-1.47", "1.47.1")] {
        facade::use_profile(profile);
        compare::check(version);
    }
}
