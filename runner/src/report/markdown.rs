//! A campaign as Markdown: the step summary of a GitHub job, the text of an issue.
//!
//! GitHub takes a mebibyte and refuses more whole
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>),
//! so it ends at [`LONGEST`] with how many findings are left out.

use super::campaign::came_to;
use crate::{
    campaign::{
        file::CampaignFile,
        verdict::{self, Distinct, Judged},
    },
    progress::{counted, grouped},
};
use atropos::timeline::Timeline;

/// The longest summary, in bytes.
const LONGEST: usize = 900_000;

/// The summary.
pub(crate) fn markdown(file: &CampaignFile, judged: &[Judged]) -> String {
    let totals = verdict::totals(file, judged);
    let runs = counted(totals.runs, "run", "runs");
    let mut text = format!("## Atropos: {}\n\n", totals.verdict);
    text.push_str(&format!("{runs} of {}", counted(judged.len() as u64, "variant", "variants")));
    if !file.regressions.is_empty() {
        let kept = counted(file.regressions.len() as u64, "regression", "regressions");
        text.push_str(&format!(", {kept} played first"));
    }
    text.push_str(".\n\n");
    text.push_str(&complaints(file, judged));
    let findings = verdict::distinct(file);
    for (done, found) in findings.iter().enumerate() {
        let told = finding(found);
        if text.len() + told.len() > LONGEST - 200 {
            let more = counted((findings.len() - done) as u64, "finding is", "findings are");
            text.push_str(&format!("\n{more} left out here; run.json and index.html have all.\n"));
            return text;
        }
        text.push_str(&told);
    }
    let table = table(judged);
    if text.len() + table.len() <= LONGEST {
        text.push_str(&table);
    }
    text
}

/// What is wrong beside the findings.
fn complaints(file: &CampaignFile, judged: &[Judged]) -> String {
    let line = |text: &String| format!("* {}\n", inline(text));
    let mut lines: String = verdict::complaints(file, judged).iter().map(line).collect();
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

fn finding(found: &Distinct<'_>) -> String {
    let finding = found.finding;
    let diagram = super::mermaid(&Timeline { entries: finding.timeline.clone() });
    let name = format!("{} {}", finding.name(), finding.invariant);
    format!(
        "### {}\n\n{}, in {} of {}:\n\n{}\n{}\n<details><summary>timeline</summary>\n\n{}\n</details>\n\n{}\n",
        inline(&name),
        inline(&finding.sentence),
        grouped(found.count),
        counted(found.runs, "run", "runs"),
        fenced("", &finding.evidence),
        fenced("mermaid", &diagram),
        fenced("", &finding.text),
        fenced("", &finding.replay),
    )
}

/// All variants, with what each came to.
fn table(judged: &[Judged]) -> String {
    let mut text =
        "<details><summary>all variants</summary>\n\n| variant | runs | |\n|---|--:|---|\n"
            .to_owned();
    for variant in judged {
        let runs = grouped(variant.came.runs);
        let line = format!("| {} | {runs} | {} |\n", inline(&variant.name()), came_to(variant));
        text.push_str(&line);
    }
    text + "\n</details>\n"
}

/// A text in a fence that nothing in it closes.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// A text that stays text within a line.
fn inline(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '\r' => " ".to_owned(),
        c if "\\`*_{}[]<>#|~&".contains(c) => format!("\\{c}"),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_fence() {
        assert_eq!(fenced("", "a\n```\nb"), "````\na\n```\nb\n````\n");
    }

    #[test]
    fn markup_stays_text() {
        assert_eq!(inline("<b>|x|\n# y_z"), "\\<b\\>\\|x\\| \\# y\\_z");
    }
}
