//! Reading a regression. It is total: any text gives a regression or a reason with its place.

use super::{ForPeople, FoundAt, Regression, VERSION};
use crate::{
    args::LONGEST_RUN,
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    files,
};
use atropos::{
    decisions::Decision,
    invariant::NO_LIVELOCK,
    name::{MoveKind, Name},
    plan::Conditions,
    scenario::Variant,
    script::Script,
    subject::Subject,
};
use serde::{Deserialize, de::IgnoredAny};
use std::{io, path::Path};

/// No regression of ours comes near.
const LONGEST: u64 = 8 << 20;
/// The most decisions of a file.
const STEPS: usize = 1 << 20;

/// Why a text is no regression that can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is damaged.
    Damaged(String),
    /// It is of another version of the format.
    Version(String),
    /// This build has no such scenario, variant or invariant.
    Gone(String),
}

impl Refused {
    /// What is wrong, where, and what to do.
    pub(crate) fn message(&self) -> &str {
        match self {
            Refused::Damaged(why) | Refused::Version(why) | Refused::Gone(why) => why,
        }
    }

    /// How a command ends that needs this one.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Refused::Damaged(_) => Exit::Usage,
            Refused::Version(_) | Refused::Gone(_) => Exit::Diverged,
        }
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Stop {
        Stop::new(refused.exit(), refused.message())
    }
}

/// A regression and what it is of.
pub(crate) struct Resolved<'c> {
    pub(crate) subject: &'c dyn Subject,
    pub(crate) variant: &'c Variant,
    pub(crate) regression: Regression,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    version: Option<u32>,
    #[serde(default)]
    decisions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: u32,
    scenario: String,
    variant: String,
    invariant: String,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    found: FoundAt,
    conditions: Conditions,
    step_limit: u32,
    workload: Vec<serde_json::Value>,
    decisions: Vec<Line>,
    #[serde(default)]
    timeline: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// For people: the place in the list counts.
    #[serde(rename = "at")]
    _at: u64,
    run: String,
    kind: MoveKind,
    #[serde(default)]
    called: String,
    #[serde(default)]
    why: String,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    values: Vec<u32>,
}

fn once() -> u32 {
    1
}

/// True for a text that has the shape of a regression: an object with decisions.
pub(crate) fn is_regression(text: &str) -> bool {
    serde_json::from_str::<Head>(text).is_ok_and(|head| head.decisions.is_some())
}

/// Reads a file. What cannot be read at all is an error of the tool.
pub(crate) fn from_file<'c>(
    catalog: &'c Catalog,
    path: &Path,
) -> Result<Result<Resolved<'c>, Refused>, Stop> {
    let place = path.display().to_string();
    match files::read_text(path, LONGEST) {
        Ok(text) => Ok(from_text(catalog, &place, &text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok(Err(Refused::Damaged(format!("{place}: {error}"))))
        }
        Err(error) => Err(Stop::io("read", path, &error)),
    }
}

/// Reads a text; `place` begins what is said of it.
pub(crate) fn from_text<'c>(
    catalog: &'c Catalog,
    place: &str,
    text: &str,
) -> Result<Resolved<'c>, Refused> {
    let damaged = |why: String| Refused::Damaged(format!("{place}: {why}"));
    if text.len() as u64 > LONGEST {
        return Err(damaged(format!("longer than {LONGEST} bytes")));
    }
    let bad = |error: serde_json::Error| damaged(format!("not a regression: {error}"));
    match serde_json::from_str::<Head>(text).map_err(bad)?.version {
        Some(VERSION) => {}
        None => return Err(damaged("not a regression: it has no `version`".to_owned())),
        Some(other) => {
            let why = format!("{place}: of version {other}, this build reads version {VERSION}");
            return Err(Refused::Version(why));
        }
    }
    let file: File = serde_json::from_str(text).map_err(bad)?;
    let gone = |why: &str| Refused::Gone(format!("{place}: {why}"));
    let name = format!("{}/{}", file.scenario, file.variant);
    let target = catalog::target(catalog, &name).map_err(|unknown| gone(&unknown.message))?;
    let Target { subject, variant, .. } = target;
    known_invariant(subject, variant, &file.invariant).map_err(|why| gone(&why))?;
    let regression = of_file(subject, file).map_err(damaged)?;
    Ok(Resolved { subject, variant, regression })
}

/// Refuses an invariant that the variant does not have, with the near ones.
fn known_invariant(subject: &dyn Subject, variant: &Variant, name: &str) -> Result<(), String> {
    let rules = subject.rules(variant);
    let names: Vec<String> =
        rules.iter().map(|rule| rule.name).chain([NO_LIVELOCK]).map(str::to_owned).collect();
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    let (scenario, variant) = (subject.name(), &variant.name);
    let else_hint = format!("`atropos list {scenario}/{variant}` shows what there is");
    let hint = catalog::near(&names, name, &else_hint);
    Err(format!("{scenario}/{variant} has no invariant {name:?}; {hint}"))
}

fn of_file(subject: &dyn Subject, file: File) -> Result<Regression, String> {
    if !(2..=LONGEST_RUN).contains(&file.step_limit) {
        return Err(format!("`step_limit` is {}, not 2 to {LONGEST_RUN}", file.step_limit));
    }
    let workload = subject.workload_from_json(&file.workload);
    let workload = workload.map_err(|why| format!("`workload`: {why}"))?;
    let (decisions, people) = steps_of(file.decisions, file.step_limit)?;
    Ok(Regression {
        scenario: file.scenario,
        script: Script {
            variant: file.variant,
            invariant: file.invariant,
            conditions: file.conditions,
            step_limit: file.step_limit,
            workload,
            decisions,
        },
        people,
        note: file.note,
        found: file.found,
        timeline: file.timeline,
    })
}

/// One decision and one word for people a step.
fn steps_of(lines: Vec<Line>, limit: u32) -> Result<(Vec<Decision>, Vec<ForPeople>), String> {
    let (mut decisions, mut people) = (Vec::new(), Vec::new());
    let most = STEPS.min(limit as usize);
    for (number, line) in lines.into_iter().enumerate() {
        let number = number + 1;
        let who: Name = line.run.parse().map_err(|bad| format!("decision {number}: {bad}"))?;
        let times = line.times as usize;
        if times == 0 || times > most - decisions.len() {
            return Err(format!(
                "decision {number}: `times` is {times}, of a run of at most {most} steps"
            ));
        }
        let (called, why) = (line.called, line.why);
        people.extend(std::iter::repeat_n(ForPeople { called, why }, times));
        let decision = Decision { who, kind: line.kind, values: line.values };
        decisions.extend(std::iter::repeat_n(decision, times));
    }
    Ok((decisions, people))
}
