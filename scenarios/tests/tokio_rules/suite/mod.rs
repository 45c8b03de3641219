//! The rules of tokio as programs, one for each vector. They know tokio only through `crate::facade`, so
//! that the same bodies run on tokio itself and in the task world.

mod channels;
mod comb;
mod coop;
mod cost;
mod join_set;
mod life;
mod local;
mod runtime;
mod sync;
mod time;
mod tools;
mod tracker;

use serde_json::Value;

/// The name of a vector, and the program that it tells.
pub(crate) type Rule = (&'static str, fn() -> Value);

pub(crate) fn rules() -> Vec<Rule> {
    [
        channels::RULES,
        comb::RULES,
        coop::RULES,
        cost::RULES,
        join_set::RULES,
        life::RULES,
        local::RULES,
        runtime::RULES,
        sync::RULES,
        time::RULES,
        tracker::RULES,
    ]
    .concat()
}
