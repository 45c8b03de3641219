//! Where a regression no longer fits, for people: which step, who was expected, who could run.

use super::{ForPeople, Regression};
use atropos::{
    decisions::{Decision, Divergence, Mismatch},
    name::Name,
    script::Called,
};

/// Of more movers only the first are named.
const NAMED: usize = 12;

/// What does not fit.
pub(super) fn explain(regression: &Regression, divergence: &Divergence, called: &Called) -> String {
    let step = divergence.step;
    let expected = expected(regression, step);
    match &divergence.mismatch {
        Mismatch::NotRunnable { runnable, .. } => {
            let named = runnable.iter().take(NAMED).map(|name| with_name(&called.call(name), name));
            let named = named.collect::<Vec<_>>().join(", ");
            let more = match runnable.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "step {step}: expected {expected}, but it cannot move; could run: {named}{more}"
            )
        }
        Mismatch::RunEnded => {
            format!("step {step}: expected {expected}, but the run has ended; nobody could run")
        }
        mismatch => format!("step {step}: expected {expected}, but {mismatch}"),
    }
}

/// The decision of a step, counted from 1.
fn expected(regression: &Regression, step: u64) -> String {
    let at = (step as usize).saturating_sub(1);
    let Some(Decision { who, kind, .. }) = regression.script.decisions.get(at) else {
        return "the end".to_owned();
    };
    let ForPeople { called, why } = &regression.people[at];
    let who = with_name(called, who);
    match why.as_str() {
        "" => format!("{who}: {kind}"),
        why => format!("{who}: {kind}, {why}"),
    }
}

fn with_name(called: &str, name: &Name) -> String {
    let name = name.to_string();
    match called {
        "" => name,
        called if called == name => name,
        called => format!("{called} ({name})"),
    }
}
