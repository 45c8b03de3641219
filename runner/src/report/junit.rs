//! A campaign as JUnit XML, which every continuous integration reads: a suite a scenario, a case a
//! variant and invariant.
//!
//! A case passes if the variant does what it must: holds, or, as a canary, breaks. It names no time,
//! so that the same runs give the same file.

use crate::campaign::{
    file::{CampaignFile, Finding},
    verdict::{self, Distinct, Judged},
};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The whole file.
pub(crate) fn junit(file: &CampaignFile, judged: &[Judged]) -> String {
    let findings = verdict::distinct(file);
    let mut report = Report::new("atropos");
    for of_scenario in judged.chunk_by(|one, next| one.came.scenario == next.came.scenario) {
        let mut suite = TestSuite::new(of_scenario[0].came.scenario.clone());
        suite.add_test_cases(of_scenario.iter().flat_map(|variant| cases(variant, &findings)));
        report.add_test_suite(suite);
    }
    if !file.regressions.is_empty() {
        let mut suite = TestSuite::new("regressions");
        suite.add_test_cases(file.regressions.iter().map(|(path, kept)| {
            let status = kept.complaint.as_deref().map_or_else(TestCaseStatus::success, |why| {
                failed(&kept.invariant, why.to_owned(), String::new())
            });
            TestCase::new(path.as_str(), status)
        }));
        report.add_test_suite(suite);
    }
    report.to_string().expect("XML of plain texts")
}

fn failed(kind: &str, message: String, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(message);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

/// The cases of a variant: its invariants, what is no invariant of it and failed all the same, its
/// points, and whether it is deterministic.
fn cases(variant: &Judged, findings: &[Distinct<'_>]) -> Vec<TestCase> {
    let of_it = findings.iter().filter(|distinct| distinct.finding.name() == variant.name());
    let mut failures: BTreeMap<&str, Vec<&Distinct<'_>>> = BTreeMap::new();
    of_it.for_each(|found| failures.entry(&found.finding.invariant).or_default().push(found));
    let missing = variant.missing_demanded();
    let named =
        |name: &str, status| TestCase::new(format!("{}: {name}", variant.came.variant), status);
    let mut names: Vec<&str> = variant.came.invariants.iter().map(String::as_str).collect();
    names.extend(
        failures.keys().filter(|name| !variant.came.invariants.iter().any(|n| n == **name)),
    );
    let mut cases = Vec::new();
    for name in names {
        match failures.get(name) {
            Some(found) => cases.extend(found.iter().map(|found| {
                let mut case = named(name, violated(found));
                case.properties.push(Property::new("token", found.finding.token.as_str()));
                case
            })),
            None => {
                let is_missed = !missing.is_empty() && variant.uncaught.iter().any(|n| n == name);
                let status = match is_missed {
                    true => failed("canary", format!("canary not caught by {name}"), String::new()),
                    false => TestCaseStatus::success(),
                };
                cases.push(named(name, status));
            }
        }
    }
    for (name, reached) in &variant.came.points {
        let status = match reached {
            true => TestCaseStatus::success(),
            false if missing.is_empty() => TestCaseStatus::skipped(),
            false => failed("sometimes", format!("never reached {name}"), String::new()),
        };
        cases.push(named(name, status));
    }
    if let Some(unstable) = &variant.came.unstable {
        cases.push(named("deterministic", failed("diverged", unstable.clone(), String::new())));
    }
    cases
}

fn violated(found: &Distinct<'_>) -> TestCaseStatus {
    let Finding { sentence, evidence, text, replay, invariant, .. } = found.finding;
    let description = format!(
        "{sentence}:\n  {evidence}\n\n{text}\nin {} of {} runs\n{replay}\n",
        found.count, found.runs
    );
    failed(invariant, evidence.clone(), description)
}
