//! Findings as workflow commands of GitHub, which shows them beside the change.
//!
//! GitHub shows ten errors of a step, so at most nine findings are told and then how many more there
//! are. What it reads as syntax is escaped
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>; the
//! escapes are those of actions/toolkit, `packages/core/src/command.ts`).

use crate::campaign::{
    file::CampaignFile,
    verdict::{self, Judged},
};

/// Findings that are told one by one.
const MOST: usize = 9;

/// One command a line.
pub(crate) fn annotations(file: &CampaignFile, judged: &[Judged]) -> Vec<String> {
    let findings = verdict::distinct(file);
    let findings = findings.iter().map(|distinct| {
        let finding = distinct.finding;
        let title = format!("{} {}", finding.name(), finding.invariant);
        let text = format!("{}:\n{}\n{}", finding.sentence, finding.evidence, finding.replay);
        (title, text)
    });
    let kept = file.regressions.iter().filter_map(|(path, kept)| {
        kept.complaint.clone().map(|complaint| (format!("regression {path}"), complaint))
    });
    let unstable = judged.iter().filter_map(|variant| {
        let text = variant.came.unstable.clone()?;
        Some((format!("{} is not deterministic", variant.name()), text))
    });
    let vacuous = judged.iter().flat_map(Judged::missing_demanded);
    let vacuous = vacuous.map(|text| ("nothing proved".to_owned(), text));
    let all: Vec<(String, String)> = unstable.chain(findings).chain(kept).chain(vacuous).collect();
    let told = all.iter().take(MOST).map(|(title, text)| command(title, text));
    let more = all.len().saturating_sub(MOST);
    let more = (more > 0).then(|| command("atropos", &format!("and {more} more; see the summary")));
    told.chain(more).collect()
}

fn command(title: &str, text: &str) -> String {
    format!("::error title={}::{}", property(title), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_is_escaped() {
        let told = command("a:b,c", "100 %\r\n::error::x");
        assert_eq!(told, "::error title=a%3Ab%2Cc::100 %25%0D%0A::error::x");
    }
}
