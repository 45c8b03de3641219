//! The names of processes and references: where each is bound and used.

use super::error::{Place, ProgramError, Read, hint};
use crate::program::model::Slot;
use serde_json::Value;
use std::collections::BTreeMap;

/// The most names in a program.
const NAMES: u16 = 1 << 15;

/// What a name stands for; its sigil says so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Process,
    Reference,
}

impl Sort {
    /// Of a string that may be a name.
    pub(super) fn of(text: &str) -> Option<Sort> {
        match text.as_bytes().first() {
            Some(b'@') => Some(Sort::Process),
            Some(b'#') => Some(Sort::Reference),
            _ => None,
        }
    }

    fn example(self) -> &'static str {
        match self {
            Sort::Process => "a process such as `@p1`",
            Sort::Reference => "a reference such as `#r1`",
        }
    }
}

/// The names seen so far, in the order in which they were first seen.
pub(super) struct Names {
    slots: BTreeMap<String, Slot>,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    /// Where it is first used.
    used: Option<String>,
    /// Where it is bound.
    bound: Option<String>,
}

impl Names {
    pub(super) fn new() -> Names {
        let first = "@p0".to_owned();
        let entry = Entry { name: first.clone(), used: None, bound: Some(String::new()) };
        Names { slots: BTreeMap::from([(first, Slot::FIRST)]), entries: vec![entry] }
    }

    /// The slot of a name that is used here.
    pub(super) fn used(&mut self, place: &Place<'_>, name: &str) -> Read<Slot> {
        let slot = self.slot(place, name)?;
        self.entries[slot.0 as usize].used.get_or_insert_with(|| place.to_string());
        Ok(slot)
    }

    /// The slot of a name that is bound here.
    pub(super) fn bound(&mut self, place: &Place<'_>, value: &Value, sort: Sort) -> Read<Slot> {
        let name = name_of(place, value, sort)?;
        let slot = self.slot(place, name)?;
        if slot == Slot::FIRST {
            return Err(place.refuse("`@p0` exists from the start, it cannot be bound"));
        }
        let entry = &mut self.entries[slot.0 as usize];
        if let Some(before) = &entry.bound {
            return Err(place.refuse(format!("`{name}` is bound already, at {before}")));
        }
        entry.bound = Some(place.to_string());
        Ok(slot)
    }

    fn slot(&mut self, place: &Place<'_>, name: &str) -> Read<Slot> {
        let letter = |letter: u8| letter.is_ascii_alphanumeric() || b"_.-".contains(&letter);
        if name.len() < 2 || !name.bytes().skip(1).all(letter) {
            let rule = "after the sigil come letters, digits, `_`, `.` or `-`";
            return Err(place.refuse(format!("{name:?} is no name: {rule}")));
        }
        if let Some(&slot) = self.slots.get(name) {
            return Ok(slot);
        }
        // As many slots again stand for the tasks behind the names.
        let next = u16::try_from(self.entries.len()).ok().filter(|&next| next < NAMES);
        let Some(next) = next else {
            return Err(place.refuse(format!("a program has at most {NAMES} names")));
        };
        self.slots.insert(name.to_owned(), Slot(next));
        self.entries.push(Entry { name: name.to_owned(), used: None, bound: None });
        Ok(Slot(next))
    }

    /// The names by slot, if each that is used is bound somewhere.
    pub(super) fn finish(self) -> Read<Vec<String>> {
        match self.entries.iter().find(|entry| entry.bound.is_none()) {
            Some(entry) => Err(self.unbound(entry)),
            None => Ok(self.entries.into_iter().map(|entry| entry.name).collect()),
        }
    }

    fn unbound(&self, entry: &Entry) -> ProgramError {
        let sort = Sort::of(&entry.name);
        let binder = match sort {
            Some(Sort::Process) => "`as` of a `spawn`",
            _ => "`as` of what makes a reference, or `ref` of a `spawn`,",
        };
        let bound = self.entries.iter().filter(|other| other.bound.is_some());
        // `@p1` is no slip for `@p2`: names that differ in their numbers differ on purpose.
        let word =
            |name: &str| name.trim_end_matches(|last: char| last.is_ascii_digit()).to_owned();
        let alike = bound.map(|other| &*other.name);
        let alike = alike.filter(|name| Sort::of(name) == sort && word(name) != word(&entry.name));
        let hint = hint(&entry.name, alike, || format!(": {binder} would bind it"));
        ProgramError {
            place: entry.used.clone().unwrap_or_default(),
            reason: format!("`{}` is bound nowhere in the program{hint}", entry.name),
        }
    }
}

/// The name that stands here, if it is of the sort that is meant.
pub(super) fn name_of<'v>(place: &Place<'_>, value: &'v Value, sort: Sort) -> Read<&'v str> {
    match value.as_str() {
        Some(name) if Sort::of(name) == Some(sort) => Ok(name),
        _ => Err(place.expected(&format!("the name of {}", sort.example()), value)),
    }
}
