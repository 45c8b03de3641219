//! Erlang terms in one word.
//!
//! Integers, short atoms, pids and references are the word itself; tuples, lists, maps and long atoms
//! are named by a hash of their content and kept in a table of the run ([`Terms`]). So a term costs
//! nothing to send or compare, and its word does not depend on when it was made.
//!
//! Leaves out, for now: floats, binaries, improper lists, integers beyond 60 bits.

use super::kind::PARTY;
use crate::{trace::Event, word::mix};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

/// A process identifier: an index that means something inside one run only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Pid(pub(crate) u32);

/// A reference: a monitor, an alias, a timer or a plain one, by an index that means something inside
/// one run only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Ref(pub(crate) u32);

impl Pid {
    /// The pid of the n-th root process, from 0, in a world whose roots are all started before the
    /// run begins: so bodies can know each other without a message.
    pub const fn root(n: u32) -> Self {
        Pid(n)
    }

    /// Whose lane an event of the process world stands in.
    pub fn who(event: Event) -> Self {
        Pid(event.who())
    }

    /// The other party of an event that has one.
    pub fn party(event: Event) -> Self {
        Pid(event.arg() & PARTY)
    }

    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A term. Equality is Erlang's `=:=`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Term(pub(crate) u64);

const TAG_BITS: u32 = 4;
const INTEGER: u64 = 0;
const ATOM: u64 = 1;
const PID: u64 = 2;
const REF: u64 = 3;
/// In the table; holds no pid and no reference.
const PURE: u64 = 4;
/// In the table; holds a pid or a reference somewhere.
const BOUND: u64 = 5;

/// Where the hash of a compound begins.
const COMPOUND: u64 = 0x636f_6d70_6f75_6e64;

const ALPHABET: &[u8; 64] = b"\0abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

impl Term {
    /// `normal`
    pub const NORMAL: Term = Term::atom("normal");
    /// `kill`
    pub const KILL: Term = Term::atom("kill");
    /// `killed`
    pub const KILLED: Term = Term::atom("killed");
    /// `noproc`
    pub const NOPROC: Term = Term::atom("noproc");
    /// `shutdown`
    pub const SHUTDOWN: Term = Term::atom("shutdown");
    /// `badarg`
    pub const BADARG: Term = Term::atom("badarg");
    /// `undefined`
    pub const UNDEFINED: Term = Term::atom("undefined");
    /// `_`, which as part of a pattern matches any term.
    pub const ANY: Term = Term::atom("_");
    /// An atom that is no Erlang atom's: as a pattern it matches nothing that anybody sends.
    pub(crate) const NOTHING: Term = Term(ATOM);
    /// `$stack`, which stands for any stack trace. Its letters fit no short atom.
    pub const STACK: Term = Term((u64::MAX << TAG_BITS) | ATOM);

    /// An atom of at most ten letters, digits and underscores. Longer ones are made by
    /// [`Terms::atom`].
    ///
    /// # Panics
    /// If the name is empty, longer, or holds another character.
    pub const fn atom(name: &str) -> Term {
        match Self::short_atom(name) {
            Some(atom) => atom,
            None => {
                panic!("an atom of 1 to 10 letters, digits and underscores; longer ones: Ctx::atom")
            }
        }
    }

    const fn short_atom(name: &str) -> Option<Term> {
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.len() > 10 {
            return None;
        }
        let mut packed = 0;
        let mut i = bytes.len();
        while i > 0 {
            i -= 1;
            let code = match bytes[i] {
                b @ b'a'..=b'z' => b - b'a' + 1,
                b @ b'A'..=b'Z' => b - b'A' + 27,
                b @ b'0'..=b'9' => b - b'0' + 53,
                b'_' => 63,
                _ => return None,
            };
            packed = packed << 6 | code as u64;
        }
        // 60 one-bits are $stack; ten underscores would collide with it and go to the table.
        if packed == u64::MAX >> TAG_BITS {
            return None;
        }
        Some(Term(packed << TAG_BITS | ATOM))
    }

    /// An integer.
    ///
    /// # Panics
    /// If it does not fit 60 bits.
    pub const fn int(value: i64) -> Term {
        let word = (value as u64) << TAG_BITS;
        assert!(word as i64 >> TAG_BITS == value, "an integer of at most 60 bits");
        Term(word | INTEGER)
    }

    #[inline(always)]
    pub(crate) const fn tag(self) -> u64 {
        self.0 & ((1 << TAG_BITS) - 1)
    }

    /// The term that an event of the process world carries, if it is one that carries a term.
    pub const fn told(event: Event) -> Term {
        Term(event.value())
    }

