//! What insta would do with a story that differs: `INSTA_UPDATE`, `INSTA_FORCE_PASS`, `CI`.
//!
//! The meaning is that of insta 1.49: `ToolConfig::from_workspace` and `snapshot_update_behavior`
//! in its `env.rs`, `is_ci` in `utils.rs`, `update_snapshot` and `finalize` in `runtime.rs`. Left
//! out: insta's configuration files, `INSTA_OUTPUT`, `INSTA_PENDING_DIR`, `INSTA_REQUIRE_FULL_MATCH`
//! and the old names of `INSTA_UPDATE`.

use crate::exit::{Exit, Stop};

/// Where a story that differs goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// Into the `.snap` file: it is accepted.
    InPlace,
    /// Into a `.snap.new` file, for a person to look at.
    Beside,
    /// Nowhere.
    Nowhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Update {
    Auto,
    Always,
    New,
    Unseen,
    No,
    Force,
}

/// The values of `INSTA_UPDATE`. An empty one is as good as none.
const UPDATES: [(&str, Update); 8] = [
    ("", Update::Auto),
    ("auto", Update::Auto),
    ("always", Update::Always),
    ("1", Update::Always),
    ("new", Update::New),
    ("unseen", Update::Unseen),
    ("no", Update::No),
    ("force", Update::Force),
];

/// The values of `INSTA_FORCE_PASS`.
const FORCE_PASSES: [(&str, bool); 3] = [("", false), ("0", false), ("1", true)];

/// The variables that insta reads, as they are set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    update: Option<String>,
    force_pass: Option<String>,
    ci: Option<String>,
    tf_build: Option<String>,
}

impl Environment {
    /// Those of this process. A value that is no text is as good as none.
    #[expect(
        clippy::disallowed_methods,
        reason = "insta's own variables decide what is written, as they do for its tests, and are no flags of ours"
    )]
    pub(crate) fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        Environment {
            update: text("INSTA_UPDATE"),
            force_pass: text("INSTA_FORCE_PASS"),
            ci: text("CI"),
            tf_build: text("TF_BUILD"),
        }
    }

    /// `CI` decides if it is set at all; `TF_BUILD` if it is not.
    fn is_ci(&self) -> bool {
        match self.ci.as_deref() {
            Some("false" | "0" | "") => false,
            Some(_) => true,
            None => self.tf_build.is_some(),
        }
    }
}

/// What is done with stories that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    update: Update,
    ci: bool,
    /// Differences do not fail.
    pub(crate) force_pass: bool,
}

impl Policy {
    /// The policy of an environment.
    ///
    /// # Errors
    /// If a variable has a value that insta does not know. It would panic.
    pub(crate) fn new(environment: &Environment) -> Result<Self, Stop> {
        let update = meaning("INSTA_UPDATE", environment.update.as_deref(), &UPDATES)?;
        let force_pass =
            meaning("INSTA_FORCE_PASS", environment.force_pass.as_deref(), &FORCE_PASSES)?;
        Ok(Policy { update, ci: environment.is_ci(), force_pass })
    }

    /// Where a story goes that differs; `reviewed` if a `.snap` file holds another.
    pub(crate) fn goes(self, reviewed: bool) -> Goes {
        match self.update {
            Update::Always | Update::Force => Goes::InPlace,
            Update::Auto if self.ci => Goes::Nowhere,
            Update::Auto | Update::New => Goes::Beside,
            Update::Unseen if reviewed => Goes::Beside,
            Update::Unseen => Goes::InPlace,
            Update::No => Goes::Nowhere,
        }
    }

    /// True if stories are written even where they do not differ.
    pub(crate) fn rewrites(self) -> bool {
        self.update == Update::Force
    }
}

fn meaning<T: Copy>(name: &str, value: Option<&str>, table: &[(&str, T)]) -> Result<T, Stop> {
    let value = value.unwrap_or_default();
    let row = table.iter().find(|(known, _)| *known == value);
    row.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<&str> =
            table.iter().map(|(known, _)| *known).filter(|known| !known.is_empty()).collect();
        let known = known.join(", ");
        Stop::new(Exit::Usage, format!("{name} is {value:?}; insta knows {known}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_update_goes_where_insta_puts_it() {
        let rows = [
            // INSTA_UPDATE, then a new and a changed story outside of CI, then both in CI.
            ("auto", [Goes::Beside, Goes::Beside, Goes::Nowhere, Goes::Nowhere]),
            ("", [Goes::Beside, Goes::Beside, Goes::Nowhere, Goes::Nowhere]),
            ("new", [Goes::Beside; 4]),
            ("no", [Goes::Nowhere; 4]),
            ("always", [Goes::InPlace; 4]),
            ("1", [Goes::InPlace; 4]),
            ("force", [Goes::InPlace; 4]),
            ("unseen", [Goes::InPlace, Goes::Beside, Goes::InPlace, Goes::Beside]),
        ];
        for (update, goes) in rows {
            let outside = Environment { update: set(update), ..Environment::default() };
            let inside = Environment { ci: set("true"), ..outside.clone() };
            let of = |environment| Policy::new(&environment).expect("insta knows this value");
            let (outside, inside) = (of(outside), of(inside));
            let all =
                [outside.goes(false), outside.goes(true), inside.goes(false), inside.goes(true)];
            assert_eq!(all, goes, "INSTA_UPDATE={update}");
            assert_eq!(outside.rewrites(), update == "force", "INSTA_UPDATE={update}");
        }
    }

    #[test]
    fn ci_is_what_insta_takes_for_it() {
        let rows = [
            (None, None, false),
            (None, set("True"), true),
            (None, set(""), true),
            (set("1"), None, true),
            (set("true"), None, true),
            (set("no"), None, true),
            (set("false"), set("True"), false),
            (set("0"), set("True"), false),
            (set(""), set("True"), false),
        ];
        for (ci, tf_build, is_ci) in rows {
            let environment = Environment { ci, tf_build, ..Environment::default() };
            assert_eq!(environment.is_ci(), is_ci, "{environment:?}");
        }
    }

    #[test]
    fn what_insta_does_not_know_is_refused() {
        let update = Environment { update: set("sometimes"), ..Environment::default() };
        let pass = Environment { force_pass: set("true"), ..Environment::default() };
        for (environment, name) in [(update, "INSTA_UPDATE"), (pass, "INSTA_FORCE_PASS")] {
            let stop = Policy::new(&environment).expect_err("insta would panic");
            assert_eq!(stop.exit, Exit::Usage);
            assert!(stop.message.starts_with(name), "{stop:?}");
        }
    }
}
