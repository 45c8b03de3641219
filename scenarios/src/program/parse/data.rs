//! Terms.

use super::{
    error::{Place, Read, hint},
    names::{Names, Sort},
};
use crate::program::model::Data;
use serde_json::{Map, Number, Value};

/// The smallest integer of 60 bits; the largest is one less than its opposite.
const LEAST: i64 = -(1 << 59);
/// The most characters in an atom, as on the BEAM.
const ATOM: usize = 255;

/// Reads a term.
pub(super) fn data(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<Data> {
    match value {
        Value::Null => Ok(Data::Atom("null".to_owned())),
        Value::Bool(truth) => Ok(Data::Atom(truth.to_string())),
        Value::Number(number) => integer(place, number).map(Data::Int),
        Value::String(text) if Sort::of(text).is_some() => names.used(place, text).map(Data::Name),
        Value::String(text) => atom(place, text),
        Value::Array(elements) => {
            each(place, elements, |place, element| data(names, place, element)).map(Data::Tuple)
        }
        Value::Object(object) => container(names, place, object),
    }
}

/// Reads the elements of an array, each at its place.
pub(super) fn each<T>(
    place: &Place<'_>,
    elements: &[Value],
    mut read: impl FnMut(&Place<'_>, &Value) -> Read<T>,
) -> Read<Vec<T>> {
    let indexed = elements.iter().enumerate();
    indexed.map(|(index, element)| read(&place.index(index), element)).collect()
}

fn atom(place: &Place<'_>, text: &str) -> Read<Data> {
    if text.chars().count() > ATOM {
        return Err(place.refuse(format!("an atom has at most {ATOM} characters")));
    }
    Ok(Data::Atom(text.to_owned()))
}

pub(super) fn integer(place: &Place<'_>, number: &Number) -> Read<i64> {
    let whole = number.as_f64().is_some_and(|float| float.abs() >= -(LEAST as f64));
    match number.as_i64() {
        Some(integer) if (LEAST..-LEAST).contains(&integer) => Ok(integer),
        None if !whole => {
            Err(place.refuse(format!("{number} is a float: a number is an integer of 60 bits")))
        }
        _ => Err(place.refuse(format!(
            "{number} is beyond 60 bits: integers go from {LEAST} to {}",
            -LEAST - 1
        ))),
    }
}

/// A list or a map: the object that says which has one key.
fn container(names: &mut Names, place: &Place<'_>, object: &Map<String, Value>) -> Read<Data> {
    const FORMS: &str = "`{\"list\": [..]}` or `{\"map\": [[key, value], ..]}`";
    let mut keys = object.iter();
    let (Some((key, value)), None) = (keys.next(), keys.next()) else {
        return Err(place.refuse(format!("expected {FORMS}, found {} keys", object.len())));
    };
    let below = place.key(key);
    let elements = || value.as_array().ok_or_else(|| below.expected("an array", value));
    match key.as_str() {
        "list" => {
            each(&below, elements()?, |place, element| data(names, place, element)).map(Data::List)
        }
        "map" => {
            let pairs = each(&below, elements()?, |place, element| pair(names, place, element))?;
            distinct(&below, pairs).map(Data::Map)
        }
        _ => {
            let hint = hint(key, ["list", "map"], || format!(": expected {FORMS}"));
            Err(place.refuse(format!("no term has the key `{key}`{hint}")))
        }
    }
}

fn pair(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<(Data, Data)> {
    let Some([key, of_key]) = value.as_array().map(Vec::as_slice) else {
        return Err(place.expected("a pair `[key, value]`", value));
    };
    Ok((data(names, &place.index(0), key)?, data(names, &place.index(1), of_key)?))
}

fn distinct(place: &Place<'_>, pairs: Vec<(Data, Data)>) -> Read<Vec<(Data, Data)>> {
    for (index, (key, _)) in pairs.iter().enumerate() {
        if pairs[..index].iter().any(|(before, _)| before == key) {
            return Err(place.index(index).refuse("this key is in the map already"));
        }
    }
    Ok(pairs)
}
