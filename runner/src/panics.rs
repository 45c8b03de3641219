//! Panics: those of bodies are verdicts and stay silent; ours are bugs and say so.

use std::{
    backtrace::Backtrace,
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
};

static LAST: Mutex<String> = Mutex::new(String::new());

/// Silences the default message of panics, or adds a backtrace to each.
pub(crate) fn quiet(verbose: bool) {
    panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        if verbose {
            let backtrace = Backtrace::force_capture();
            crate::output::complain(&format!("{text}\n{backtrace}"));
        }
        if let Ok(mut last) = LAST.lock() {
            *last = text;
        }
    }));
}

/// Runs the command; a panic that nobody caught comes back as a text.
pub(crate) fn guard<T>(command: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(command)).map_err(|_| {
        let last = LAST.lock().map(|last| last.clone()).unwrap_or_default();
        format!("a bug of Atropos, please report it: {last}")
    })
}
