//! Where results go: stdout, for people or as JSON lines. Complaints and progress go to stderr.

use crate::{
    args::Format,
    exit::{Exit, Stop},
};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::{self, Write};

/// The version of the JSON lines.
const VERSION: u32 = 1;

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// Standard output. A pipe that the reader closed is silent: `atropos list | head -1` is no error.
pub(crate) struct Output {
    format: Format,
    quiet: bool,
    closed: bool,
}

#[derive(Serialize)]
struct JsonLine<'a, T> {
    v: u32,
    event: &'a str,
    #[serde(flatten)]
    data: &'a T,
}

impl Output {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Output { format, quiet, closed: false }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// A result for people; nothing under `--format json`.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Stop> {
        if self.is_json() { Ok(()) } else { self.write(text) }
    }

    /// The same, but not under `--quiet`.
    pub(crate) fn say_more(&mut self, text: &str) -> Result<(), Stop> {
        if self.quiet { Ok(()) } else { self.say(text) }
    }

    /// A result for programs: one object a line; nothing for people.
    pub(crate) fn tell<T: Serialize>(&mut self, event: &str, data: &T) -> Result<(), Stop> {
        if !self.is_json() {
            return Ok(());
        }
        let line = self.line(event, data)?;
        self.write(&line)
    }

    /// The line that tells of it.
    pub(crate) fn line<T: Serialize>(&self, event: &str, data: &T) -> Result<String, Stop> {
        serde_json::to_string(&JsonLine { v: VERSION, event, data })
            .map_err(|error| Stop::new(Exit::Tool, format!("cannot write JSON: {error}")))
    }

    fn write(&mut self, text: &str) -> Result<(), Stop> {
        if self.closed {
            return Ok(());
        }
        self.closed = !say(text)?;
        Ok(())
    }
}

/// A line on stdout; false if the reader has closed it, which is no error.
///
/// # Errors
/// If it cannot be written for another reason.
pub fn say(text: &str) -> Result<bool, Stop> {
    let mut stdout = anstream::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Stop::new(Exit::Tool, format!("cannot write to stdout: {error}"))),
    }
}

/// What went wrong, on stderr.
pub(crate) fn complain(text: &str) {
    let (on, off) = (BAD.render(), BAD.render_reset());
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(anstream::stderr().lock(), "{on}error{off}: {text}");
}

/// What somebody gave, to be shown in a refusal: its beginning.
pub(crate) fn cut(text: &str) -> String {
    cut_at(text, 80)
}

/// The same, at most so many characters of it.
pub(crate) fn cut_at(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// A remark on stderr.
pub fn remark(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
