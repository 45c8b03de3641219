//! The base seeds of a campaign: one number, or one for each scenario, made of the commit.

use crate::{
    catalog::Target,
    environment,
    exit::{Exit, Stop},
};
use atropos::{plan::Spec, trace::digest_bytes};

/// The commit that seeds are made of.
pub(super) fn commit() -> Result<String, Stop> {
    environment::commit().ok_or_else(|| {
        let why = "--seed commit, but nothing says which commit this is: no git checkout, and none of \
                   ATROPOS_COMMIT, GITHUB_SHA, CI_COMMIT_SHA is set; --seed NUMBER does without";
        Stop::new(Exit::Usage, why)
    })
}

/// What each target is hunted under. The seed of a commit depends on the scenario and the profile,
/// so that one scenario more shifts no other, and nightly runs are not those of the change.
pub(super) fn of_targets(
    targets: &[Target<'_>],
    spec: Spec,
    commit: Option<&str>,
    profile: &str,
) -> Vec<Spec> {
    let of_target = |target: &Target<'_>| match commit {
        None => spec,
        Some(commit) => Spec { seed: seed_of(commit, target.subject.name(), profile), ..spec },
    };
    targets.iter().map(of_target).collect()
}

/// The first 8 bytes of the digest of commit, scenario and profile.
fn seed_of(commit: &str, scenario: &str, profile: &str) -> u64 {
    digest_bytes(format!("{commit}\n{scenario}\n{profile}").as_bytes()).0 as u64
}
