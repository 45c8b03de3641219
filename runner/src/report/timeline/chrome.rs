//! A timeline in the trace event format, which Perfetto and Chrome's own viewer open.
//!
//! A lane is a thread, a line a slice of it; slices of a thread never overlap, as the format wants.
//! An arrow is a flow from the slice to one in the other lane, which begins while the first lasts.
//! Time is the order of lines, ten microseconds each: a simulated run has no other.
//!
//! Format: "Trace Event Format", the types M, X, s and f; a flow binds to the slice that encloses it
//! (`bp: e`).

use super::{look, one_line};
use atropos::timeline::{Entry, Timeline};
use serde_json::{Value, json};

/// Time from line to line, in us, and how long a slice is.
const APART: u64 = 10;
const LONG: u64 = 8;

/// The array of events, one a line.
pub(crate) fn chrome_trace(timeline: &Timeline) -> String {
    let lanes = timeline.lanes();
    let mut events = vec![json!({
        "ph": "M", "pid": 1, "tid": 0, "name": "process_name", "args": { "name": "atropos" }
    })];
    for (at, lane) in lanes.iter().enumerate() {
        let named = |name: &str, args: Value| json!({ "ph": "M", "pid": 1, "tid": at + 1, "name": name, "args": args });
        events.push(named("thread_name", json!({ "name": one_line(lane) })));
        events.push(named("thread_sort_index", json!({ "sort_index": at })));
    }
    for (at, entry) in timeline.entries.iter().enumerate() {
        events.extend(slices(&lanes, at as u64, entry));
    }
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// The slice of a line and, if it points to another lane, the one there and the flow between them.
fn slices(lanes: &[&str], at: u64, Entry { step, line }: &Entry) -> Vec<Value> {
    let thread = |name: &str| lanes.iter().position(|lane| *lane == name).unwrap_or(0) + 1;
    let (begins, from) = (at * APART, thread(&line.who));
    let name = one_line(&line.text);
    let kind = look(&line.text).name();
    let slice = |tid: usize, ts: u64, dur: u64, name: &str| {
        json!({
            "ph": "X", "pid": 1, "tid": tid, "ts": ts, "dur": dur, "name": name, "cat": kind,
            "args": { "step": step }
        })
    };
    let mut events = vec![slice(from, begins, LONG, &name)];
    if let Some(to) = line.to.as_deref().map(thread).filter(|to| *to != from) {
        let flow = |ph: &str, tid: usize, ts: u64| {
            json!({
                "ph": ph, "pid": 1, "tid": tid, "ts": ts, "id": at + 1, "name": name, "cat": kind,
                "bp": "e"
            })
        };
        events.push(slice(to, begins + 2, LONG - 2, &format!("◄ {name}")));
        events.extend([flow("s", from, begins + 1), flow("f", to, begins + 3)]);
    }
    events
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn events() -> Vec<Value> {
        let text = chrome_trace(&samples::told().timeline);
        serde_json::from_str(&text).expect("an array of events")
    }

    #[test]
    fn slices_of_a_lane_do_not_overlap() {
        let mut slices: Vec<(u64, u64, u64)> = events()
            .iter()
            .filter(|event| event["ph"] == "X")
            .map(|event| ["tid", "ts", "dur"].map(|field| event[field].as_u64().expect("a number")))
            .map(|[lane, begins, long]| (lane, begins, begins + long))
            .collect();
        slices.sort_unstable();
        let overlap = slices.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].2 > pair[1].1);
        assert!(!overlap && slices.len() == 5, "three lines and two ends of arrows: {slices:?}");
    }

    #[test]
    fn a_flow_begins_and_ends_inside_of_slices() {
        let events = events();
        let flows: Vec<&Value> =
            events.iter().filter(|event| event["ph"] == "s" || event["ph"] == "f").collect();
        assert_eq!(flows.len(), 4, "two arrows");
        for flow in flows {
            let inside = |slice: &&Value| {
                let begins = slice["ts"].as_u64();
                let ends = begins.zip(slice["dur"].as_u64()).map(|(begins, long)| begins + long);
                slice["ph"] == "X"
                    && slice["tid"] == flow["tid"]
                    && begins <= flow["ts"].as_u64()
                    && flow["ts"].as_u64() < ends
            };
            assert!(events.iter().any(|event| inside(&event)), "{flow} hangs in the air");
        }
    }
}
