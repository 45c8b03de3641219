//! Which release of tokio the task world stands for: where they differ, as data.
//!
//! Of 145 rules observed on both, one differs (`comb-015`), and the text of a panic (`rtd-007`).

use serde::Serialize;

/// The rules that differ between releases.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Profile {
    /// Its name, `tokio-1.54`.
    pub name: &'static str,
    /// An acquire looks at the semaphore before it looks at the budget: without budget a free permit
    /// is taken and held in a future that is pending (tokio #8371, since 1.54.0).
    pub permit_before_budget: bool,
    /// What a `block_on` inside of a runtime panics with.
    pub started_inside: &'static str,
}

/// The text of both, to which the later one adds advice.
macro_rules! started_inside {
    ($advice:literal) => {
        concat!(
            "Cannot start a runtime from within a runtime. This happens because a function (like \
             `block_on`) attempted to block the current thread while the thread is being used to \
             drive asynchronous tasks.",
            $advice
        )
    };
}

/// tokio 1.54.
pub static TOKIO_1_54: Profile = Profile {
    name: "tokio-1.54",
    permit_before_budget: true,
    started_inside: started_inside!(
        " If you are in an async function, use `.await` on the future instead of blocking on it."
    ),
};

/// tokio 1.47.
pub static TOKIO_1_47: Profile = Profile {
    name: "tokio-1.47",
    permit_before_budget: false,
    started_inside: started_inside!(""),
};

/// All profiles.
pub static PROFILES: [&Profile; 2] = [&TOKIO_1_54, &TOKIO_1_47];

/// The profile of this name.
pub fn profile(name: &str) -> Option<&'static Profile> {
    PROFILES.into_iter().find(|profile| profile.name == name)
}
