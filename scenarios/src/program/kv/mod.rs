//! Programs of kind `kv`: the store of the Elixir guide, and what is done to it, step by step.
//!
//! [`KvProgram`] is what the file says. One interpreter executes it over the bodies of the story
//! `kv-registry`; [`observed`] tells what came of a run in the words in which the BEAM vectors tell
//! it.

mod interpret;
mod model;
mod observe;

pub use model::{KvProgram, Owner, Step};
pub use observe::{canonical, observed};

use super::explore::{self, Bounds, Explored};
use atropos::{
    plan::Conditions,
    process::{Profile, Questions},
};
use std::rc::Rc;

impl KvProgram {
    /// Explores all schedules of the program under a profile, merged where they lead to the same
    /// state.
    pub fn explore_under(
        &self,
        profile: &'static Profile,
        conditions: &Conditions,
        bounds: Bounds,
    ) -> Explored {
        let program = Rc::new(self.clone());
        explore::outcomes(
            profile,
            conditions,
            bounds,
            |world| {
                // Whoever tells the state of the store asks which buckets live.
                world.expect(Questions::Ties);
                interpret::start(world, &program);
            },
            |world| canonical(&observed(self, world)),
        )
    }
}
