//! Texts by number: names of tasks, of attributes, of points.

use std::borrow::Cow;

/// A text, by its number in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Text(u32);

impl Text {
    /// No text.
    pub(super) const NONE: Text = Text(u32::MAX);
}

/// The texts of a world. They stay from run to run: a scenario says the same ones. So a number means
/// something in one world only, and what leaves it speaks hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    list: Vec<(Cow<'static, str>, u64)>,
    // invariant: the numbers of all texts, in the order of their hashes
    by_hash: Vec<(u64, u32)>,
}

impl Texts {
    /// The number of a text, new or known.
    pub(super) fn add(&mut self, text: impl Into<Cow<'static, str>>) -> Text {
        let text = text.into();
        let hash = crate::trace::digest_bytes(text.as_bytes()).0 as u64;
        match self.by_hash.binary_search_by_key(&hash, |&(known, _)| known) {
            Ok(at) => Text(self.by_hash[at].1),
            Err(at) => {
                let number = self.list.len() as u32;
                self.by_hash.insert(at, (hash, number));
                self.list.push((text, hash));
                Text(number)
            }
        }
    }

    pub(super) fn text(&self, text: Text) -> &str {
        self.list.get(text.0 as usize).map_or("", |(text, _)| text)
    }

    /// The text of a hash.
    pub(super) fn of_hash(&self, hash: u64) -> &str {
        let found = self.by_hash.binary_search_by_key(&hash, |&(known, _)| known);
        found.map_or("", |at| self.text(Text(self.by_hash[at].1)))
    }

    /// A hash that does not depend on the order in which texts were added.
    pub(super) fn hash(&self, text: Text) -> u64 {
        self.list.get(text.0 as usize).map_or(0, |(_, hash)| *hash)
    }
}
