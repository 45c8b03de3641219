//! The evidence chain: what became of those of whom the violation speaks.
//!
//! The subjects are the processes and tasks that the evidence names, or, where it names none, whoever
//! moved last; and those to whom the lines of that step point. Of each the facts are read that came and went with each step: it was kept by somebody,
//! linked, linked once more, watched; nothing led to it any more; it ended or was collected. The last
//! link is the step that violates. What is not about a subject is left out.

use crate::{
    facts::{Change, Fact},
    invariant::Violation,
    told::Told,
};
use serde::Serialize;

/// A step that led to the violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The step, from 1.
    pub step: u32,
    /// What it was to it: `kept`, `linked`, `linked-again`, `watched`, `named`, `released`,
    /// `unreachable`, `ended`, `collected`, `used`.
    pub role: &'static str,
    /// Of whom this is: a process or task as the lanes of a timeline call it.
    pub subject: String,
    /// In whose lane it stands.
    pub who: String,
    /// What happened, in the words of the world.
    pub text: String,
}

/// A fact of this kind that came makes a link of this role.
struct Role {
    kind: &'static str,
    role: &'static str,
    /// The subject is in the fact's text, held by another; else the fact is the subject's own.
    is_held: bool,
    /// Only where the fact is about what is dead.
    of_dead: bool,
}

const fn held(kind: &'static str, role: &'static str) -> Role {
    Role { kind, role, is_held: true, of_dead: false }
}

const fn own(kind: &'static str, role: &'static str, of_dead: bool) -> Role {
    Role { kind, role, is_held: false, of_dead }
}

const CAME: [Role; 6] = [
    held("handle", "kept"),
    // That of a task is its own: who has it is not known.
    own("handle", "kept", false),
    held("link", "linked"),
    held("monitor", "watched"),
    own("heap", "unreachable", true),
    own("alive", "ended", true),
];

/// What led to a violation, in order; the violating step comes last.
pub(super) fn chain(told: &Told, violation: &Violation) -> Vec<Link> {
    let last = told.changes.len().saturating_sub(1) as u32;
    let subjects = subjects(told, violation, last);
    let mut facts: Vec<Fact> = Vec::new();
    let mut chain = Vec::new();
    for (step, change) in (0..).zip(&told.changes) {
        for subject in &subjects {
            chain.extend(links(step, change, subject, &facts));
        }
        change.apply(&mut facts);
    }
    let used = told.timeline.of_step(last);
    let of_step = used.map(|entry| {
        let text = entry.line.with_arrow();
        let about =
            subjects.iter().find(|subject| entry.line.who == **subject || names(&text, subject));
        Link {
            step: last,
            role: "used",
            subject: about.unwrap_or(&entry.line.who).clone(),
            who: entry.line.who.clone(),
            text,
        }
    });
    chain.extend(of_step);
    // A poll may say one thing a hundred times.
    chain.dedup();
    chain
}

/// What a step was to a subject.
fn links(step: u32, change: &Change, subject: &str, before: &[Fact]) -> Vec<Link> {
    let came = change.came.iter().filter_map(|fact| {
        let role = CAME.iter().find(|role| role.kind == fact.kind && is_of(fact, role, subject))?;
        // What was so before and only reads differently now is no new link.
        let known = before.iter().filter(|old| old.kind == fact.kind && old.who == fact.who);
        let same = known.filter(|old| is_of(old, role, subject)).count();
        let role = match (role.role, same) {
            ("ended", 0) if fact.text.starts_with("destroyed") => "collected",
            ("linked", 1..) if change.went.iter().all(|gone| gone.kind != "link") => "linked-again",
            (role, 0) => role,
            _ => return None,
        };
        Some((role, fact))
    });
    let went = change.went.iter().filter_map(|fact| {
        let role = CAME.iter().find(|role| role.kind == fact.kind && role.is_held)?;
        let is_gone = is_of(fact, role, subject)
            && !change.came.iter().any(|new| new.kind == fact.kind && is_of(new, role, subject));
        is_gone.then_some(("released", fact))
    });
    let link = |(role, fact): (&'static str, &Fact)| Link {
        step,
        role,
        subject: subject.to_owned(),
        who: fact.who.clone(),
        text: format!("{}: {}", fact.kind, fact.text),
    };
    came.chain(went).map(link).collect()
}

fn is_of(fact: &Fact, role: &Role, subject: &str) -> bool {
    match role.is_held {
        true => fact.who != subject && names(&fact.text, subject),
        false => fact.who == subject && fact.dead == role.of_dead,
    }
}

/// Those of whom the evidence speaks.
fn subjects(told: &Told, violation: &Violation, last: u32) -> Vec<String> {
    let evidence = &violation.evidence.0;
    let mut all: Vec<String> = told
        .changes
        .iter()
        .flat_map(|change| change.came.iter())
        .filter(|fact| fact.kind == "alive")
        .map(|fact| fact.who.clone())
        .collect();
    all.sort();
    all.dedup();
    let mut subjects: Vec<String> = all.into_iter().filter(|who| names(evidence, who)).collect();
    let is_named = !subjects.is_empty();
    for entry in told.timeline.of_step(last) {
        let moved = Some(&entry.line.who).filter(|_| !is_named);
        for who in moved.into_iter().chain(&entry.line.to) {
            if !subjects.contains(who) {
                subjects.push(who.clone());
            }
        }
    }
    subjects
}

/// True if a text names somebody: `a#1` is not named by `a#1.1` or `a#12`.
fn names(text: &str, who: &str) -> bool {
    text.match_indices(who).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + who.len()..].chars();
        let next = after.next();
        let goes_on = match next {
            Some('.') => after.next().is_some_and(|c| c.is_ascii_digit()),
            Some(c) => c.is_alphanumeric() || c == '_',
            None => false,
        };
        !goes_on && !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_its_beginning() {
        assert!(names("a#1 still lists child#1.1, which", "child#1.1"));
        assert!(names("ends with a#1.", "a#1"));
        for text in ["a#12", "a#1.1", "xa#1", "a#1_"] {
            assert!(!names(text, "a#1"), "{text}");
        }
    }
}
