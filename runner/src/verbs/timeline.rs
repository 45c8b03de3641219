//! `atropos timeline`: a run in the form that a person, an issue, a viewer or a program reads.
//!
//! It plays the run as `replay` does, and says what happened instead of what came of it: a run that
//! violates something ends with 0, too.

use super::source;
use crate::{
    args::{Format, TimelineArgs},
    catalog::Catalog,
    exit::{Exit, Stop},
    files,
    output::{Output, remark},
    report::{self, Known},
    token,
};
use atropos::explain::Effort;

pub(crate) fn run(args: &TimelineArgs, catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let source = source::read(catalog, &args.case)?;
    let replay = source::played(&source)?;
    let subject = source.subject;
    let told = || subject.told(&source.case).unwrap_or_default();
    let timeline = &replay.timeline;
    let text = match args.format {
        Format::Human | Format::Text => timeline.to_string(),
        Format::Svg => report::svg(timeline),
        Format::Mermaid => report::mermaid(timeline),
        Format::ChromeTrace => report::chrome_trace(timeline),
        Format::Shiviz => report::shiviz(&told()),
        Format::Html => {
            let again = token::again(subject, &source.case, source::place(&args.case));
            let explained = subject.explain(&source.case, Effort::default()).ok().flatten();
            let known = Known::new(subject, &source.case, &replay, &again);
            report::report(&Known { explained: explained.as_ref(), ..known })
        }
        Format::Json => {
            let told = told();
            let json = report::timeline_json(&source, &replay, &told);
            match &args.out {
                Some(_) => out.line("timeline", &json)?,
                None => return out.tell("timeline", &json).map(|()| Exit::Held),
            }
        }
    };
    match &args.out {
        None => out.say(text.trim_end())?,
        Some(path) => {
            let text = text.trim_end().to_owned() + "\n";
            files::write(path, &text)?;
            remark(&format!("wrote {}", path.display()));
        }
    }
    Ok(Exit::Held)
}
