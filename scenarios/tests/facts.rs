//! What the tellings of the stories say is true: for a story each, facts at a step that is known.

mod story;

use atropos::{
    case::Case,
    facts::Fact,
    plan::Spec,
    scenario::{Scenario, variant},
    shrink::{self, Effort},
    told::{Told, told},
};
use atropos_scenarios::{
    ash_limiter::AshLimiter, atomvm_links::AtomvmLinks, kv_registry::KvRegistry,
    llama_chat::LlamaChat, restate_join::RestateJoin,
};
use story::first_found;

/// The smallest violation of an invariant by a variant, told.
fn smallest<S: Scenario>(scenario: &S, name: &str, invariant: &str) -> (Case, Told) {
    let variant = variant(scenario, name).expect("a variant of the story");
    let mut found = first_found(scenario, variant, Spec::seeded(0), 0..16);
    let found = found.remove(invariant).expect("it is found in a thousand runs");
    let case = shrink::shrink(scenario, found, Effort::default()).found.case;
    let told = told(scenario, &case).expect("a case of the story");
    (case, told)
}

/// The last step with a line that begins so.
fn step_of(told: &Told, beginning: &str) -> u32 {
    let entries = told.timeline.entries.iter().rev();
    let mut lines = entries.filter(|entry| entry.line.text.starts_with(beginning));
    let shown = || told.timeline.to_string();
    lines.next().unwrap_or_else(|| panic!("no line begins with {beginning:?}\n{}", shown())).step
}

#[track_caller]
fn has(facts: &[Fact], kind: &str, is_it: impl Fn(&Fact) -> bool) {
    let found = facts.iter().any(|fact| fact.kind == kind && is_it(fact));
    assert!(found, "no such {kind} among {facts:#?}");
}

#[test]
fn of_ash_the_handle_is_dead_when_it_is_used() {
    let (case, told) = smallest(&AshLimiter, "v3.5.24", "no-stale-pid");
    let used = case.tape.steps() as u32;
    let dead = |fact: &Fact| fact.dead && fact.text.contains("limiter#");
    has(&told.facts_after(used), "handle", dead);
    let died = step_of(&told, "✗ exit");
    assert!(told.past_of(used).contains(&died), "the death in step {died} led to the use");
    has(&told.facts_after(died - 1), "alive", |fact| {
        fact.who.starts_with("limiter#") && !fact.dead
    });
}

#[test]
fn of_atomvm_a_link_to_the_dead_stays() {
    let (case, told) = smallest(&AtomvmLinks, "v0.6.3", "no-link-to-dead");
    has(&told.facts_after(case.tape.steps() as u32), "link", |fact| fact.dead);
}

#[test]
fn of_the_registry_the_end_of_a_bucket_dooms_it() {
    let (case, told) = smallest(&KvRegistry, "linked", "registry-survives");
    let facts = told.facts_after(case.tape.steps() as u32);
    has(&facts, "alive", |fact| {
        fact.who.starts_with("registry#") && fact.text.starts_with("about to die")
    });
    has(&facts, "alive", |fact| fact.who.starts_with("bucket#") && fact.dead);
}

#[test]
fn of_restate_the_budget_is_used_up_although_the_task_has_ended() {
    let (_, told) = smallest(&RestateJoin, "v1.2.0", "no-panic");
    let forced = step_of(&told, "✗ no budget left");
    let facts = told.facts_after(forced);
    has(&facts, "budget", |fact| fact.dead);
    has(&facts, "alive", |fact| fact.dead);
}

#[test]
fn of_llama_nothing_holds_the_task() {
    let (_, told) = smallest(&LlamaChat, "no-reference", "no-pending-task-collected");
    let lost = step_of(&told, "✗ nothing holds it");
    has(&told.facts_after(lost), "heap", |fact| fact.dead);
    let before: Vec<Fact> = (1..lost).flat_map(|step| told.facts_after(step)).collect();
    let timer = |fact: &Fact| !fact.dead && fact.text.starts_with("the loop: a timer → ");
    has(&before, "heap", timer);
}
