//! Which end of a child calls for a restart, and how many restarts are too many.

use super::child::Restart;
use crate::process::{Ctx, Shape, Term, Wrong};

/// What becomes of a child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is started again.
    Again,
    /// It is left as it is.
    Gone,
}

/// `supervisor:do_restart/3` and `DynamicSupervisor.maybe_restart_child/5`, a clause a row: the
/// restart type, the fate after an end that was asked for, and after any other.
const FATES: [(Restart, Fate, Fate); 3] = [
    (Restart::Permanent, Fate::Again, Fate::Again),
    (Restart::Transient, Fate::Gone, Fate::Again),
    (Restart::Temporary, Fate::Gone, Fate::Gone),
];

/// What becomes of a child with this restart type that ended for this reason.
pub(super) fn fate(ctx: &Ctx, restart: Restart, reason: Term) -> Fate {
    let row = FATES.iter().find(|&&(of, ..)| of == restart);
    let &(_, asked_for, other) = row.expect("each restart type has a row");
    if is_asked_for(ctx, reason) { asked_for } else { other }
}

/// `normal`, `shutdown`, `{shutdown, _}`.
fn is_asked_for(ctx: &Ctx, reason: Term) -> bool {
    if ctx.is_wrong(Wrong::TransientAfterShutdown) {
        return reason == Term::NORMAL;
    }
    let shutdown = |shape: Shape<'_>| match shape {
        Shape::Tuple(parts) => matches!(*parts, [word, _] if word == Term::SHUTDOWN),
        _ => false,
    };
    reason == Term::NORMAL || reason == Term::SHUTDOWN || ctx.look(reason, shutdown)
}

/// The restarts of a supervisor that still count, in s of virtual time, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restarts(Vec<u64>);

impl Restarts {
    /// One more, now; false if there are more than `intensity` within the last `period` s, the
    /// bounds included: `supervisor:add_restart/1`, which counts in whole seconds of
    /// `erlang:monotonic_time/1`.
    pub(super) async fn add(&mut self, ctx: &Ctx, intensity: u32, period: u32) -> bool {
        let now = ctx.monotonic_time().await / 1_000;
        let forgets = !ctx.is_wrong(Wrong::RestartsNeverForgotten);
        self.0.retain(|&then| now <= then + u64::from(period) || !forgets);
        self.0.insert(0, now);
        self.0.len() <= intensity as usize + usize::from(ctx.is_wrong(Wrong::OneRestartTooMany))
    }

    pub(super) fn term(&self, ctx: &Ctx) -> Term {
        let seconds: Vec<Term> = self.0.iter().map(|&s| Term::int(s as i64)).collect();
        ctx.list(&seconds)
    }
}
