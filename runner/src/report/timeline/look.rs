//! What a line of a timeline looks like in a drawing.
//!
//! The text of a line says what it is; a look only helps the eye, and is never told by colour alone.

use serde::Serialize;

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Look {
    /// Somebody gives way or waits: nothing that others see.
    Tick,
    /// Somebody is born: dashed.
    Spawn,
    /// A tie between two: dotted.
    Link,
    /// A message: solid.
    Message,
    /// A death, or the news of one: dash and dot, with a cross.
    Exit,
    /// A reference that is taken or let go: dotted, with a ring.
    Hold,
    /// Anything else.
    Plain,
}

/// Beginnings of lines, and what they look like; the first that fits counts.
const BEGINNINGS: [(&str, Look); 30] = [
    ("·", Look::Tick),
    ("gc", Look::Tick),
    ("✗", Look::Exit),
    ("fault", Look::Exit),
    ("EXIT", Look::Exit),
    ("DOWN", Look::Exit),
    ("exit", Look::Exit),
    ("abort", Look::Exit),
    ("cancel", Look::Exit),
    ("joined", Look::Message),
    ("receive EXIT", Look::Exit),
    ("receive DOWN", Look::Exit),
    ("spawn", Look::Spawn),
    ("create_task", Look::Spawn),
    ("link", Look::Link),
    ("unlink", Look::Link),
    ("monitor", Look::Link),
    ("demonitor", Look::Link),
    ("register", Look::Link),
    ("unregister", Look::Link),
    ("keep", Look::Hold),
    ("let go", Look::Hold),
    ("hold", Look::Hold),
    ("release", Look::Hold),
    ("handle", Look::Hold),
    ("send", Look::Message),
    ("receive", Look::Message),
    ("put", Look::Message),
    ("get", Look::Message),
    ("answers", Look::Message),
];

/// What a line with this text looks like.
pub(crate) fn look(text: &str) -> Look {
    let found = BEGINNINGS.iter().find(|(beginning, _)| text.starts_with(beginning));
    match found {
        Some((_, look)) => *look,
        None if text.ends_with(" arrives") => Look::Message,
        None if text.ends_with(" lost") => Look::Exit,
        None => Look::Plain,
    }
}

impl Look {
    /// The dashes of its arrow, as SVG has them.
    pub(crate) fn dashes(self) -> &'static str {
        match self {
            Look::Spawn => "6 3",
            Look::Link | Look::Hold => "2 3",
            Look::Exit => "8 3 2 3",
            Look::Tick | Look::Message | Look::Plain => "none",
        }
    }

    /// Its name, as classes have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Look::Tick => "tick",
            Look::Spawn => "spawn",
            Look::Link => "link",
            Look::Message => "message",
            Look::Exit => "exit",
            Look::Hold => "hold",
            Look::Plain => "plain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_line_says_what_it_looks_like() {
        let cases = [
            ("· yield", Look::Tick),
            ("spawn_link", Look::Spawn),
            ("✗ exit boom", Look::Exit),
            ("receive DOWN a#1 boom", Look::Exit),
            ("receive hello", Look::Message),
            ("hello arrives", Look::Message),
            ("keep b#2 as limiter", Look::Hold),
            ("mark halfway", Look::Plain),
        ];
        for (text, expected) in cases {
            assert_eq!(look(text), expected, "{text}");
        }
    }
}
