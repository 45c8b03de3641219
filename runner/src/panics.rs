//! Panics: those of bodies are verdicts and stay silent; ours are bugs and say so.

use std::{
    any::Any,
    backtrace::Backtrace,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::Mutex,
    thread,
};

/// The last panic of each thread that has a name.
static LAST: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// Silences the default message of panics, or adds a backtrace to each.
pub(crate) fn quiet(verbose: bool) {
    panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        if verbose {
            let backtrace = Backtrace::force_capture();
            crate::output::complain(&format!("{text}\n{backtrace}"));
        }
        if let (Ok(mut last), Some(name)) = (LAST.lock(), thread::current().name()) {
            last.insert(name.to_owned(), text);
        }
    }));
}

/// Runs the command; a panic that nobody caught comes back as a text. Give the thread a name: the
/// bodies of other threads panic all the time.
pub(crate) fn guard<T>(command: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(command)).map_err(|payload| {
        let name = thread::current().name().unwrap_or_default().to_owned();
        let last = LAST.lock().ok().and_then(|last| last.get(&name).cloned());
        let text = last.unwrap_or_else(|| message(&*payload));
        format!("a bug of Atropos, or of a scenario outside its bodies: {text}")
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
