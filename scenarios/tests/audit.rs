//! The footprint audit over the stories: what claims to be independent commutes.

use atropos::{
    check::audit::{Audit, audit},
    hunt::Hunt,
    invariant::Invariants,
    plan::Spec,
    scenario::Scenario,
    world::World,
};
use atropos_scenarios::{
    ash_limiter::AshLimiter, atomvm_links::AtomvmLinks, kv_registry::KvRegistry,
    restate_join::RestateJoin,
};

/// Audits the runs of some blocks of each variant of a scenario.
fn audited<S: Scenario>(scenario: &S, spec: Spec, blocks: u64) -> Audit {
    let mut all = Audit::default();
    for variant in scenario.variants() {
        let hunt = Hunt::new(scenario, variant, spec);
        let mut world = scenario.world(variant);
        let invariants = Invariants::new(scenario.invariants(variant));
        for block in 0..blocks {
            let workload = hunt.workload(block);
            for mut plan in spec.block(block).into_iter().take(16) {
                plan.conditions = atropos::scenario::conditions(scenario, variant, plan.conditions);
                let start = |world: &mut S::World| {
                    world.reset(&plan.conditions, plan.strategy.wants_arrivals());
                    scenario.start(variant, &workload, world);
                };
                match audit(&mut world, &invariants, &plan, start) {
                    Ok(Audit { steps, swapped }) => {
                        all.steps += steps;
                        all.swapped += swapped;
                    }
                    Err(lie) => panic!("{}, {plan}, {workload:?}: {lie:#?}", variant.name),
                }
            }
        }
    }
    all
}

#[test]
fn footprints_of_the_atomvm_links_do_not_lie() {
    let Audit { swapped, .. } = audited(&AtomvmLinks, Spec::default(), 400);
    assert!(swapped > 30_000, "only {swapped} pairs were swapped: the audit shows little");
}

#[test]
fn footprints_of_the_ash_limiter_do_not_lie() {
    let spec = Spec { step_limit: 1_000, ..Spec::default() };
    let Audit { swapped, .. } = audited(&AshLimiter, spec, 4);
    assert!(swapped > 5_000, "only {swapped} pairs were swapped: the audit shows little");
}

#[test]
fn footprints_of_the_kv_registry_do_not_lie() {
    let Audit { swapped, .. } = audited(&KvRegistry, Spec::default(), 20);
    assert!(swapped > 30_000, "only {swapped} pairs were swapped: the audit shows little");
}

#[test]
fn footprints_do_not_lie_under_faults() {
    let spec = Spec { faults: 2, ..Spec::default() };
    assert!(audited(&AtomvmLinks, spec, 200).swapped > 5_000);
    assert!(audited(&KvRegistry, spec, 10).swapped > 5_000);
}

#[test]
fn footprints_of_the_restate_server_do_not_lie() {
    let Audit { swapped, .. } = audited(&RestateJoin, Spec::default(), 40);
    assert!(swapped > 1_000, "only {swapped} pairs were swapped: the audit shows little");
}
