//! Programs of kind `kv`: a store, and what is done to it.

use super::{
    KEYS, RECORDED,
    data::{each, integer},
    error::{Place, ProgramError, Read, hint, listed},
    fields::{Fields, object},
    json::Unique,
    names::Names,
    sound,
};
use crate::{
    kv_registry::system::{Buckets, Part, System},
    program::{
        kv::{KvProgram, Owner, Step},
        model::Data,
    },
};
use atropos::process::otp::{child::Restart, supervisor::Strategy};
use serde_json::Value;

const RESTARTS: [(&str, Restart); 3] = [
    ("permanent", Restart::Permanent),
    ("transient", Restart::Transient),
    ("temporary", Restart::Temporary),
];
const STRATEGIES: [(&str, Strategy); 3] = [
    ("one_for_one", Strategy::OneForOne),
    ("one_for_all", Strategy::OneForAll),
    ("rest_for_one", Strategy::RestForOne),
];
const PARTS: [(&str, Part); 2] =
    [("registry", Part::Registry), ("bucket_sup", Part::BucketSupervisor)];
const VARIANT: [&str; 6] =
    ["bucket_start", "bucket_restart", "strategy", "order", "monitor", "registry_creates_in_init"];

/// An operation, the keys that it may have beside `op`, and how it is read.
type Operation = (&'static str, &'static [&'static str], fn(&mut Fields<'_>) -> Read<Step>);

const OPERATIONS: [Operation; 11] = [
    ("create", &["name"], |f| Ok(Step::Create { name: name(f)? })),
    ("lookup", &["name"], |f| Ok(Step::Lookup { name: name(f)? })),
    ("bucket_stop", &["name", "reason"], |f| {
        Ok(Step::BucketStop { name: name(f)?, reason: reason(f)? })
    }),
    ("bucket_signal", &["name", "reason"], |f| {
        Ok(Step::BucketSignal { name: name(f)?, reason: reason(f)? })
    }),
    ("put", &["name", "key", "v"], |f| {
        Ok(Step::Put { name: name(f)?, key: value(f, "key")?, value: value(f, "v")? })
    }),
    ("get", &["name", "key"], |f| Ok(Step::Get { name: name(f)?, key: value(f, "key")? })),
    ("registry_stop", &["reason"], |f| Ok(Step::RegistryStop { reason: reason(f)? })),
    ("registry_signal", &["reason"], |f| {
        Ok(Step::Signal { to: Owner::Registry, reason: reason(f)? })
    }),
    ("bucket_sup_signal", &["reason"], |f| {
        Ok(Step::Signal { to: Owner::BucketSupervisor, reason: reason(f)? })
    }),
    ("stop_top", &["reason"], |f| Ok(Step::StopTop { reason: reason(f)? })),
    ("state", &[], |_| Ok(Step::State)),
];

/// The bucket that is meant where nobody says.
fn name(fields: &mut Fields<'_>) -> Read<String> {
    fields.text_or("name", "x")
}

fn reason(fields: &mut Fields<'_>) -> Read<Data> {
    fields.term_or("reason", "normal")
}

/// A value of the store: unlike a term, JSON's array is a list and its object a map.
fn value(fields: &mut Fields<'_>, key: &str) -> Read<Data> {
    let value = fields.required(key)?;
    plain(&fields.place.key(key), value)
}

fn plain(place: &Place<'_>, value: &Value) -> Read<Data> {
    Ok(match value {
        Value::Null => Data::Atom("null".to_owned()),
        Value::Bool(truth) => Data::Atom(truth.to_string()),
        Value::Number(number) => Data::Int(integer(place, number)?),
        Value::String(text) => Data::Atom(text.clone()),
        Value::Array(items) => Data::List(each(place, items, plain)?),
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| {
                Ok((Data::Atom(key.clone()), plain(&place.key(key), value)?))
            };
            Data::Map(fields.iter().map(pair).collect::<Read<_>>()?)
        }
    })
}

