//! Objects with attributes.

use super::super::{
    desk::Desk,
    heap::{Edge, Node},
    label::{Hold, Label},
    refs::{Any, Plain, Ref},
    table::Primitive,
    value::{Stored, Value},
};
use std::{borrow::Cow, rc::Rc};

impl Desk {
    /// Any object may be given attributes, as a program may have it in Python.
    fn set_attribute_of(self: &Rc<Self>, node: Node, name: &'static str, value: &Value) {
        let text = self.text(name);
        let stored = match value {
            Value::Object(object) => {
                let label = Label::named(Hold::Attribute, text);
                Stored::Object(object.node(), self.hold(node, label, object.node()))
            }
            other => self.store(node, Hold::Attribute, other),
        };
        let before = {
            let mut tables = self.tables.borrow_mut();
            let Primitive::Plain { attributes } = tables.primitive_mut(node) else { return };
            match attributes.iter_mut().find(|(known, _)| *known == text) {
                Some((_, value)) => Some(std::mem::replace(value, stored)),
                None => {
                    attributes.push((text, stored));
                    None
                }
            }
        };
        if let Some(before) = before {
            self.let_go_of_value(&before);
        }
    }
}

impl Ref<Plain> {
    /// `object.name = value`.
    pub fn set_attribute(&self, name: &'static str, value: impl Into<Value>) {
        self.desk().flush();
        self.desk().set_attribute_of(self.node(), name, &value.into());
    }

    /// `object.name`; `None` if there is no such attribute.
    pub fn attribute(&self, name: &'static str) -> Value {
        let desk = self.desk();
        desk.flush();
        let text = desk.text(name);
        let stored = desk.look(self.node(), |object| match object {
            Primitive::Plain { attributes } => {
                attributes.iter().find(|(known, _)| *known == text).map(|(_, value)| value.clone())
            }
            _ => None,
        });
        let stored = stored.unwrap_or(Stored::None);
        desk.sees(self.frame(), desk.hash_of(&stored));
        desk.load(self.frame(), &stored)
    }
}

impl Ref<Any> {
    /// A reference from one object to another one that is none of the above, such as
    /// `event.task = task`: it is there as long as the first one is.
    pub fn link<T>(&self, name: impl Into<Cow<'static, str>>, to: &Ref<T>) {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        let label = Label::named(Hold::Attribute, desk.text(name));
        let edge = desk.hold(node, label, to.node());
        let before = {
            let mut tables = desk.tables.borrow_mut();
            let tables = &mut *tables;
            let is_it = |&(from, edge): &(Node, Edge)| {
                from == node && tables.heap.reference(edge).label == label
            };
            match tables.links.iter().position(is_it) {
                Some(at) => Some(std::mem::replace(&mut tables.links[at].1, edge)),
                None => {
                    tables.links.push((node, edge));
                    None
                }
            }
        };
        desk.let_go_of(before);
    }
}
