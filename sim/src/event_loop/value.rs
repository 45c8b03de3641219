//! What futures carry and queues hold.

use super::{
    exception::Exception,
    heap::{Edge, Node},
    refs::{Any, OfKind, Ref},
};
use crate::word::mix;
use std::{fmt, rc::Rc};

/// A value of Python, as far as coroutines pass them to each other.
#[derive(Clone, Default)]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(Rc<str>),
    /// A list, or a tuple.
    List(Rc<[Value]>),
    /// An exception as a value.
    Error(Exception),
    /// A reference to an object.
    Object(Ref<Any>),
}

/// A value as an object of the heap keeps it.
#[derive(Clone, Debug)]
pub(super) enum Stored {
    None,
    Bool(bool),
    Int(i64),
    Text(Rc<str>),
    List(Rc<[Stored]>),
    Error(Exception),
    Object(Node, Edge),
}

impl Stored {
    /// A hash that does not depend on the schedule, with `id` for objects.
    pub(super) fn hash(&self, id: &impl Fn(Node) -> u64) -> u64 {
        match self {
            Stored::None => 1,
            Stored::Bool(yes) => mix(2, u64::from(*yes)),
            Stored::Int(number) => mix(3, *number as u64),
            Stored::Text(text) => mix(4, crate::trace::digest_bytes(text.as_bytes()).0 as u64),
            Stored::List(items) => {
                items.iter().fold(mix(5, items.len() as u64), |hash, item| mix(hash, item.hash(id)))
            }
            Stored::Error(error) => mix(6, error.hash()),
            Stored::Object(node, _) => mix(7, id(*node)),
        }
    }

    /// The references that it stands for.
    pub(super) fn edges(&self, into: &mut Vec<Edge>) {
        match self {
            Stored::Object(_, edge) => into.push(*edge),
            Stored::List(items) => items.iter().for_each(|item| item.edges(into)),
            _ => {}
        }
    }
}

impl Value {
    /// The number, if it is one.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// True for `True`.
    pub fn is_true(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    /// The object, if it is one of these.
    pub fn object<T: OfKind>(self) -> Option<Ref<T>> {
        match self {
            Value::Object(object) => object.downcast().ok(),
            _ => None,
        }
    }

    /// As `repr` has it: a text in quotes.
    pub fn repr(&self) -> String {
        match self {
            Value::Text(text) => format!("'{text}'"),
            Value::Error(error) => error.repr(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    /// As `str` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => f.write_str("None"),
            Value::Bool(true) => f.write_str("True"),
            Value::Bool(false) => f.write_str("False"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::repr).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Value::Error(error) => f.write_str(error.text()),
            Value::Object(object) => write!(f, "<{object:?}>"),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::None
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Value::Bool(yes)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl<T> From<Ref<T>> for Value {
    fn from(object: Ref<T>) -> Self {
        Value::Object(object.into_any())
    }
}
