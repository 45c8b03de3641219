//! What the callback module of a supervisor says: its flags and its children.

use crate::process::{
    Ctx, Raise, Term,
    otp::child::{ChildSpec, Restart, StartFunctions},
};
use std::future::Future;

/// Who is started again with a child that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// That child alone.
    OneForOne,
    /// All children.
    OneForAll,
    /// That child and those that were started after it.
    RestForOne,
}

/// Whether a supervisor ends when significant children have ended by themselves (OTP 24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// It does not.
    Never,
    /// When one of them has.
    AnySignificant,
    /// When the last of them has.
    AllSignificant,
}

/// The flags of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Who is started again.
    pub strategy: Strategy,
    /// So many restarts within the period are allowed.
    pub intensity: u32,
    /// In s, from 1.
    pub period: u32,
    /// Whether it ends with its significant children.
    pub auto_shutdown: AutoShutdown,
}

/// One restart in 5 s: OTP's defaults.
impl Default for Flags {
    fn default() -> Self {
        let (strategy, auto_shutdown) = (Strategy::OneForOne, AutoShutdown::Never);
        Flags { strategy, intensity: 1, period: 5, auto_shutdown }
    }
}

/// The callback module of a supervisor.
pub trait Tree: StartFunctions {
    /// `init/1`: the flags, and the children in the order of their start.
    fn init(&self, ctx: &Ctx) -> impl Future<Output = Result<(Flags, Vec<ChildSpec>), Raise>>;
}

/// `supervisor:check_childspec/2`: what may be wrong with a specification of this shape.
pub(super) fn check(ctx: &Ctx, spec: &ChildSpec, auto_shutdown: AutoShutdown) -> Result<(), Term> {
    let combined = |key: &str, value: &str| {
        let pair = |key: &str, value: &str| ctx.tuple(&[ctx.atom(key), ctx.atom(value)]);
        let both = ctx.list(&[pair(key, value), pair("significant", "true")]);
        Err(ctx.tuple(&[ctx.atom("bad_combination"), both]))
    };
    match (spec.significant, auto_shutdown, spec.restart) {
        (true, AutoShutdown::Never, _) => combined("auto_shutdown", "never"),
        (true, _, Restart::Permanent) => combined("restart", "permanent"),
        _ => Ok(()),
    }
}

/// `supervisor:check_startspec/2`
pub(super) fn check_all(
    ctx: &Ctx,
    specs: &[ChildSpec],
    auto_shutdown: AutoShutdown,
) -> Result<(), Term> {
    for (at, spec) in specs.iter().enumerate() {
        check(ctx, spec, auto_shutdown)?;
        if specs[..at].iter().any(|earlier| earlier.id == spec.id) {
            return Err(ctx.tuple(&[ctx.atom("duplicate_child_name"), spec.id]));
        }
    }
    Ok(())
}
