//! `atropos regressions verify`: all of them, against what each must come to.

use super::none_in;
use crate::{
    args::VerifyArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    files,
    output::{BAD, GOOD, Output},
    progress::counted,
    regression::{self, Outcome, Verified},
};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct VerifiedJson<'a> {
    file: String,
    variant: &'a str,
    invariant: &'a str,
    outcome: &'a str,
    must: &'a str,
    as_expected: bool,
    why: Option<&'a str>,
    repaired: Option<&'a str>,
}

#[derive(Serialize)]
struct Totals {
    files: usize,
    as_expected: usize,
    repaired: usize,
    verdict: &'static str,
}

pub(super) fn run(
    args: &VerifyArgs,
    dir: &Path,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<Exit, Stop> {
    let mut verified = chosen(args, dir, regression::verify_all(catalog, dir)?)?;
    let mut repaired = 0;
    for one in &mut verified {
        let how = match &one.outcome {
            Outcome::Stale(_) if args.repair => mend(catalog, one)?,
            _ => None,
        };
        repaired += usize::from(how.is_some());
        say(one, how.as_deref(), args.repair, out)?;
    }
    let exit = regression::exit_of(&verified);
    let files = verified.len();
    let as_expected = verified.iter().filter(|one| one.exit() == Exit::Held).count();
    out.tell("regressions", &Totals { files, as_expected, repaired, verdict: exit.verdict() })?;
    let total = counted(files as u64, "regression", "regressions");
    match (files, exit) {
        (0, _) => out.say(&none_in(dir))?,
        (_, Exit::Held) => out.say_more(&format!("{total}, all as they must be"))?,
        _ => {
            let off = files - as_expected;
            return Err(Stop::new(exit, format!("{off} of {total} not as they must be")));
        }
    }
    Ok(exit)
}

/// Those that the filter names.
fn chosen(args: &VerifyArgs, dir: &Path, all: Vec<Verified>) -> Result<Vec<Verified>, Stop> {
    let matches = |one: &Verified, wanted: &String| {
        let named = one.name == *wanted || one.name.split('/').next() == Some(wanted);
        named || one.invariant == *wanted || one.path.to_string_lossy().contains(wanted.as_str())
    };
    if let Some(wanted) = args.filter.iter().find(|f| !all.iter().any(|one| matches(one, f))) {
        let why = format!("no regression in {} matches {wanted:?}", dir.display());
        return Err(Stop::new(
            Exit::NoMatch,
            format!("{why}; `atropos regressions list` shows all"),
        ));
    }
    let wanted = |one: &Verified| {
        args.filter.is_empty() || args.filter.iter().any(|filter| matches(one, filter))
    };
    Ok(all.into_iter().filter(wanted).collect())
}

/// Writes a run that fits in the place of one that does not; how it was found.
fn mend(catalog: &Catalog, one: &mut Verified) -> Result<Option<String>, Stop> {
    let Ok(resolved) = regression::from_file(catalog, &one.path)? else { return Ok(None) };
    let Some((fresh, how)) = regression::repair(&resolved)? else { return Ok(None) };
    files::write(&one.path, fresh.to_json(resolved.subject))?;
    *one = regression::verify_one(catalog, &one.path)?;
    Ok(Some(how))
}

fn say(one: &Verified, how: Option<&str>, repair: bool, out: &mut Output) -> Result<(), Stop> {
    let as_expected = one.exit() == Exit::Held;
    let (style, sign) = if as_expected { (GOOD, "✓") } else { (BAD, "✗") };
    let must = if one.canary { "must fail" } else { "must hold" };
    let came_to = match &one.outcome {
        Outcome::StillFails => "still fails".to_owned(),
        Outcome::Holds => "holds".to_owned(),
        Outcome::Other(name) => format!("violates {name} instead"),
        Outcome::Stale(_) => "stale".to_owned(),
        Outcome::Refused(_) => "refused".to_owned(),
    };
    let why = match &one.outcome {
        Outcome::Stale(why) => Some(why.as_str()),
        Outcome::Refused(refused) => Some(refused.message()),
        _ => None,
    };
    let mut text = format!(
        "  {}{sign}{} {}  {}  {came_to}, {must}",
        style.render(),
        style.render_reset(),
        one.name,
        one.invariant
    );
    if matches!(one.outcome, Outcome::Refused(_)) {
        text = format!("  {}{sign}{} refused", style.render(), style.render_reset());
    }
    if !as_expected || how.is_some() {
        text.push_str(&format!("\n      {}", one.path.display()));
    }
    why.iter().for_each(|why| text.push_str(&format!("\n      {why}")));
    match how {
        Some(how) => text.push_str(&format!("\n      repaired: {how}")),
        None if repair && matches!(one.outcome, Outcome::Stale(_)) => text.push_str(
            "\n      not repaired: nothing near its decisions and no seeded run of its workload \
             violates the same",
        ),
        None => {}
    }
    out.say(&text)?;
    let line = VerifiedJson {
        file: one.path.display().to_string(),
        variant: &one.name,
        invariant: &one.invariant,
        outcome: one.outcome.word(),
        must,
        as_expected,
        why,
        repaired: how,
    };
    out.tell("verified", &line)
}
