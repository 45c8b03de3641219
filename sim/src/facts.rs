//! What is true of a world between two steps, for people, and what a step changed of it.
//!
//! A fact is a line in the words of its world: who is alive, who is linked to whom, what waits in a
//! mailbox. Facts are collected only when somebody asks; nothing that decides reads one. A run is
//! told by the differences from step to step, from which the whole can be put together again.
//!
//! Leaves out: what to say, which is the world's affair.

use serde::Serialize;

/// The kind of a fact that says whose turn may come; see [`crate::told`].
pub const READY: &str = "ready";

/// Something that is true of a world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fact {
    /// What kind of thing it is about: `alive`, `link`, `mailbox`, `heap` ..
    pub kind: &'static str,
    /// Whose it is, called as the lanes of a timeline are.
    pub who: String,
    /// What is true, in the words of the world.
    pub text: String,
    /// It is about something that is dead, or leads to it.
    pub dead: bool,
}

impl Fact {
    /// A fact about what lives.
    pub fn new(kind: &'static str, who: String, text: String) -> Self {
        Fact { kind, who, text, dead: false }
    }

    /// The same about what is dead, if it is.
    #[must_use]
    pub fn dead_if(self, dead: bool) -> Self {
        Fact { dead, ..self }
    }
}

/// What a step changed: facts that came and facts that went, each in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What is true now and was not.
    pub came: Vec<Fact>,
    /// What was true and is no more.
    pub went: Vec<Fact>,
}

impl Change {
    /// What leads from one list of facts to another. A fact that is there twice counts twice.
    pub fn between(before: &[Fact], after: &[Fact]) -> Change {
        let (before, after) = (sorted(before), sorted(after));
        let (mut old, mut new) = (before.into_iter().peekable(), after.into_iter().peekable());
        let mut change = Change::default();
        loop {
            match (old.peek(), new.peek()) {
                (Some(gone), Some(fresh)) if gone == fresh => {
                    old.next();
                    new.next();
                }
                (Some(gone), Some(fresh)) if gone < fresh => change.went.extend(old.next()),
                (_, Some(_)) => change.came.extend(new.next()),
                (Some(_), None) => change.went.extend(old.next()),
                (None, None) => return change,
            }
        }
    }

    /// Changes a list of facts, which is kept sorted.
    ///
    /// # Panics
    /// If something went that was not there: the change belongs to another list.
    pub fn apply(&self, facts: &mut Vec<Fact>) {
        for gone in &self.went {
            let at = facts.binary_search(gone).expect("what went was there");
            facts.remove(at);
        }
        for fresh in &self.came {
            let at = facts.binary_search(fresh).unwrap_or_else(|at| at);
            facts.insert(at, fresh.clone());
        }
    }
}

fn sorted(facts: &[Fact]) -> Vec<Fact> {
    let mut facts = facts.to_vec();
    facts.sort();
    facts
}

/// A few of many texts in one: `a, b, .. (7)`.
pub(crate) fn few(texts: impl ExactSizeIterator<Item = String>) -> String {
    const MOST: usize = 6;
    let all = texts.len();
    let mut shown: Vec<String> = texts.take(MOST).collect();
    if all > MOST {
        shown.push(format!(".. ({all})"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(text: &str) -> Fact {
        Fact::new("link", "a#1".to_owned(), text.to_owned())
    }

    #[test]
    fn differences_lead_from_one_list_to_the_other() {
        let before = [fact("b"), fact("c"), fact("c")];
        let after = [fact("d"), fact("c"), fact("a")];
        let change = Change::between(&before, &after);
        assert_eq!(change.came, [fact("a"), fact("d")]);
        assert_eq!(change.went, [fact("b"), fact("c")], "one of two that are alike stays");
        let mut facts = before.to_vec();
        change.apply(&mut facts);
        assert_eq!(facts, [fact("a"), fact("c"), fact("d")]);
    }

    #[test]
    fn of_many_texts_a_few_are_shown() {
        let texts = |n: u32| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().into_iter();
        assert_eq!(few(texts(2)), "0, 1");
        assert_eq!(few(texts(9)), "0, 1, 2, 3, 4, 5, .. (9)");
    }
}