    /// The word itself; it means something inside one run only.
    pub const fn word(self) -> u64 {
        self.0
    }

    const fn payload(self) -> u64 {
        self.0 >> TAG_BITS
    }

    /// The integer, if it is one.
    pub const fn as_int(self) -> Option<i64> {
        if self.tag() == INTEGER { Some(self.0 as i64 >> TAG_BITS) } else { None }
    }

    /// The pid, if it is one.
    pub const fn as_pid(self) -> Option<Pid> {
        if self.tag() == PID { Some(Pid(self.payload() as u32)) } else { None }
    }

    /// The reference, if it is one.
    pub const fn as_ref(self) -> Option<Ref> {
        if self.tag() == REF { Some(Ref(self.payload() as u32)) } else { None }
    }

    const fn is_compound(self) -> bool {
        self.tag() == PURE || self.tag() == BOUND
    }

    /// True if the word depends on indices of the run.
    #[inline(always)]
    pub(crate) const fn is_bound(self) -> bool {
        matches!(self.tag(), PID | REF | BOUND)
    }
}

/// As Erlang prints it, where the word alone tells; a term of the run's table by its hash.
impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag() {
            INTEGER => write!(f, "{}", self.0 as i64 >> TAG_BITS),
            ATOM => f.write_str(&atom_name(*self)),
            PID => write!(f, "pid {}", self.payload()),
            REF => write!(f, "ref {}", self.payload()),
            _ => write!(f, "term {:x}", self.payload()),
        }
    }
}

impl From<i64> for Term {
    fn from(value: i64) -> Term {
        Term::int(value)
    }
}

impl From<bool> for Term {
    fn from(value: bool) -> Term {
        Term::atom(if value { "true" } else { "false" })
    }
}

impl From<Pid> for Term {
    fn from(pid: Pid) -> Term {
        Term(u64::from(pid.0) << TAG_BITS | PID)
    }
}

impl From<Ref> for Term {
    fn from(reference: Ref) -> Term {
        Term(u64::from(reference.0) << TAG_BITS | REF)
    }
}

/// A string is an atom, as in the programs of this crate; at most ten letters.
impl From<&str> for Term {
    fn from(name: &str) -> Term {
        Term::atom(name)
    }
}

/// A term that needs more than a word.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Compound {
    Atom(String),
    Tuple(Vec<Term>),
    List(Vec<Term>),
    /// Keys and values, flat.
    // invariant: sorted by the key's word, each key once
    Map(Vec<Term>),
}

impl Compound {
    /// The tag that keeps kinds of equal content apart, and the parts.
    fn parts(&self) -> (u64, &[Term]) {
        match self {
            Compound::Atom(_) => (1, &[]),
            Compound::Tuple(parts) => (2, parts),
            Compound::List(parts) => (3, parts),
            Compound::Map(parts) => (4, parts),
        }
    }
}