impl KvProgram {
    /// Reads a program from the text of its file.
    ///
    /// # Errors
    /// With line and column if the text is no JSON or an object has a key twice; otherwise as
    /// [`KvProgram::from_value`].
    pub fn from_json(text: &str) -> Result<KvProgram, ProgramError> {
        let Unique(value) = serde_json::from_str(text)?;
        KvProgram::from_value(&value)
    }

    /// Reads a program from JSON.
    ///
    /// # Errors
    /// [`ProgramError`] with the first thing that is not as it should be.
    pub fn from_value(value: &Value) -> Result<KvProgram, ProgramError> {
        let place = Place::File;
        let file = object(&place, value, "an object with `variant` and `program`")?;
        let mut names = Names::new();
        let what = "a program of kind `kv`".to_owned();
        let mut fields = Fields { what, object: file, place: &place, names: &mut names };
        fields.only(&[&["variant"], &KEYS, &RECORDED])?;
        sound(&fields)?;
        let about = if fields.optional("about").is_some() { "about" } else { "rule" };
        let program = KvProgram {
            id: fields.text_or("id", "program")?,
            about: fields.text_or(about, "")?,
            profile: fields.text_or("profile", "otp-25")?,
            system: system(&mut fields)?,
            steps: fields.each("program", step)?,
        };
        names.finish()?;
        Ok(program)
    }
}

/// How the store is built; what is not said is as in the guide.
fn system(fields: &mut Fields<'_>) -> Read<System> {
    let place = fields.place.key("variant");
    let object = object(&place, fields.required("variant")?, "an object")?;
    let what = "a variant".to_owned();
    let variant = Fields { what, object, place: &place, names: fields.names };
    variant.only(&[&VARIANT])?;
    let guide = System::default();
    let restart = word_or(&variant, "bucket_restart", &RESTARTS, Restart::Temporary)?;
    let starts = [("link", Buckets::Linked), ("dynsup", Buckets::Supervised(restart))];
    Ok(System {
        buckets: word_or(&variant, "bucket_start", &starts, Buckets::Supervised(restart))?,
        strategy: word_or(&variant, "strategy", &STRATEGIES, guide.strategy)?,
        order: match variant.optional("order") {
            Some(_) => order(&variant)?,
            None => guide.order,
        },
        monitors: variant.truth_or("monitor", guide.monitors)?,
        creates_in_init: variant.truth_or("registry_creates_in_init", guide.creates_in_init)?,
    })
}

fn word_or<T: Copy>(fields: &Fields<'_>, key: &str, words: &[(&str, T)], otherwise: T) -> Read<T> {
    fields.optional(key).map_or(Ok(otherwise), |_| fields.word(key, words))
}

/// The children of the top supervisor, each at most once.
fn order(variant: &Fields<'_>) -> Read<Vec<Part>> {
    let place = variant.place.key("order");
    let mut parts = Vec::new();
    each(&place, variant.array("order")?, |place, value| {
        let part = PARTS.into_iter().find(|&(word, _)| value.as_str() == Some(word));
        let words = || listed(PARTS.iter().map(|&(word, _)| word), "or");
        let (_, part) = part.ok_or_else(|| place.expected(&words(), value))?;
        if parts.contains(&part) {
            return Err(place.refuse("it is there twice"));
        }
        parts.push(part);
        Ok(())
    })?;
    Ok(parts)
}

fn step(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<Step> {
    let object = object(place, value, "a step, an object with `op`")?;
    let what = "a step".to_owned();
    let mut fields = Fields { what, object, place, names };
    fields.required("op")?;
    let op = fields.text_or("op", "")?;
    let known = || OPERATIONS.iter().map(|&(name, ..)| name);
    let row = OPERATIONS.iter().find(|&&(name, ..)| name == op);
    let (name, keys, read) = row.ok_or_else(|| {
        let hint = hint(&op, known(), || format!(": there are {}", listed(known(), "and")));
        place.key("op").refuse(format!("there is no operation `{op}`{hint}"))
    })?;
    fields.what = format!("`{name}`");
    fields.only(&[&["op"], keys])?;
    read(&mut fields)
}
