//! Events of the task world for people, and who waits for what.

use super::{
    TaskWorld,
    kind::{Op, event},
    table::Ending,
};
use crate::{timeline::Line, trace::Event, word::Words};

pub(super) use crate::site::text as site;

impl TaskWorld {
    pub(super) fn line_of(&self, event: Event) -> Option<Line> {
        let text = self.event_text(event)?;
        let to = match event.kind() {
            event::SPAWNED
            | event::ABORTED
            | event::DETACHED
            | event::FINISHED_PENDING
            | event::ABANDONED => Some(self.shown(event.arg())),
            _ => None,
        };
        let me = match event.kind() {
            event::FAULT | event::NO_FAULT => "fault".to_owned(),
            _ => self.shown_or_setup(event.who()),
        };
        let to = match event.kind() {
            event::FAULT => Some(self.shown(event.who())),
            // What comes of another task is drawn from there.
            event::JOINED => {
                let (from, to) = (self.shown(event.arg()), Some(me));
                return Some(Line { who: from, text, to });
            }
            _ => to,
        };
        Some(Line { to: to.filter(|to| *to != me), who: me, text })
    }

    fn shown_or_setup(&self, who: u32) -> String {
        if who == Words::MAX_WHO { "setup".to_owned() } else { self.shown(who) }
    }

    fn event_text(&self, event: Event) -> Option<String> {
        let (arg, value) = (event.arg(), event.value());
        Some(match event.kind() {
            event::PENDING => "· pending".to_owned(),
            event::RETURNED => "✓ returns".to_owned(),
            event::PANICKED => format!("✗ panics: {}", self.panic_of(event.who())),
            event::CANCELLED => "✗ dropped".to_owned(),
            event::SPAWNED => "spawn".to_owned(),
            event::ABORTED => "abort".to_owned(),
            event::JOINED => format!("joined: {}", ending_text(value)),
            event::DETACHED => "handle dropped".to_owned(),
            event::FINISHED_PENDING => "finished, but the handle is pending".to_owned(),
            event::ABANDONED => "handle dropped, its result unread".to_owned(),
            event::FORCED => format!("✗ no budget left: {} is pending", Op::text(arg)),
            event::FAULT => "✗ abort".to_owned(),
            event::NO_FAULT => "abort nobody".to_owned(),
            event::TIMER => "timer".to_owned(),
            event::DID => format!("{} {}", Op::text(arg), self.thing_name(value as u32)),
            event::HOLD => format!("hold {}", self.label_text(value)),
            event::RELEASE => format!("release {}", self.label_text(value)),
            event::MARK => self.label_text(value),
            event::LOST => format!("✗ message lost in {}", self.thing_name(value as u32)),
            _ => return None,
        })
    }

    /// What a label was, by its hash.
    pub(super) fn label_text(&self, hash: u64) -> String {
        let labels = self.desk.labels.borrow();
        let found = labels.binary_search_by_key(&hash, |&(known, _)| known);
        found.map_or_else(|_| "?".to_owned(), |at| labels[at].1.to_string())
    }

    /// A primitive, by its name if it has one.
    fn thing_name(&self, thing: u32) -> String {
        let name = self.desk.things.borrow().get(thing as usize).and_then(|thing| thing.name);
        name.map_or_else(|| self.thing_text(thing), str::to_owned)
    }

    /// A primitive, by its name or kind, and where it was made.
    pub(super) fn thing_text(&self, thing: u32) -> String {
        let things = self.desk.things.borrow();
        let Some(thing) = things.get(thing as usize) else { return "?".to_owned() };
        format!("{} ({})", thing.name.unwrap_or(thing.word), site(thing.site))
    }

    pub(super) fn panic_of(&self, task: u32) -> String {
        let tables = self.desk.tables.borrow();
        let panic = tables.panics.iter().rev().find(|(who, _)| *who == task);
        panic.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

fn ending_text(value: u64) -> &'static str {
    const TEXTS: [(Ending, &str); 3] = [
        (Ending::Returned, "returned"),
        (Ending::Cancelled, "cancelled"),
        (Ending::Panicked, "panicked"),
    ];
    TEXTS.iter().find(|(ending, _)| *ending as u64 == value).map_or("?", |(_, text)| text)
}
