//! Progress on stderr: a bar on a terminal, a plain line every ten seconds elsewhere.

use crate::args::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal, time::Duration};

/// What a campaign has done so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    pub(crate) runs: u64,
    /// Of how many, if the campaign counts runs.
    pub(crate) of: Option<u64>,
    pub(crate) elapsed: Duration,
    /// Of how long, if the campaign counts time.
    pub(crate) limit: Option<Duration>,
    pub(crate) findings: usize,
}

impl Done {
    fn text(&self) -> String {
        let seconds = self.elapsed.as_secs_f64();
        let rate = self.runs as f64 / seconds.max(0.001);
        let runs = match self.of {
            Some(of) => format!("{} of {} runs", grouped(self.runs), grouped(of)),
            None => format!("{} runs", grouped(self.runs)),
        };
        let limit =
            self.limit.map(|limit| format!("/{:.0}s", limit.as_secs_f64())).unwrap_or_default();
        format!(
            "{seconds:.0}s{limit}  {runs}  {:.0}k/s  {}",
            rate / 1000.0,
            counted(self.findings as u64, "finding", "findings")
        )
    }

    /// Thousandths done.
    fn share(&self) -> u64 {
        let share = match (self.limit, self.of) {
            (Some(limit), _) => self.elapsed.as_secs_f64() / limit.as_secs_f64().max(0.001),
            (None, Some(of)) => self.runs as f64 / of.max(1) as f64,
            (None, None) => 0.0,
        };
        (share.min(1.0) * 1000.0) as u64
    }
}

/// A number with its thousands marked.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and its noun.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Where progress is shown.
pub(crate) struct Meter {
    bar: Option<ProgressBar>,
    plain: bool,
    lines: u64,
    calls: u64,
    since: Option<Clock>,
}

#[expect(clippy::disallowed_types, reason = "how often progress is shown changes no result")]
type Clock = std::time::Instant;

const PLAIN_EVERY: u64 = 10;

impl Meter {
    pub(crate) fn new(wanted: Progress, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let (bar, plain) = match wanted {
            _ if quiet => (false, false),
            Progress::Auto | Progress::Bar => (terminal, !terminal),
            Progress::Plain => (false, true),
            Progress::None => (false, false),
        };
        Meter { bar: bar.then(new_bar), plain, lines: 0, calls: 0, since: None }
    }

    /// Shows where the campaign is; called about ten times a second.
    pub(crate) fn show(&mut self, done: Done) {
        if let Some(bar) = &self.bar {
            bar.set_position(done.share());
            bar.set_message(done.text());
        }
        let due = done.elapsed.as_secs() / PLAIN_EVERY;
        if self.plain && due > self.lines {
            self.lines = due;
            crate::output::remark(&done.text());
        }
    }

    /// Shows how many of a number of things are done.
    pub(crate) fn count(&mut self, things: &str, done: u64, of: u64) {
        let text = || format!("{} of {} {things}", grouped(done), grouped(of));
        if let Some(bar) = &self.bar {
            bar.set_position(done * 1000 / of.max(1));
            bar.set_message(text());
        }
        // Things are counted, not timed: a line for each thousand.
        let due = done / 1000;
        if self.plain && due > self.lines {
            self.lines = due;
            crate::output::remark(&text());
        }
    }

    /// Shows how far a search has come, as a share and a text; called after each of its runs.
    pub(crate) fn explored(&mut self, share: Option<f64>, text: impl Fn() -> String) {
        self.calls += 1;
        if !self.calls.is_multiple_of(256) {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_position((share.unwrap_or(0.0) * 1000.0) as u64);
            bar.set_message(text());
        }
        let due = self.since.get_or_insert_with(Clock::now).elapsed().as_secs() / PLAIN_EVERY;
        if self.plain && due > self.lines {
            self.lines = due;
            crate::output::remark(&text());
        }
    }

    /// Lets something be told without the bar in its way.
    pub(crate) fn aside<T>(&self, tell: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(tell),
            None => tell(),
        }
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(10));
    let style =
        ProgressStyle::with_template("  {bar:24} {msg}").expect("the template is well-formed");
    bar.set_style(style.progress_chars("█▌ "));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_marked() {
        let texts = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
