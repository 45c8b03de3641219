//! A timeline as a Mermaid sequence diagram: the form that issues and step summaries draw.
//!
//! Names and texts are escaped by Mermaid's entity codes, so that nothing in them ends a line or
//! begins a directive. A long run is cut in the middle: a diagram of hundreds of lines is refused by
//! those who draw it.

use super::middle;
use atropos::timeline::{Entry, Timeline};

/// More lines are not drawn.
const MOST: usize = 120;

/// The diagram.
pub(crate) fn mermaid(timeline: &Timeline) -> String {
    let lanes = timeline.lanes();
    let mut text = "sequenceDiagram\n".to_owned();
    for (at, lane) in lanes.iter().enumerate() {
        text.push_str(&format!("  participant L{at} as {}\n", escaped(lane)));
    }
    let entries = &timeline.entries;
    let (head, tail) = middle(entries.len(), MOST);
    let draw = |entry: &Entry| drawn(&lanes, entry);
    text.extend(entries[..head].iter().map(draw));
    if tail > head {
        let (last, gap) = (lanes.len() - 1, tail - head);
        text.push_str(&format!("  Note over L0,L{last}: {gap} lines are not drawn\n"));
    }
    text.extend(entries[tail..].iter().map(draw));
    text
}

fn drawn(lanes: &[&str], Entry { step, line }: &Entry) -> String {
    let lane_of = |name: &str| lanes.iter().position(|lane| *lane == name).unwrap_or(0);
    let (from, what) = (lane_of(&line.who), escaped(&line.text));
    match line.to.as_deref().map(lane_of) {
        Some(to) => format!("  L{from}->>L{to}: {step} {what}\n"),
        None => format!("  Note over L{from}: {step} {what}\n"),
    }
}

/// What may stand in a name or a message.
fn escaped(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " .,_-+*/()[]'!?=→►◄✗✓●".contains(c);
    let escape = |c: char| match c {
        c if plain(c) => c.to_string(),
        c if c.is_control() => " ".to_owned(),
        c => format!("#{};", u32::from(c)),
    };
    let text: String = text.chars().take(200).map(escape).collect();
    if text.trim().is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use atropos::timeline::Line;

    fn entry(step: u32, who: &str, text: &str, to: Option<&str>) -> Entry {
        Entry { step, line: Line { who: who.into(), text: text.into(), to: to.map(Into::into) } }
    }

    #[test]
    fn lanes_arrows_and_notes_are_drawn() {
        let entries =
            vec![entry(1, "a#1", "link", Some("b#2")), entry(2, "b#2", "✗ exit boom; %%", None)];
        let expected = "sequenceDiagram
  participant L0 as a#35;1
  participant L1 as b#35;2
  L0->>L1: 1 link
  Note over L1: 2 ✗ exit boom#59; #37;#37;
";
        assert_eq!(mermaid(&Timeline { entries }), expected);
    }

    #[test]
    fn nothing_in_a_text_ends_its_line() {
        let entries = vec![entry(1, "a\nend", "x\r\nparticipant Z", None)];
        assert_eq!(mermaid(&Timeline { entries }).lines().count(), 3);
    }

    #[test]
    fn a_long_run_is_cut_in_the_middle() {
        let entries = (1..=500).map(|step| entry(step, "a", "again", None)).collect();
        let text = mermaid(&Timeline { entries });
        assert!(text.contains("Note over L0,L0: 380 lines are not drawn"), "{text}");
        assert!(text.contains(": 500 again"), "{text}");
    }
}
