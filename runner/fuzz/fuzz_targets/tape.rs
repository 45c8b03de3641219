//! The libFuzzer target: bytes are a run of the stories, decision by decision.
//!
//! It ends with a report and a token when a run violates what its variant is not there for. With
//! `ATROPOS_VARIANT=scenario/variant` only that variant is played and any violation counts: so one
//! can watch libFuzzer find a bug. `ATROPOS_FAULTS=N` allows N faults a run.

#![no_main]

use atropos_runner::{Asked, fuzz_one};
use libfuzzer_sys::fuzz_target;
use std::{panic, process, sync::OnceLock};

/// What the environment asks.
static ASKED: OnceLock<(Option<String>, u32)> = OnceLock::new();

#[expect(clippy::disallowed_methods, reason = "libFuzzer owns the command line")]
fn asked() -> (Option<String>, u32) {
    let variable = |name| std::env::var(name).ok();
    let faults = variable("ATROPOS_FAULTS").map(|text| {
        text.parse().unwrap_or_else(|_| refuse("ATROPOS_FAULTS is no number"))
    });
    (variable("ATROPOS_VARIANT"), faults.unwrap_or(0))
}

#[expect(clippy::disallowed_methods, reason = "no run was played: this is no finding")]
fn refuse(why: &str) -> ! {
    eprintln!("error: {why}");
    process::exit(2)
}

/// A body that panics is a verdict. The hook of libFuzzer would end the process instead.
fn keep_panics() {
    drop(panic::take_hook());
    panic::set_hook(Box::new(|_| {}));
}

fn play(data: &[u8]) {
    let (variant, faults) = ASKED.get_or_init(asked);
    let asked = Asked { variant: variant.as_deref(), faults: *faults };
    let catalog = atropos_scenarios::catalog();
    let attempt = || fuzz_one(&catalog, asked, data);
    let played = panic::catch_unwind(panic::AssertUnwindSafe(attempt));
    match played {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(report))) => end(&report),
        Ok(Err(stop)) => refuse(&stop.to_string()),
        Err(bug) => {
            let text = bug.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| bug.downcast_ref::<&str>().copied());
            end(&format!("a bug of Atropos: {}", text.unwrap_or("a panic")));
        }
    }
}

/// Says what was found and ends as libFuzzer expects it of a crash.
fn end(report: &str) -> ! {
    eprintln!("{report}");
    process::abort()
}

fuzz_target!(init: keep_panics(), |data: &[u8]| play(data));
