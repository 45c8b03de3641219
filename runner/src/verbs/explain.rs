//! `atropos explain`: why a run fails.

use super::source;
use crate::{
    args::ExplainArgs,
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
    report, token,
};
use atropos::explain::{Effort, Explanation};
use serde::Serialize;

#[derive(Serialize)]
struct ExplainJson<'a> {
    scenario: &'a str,
    variant: &'a str,
    token: String,
    /// The nearest run that passes.
    passing_token: Option<String>,
    #[serde(flatten)]
    explanation: &'a Explanation,
}

pub(crate) fn run(args: &ExplainArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let source = source::read(catalog, &args.case)?;
    source::played(&source)?;
    let (subject, case) = (source.subject, &source.case);
    let effort = Effort { runs: args.runs, ..Effort::default() };
    let explained = subject.explain(case, effort).expect("a case that was played");
    let Some(explained) = explained else {
        out.say("nothing to explain: the run holds")?;
        return Ok(Exit::Held);
    };
    let passing = explained.passing.as_ref();
    let passing_token = passing.map(|passing| token::token_of_case(subject, &passing.case));
    let token = token::token_of_case(subject, case);
    out.say(&report::explanation(subject, case, &explained))?;
    out.say_more(&format!("  Failing: {}", report::command("replay", subject, &token)))?;
    if let Some(passing) = &passing_token {
        out.say_more(&format!("  Passing: {}", report::command("replay", subject, passing)))?;
    }
    let line = ExplainJson {
        scenario: &case.scenario,
        variant: &case.variant,
        token,
        passing_token,
        explanation: &explained,
    };
    out.tell("explained", &line)?;
    Ok(Exit::Held)
}
