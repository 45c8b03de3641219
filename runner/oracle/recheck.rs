//! Suspects again, alone: a busy machine delays a process for longer than the reference interpreter
//! waits, and what it then sees is not what the program did.

use crate::{
    args::Args,
    beam::{Answer, Beam},
    campaign::{Found, Suspect},
};
use atropos_runner::{Stop, counted, remark};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// How often a suspect is run again.
pub(crate) const TRIES: usize = 3;
/// How many suspects are run again; more are no accident.
pub(crate) const MOST: usize = 100;

/// The suspects, judged.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Outside each time.
    pub(crate) disagreements: Vec<Suspect>,
    /// Inside at least once when run alone; with how often it was outside. One that recurs deserves
    /// a look: the simulator may lack an outcome of a race.
    pub(crate) flukes: Vec<(Suspect, usize)>,
    /// Not run again: too many, or interrupted.
    pub(crate) unjudged: Vec<Suspect>,
}

/// Runs the suspects again, one after another, with nothing beside them.
pub(crate) fn run(
    args: &Args,
    found: &mut Found,
    beam: &Beam,
    interrupted: &AtomicBool,
) -> Result<Judged, Stop> {
    let mut judged = Judged::default();
    let suspects = std::mem::take(&mut found.suspects);
    if !suspects.is_empty() {
        let suspects = counted(suspects.len() as u64, "outcome", "outcomes");
        remark(&format!("  {suspects} outside, running these programs again, alone"));
    }
    for (at, suspect) in suspects.into_iter().enumerate() {
        let outside = match at < MOST && !interrupted.load(Relaxed) {
            true => times_outside(args, &suspect, beam, interrupted)?,
            false => None,
        };
        match outside {
            Some(TRIES) => judged.disagreements.push(suspect),
            Some(times) => judged.flukes.push((suspect, times)),
            None => judged.unjudged.push(suspect),
        }
    }
    Ok(judged)
}

/// How many of the runs give an outcome outside; `None` if that was not seen to its end.
fn times_outside(
    args: &Args,
    suspect: &Suspect,
    beam: &Beam,
    interrupted: &AtomicBool,
) -> Result<Option<usize>, Stop> {
    let (program, value) = (args.program(suspect.index), args.value(suspect.index));
    let mut times = 0;
    for _ in 0..TRIES {
        let answer = beam.run(std::slice::from_ref(&value), interrupted)?.pop().flatten();
        let Some(Answer::Observed(observed)) = answer else { return Ok(None) };
        let inside = suspect.reached.contains(&program.canonical(&observed));
        times += usize::from(!inside);
    }
    Ok(Some(times))
}
