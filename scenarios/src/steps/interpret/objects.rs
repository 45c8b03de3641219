//! Objects by what a program does to them; what is no such object raises `AttributeError`.

use super::scope::attribute_error;
use atropos::event_loop::{
    Exception, OfKind, Ref,
    object::{Any, Future, Handle, Task},
};

/// The object as one of a kind that has this method.
pub(super) fn one<T: OfKind>(object: Ref<Any>, method: &str) -> Result<Ref<T>, Exception> {
    object.downcast().map_err(|object| {
        attribute_error(format!("'{}' object has no attribute '{method}'", object.type_name()))
    })
}

/// The object as a future; a task is one.
pub(super) fn future(object: Ref<Any>, method: &str) -> Result<Ref<Future>, Exception> {
    one(object, method)
}

/// The object as a future that is no task: the result of a task is its own affair.
pub(super) fn settable(object: Ref<Any>, method: &str) -> Result<Ref<Future>, Exception> {
    match object.downcast::<Task>() {
        Ok(_) => {
            let text = format!("Task does not support {method} operation");
            Err(Exception::runtime_error(text))
        }
        Err(object) => future(object, method),
    }
}

/// True if there are weak references to objects of its kind.
pub(super) fn has_weak_references(object: &Ref<Any>) -> bool {
    object.clone().downcast::<Handle>().is_err()
}
