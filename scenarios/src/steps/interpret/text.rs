//! Lines of the trace: exceptions, states, and what nobody asked for.

use super::super::play::Played;
use atropos::event_loop::{Class, Context, Exception, Frame, Outcome};
use std::{cell::RefCell, rc::Rc};

/// An exception as traces show it: the class, its text unless it is a `KeyError`, and of a group
/// what it is made of.
pub(super) fn exception(error: &Exception) -> String {
    let name = error.class().name();
    if !error.parts().is_empty() {
        let parts: Vec<String> = error.parts().iter().map(exception).collect();
        return format!("{name}[{}]", parts.join(","));
    }
    match error.text() {
        "" => name.to_owned(),
        _ if *error.class() == Class::KeyError => name.to_owned(),
        text => format!("{name}:{text}"),
    }
}

/// What became of a future.
pub(super) fn state(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pending => "pending".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
        Outcome::Result(value) => format!("result:{value}"),
        Outcome::Exception(error) => format!("exception:{}", exception(error)),
    }
}

/// The loop's exception handler and `sys.unraisablehook` write lines.
pub(super) fn hook_up(frame: &Frame, played: &Rc<RefCell<Played>>) {
    let lines = Rc::clone(played);
    frame.set_exception_handler(move |context| lines.borrow_mut().lines.push(handler(context)));
    let lines = Rc::clone(played);
    frame.set_unraisable_hook(move |error| {
        lines.borrow_mut().lines.push(format!("UNRAISABLE{{{}}}", exception(error)));
    });
}

fn handler(context: &Context) -> String {
    let about = match context.task_name() {
        Some(name) => format!("task {name}"),
        None if context.is_about_future() => "future".to_owned(),
        None => "None".to_owned(),
    };
    let error = context.exception().map_or_else(|| "None".to_owned(), exception);
    let keys = context.keys().join(",");
    format!("HANDLER{{{}|{about}|{error}|keys={keys}}}", context.message().text())
}
