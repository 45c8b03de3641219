//! A campaign for people: a line a variant, what was kept, and the sum.

use crate::{
    campaign::{
        file::CampaignFile,
        verdict::{self, Judged},
    },
    output::{BAD, GOOD},
    progress::{counted, grouped},
};

/// The campaign as the command line tells it.
pub(crate) fn summary(file: &CampaignFile, judged: &[Judged]) -> String {
    let names = judged.iter().map(|variant| variant.name().chars().count());
    let width = names.max().unwrap_or(0).max(28);
    let lines = judged.iter().map(|variant| line(variant, width) + "\n");
    let lines: String = lines.collect();
    let runs = counted(verdict::totals(file, judged).runs, "run", "runs");
    format!("{lines}        Done {runs}")
}

/// The line of a variant; names take `width` columns.
fn line(variant: &Judged, width: usize) -> String {
    let (style, sign) = match () {
        () if variant.failures > 0 || variant.came.unstable.is_some() => (BAD, "✗"),
        () if !variant.missing().is_empty() => (BAD, "?"),
        () => (GOOD, "✓"),
    };
    let runs = if variant.came.runs == 1 { "run" } else { "runs" };
    let missing: String = variant.missing().iter().map(|text| format!("\n      {text}")).collect();
    format!(
        "  {}{sign}{} {:<width$} {:>12} {runs:<4}  {}{missing}",
        style.render(),
        style.render_reset(),
        variant.name(),
        grouped(variant.came.runs),
        came_to(variant)
    )
}

/// What a variant came to, in a few words.
pub(super) fn came_to(variant: &Judged) -> String {
    let breaks = variant.came.breaks.len();
    let caught = breaks - variant.uncaught.len();
    let expected = counted(breaks as u64, "invariant", "invariants");
    match variant.failures {
        _ if variant.came.unstable.is_some() => "not deterministic".to_owned(),
        0 if breaks == 0 => "holds".to_owned(),
        0 if caught < breaks => format!("canary missed: {caught} of {expected} broken"),
        0 => format!("canary caught: {caught} of {expected} broken"),
        n => format!("{} violated", counted(n as u64, "invariant", "invariants")),
    }
}