/// A term opened up, for encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'t> {
    /// An integer.
    Int(i64),
    /// An atom that fits the word, or `$stack`.
    ShortAtom(Term),
    /// Any other atom.
    LongAtom(&'t str),
    /// A process.
    Pid(Pid),
    /// A reference.
    Ref(Ref),
    /// The elements of a tuple.
    Tuple(&'t [Term]),
    /// The items of a list.
    List(&'t [Term]),
    /// Keys and values of a map, flat.
    Map(&'t [Term]),
    /// A term of another run.
    Foreign,
}

/// The compound terms of a run, by the hash of their content.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    table: BTreeMap<u64, Compound>,
}

impl Terms {
    /// Forgets all terms.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }

    /// An atom of any name.
    pub fn atom(&mut self, name: &str) -> Term {
        Term::short_atom(name).unwrap_or_else(|| self.keep(Compound::Atom(name.to_owned())))
    }

    /// A tuple.
    pub fn tuple(&mut self, elements: &[Term]) -> Term {
        self.keep(Compound::Tuple(elements.to_vec()))
    }

    /// A proper list.
    pub fn list(&mut self, elements: &[Term]) -> Term {
        self.keep(Compound::List(elements.to_vec()))
    }

    /// A map; of two equal keys the last one counts.
    pub fn map(&mut self, pairs: &[(Term, Term)]) -> Term {
        let sorted: BTreeMap<u64, Term> = pairs.iter().map(|&(k, v)| (k.0, v)).collect();
        self.keep(Compound::Map(sorted.into_iter().flat_map(|(k, v)| [Term(k), v]).collect()))
    }

    /// The term opened up.
    pub fn shape(&self, term: Term) -> Shape<'_> {
        match term.tag() {
            INTEGER => Shape::Int(term.0 as i64 >> TAG_BITS),
            ATOM => Shape::ShortAtom(term),
            PID => Shape::Pid(Pid(term.payload() as u32)),
            REF => Shape::Ref(Ref(term.payload() as u32)),
            _ => match self.table.get(&term.0) {
                Some(Compound::Atom(name)) => Shape::LongAtom(name),
                Some(Compound::Tuple(parts)) => Shape::Tuple(parts),
                Some(Compound::List(parts)) => Shape::List(parts),
                Some(Compound::Map(parts)) => Shape::Map(parts),
                None => Shape::Foreign,
            },
        }
    }

    /// The name of an atom; empty if it is none.
    pub fn atom_name(&self, term: Term) -> String {
        match self.shape(term) {
            Shape::ShortAtom(atom) => atom_name(atom),
            Shape::LongAtom(name) => name.to_owned(),
            _ => String::new(),
        }
    }

    /// The references in a term, however deep.
    pub(super) fn references(&self, term: Term) -> Vec<Ref> {
        match self.shape(term) {
            Shape::Ref(reference) => vec![reference],
            Shape::Tuple(parts) | Shape::List(parts) | Shape::Map(parts) => {
                parts.iter().flat_map(|&part| self.references(part)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The elements of a tuple, if it is one.
    pub fn elements(&self, term: Term) -> Option<&[Term]> {
        match self.table.get(&term.0) {
            Some(Compound::Tuple(elements)) => Some(elements),
            _ => None,
        }
    }

    /// The items of a list, if it is one.
    pub fn items(&self, term: Term) -> Option<&[Term]> {
        match self.table.get(&term.0) {
            Some(Compound::List(items)) => Some(items),
            _ => None,
        }
    }

    fn keep(&mut self, compound: Compound) -> Term {
        let (hash, bound) = match &compound {
            Compound::Atom(name) => (name.bytes().fold(1, |h, b| mix(h, u64::from(b))), false),
            other => content(other.parts()),
        };
        let term = Term(hash << TAG_BITS | if bound { BOUND } else { PURE });
        let kept = self.table.entry(term.0).or_insert_with(|| compound.clone());
        assert_eq!(*kept, compound, "two terms of one hash; please report this pair");
        term
    }

    /// Erlang pattern matching: [`Term::ANY`] matches whatever stands in its place.
    pub fn matches(&self, pattern: Term, term: Term) -> bool {
        if pattern == term || pattern == Term::ANY {
            return true;
        }
        if !(pattern.is_compound() && term.is_compound()) {
            return false;
        }
        match (self.table.get(&pattern.0), self.table.get(&term.0)) {
            (Some(Compound::Tuple(patterns)), Some(Compound::Tuple(terms)))
            | (Some(Compound::List(patterns)), Some(Compound::List(terms))) => {
                self.all_match(patterns, terms)
            }
            _ => false,
        }
    }

    /// Whether a pattern matches the tuple of these elements, which need not be kept.
    pub(crate) fn matches_tuple(&self, pattern: Term, elements: &[Term]) -> bool {
        pattern == Term::ANY
            || self.elements(pattern).is_some_and(|patterns| self.all_match(patterns, elements))
    }

    fn all_match(&self, patterns: &[Term], terms: &[Term]) -> bool {
        patterns.len() == terms.len()
            && patterns.iter().zip(terms).all(|(&p, &t)| self.matches(p, t))
    }

    /// A hash that does not depend on the schedule: pids and references count by their names,
    /// which `name` gives.
    pub(crate) fn stable(&self, term: Term, name: &dyn Fn(Term) -> u64) -> u64 {
        match term.tag() {
            PID | REF => name(term),
            BOUND => self.table.get(&term.0).map_or(term.0, |compound| {
                let (kind, parts) = compound.parts();
                let mut hashes: Vec<u64> =
                    parts.iter().map(|&part| self.stable(part, name)).collect();
                if let Compound::Map(_) = compound {
                    // The order of keys that are pids is no more stable than the pids.
                    hashes = hashes.chunks(2).map(|pair| mix(pair[0], pair[1])).collect();
                    hashes.sort_unstable();
                }
                hashes.into_iter().fold(mix(kind, BOUND), mix)
            }),
            _ => term.0,
        }
    }

    /// The term as Erlang prints it; pids and references as `name` says.
    pub fn text(&self, term: Term, name: &dyn Fn(Term) -> String) -> String {
        let mut out = String::new();
        self.write(term, name, &mut out);
        out
    }

    fn write(&self, term: Term, name: &dyn Fn(Term) -> String, out: &mut String) {
        match term.tag() {
            INTEGER => {
                let _ = write!(out, "{}", term.0 as i64 >> TAG_BITS);
            }
            ATOM => out.push_str(&atom_name(term)),
            PID | REF => out.push_str(&name(term)),
            _ => match self.table.get(&term.0) {
                Some(Compound::Atom(name)) => {
                    let _ = write!(out, "'{name}'");
                }
                Some(Compound::Tuple(parts)) => self.write_parts("{", parts, "}", name, out),
                Some(Compound::List(parts)) => self.write_parts("[", parts, "]", name, out),
                Some(Compound::Map(parts)) => self.write_map(parts, name, out),
                None => out.push_str("a term of another run"),
            },
        }
    }

    fn write_parts(
        &self,
        open: &str,
        parts: &[Term],
        close: &str,
        name: &dyn Fn(Term) -> String,
        out: &mut String,
    ) {
        out.push_str(open);
        for (i, &part) in parts.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            self.write(part, name, out);
        }
        out.push_str(close);
    }

    fn write_map(&self, parts: &[Term], name: &dyn Fn(Term) -> String, out: &mut String) {
        out.push_str("#{");
        for (i, pair) in parts.chunks(2).enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            self.write(pair[0], name, out);
            out.push_str(" => ");
            self.write(pair[1], name, out);
        }
        out.push('}');
    }
}

fn content((kind, parts): (u64, &[Term])) -> (u64, bool) {
    // Mixed one after the other: kind and length together would let a pair stand for a list.
    let start = mix(mix(COMPOUND, kind), parts.len() as u64);
    let hash = parts.iter().fold(start, |h, part| mix(h, part.0));
    (hash, parts.iter().any(|part| part.is_bound()))
}

/// The name of an atom that fits the word.
pub(crate) fn atom_name(term: Term) -> String {
    if term == Term::STACK {
        return "$stack".to_owned();
    }
    let mut left = term.payload();
    let mut name = String::new();
    while left != 0 {
        name.push(char::from(ALPHABET[(left & 63) as usize]));
        left >>= 6;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(terms: &Terms, term: Term) -> String {
        terms.text(term, &|t| format!("<{}>", t.payload()))
    }

    #[test]
    fn terms_print_as_erlang_does() {
        let mut terms = Terms::default();
        let long = terms.atom("a_rather_long_atom");
        let list = terms.list(&[Term::int(-7), Term::from(Pid(3))]);
        let tuple = terms.tuple(&[Term::atom("EXIT"), list, Term::STACK, long]);
        assert_eq!(show(&terms, tuple), "{EXIT,[-7,<3>],$stack,'a_rather_long_atom'}");
        assert_eq!(show(&terms, Term::atom("undefined")), "undefined");
        assert_eq!(show(&terms, Term::atom("A_z09_Z")), "A_z09_Z");
    }

    #[test]
    fn equal_content_is_one_term() {
        let mut terms = Terms::default();
        let a = terms.tuple(&[Term::NORMAL, Term::int(1)]);
        let b = terms.tuple(&[Term::NORMAL, Term::int(1)]);
        assert_eq!(a, b);
        assert_ne!(a, terms.list(&[Term::NORMAL, Term::int(1)]), "a tuple is no list");
        let items = [Term::NORMAL; 4];
        for (shorter, longer) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
            let tuple = terms.tuple(&items[..shorter]);
            assert_ne!(tuple, terms.list(&items[..longer]), "of {shorter} and {longer}");
            assert_ne!(tuple, terms.tuple(&items[..longer]), "of {shorter} and {longer}");
        }
    }

    #[test]
    fn patterns_match_by_shape() {
        let mut terms = Terms::default();
        let message = terms.tuple(&[Term::atom("ok"), Term::int(1)]);
        let any_ok = terms.tuple(&[Term::atom("ok"), Term::ANY]);
        let any_three = terms.tuple(&[Term::ANY, Term::ANY, Term::ANY]);
        assert!(terms.matches(Term::ANY, message));
        assert!(terms.matches(any_ok, message));
        assert!(!terms.matches(any_three, message));
        assert!(!terms.matches(message, any_ok), "a wildcard in the message is an ordinary atom");
        assert!(!terms.matches(Term::atom("ok"), message));
    }

    #[test]
    fn stable_hashes_follow_names_not_indices() {
        let mut terms = Terms::default();
        let a = terms.tuple(&[Term::from(Pid(1))]);
        let b = terms.tuple(&[Term::from(Pid(2))]);
        assert_eq!(terms.stable(a, &|_| 9), terms.stable(b, &|_| 9));
        assert_ne!(terms.stable(a, &|t| t.0), terms.stable(b, &|t| t.0));
    }
}
