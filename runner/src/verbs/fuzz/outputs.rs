//! What a campaign leaves for machines and people: `run.json` and the reports made of it.

use crate::{
    args::Annotations,
    campaign::{
        file::{CampaignFile, Finding},
        verdict::Judged,
    },
    environment,
    exit::Stop,
    files::RunFolder,
    output::remark,
    report,
};
use atropos::timeline::Timeline;
use std::{fs, io::Write};

/// Writes the file of a campaign and its reports.
pub(crate) fn write_reports(
    folder: &RunFolder,
    file: &CampaignFile,
    judged: &[Judged],
) -> Result<(), Stop> {
    folder.write("run.json", &file.to_json())?;
    folder.write("summary.md", &report::markdown(file, judged))?;
    folder.write("junit.xml", &report::junit(file, judged))?;
    folder.write("index.html", &report::index(file, judged))
}

/// Tells a GitHub job what is to be shown beside the change, and appends the summary of its step.
pub(super) fn annotate(wanted: Annotations, file: &CampaignFile, judged: &[Judged]) {
    let asked = match wanted {
        Annotations::Auto => environment::is_github(),
        Annotations::Github => true,
        Annotations::None => false,
    };
    if !asked {
        return;
    }
    report::annotations(file, judged).iter().for_each(|line| remark(line));
    if let Some(path) = environment::step_summary() {
        let text = report::markdown(file, judged);
        let open = fs::OpenOptions::new().append(true).create(true).open(&path);
        // The verdict stands without its summary.
        if let Err(error) = open.and_then(|mut file| file.write_all(text.as_bytes())) {
            remark(&Stop::io("append to", &path, &error).message);
        }
    }
}

/// Writes the failures of a file, each to its folder, as the campaign that found them did.
pub(crate) fn write_failures(folder: &RunFolder, file: &CampaignFile) -> Result<(), Stop> {
    file.findings.values().try_for_each(|finding| {
        write_finding(folder, &finding.id, finding, &report::report_of_lines(finding))
    })
}

/// Writes a finding to the folder of this name, with its page.
pub(super) fn write_finding(
    folder: &RunFolder,
    id: &str,
    finding: &Finding,
    page: &str,
) -> Result<(), Stop> {
    let write = |name: &str, content: &str| folder.write(&format!("failures/{id}/{name}"), content);
    write("case.json", &finding.case.to_json())?;
    write("timeline.txt", &report::told(finding))?;
    let timeline = Timeline { entries: finding.timeline.clone() };
    write("timeline.mmd", &report::mermaid(&timeline))?;
    write("report.html", page)
}
