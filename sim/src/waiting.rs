//! Who is not done, what each waits for, and the circle they wait in.
//!
//! A world says what it knows: whom one waits for where that is somebody in particular, the task of
//! a handle, the process under a monitor, the holder of a lock. Of a message or a notification that
//! anybody might send it names nobody, so a deadlock without a circle is told as far as it goes.

use crate::invariant::Evidence;
use std::collections::{BTreeMap, VecDeque};

/// Somebody who is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who, called as the lanes of a timeline are.
    pub who: String,
    /// Where it was started: `spawned by main#1 at door.rs:12`; empty if that is not known.
    pub born: String,
    /// What it waits for, a sentence without its subject.
    pub what: String,
    /// Who alone could end the wait.
    pub on: Vec<String>,
    /// It must be done when nothing more can happen.
    pub client: bool,
}

impl Waiting {
    /// The sentence.
    pub(crate) fn sentence(&self) -> String {
        match self.born.as_str() {
            "" => format!("{} {}", self.who, self.what),
            born => format!("{} ({born}) {}", self.who, self.what),
        }
    }
}

/// Why this is a deadlock: the circle, the clients that are not done, and those on whom they wait.
pub(crate) fn deadlock(waits: &[Waiting]) -> Evidence {
    let circle = circle(waits).map(|circle| {
        let arrows = circle.join(" → ");
        match circle.as_slice() {
            [_, _] => format!("it waits for itself: {arrows}"),
            _ => format!("each waits for the next: {arrows}"),
        }
    });
    circle.into_iter().chain(unfinished(waits)).collect::<Vec<_>>().join("\n").into()
}

/// So many are told of at most: who reads it wants the circle and the first of those who wait.
const MOST: usize = 32;

/// Clients in their order, then those who are waited for, in the order in which one comes to them.
fn involved(waits: &[Waiting]) -> Vec<&Waiting> {
    let mut rest: BTreeMap<&str, &Waiting> =
        waits.iter().filter(|wait| !wait.client).map(|wait| (wait.who.as_str(), wait)).collect();
    let mut found: Vec<&Waiting> = waits.iter().filter(|wait| wait.client).collect();
    let mut at = 0;
    while let Some(wait) = found.get(at).copied() {
        found.extend(wait.on.iter().filter_map(|who| rest.remove(who.as_str())));
        at += 1;
    }
    found
}

/// The shortest circle that a client waits in or comes to, beginning and ending with the same name;
/// of several as short, the first that is met.
fn circle(waits: &[Waiting]) -> Option<Vec<String>> {
    let involved = involved(waits);
    let all: BTreeMap<&str, &Waiting> =
        involved.iter().map(|wait| (wait.who.as_str(), *wait)).collect();
    let starts = involved.iter().take(MOST_STARTS);
    starts.filter_map(|wait| way_back(&all, wait)).min_by_key(Vec::len)
}

/// A circle is looked for from so many of them.
const MOST_STARTS: usize = 1_000;

/// The shortest way from somebody to himself.
fn way_back(all: &BTreeMap<&str, &Waiting>, start: &Waiting) -> Option<Vec<String>> {
    let mut came: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start.who.as_str()]);
    while let Some(who) = open.pop_front() {
        for next in all.get(who).into_iter().flat_map(|wait| &wait.on) {
            if !came.contains_key(next.as_str()) {
                came.insert(next, who);
                open.push_back(next);
            }
        }
    }
    let mut way = vec![start.who.clone()];
    let mut at = *came.get(start.who.as_str())?;
    while at != start.who {
        way.push(at.to_owned());
        at = came[at];
    }
    way.push(start.who.clone());
    way.reverse();
    Some(way)
}

/// The clients that are not done, and those on whom they wait, a sentence a line.
pub(crate) fn unfinished(waits: &[Waiting]) -> Vec<String> {
    let involved = involved(waits);
    let more = involved.len().saturating_sub(MOST);
    let told = involved.into_iter().take(MOST).map(Waiting::sentence);
    told.chain((more > 0).then(|| format!("and {more} more"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(who: &str, on: &[&str], client: bool) -> Waiting {
        Waiting {
            who: who.to_owned(),
            born: String::new(),
            what: "waits".to_owned(),
            on: on.iter().map(|&on| on.to_owned()).collect(),
            client,
        }
    }

    #[test]
    fn the_shortest_circle_is_told() {
        let waits = [
            wait("a", &["b"], true),
            wait("b", &["c", "d"], false),
            wait("c", &["e"], false),
            wait("d", &["b"], false),
            wait("e", &["a"], false),
        ];
        assert_eq!(circle(&waits), Some(["b", "d", "b"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn one_may_wait_for_oneself() {
        let evidence = deadlock(&[wait("a", &["a"], true)]);
        assert_eq!(evidence.0, "it waits for itself: a → a\na waits");
    }

    #[test]
    fn without_a_client_nobody_is_missed() {
        let waits = [wait("server", &["other"], false), wait("other", &["server"], false)];
        assert_eq!(unfinished(&waits), Vec::<String>::new());
        assert_eq!(circle(&waits), None, "nobody who is missed waits in it");
    }

    #[test]
    fn those_who_are_waited_for_are_told_behind_the_clients() {
        let waits =
            [wait("idle", &[], false), wait("server", &[], false), wait("a", &["server"], true)];
        let evidence = deadlock(&waits);
        assert_eq!(evidence.0, "a waits\nserver waits");
    }

    #[test]
    fn of_very_many_the_first_are_told() {
        let names: Vec<String> = (0..100).map(|n| format!("c#{n}")).collect();
        let waits: Vec<Waiting> = names.iter().map(|name| wait(name, &["s"], true)).collect();
        let lines = unfinished(&waits);
        assert_eq!((lines.len(), lines[32].as_str()), (33, "and 68 more"));
    }

    #[test]
    fn whom_the_world_does_not_list_is_done() {
        let evidence = deadlock(&[wait("a", &["gone"], true)]);
        assert_eq!(evidence.0, "a waits");
    }
}
