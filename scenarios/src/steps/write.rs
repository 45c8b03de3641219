//! Step programs as JSON, for real CPython and for files.
//!
//! The text keeps the order of handlers, which a map of `serde_json` would not.

use super::model::{
    After, Block, Data, Guarded, Mode, Op, Place, Primitive, Program, RETURN_WHEN, Raised, Time,
};
use std::fmt::Write;

impl Program {
    /// The program as one line of JSON, as the key `program` of a vector has it.
    pub fn to_text(&self) -> String {
        self.to_text_with(&block(&self.main))
    }

    /// The same with another list of operations for the main task.
    pub(super) fn to_text_with(&self, main: &str) -> String {
        let mut text = String::from("{\"tasks\": {");
        for (at, (name, body)) in self.tasks.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{}: {}", quoted(name), block(body));
        }
        let _ = write!(text, "}}, \"main\": {main}");
        if self.mode == Mode::Run {
            text.push_str(", \"mode\": \"asyncio.run\"");
        }
        if !self.after.is_empty() {
            let after: Vec<String> = self.after.iter().map(after).collect();
            let _ = write!(text, ", \"after\": [{}]", after.join(", "));
        }
        for (key, on) in [("debug", self.debug), ("eager", self.eager)] {
            if on {
                let _ = write!(text, ", \"{key}\": true");
            }
        }
        text.push('}');
        text
    }
}

