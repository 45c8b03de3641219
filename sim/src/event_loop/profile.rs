//! Which release of CPython the event-loop world stands for: where they differ, as data.
//!
//! Of 78 programs run on 3.11, 3.12 and 3.13, three differ: agen-03, eager-01, eager-02.

use serde::Serialize;

/// The rules that differ between releases.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Profile {
    /// Its name, `cpython-3.11`.
    pub name: &'static str,
    /// `eager_task_factory` is there (gh-97696, 3.12).
    pub has_eager_tasks: bool,
    /// Closing who is suspended inside an asynchronous generator closes that, too; before, it stayed
    /// "already running" for ever (agen-03; gh-121905 and its kin, 3.13).
    pub close_reaches_generator: bool,
    /// `wait_for` is `timeout` around an await, in the task at hand (gh-96764, 3.12).
    pub wait_for_is_timeout: bool,
    /// `uncancel` down to 0 takes a cancellation back that was not delivered yet (gh-117407, 3.13).
    pub uncancel_takes_back: bool,
    /// A task group that fails cancels its parent again if somebody else had cancelled that
    /// (gh-116720, 3.13).
    pub group_keeps_cancellation: bool,
    /// `gather` counts those that are done already at once, and no longer in the next turn (gh-97696,
    /// 3.12).
    pub gather_counts_at_once: bool,
    /// A semaphore that is released wakes as many as it has permits for (gh-114827 and its kin, 3.13).
    pub semaphore_wakes_all: bool,
}

/// CPython 3.11.
pub static CPYTHON_3_11: Profile = Profile {
    name: "cpython-3.11",
    has_eager_tasks: false,
    close_reaches_generator: false,
    wait_for_is_timeout: false,
    uncancel_takes_back: false,
    group_keeps_cancellation: false,
    gather_counts_at_once: false,
    semaphore_wakes_all: false,
};

/// CPython 3.12.
pub static CPYTHON_3_12: Profile = Profile {
    name: "cpython-3.12",
    has_eager_tasks: true,
    wait_for_is_timeout: true,
    gather_counts_at_once: true,
    ..CPYTHON_3_11
};

/// CPython 3.13.
pub static CPYTHON_3_13: Profile = Profile {
    name: "cpython-3.13",
    close_reaches_generator: true,
    uncancel_takes_back: true,
    group_keeps_cancellation: true,
    semaphore_wakes_all: true,
    ..CPYTHON_3_12
};

/// All profiles.
pub static PROFILES: [&Profile; 3] = [&CPYTHON_3_11, &CPYTHON_3_12, &CPYTHON_3_13];

/// The profile of this name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|profile| profile.name == name)
}
