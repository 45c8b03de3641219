//! Where a run to replay, shrink or keep comes from: a token, a case file, a regression, or stdin.

use crate::{
    args::LONGEST_RUN,
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    files::{limited, read_text},
    output::{cut, cut_at},
    regression::{self, Played},
    token::{self, SeedToken, TokenError},
};
use atropos::{
    case::{Case, Replay, Unplayable},
    decisions::RunIndex,
    hunt::Found,
    invariant::Violation,
    plan::{Plan, Spec},
    subject::Subject,
};
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// The version of case files.
const VERSION: u32 = 1;
/// No case file of ours comes near.
const LONGEST: u64 = 64 << 20;

/// A case as a file: the run, what it rests on, and the plan that found it, if one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CaseFile {
    pub(crate) version: u32,
    /// See [`atropos::case::fingerprint`], in hexadecimal.
    pub(crate) fingerprint: String,
    pub(crate) case: Case,
    /// The workload for people; not read back.
    #[serde(default)]
    pub(crate) operations: Vec<String>,
    #[serde(default)]
    pub(crate) plan: Option<Plan>,
}

impl CaseFile {
    pub(crate) fn new(subject: &dyn Subject, case: &Case, plan: Option<Plan>) -> Self {
        let variant = subject.variants().iter().find(|variant| variant.name == case.variant);
        let fingerprint = variant.map_or(0, |variant| subject.fingerprint(variant));
        CaseFile {
            version: VERSION,
            fingerprint: format!("{fingerprint:04x}"),
            case: case.clone(),
            operations: subject.workload_text(&case.workload).unwrap_or_default(),
            plan,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a case is plain data") + "\n"
    }
}

/// A plan for a case that no campaign found.
pub(crate) fn plan_of(case: &Case) -> Plan {
    Plan {
        seed: Spec::DEFAULT_SEED,
        index: RunIndex::default(),
        strategy: Default::default(),
        conditions: case.conditions,
        step_limit: case.step_limit,
    }
}

/// A run that was named.
pub(crate) struct Source<'c> {
    pub(crate) subject: &'c dyn Subject,
    pub(crate) case: Case,
    /// The plan that found it, if that is known.
    pub(crate) plan: Option<Plan>,
}

impl Source<'_> {
    /// The run as a hunt would have found it, with what it violates.
    pub(crate) fn found(&self, violation: Violation) -> Found {
        let plan = self.plan.unwrap_or_else(|| plan_of(&self.case));
        Found { violation, case: self.case.clone(), plan }
    }
}

/// Reads what the argument names.
pub(crate) fn read<'c>(catalog: &'c Catalog, argument: &str) -> Result<Source<'c>, Stop> {
    if argument == "-" {
        let text =
            limited(io::stdin(), LONGEST).map_err(|error| unread(Path::new("stdin"), &error))?;
        return from_text(catalog, "stdin", &text);
    }
    let path = Path::new(argument);
    if token::is_case_token(argument) || token::is_seed_token(argument) && !path.exists() {
        return from_text(catalog, "the token", argument);
    }
    let looks_like_path =
        argument.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some();
    if !path.exists() && !looks_like_path {
        let why = format!(
            "{:?} is neither a token (at1-.., scenario/variant:SEED:RUN) nor a file",
            cut(argument)
        );
        return Err(Stop::new(Exit::Usage, why));
    }
    let text = read_text(path, LONGEST).map_err(|error| unread(path, &error))?;
    from_text(catalog, argument, &text)
}

/// A text that could not be read, or that is none.
fn unread(path: &Path, error: &io::Error) -> Stop {
    if error.kind() == io::ErrorKind::InvalidData {
        let why = format!("{} is neither a token nor a case: {error}", path.display());
        return Stop::new(Exit::Usage, why);
    }
    Stop::io("read", path, error)
}

pub(crate) fn from_text<'c>(
    catalog: &'c Catalog,
    place: &str,
    text: &str,
) -> Result<Source<'c>, Stop> {
    let text = text.trim();
    if token::is_case_token(text) {
        let (subject, case) = token::case_from_token(catalog, text).map_err(refusal)?;
        refuse_endless(&case).map_err(|why| Stop::new(Exit::Usage, format!("{place}: {why}")))?;
        Ok(Source { subject, case, plan: None })
    } else if !text.starts_with('{') && token::is_seed_token(text) {
        from_seed(catalog, &token::parse_seed_token(text).map_err(refusal)?)
    } else if regression::is_regression(text) {
        from_regression(catalog, place, text)
    } else {
        from_json(catalog, place, text)
    }
}

