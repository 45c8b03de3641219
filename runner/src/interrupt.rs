//! Ctrl-C: the first ends what is at work in order, a second one ends the process.

use crate::exit::{Exit, Stop};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// A flag that Ctrl-C sets. A second Ctrl-C ends the process at once.
///
/// # Errors
/// If the signal cannot be watched, or is watched already.
#[expect(clippy::disallowed_methods, reason = "a second Ctrl-C means now")]
pub fn watch_interrupt() -> Result<Arc<AtomicBool>, Stop> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        if flag.swap(true, Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
    })
    .map_err(|error| Stop::new(Exit::Tool, format!("cannot watch for Ctrl-C: {error}")))?;
    Ok(interrupted)
}
