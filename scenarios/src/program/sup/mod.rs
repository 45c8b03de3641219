//! Programs of kind `sup`: a tree of supervisors, and what is done to it, step by step.
//!
//! [`SupProgram`] is what the file says. One interpreter executes it over the supervisors of
//! [`atropos::process::otp`]; a tracer, whom children call from their `init` and `terminate`, keeps
//! what happened in the order of cause and effect. [`observed`] tells what came of a run in the words
//! in which the BEAM vectors tell it.

mod interpret;
mod model;
mod observe;

pub use model::{
    AutoShutdown, Call, Node, Op, PATIENCE, Restart, Shutdown, Step, Strategy, SupProgram, What,
};
pub use observe::{canonical, observed};

use super::explore::{self, Bounds, Explored};
use atropos::{
    plan::Conditions,
    process::{Profile, Questions},
};
use std::rc::Rc;

impl SupProgram {
    /// Explores all schedules of the program under a profile, merged where they lead to the same
    /// state.
    pub fn explore_under(
        &self,
        profile: &'static Profile,
        conditions: &Conditions,
        bounds: Bounds,
    ) -> Explored {
        // Who counts children asks whether they live.
        let questions = match self.counts_or_links() {
            true => Questions::Ties,
            false => Questions::Nothing,
        };
        let program = Rc::new(self.clone());
        explore::outcomes(
            profile,
            conditions,
            bounds,
            |world| {
                world.expect(questions);
                interpret::start(world, &program);
            },
            |world| canonical(self, &observed(self, world)),
        )
    }
}
