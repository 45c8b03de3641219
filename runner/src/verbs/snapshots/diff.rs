//! What a story changed, as a unified diff. The library is the one that insta compares with.

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

/// Lines around a change.
const CONTEXT: usize = 3;

/// The changes from the reviewed story to the one that is told, under the names of both; without a
/// line end.
pub(crate) fn unified(reviewed: &str, told: &str, names: [&str; 2]) -> String {
    let (before, after) = (format!("{reviewed}\n"), format!("{told}\n"));
    let diff = TextDiff::from_lines(&before, &after);
    let mut unified = diff.unified_diff();
    unified.context_radius(CONTEXT).header(names[0], names[1]);
    unified.to_string().trim_end_matches('\n').to_owned()
}

/// The same with colours: red what went, green what came.
pub(crate) fn coloured(diff: &str) -> String {
    let lines = diff.lines().enumerate().map(|(at, line)| {
        let style = match line.chars().next() {
            // The two lines of names begin as changes do.
            _ if at < 2 => Style::new().bold(),
            Some('@') => AnsiColor::Cyan.on_default(),
            Some('-') => AnsiColor::Red.on_default(),
            Some('+') => AnsiColor::Green.on_default(),
            _ => return line.to_owned(),
        };
        format!("{}{line}{}", style.render(), style.render_reset())
    });
    lines.collect::<Vec<_>>().join("\n")
}
