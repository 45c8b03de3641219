//! What the environment tells beside the flags' own variables: which commit, which shard, and
//! whether a GitHub job listens.
//!
//! Everything that is read here is shown, or was asked for: no run depends on it unseen.

use crate::campaign::shard::Shard;
use std::{path::PathBuf, process::Command, str::FromStr};

/// A variable of the environment; one that is empty is none.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The commit that is built: what the job says, or what git says; none outside of both.
pub(crate) fn commit() -> Option<String> {
    let said = ["ATROPOS_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA"].into_iter().find_map(variable);
    said.or_else(checked_out).map(|commit| commit.trim().chars().take(64).collect())
}

/// The commit that is checked out, if git knows one.
pub(crate) fn checked_out() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--verify", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let commit = text.trim();
    let is_hash = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    (output.status.success() && is_hash).then(|| commit.to_owned())
}

/// True in a job of GitHub.
pub(crate) fn is_github() -> bool {
    variable("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Where a GitHub job reads the summary of a step.
pub(crate) fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY").map(PathBuf::from)
}

/// A shard as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardArg {
    /// This one.
    Given(Shard),
    /// What the scheduler of a cluster says; the number of shards, where it does not say it.
    Asked(Option<u64>),
}

impl FromStr for ShardArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("auto") {
            Some("") => Ok(ShardArg::Asked(None)),
            Some(of) => {
                let of = of.strip_prefix('/').and_then(|digits| digits.parse().ok());
                of.map(|of| ShardArg::Asked(Some(of)))
                    .ok_or_else(|| "auto, or auto/4 with the number of shards".to_owned())
            }
            None => text.parse().map(ShardArg::Given),
        }
    }
}

/// The variables by which a scheduler tells a job which of many it is.
struct Scheduler {
    name: &'static str,
    index: &'static str,
    /// What the first job is called: a number, or the variable that has it.
    first: Result<u64, &'static str>,
    /// The variable with the distance between neighbours, where there is one.
    step: Option<&'static str>,
    of: Option<&'static str>,
}

/// GitLab: <https://docs.gitlab.com/ci/variables/predefined_variables/>; Slurm:
/// <https://slurm.schedmd.com/job_array.html>; Kubernetes:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode>.
const SCHEDULERS: [Scheduler; 3] = [
    Scheduler {
        name: "GitLab",
        index: "CI_NODE_INDEX",
        first: Ok(1),
        step: None,
        of: Some("CI_NODE_TOTAL"),
    },
    Scheduler {
        name: "Slurm",
        index: "SLURM_ARRAY_TASK_ID",
        first: Err("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        of: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    Scheduler {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        first: Ok(0),
        step: None,
        of: None,
    },
];

impl ShardArg {
    /// The shard of this process.
    pub(crate) fn settle(self) -> Result<Shard, String> {
        self.settle_in(&variable)
    }

    fn settle_in(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Shard, String> {
        let of = match self {
            ShardArg::Given(shard) => return Ok(shard),
            ShardArg::Asked(of) => of,
        };
        let mut known = SCHEDULERS.iter().filter(|known| variable(known.index).is_some());
        let Some(scheduler) = known.next() else {
            let names = SCHEDULERS.map(|known| known.index).join(", ");
            return Err(format!(
                "--shard auto, but none of {names} is set; say which, such as 0/4"
            ));
        };
        scheduler.shard(of, variable)
    }
}

impl Scheduler {
    fn shard(
        &self,
        of: Option<u64>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Shard, String> {
        let number = |name: &str| {
            let value = variable(name).ok_or(format!("--shard auto: {name} is not set"))?;
            value
                .parse::<u64>()
                .map_err(|_| format!("--shard auto: {name} is {value:?}, no number"))
        };
        let first = self.first.or_else(number)?;
        let step =
            self.step.map_or(Ok(1), |name| variable(name).map_or(Ok(1), |_| number(name)))?;
        let index = number(self.index)?;
        let of = match (of, self.of) {
            (Some(of), _) => of,
            (None, Some(name)) => number(name)?,
            (None, None) => {
                let why = "does not say how many jobs there are: --shard auto/4";
                return Err(format!("--shard auto: {} {why}", self.name));
            }
        };
        let place = index.checked_sub(first).filter(|ahead| step > 0 && ahead.is_multiple_of(step));
        let place = place
            .ok_or(format!("--shard auto: {} is {index}, which is none of its jobs", self.index))?;
        Shard::new(place / step.max(1), of)
            .map_err(|why| format!("--shard auto: {}: {why}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked, what is set, and what comes of it.
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r str);

    fn settled(asked: &str, set: &[(&str, &str)]) -> Result<String, String> {
        let variable = |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let asked: ShardArg = asked.parse()?;
        asked.settle_in(&variable).map(|shard| shard.to_string())
    }

    #[test]
    fn schedulers_say_which_shard() {
        let rows: [Row<'_>; 8] = [
            ("2/3", &[("CI_NODE_INDEX", "1")], "2/3"),
            ("auto", &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "4")], "0/4"),
            ("auto", &[("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "4")], "3/4"),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "7"),
                    ("SLURM_ARRAY_TASK_MIN", "1"),
                    ("SLURM_ARRAY_TASK_STEP", "3"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "2/3",
            ),
            (
                "auto",
                &[
                    ("SLURM_ARRAY_TASK_ID", "0"),
                    ("SLURM_ARRAY_TASK_MIN", "0"),
                    ("SLURM_ARRAY_TASK_COUNT", "2"),
                ],
                "0/2",
            ),
            ("auto/5", &[("JOB_COMPLETION_INDEX", "4")], "4/5"),
            ("auto/2", &[("CI_NODE_INDEX", "2")], "1/2"),
            ("0/1", &[], "0/1"),
        ];
        for (asked, set, shard) in rows {
            assert_eq!(settled(asked, set).as_deref(), Ok(shard), "{asked} {set:?}");
        }
    }

    #[test]
    fn what_no_scheduler_says_is_refused_with_its_variable() {
        let rows: [Row<'_>; 7] = [
            ("auto", &[], "none of CI_NODE_INDEX"),
            ("auto", &[("CI_NODE_INDEX", "1")], "CI_NODE_TOTAL is not set"),
            ("auto", &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "4")], "CI_NODE_INDEX is 0"),
            ("auto", &[("CI_NODE_INDEX", "five"), ("CI_NODE_TOTAL", "4")], "\"five\", no number"),
            ("auto", &[("JOB_COMPLETION_INDEX", "1")], "auto/4"),
            ("auto/2", &[("JOB_COMPLETION_INDEX", "2")], "the last is 1/2"),
            ("auto!", &[], "auto/4"),
        ];
        for (asked, set, why) in rows {
            let refused = settled(asked, set).expect_err("no shard");
            assert!(refused.contains(why), "{asked} {set:?}: {refused}");
        }
    }
}