/// An operation as JSON.
pub(super) fn text_of(step: &Op) -> String {
    op(step)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn block(ops: &Block) -> String {
    let ops: Vec<String> = ops.iter().map(op).collect();
    format!("[{}]", ops.join(", "))
}

fn call(name: &str, args: &[String]) -> String {
    let mut items = vec![quoted(name)];
    items.extend(args.iter().cloned());
    format!("[{}]", items.join(", "))
}

fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn time(time: Time) -> String {
    match time.0 % 1000 {
        0 => (time.0 / 1000).to_string(),
        _ => (f64::from(time.0) / 1000.0).to_string(),
    }
}

fn name_of<T: PartialEq>(known: &[(&str, T)], one: &T) -> String {
    quoted(known.iter().find(|(_, value)| value == one).map_or("", |(name, _)| name))
}

fn holder(holder: Place) -> String {
    name_of(&Place::ALL, &holder)
}

fn raised(raised: &Raised) -> String {
    match raised.text.as_str() {
        "" => quoted(&raised.class),
        text => quoted(&format!("{}:{text}", raised.class)),
    }
}

fn data(value: &Data) -> String {
    match value {
        Data::None => "null".to_owned(),
        Data::Bool(truth) => truth.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Text(text) => quoted(text),
        Data::List(items) => {
            let items: Vec<String> = items.iter().map(data).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

fn after(step: &After) -> String {
    match step {
        After::Close => call("close", &[]),
        After::ForgetLoop => call("forget_loop", &[]),
        After::RunAgain(units) => call("run_again", &[time(*units)]),
        After::Op(step) => op(step),
    }
}

/// An operation.
fn op(op: &Op) -> String {
    match op {
        Op::Log(text) => call("log", &[quoted(text)]),
        Op::Collect => call("gc", &[]),
        Op::State(name) => call("state", &[quoted(name)]),
        Op::Spawn(name, place) => call("spawn", &[quoted(name), holder(*place)]),
        Op::GroupSpawn(name, place) => call("tg_spawn", &[quoted(name), holder(*place)]),
        Op::Future(name, place) => call("future", &[quoted(name), holder(*place)]),
        Op::SetResult(name, value) => call("set_result", &[quoted(name), data(value)]),
        Op::SetException(name, error) => call("set_exception", &[quoted(name), raised(error)]),
        Op::Retrieve(name) => call("retrieve", &[quoted(name)]),
        Op::Drop(name) => call("drop", &[quoted(name)]),
        Op::Copy(of, name, place) => call("copy", &[quoted(of), quoted(name), holder(*place)]),
        Op::Link(of, attribute, to) => call("link", &[quoted(of), quoted(attribute), quoted(to)]),
        Op::New(kind, name, place, size) => primitive(*kind, name, *place, *size),
        Op::PutNowait(name, value) => call("put_nowait", &[quoted(name), data(value)]),
        Op::Set(name) => call("set", &[quoted(name)]),
        Op::Release(name) => call("release", &[quoted(name)]),
        Op::CallSoon(ops, captures) => match captures.as_slice() {
            [] => call("call_soon", &[block(ops)]),
            captures => call("call_soon", &[block(ops), names(captures)]),
        },
        Op::CallLater(units, ops, captures, handle) => {
            let mut args = vec![time(*units), block(ops)];
            if !captures.is_empty() || handle.is_some() {
                args.push(names(captures));
            }
            args.extend(handle.as_deref().map(quoted));
            call("call_later", &args)
        }
        Op::CancelHandle(name) => call("cancel_handle", &[quoted(name)]),
        Op::AddCallback(name, ops) => call("add_cb", &[quoted(name), block(ops)]),
        Op::Cancel(name, message) => {
            let args: Vec<String> = [Some(name), message.as_ref()]
                .into_iter()
                .flatten()
                .map(|arg| quoted(arg))
                .collect();
            call("cancel", &args)
        }
        Op::Cancelling(name) => call("cancelling", &[quoted(name)]),
        Op::Uncancel(name) => call("uncancel", &[quoted(name)]),
        Op::Shield(of, name, place) => call("shield", &[quoted(of), quoted(name), holder(*place)]),
        Op::Gather(of, name, place, returns) => {
            let mut args = vec![names(of), quoted(name), holder(*place)];
            args.extend(returns.then(|| "true".to_owned()));
            call("gather", &args)
        }
        Op::AllTasks => call("all_tasks", &[]),
        Op::Stop => call("stop", &[]),
        Op::Raise(error) => call("raise", &[raised(error)]),
        other => waiting(other),
    }
}

/// An operation of coroutines only.
fn waiting(op: &Op) -> String {
    match op {
        Op::Sleep(units) => call("sleep", &[time(*units)]),
        Op::Yield(times) => call("yield", &[times.to_string()]),
        Op::Await(name, label) => {
            let args: Vec<String> =
                [Some(name), label.as_ref()].into_iter().flatten().map(|arg| quoted(arg)).collect();
            call("await", &args)
        }
        Op::Get(name) => call("get", &[quoted(name)]),
        Op::Put(name, value) => call("put", &[quoted(name), data(value)]),
        Op::WaitEvent(name) => call("wait_event", &[quoted(name)]),
        Op::Acquire(name) => call("acquire", &[quoted(name)]),
        Op::Group(ops) => call("tg", &[block(ops)]),
        Op::Timeout(units, ops) => call("timeout", &[time(*units), block(ops)]),
        Op::WaitFor(name, units) => call("wait_for", &[quoted(name), time(*units)]),
        Op::Wait(of, units, when) => {
            let units = units.map_or_else(|| "null".to_owned(), time);
            let mut args = vec![names(of), units];
            if *when != Default::default() {
                args.push(name_of(&RETURN_WHEN, when));
            }
            call("wait", &args)
        }
        Op::Try(guarded) => guard(guarded),
        Op::Call(ops) => call("call", &[block(ops)]),
        Op::Return(value) => call("return", &[data(value)]),
        _ => call("await_private", &[]),
    }
}

fn primitive(kind: Primitive, name: &str, place: Place, size: Option<u32>) -> String {
    let mut args = vec![name_of(&Primitive::ALL, &kind), quoted(name), holder(place)];
    args.extend(size.map(|size| size.to_string()));
    call("new", &args)
}

fn guard(guarded: &Guarded) -> String {
    let rows = guarded.handlers.iter();
    let rows: Vec<String> =
        rows.map(|(class, ops)| format!("{}: {}", quoted(class), block(ops))).collect();
    let mut args = vec![block(&guarded.body), format!("{{{}}}", rows.join(", "))];
    args.push(block(&guarded.finally));
    args.extend(guarded.reraises.then(|| "true".to_owned()));
    call("try", &args)
}
