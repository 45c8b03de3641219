//! Playing a regression strictly.

use super::{Resolved, stale};
use crate::exit::{Exit, Stop};
use atropos::script::Followed;

/// What came of a regression.
pub(crate) struct Played {
    /// The run.
    pub(crate) run: Followed,
    /// Where it no longer fits, if it does not.
    pub(crate) stale: Option<String>,
}

/// Plays a regression by names.
///
/// # Errors
/// If the scenario refuses it, which reading has ruled out.
pub(crate) fn play(resolved: &Resolved<'_>) -> Result<Played, Stop> {
    let Resolved { subject, regression, .. } = resolved;
    let run = subject.follow(&regression.script).map_err(|why| {
        Stop::new(Exit::Usage, format!("{} cannot be played: {why:?}", regression.name()))
    })?;
    let divergence = run.replay.divergence.as_ref();
    let stale = divergence.map(|divergence| stale::explain(regression, divergence, &run.called));
    Ok(Played { run, stale })
}
