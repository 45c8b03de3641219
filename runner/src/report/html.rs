//! All findings of a campaign as one page: no script, no network, light and dark.
//!
//! What comes from outside (names, texts, tokens) is escaped and stands in elements alone, never in
//! an attribute but for identifiers of hexadecimal digits.

use super::campaign::came_to;
use crate::{
    campaign::{
        file::CampaignFile,
        verdict::{self, Distinct, Judged},
    },
    progress::{counted, grouped},
};

const HEAD: &str = include_str!("index.head.html");

/// The page.
pub(crate) fn index(file: &CampaignFile, judged: &[Judged]) -> String {
    let totals = verdict::totals(file, judged);
    let findings = verdict::distinct(file);
    let sum = format!(
        "{} of {}, {}",
        counted(totals.runs, "run", "runs"),
        counted(judged.len() as u64, "variant", "variants"),
        counted(findings.len() as u64, "finding", "findings")
    );
    let mut page =
        format!("{HEAD}<h1>Atropos: {}</h1>\n<p>{}</p>\n", escaped(totals.verdict), escaped(&sum));
    page.push_str(&complaints(file, judged));
    if findings.len() > 1 {
        let entry = |found: &Distinct<'_>| {
            let finding = found.finding;
            let name = format!("{} {}", finding.name(), finding.invariant);
            format!("<li><a href=\"#f-{}\">{}</a></li>\n", identifier(&finding.id), escaped(&name))
        };
        let list: String = findings.iter().map(entry).collect();
        page.push_str(&format!("<nav><ol>\n{list}</ol></nav>\n"));
    }
    page.extend(findings.iter().map(section));
    page.push_str(&table(judged));
    page.push_str("</main>\n");
    page
}

fn complaints(file: &CampaignFile, judged: &[Judged]) -> String {
    let line = |text: &String| format!("<li>{}</li>\n", escaped(text));
    let lines: String = verdict::complaints(file, judged).iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("<ul class=\"bad\">\n{lines}</ul>\n") }
}

fn section(found: &Distinct<'_>) -> String {
    let finding = found.finding;
    let id = identifier(&finding.id);
    let seen = format!(
        "in {} of {}, first in run {} of seed {}",
        grouped(found.count),
        counted(found.runs, "run", "runs"),
        finding.first_run,
        finding.seed
    );
    format!(
        "<section id=\"f-{id}\">\n<h2>{} <span class=\"bad\">{}</span></h2>\n<p>{}:</p>\n<pre class=\"why\">{}</pre>\n<p class=\"dim\">{}</p>\n<pre>{}</pre>\n<pre class=\"do\">{}</pre>\n<p><a href=\"failures/{id}/report.html\">report</a> <a href=\"failures/{id}/case.json\">case.json</a> <a href=\"failures/{id}/timeline.txt\">timeline.txt</a> <a href=\"failures/{id}/timeline.mmd\">timeline.mmd</a></p>\n</section>\n",
        escaped(&finding.name()),
        escaped(&finding.invariant),
        escaped(&finding.sentence),
        escaped(&finding.evidence),
        escaped(&seen),
        escaped(finding.text.trim_end()),
        escaped(&finding.replay),
    )
}

fn table(judged: &[Judged]) -> String {
    let row = |variant: &Judged| {
        let is_good = variant.failures == 0
            && variant.came.unstable.is_none()
            && variant.missing_demanded().is_empty();
        let (class, sign) = if is_good { ("good", "✓") } else { ("bad", "✗") };
        format!(
            "<tr><td class=\"{class}\">{sign}</td><td>{}</td><td class=\"number\">{}</td><td>{}</td></tr>\n",
            escaped(&variant.name()),
            grouped(variant.came.runs),
            escaped(&came_to(variant))
        )
    };
    let rows: String = judged.iter().map(row).collect();
    format!(
        "<h2>All variants</h2>\n<table>\n<tr><th></th><th>variant</th><th>runs</th><th></th></tr>\n{rows}</table>\n"
    )
}

/// What may stand in an attribute.
fn identifier(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
