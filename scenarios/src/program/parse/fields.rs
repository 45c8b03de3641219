//! An object and the keys that it may have.

use super::{
    data::{data, each},
    error::{Place, Read, hint, listed},
    names::{Names, Sort, name_of},
    ops,
};
use crate::program::model::{Data, Op, Slot};
use serde_json::{Map, Value};

/// An object that is being read.
pub(super) struct Fields<'r> {
    /// What it is, in backquotes if it is an operation.
    pub(super) what: String,
    pub(super) object: &'r Map<String, Value>,
    pub(super) place: &'r Place<'r>,
    pub(super) names: &'r mut Names,
}

impl<'r> Fields<'r> {
    /// Refuses keys that this object does not take.
    pub(super) fn only(&self, keys: &[&[&str]]) -> Read<()> {
        let known = || keys.iter().copied().flatten().copied();
        let Some(stray) = self.object.keys().find(|key| known().all(|known| known != *key)) else {
            return Ok(());
        };
        let otherwise = || match stray.as_str() {
            "p" => ": a `seq` and a body are done by one actor".to_owned(),
            "settle" => ": only a step of one actor and a `par` take it".to_owned(),
            "limit" => ": only a step of one actor takes it".to_owned(),
            "uncaught" => ": it raises nothing, or nothing that is ever caught".to_owned(),
            _ => format!(": it takes {}", listed(known(), "and")),
        };
        let hint = hint(stray, known(), otherwise);
        Err(self.place.refuse(format!("{} takes no `{stray}`{hint}", self.what)))
    }

    /// What an optional key is set to.
    pub(super) fn optional(&self, key: &str) -> Option<&'r Value> {
        self.object.get(key)
    }

    /// What a required key is set to.
    pub(super) fn required(&self, key: &str) -> Read<&'r Value> {
        let missing = || self.place.refuse(format!("{} needs `{key}`", self.what));
        self.optional(key).ok_or_else(missing)
    }

    /// A term.
    pub(super) fn term(&mut self, key: &str) -> Read<Data> {
        let value = self.required(key)?;
        data(self.names, &self.place.key(key), value)
    }

    /// A term, or `otherwise` if the key is absent.
    pub(super) fn term_or(&mut self, key: &str, otherwise: &str) -> Read<Data> {
        match self.optional(key) {
            Some(_) => self.term(key),
            None => Ok(Data::Atom(otherwise.to_owned())),
        }
    }

    /// An atom.
    pub(super) fn atom(&mut self, key: &str) -> Read<Data> {
        match self.term(key)? {
            atom @ Data::Atom(_) => Ok(atom),
            _ => Err(self.place.key(key).expected("an atom", self.required(key)?)),
        }
    }

    /// A term where a process is meant. It may be an atom, but no reference.
    pub(super) fn process(&mut self, key: &str) -> Read<Data> {
        self.meant(key, Sort::Process)
    }

    /// A term where a reference is meant. It may be an atom, but no process.
    pub(super) fn reference(&mut self, key: &str) -> Read<Data> {
        self.meant(key, Sort::Reference)
    }

    fn meant(&mut self, key: &str, sort: Sort) -> Read<Data> {
        let value = self.required(key)?;
        if value.as_str().is_some_and(|text| Sort::of(text).is_some()) {
            name_of(&self.place.key(key), value, sort)?;
        }
        self.term(key)
    }

    /// A name that gets its meaning here.
    pub(super) fn bind(&mut self, key: &str, sort: Sort) -> Read<Option<Slot>> {
        let Some(value) = self.optional(key) else { return Ok(None) };
        self.names.bound(&self.place.key(key), value, sort).map(Some)
    }

    /// A span of time.
    pub(super) fn ms(&self, key: &str) -> Read<u32> {
        self.required(key).and_then(|value| ms(&self.place.key(key), value))
    }

    /// A span of time that may be absent.
    pub(super) fn ms_if(&self, key: &str) -> Read<Option<u32>> {
        self.optional(key).map(|value| ms(&self.place.key(key), value)).transpose()
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, key: &str) -> Read<bool> {
        let value = self.required(key)?;
        value.as_bool().ok_or_else(|| self.place.key(key).expected("true or false", value))
    }

    /// `true` or `false`, or `otherwise` if the key is absent.
    pub(super) fn truth_or(&self, key: &str, otherwise: bool) -> Read<bool> {
        self.optional(key).map_or(Ok(otherwise), |_| self.truth(key))
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Read<T> {
        let value = self.required(key)?;
        let place = self.place.key(key);
        let names = || words.iter().map(|&(name, _)| name);
        word(&place, value, names).map(|index| words[index].1)
    }

    /// Which of some options are set.
    pub(super) fn options<const N: usize>(&self, key: &str, known: [&str; N]) -> Read<[bool; N]> {
        let mut set = [false; N];
        let place = self.place.key(key);
        for (index, option) in self.array(key)?.iter().enumerate() {
            let place = place.index(index);
            let chosen = word(&place, option, || known.iter().copied())?;
            if std::mem::replace(&mut set[chosen], true) {
                return Err(place.refuse(format!("`{}` is there twice", known[chosen])));
            }
        }
        Ok(set)
    }

    /// Several operations of one actor.
    pub(super) fn operations(&mut self, key: &str) -> Read<Vec<Op>> {
        self.each(key, |names, place, value| {
            let object = object(place, value, "an operation, an object with `op`")?;
            ops::operation(names, place, object, &[])
        })
    }

    /// Several of whatever `read` reads; none if the key is absent.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Names, &Place<'_>, &Value) -> Read<T>,
    ) -> Read<Vec<T>> {
        let elements = self.array(key)?;
        each(&self.place.key(key), elements, |place, value| read(self.names, place, value))
    }

    /// Strings.
    pub(super) fn strings(&self, key: &str) -> Read<Vec<String>> {
        each(&self.place.key(key), self.array(key)?, text)
    }

    /// A string, or `otherwise` if the key is absent.
    pub(super) fn text_or(&self, key: &str, otherwise: &str) -> Read<String> {
        self.optional(key)
            .map_or(Ok(otherwise.to_owned()), |value| text(&self.place.key(key), value))
    }

    /// The elements of an array; none if the key is absent.
    pub(super) fn array(&self, key: &str) -> Read<&'r [Value]> {
        match self.optional(key) {
            None => Ok(&[]),
            Some(Value::Array(elements)) => Ok(elements),
            Some(value) => Err(self.place.key(key).expected("an array", value)),
        }
    }
}

/// The object that stands here.
pub(super) fn object<'v>(
    place: &Place<'_>,
    value: &'v Value,
    what: &str,
) -> Read<&'v Map<String, Value>> {
    value.as_object().ok_or_else(|| place.expected(what, value))
}

fn text(place: &Place<'_>, value: &Value) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| place.expected("a string", value))
}

fn ms(place: &Place<'_>, value: &Value) -> Read<u32> {
    let ms = value.as_u64().and_then(|ms| u32::try_from(ms).ok());
    ms.ok_or_else(|| place.expected("milliseconds, an integer from 0 to 4294967295", value))
}

/// The index of the word that stands here.
fn word<'n, I>(place: &Place<'_>, value: &Value, words: impl Fn() -> I) -> Read<usize>
where
    I: Iterator<Item = &'n str>,
{
    let expected = || listed(words(), "or");
    let Some(text) = value.as_str() else { return Err(place.expected(&expected(), value)) };
    words().position(|word| word == text).ok_or_else(|| {
        let hint = hint(text, words(), || format!(": expected {}", expected()));
        place.refuse(format!("there is no `{text}` here{hint}"))
    })
}