fn refusal(error: TokenError) -> Stop {
    let exit = match error {
        TokenError::Malformed(_) => Exit::Usage,
        TokenError::Foreign(_) => Exit::Diverged,
    };
    Stop::new(exit, error.to_string())
}

fn from_seed<'c>(catalog: &'c Catalog, token: &SeedToken) -> Result<Source<'c>, Stop> {
    let Target { subject, variant, .. } = catalog::target(catalog, &token.name)?;
    if let Some(fingerprint) = token.fingerprint {
        token::check_fingerprint(subject, variant, fingerprint).map_err(refusal)?;
    }
    let (plan, case, _) = subject.run(variant, Spec::seeded(token.seed), token.index);
    Ok(Source { subject, case, plan: Some(plan) })
}

/// The run that a regression comes to in this build.
fn from_regression<'c>(catalog: &'c Catalog, place: &str, text: &str) -> Result<Source<'c>, Stop> {
    let resolved = regression::from_text(catalog, place, text)?;
    let Played { run, stale } = regression::play(&resolved)?;
    match stale {
        Some(why) => Err(Stop::new(Exit::Diverged, format!("{place}: {why}"))),
        None => Ok(Source { subject: resolved.subject, case: run.case, plan: None }),
    }
}

fn from_json<'c>(catalog: &'c Catalog, place: &str, text: &str) -> Result<Source<'c>, Stop> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let bad = |error: serde_json::Error| {
        Stop::new(
            Exit::Usage,
            format!("{place} is neither a token nor a case: {}", cut_at(&error.to_string(), 300)),
        )
    };
    let head: Head = serde_json::from_str(text).map_err(bad)?;
    if head.version != VERSION {
        let why =
            format!("{place} is of version {}, this build reads version {VERSION}", head.version);
        return Err(Stop::new(Exit::Diverged, why));
    }
    let file: CaseFile = serde_json::from_str(text).map_err(bad)?;
    let name = format!("{}/{}", file.case.scenario, file.case.variant);
    // A case of a scenario that this build does not have is sound, but foreign.
    let Target { subject, variant, .. } = catalog::target(catalog, &name)
        .map_err(|unknown| Stop::new(Exit::Diverged, format!("{place}: {unknown}")))?;
    let theirs = u16::from_str_radix(&file.fingerprint, 16).map_err(|_| {
        Stop::new(
            Exit::Usage,
            format!(
                "{place}: fingerprint {:?} is no four hexadecimal digits",
                cut(&file.fingerprint)
            ),
        )
    })?;
    token::check_fingerprint(subject, variant, theirs).map_err(refusal)?;
    refuse_endless(&file.case).map_err(|why| Stop::new(Exit::Usage, format!("{place}: {why}")))?;
    Ok(Source { subject, case: file.case, plan: file.plan })
}

/// Refuses a case that would be played for longer than any campaign plays.
fn refuse_endless(case: &Case) -> Result<(), String> {
    let Case { step_limit, tape, .. } = case;
    match tape.steps() {
        _ if *step_limit > LONGEST_RUN => {
            Err(format!("its step limit is {step_limit}, runs have at most {LONGEST_RUN} steps"))
        }
        steps if steps > u64::from(*step_limit) => {
            Err(format!("its tape has {steps} steps, its step limit is {step_limit}"))
        }
        _ => Ok(()),
    }
}

/// Where one finds what was read again, if it was not stdin.
pub(crate) fn place(case: &str) -> Option<&str> {
    (case != "-").then_some(case)
}

/// Plays a run that must be what it says: where it leaves its tape it is refused.
pub(crate) fn played(source: &Source<'_>) -> Result<Replay, Stop> {
    let replay = play(source)?;
    match &replay.divergence {
        Some(divergence) => Err(Stop::new(Exit::Diverged, divergence.to_string())),
        None => Ok(replay),
    }
}

/// Plays a run; what cannot be played at all is a malformed tape.
pub(crate) fn play(source: &Source<'_>) -> Result<Replay, Stop> {
    source.subject.replay(&source.case).map_err(|why| {
        let why = match why {
            Unplayable::NoVariant => {
                format!("{} has no variant {}", source.case.scenario, source.case.variant)
            }
            Unplayable::BadWorkload => "its workload is not one of this scenario".to_owned(),
            Unplayable::NoInvariant => {
                format!(
                    "{} has no invariant {}",
                    source.case.scenario,
                    source.case.invariant.as_deref().unwrap_or("?")
                )
            }
        };
        Stop::new(Exit::Usage, format!("malformed case: {why}"))
    })
}
