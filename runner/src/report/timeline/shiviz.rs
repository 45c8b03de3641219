//! A timeline as a log with vector clocks, which ShiViz draws.
//!
//! Two lines an event: the host with its clock, then what happened; ShiViz reads them by its default
//! expression, `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`. A clock joins those of what led to the
//! event: the line before in its lane, the lines before in its step, and the steps that caused it.

use super::one_line;
use atropos::{timeline::Entry, told::Told};
use std::collections::BTreeMap;

/// How far each lane has come, as far as somebody knows.
type Clock<'l> = BTreeMap<&'l str, u32>;

/// The log.
pub(crate) fn shiviz(told: &Told) -> String {
    let mut lanes: BTreeMap<&str, Clock<'_>> = BTreeMap::new();
    let mut steps: Vec<Clock<'_>> = Vec::new();
    let mut log = String::new();
    let mut entries = told.timeline.entries.iter().peekable();
    for (step, causes) in (1..).zip(&told.causes) {
        let mut clock = Clock::new();
        causes.iter().for_each(|&cause| join(&mut clock, &steps[cause as usize - 1]));
        while let Some(Entry { line, .. }) = entries.next_if(|entry| entry.step == step) {
            let who = line.who.as_str();
            join(&mut clock, &lanes.remove(who).unwrap_or_default());
            *clock.entry(who).or_default() += 1;
            let text = one_line(&format!("{step} {}", line.with_arrow()));
            log.push_str(&format!("{} {}\n{text}\n", host(who), written(&clock, who)));
            lanes.insert(who, clock.clone());
        }
        steps.push(clock);
    }
    log
}

fn join<'l>(clock: &mut Clock<'l>, other: &Clock<'l>) {
    for (lane, &count) in other {
        let known = clock.entry(lane).or_default();
        *known = count.max(*known);
    }
}

/// The clock as JSON, the lane itself first.
fn written(clock: &Clock<'_>, who: &str) -> String {
    let mut all: Vec<_> = clock.iter().collect();
    all.sort_by_key(|(lane, _)| **lane != who);
    let all = all.iter().map(|(lane, count)| {
        let name = serde_json::Value::from(host(lane));
        format!("{name}:{count}")
    });
    format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
}

/// A lane as one word.
fn host(lane: &str) -> String {
    lane.chars().map(|c| if c.is_whitespace() || c.is_control() { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    #[test]
    fn clocks_follow_causes() {
        let expected = r#"a#1 {"a#1":1}
1 spawn_link → b#1.1
b#1.1 {"b#1.1":1, "a#1":1}
2 ✗ exit boom
b#1.1 {"b#1.1":2, "a#1":1}
3 EXIT boom, fatal → a#1
"#;
        assert_eq!(shiviz(&samples::told()), expected);
    }

    #[test]
    fn what_did_not_lead_to_an_event_is_not_in_its_clock() {
        let mut told = samples::told();
        told.causes = vec![vec![]; 3];
        assert!(shiviz(&told).contains("b#1.1 {\"b#1.1\":1}\n"), "{}", shiviz(&told));
    }

    #[test]
    fn a_host_is_one_word() {
        assert_eq!(host("a b\n#1"), "a_b_#1");
    }
}
