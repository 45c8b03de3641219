//! Operations that do not wait: those that callbacks can do, too.

use super::{
    super::model::{Block, Op, Place, Primitive, Raised},
    objects::{future, one, settable},
    scope::{Code, Env, Locals, attribute_error, duration, no_object},
    text, waiting,
};
use atropos::event_loop::{
    Class, Exception, Frame, Plain, Ref, Value,
    object::{Any, Event, Handle, Lock, Queue, Semaphore, Task},
};
use std::{rc::Rc, sync::Arc};

/// What a callback is made of: whose it is, and its operations.
type Callback = Plain<(Rc<Env>, Rc<str>, Block)>;

/// Does an operation that does not wait.
pub(super) fn perform(code: &Code, op: &Op) -> Result<(), Exception> {
    if op.needs_running_loop() {
        code.frame.running_loop()?;
    }
    match op {
        Op::Log(text) => code.says(text),
        Op::Collect => code.env.collect(&code.frame),
        Op::State(name) => state(code, name)?,
        Op::AllTasks => all_tasks(&code.env, &code.frame),
        Op::Stop => code.frame.stop_loop(),
        Op::Raise(error) => return Err(raised(error)),
        Op::Drop(name) => code.forget(name),
        Op::Copy(of, name, place) => code.store(name, code.look(of)?, *place)?,
        Op::Link(of, attribute, to) => link(code, of, attribute, to)?,
        Op::Spawn(name, place) => spawn(code, name, *place)?,
        Op::Future(name, place) => code.store(name, code.frame.future().into_any(), *place)?,
        Op::New(kind, name, place, size) => {
            code.store(name, primitive(&code.frame, *kind, *size), *place)?;
        }
        Op::CallSoon(ops, captures) => {
            let captured = capture(code, captures)?;
            code.frame.call_soon((callback(code, ops), captured), called);
        }
        Op::CallLater(time, ops, captures, handle) => {
            let captured = capture(code, captures)?;
            let args = (callback(code, ops), captured);
            let timer = code.frame.call_later(duration(*time), args, called);
            if let Some(name) = handle {
                code.locals.set(name, timer.into_any());
            }
        }
        other => to_object(code, other)?,
    }
    Ok(())
}

/// An operation on an object that is there.
fn to_object(code: &Code, op: &Op) -> Result<(), Exception> {
    match op {
        Op::SetResult(name, value) => {
            settable(code.look(name)?, "set_result")?.set_result(Value::from(value))?;
        }
        Op::SetException(name, error) => {
            settable(code.look(name)?, "set_exception")?.set_exception(raised(error))?;
        }
        Op::Retrieve(name) => {
            let error = future(code.look(name)?, "exception")?.exception()?;
            let shown = error.as_ref().map_or("NoneType:None".to_owned(), text::exception);
            code.line(format!("retrieved {shown}"));
        }
        Op::PutNowait(name, value) => {
            one::<Queue>(code.look(name)?, "put_nowait")?.put_nowait(Value::from(value))?;
        }
        Op::Set(name) => one::<Event>(code.look(name)?, "set")?.set(),
        Op::Release(name) => release(code.look(name)?)?,
        Op::CancelHandle(name) => cancel_handle(code, name)?,
        Op::AddCallback(name, ops) => {
            let args = (callback(code, ops), Locals::default());
            future(code.look(name)?, "add_done_callback")?.add_done_callback(args, called)?;
        }
        Op::Cancel(name, message) => cancel(code, name, message.as_deref())?,
        Op::Cancelling(name) => {
            let count = one::<Task>(code.look(name)?, "cancelling")?.cancelling();
            code.line(format!("cancelling {name}={count}"));
        }
        Op::Uncancel(name) => {
            let left = one::<Task>(code.look(name)?, "uncancel")?.uncancel();
            code.line(format!("uncancel {name} -> {left}"));
        }
        Op::Shield(of, name, place) => {
            let outer = code.frame.shield(&awaitable(code.look(of)?)?);
            code.store(name, outer.into_any(), *place)?;
        }
        Op::Gather(of, name, place, returns_exceptions) => {
            let all: Vec<_> =
                of.iter().map(|of| awaitable(code.look(of)?)).collect::<Result<_, _>>()?;
            let outer = code.frame.gather(&all, *returns_exceptions);
            drop(all);
            code.store(name, outer.into_any(), *place)?;
        }
        _ => unreachable!("it waits, or was done already"),
    }
    Ok(())
}

/// What `raise` and `set_exception` make.
pub(super) fn raised(error: &Raised) -> Exception {
    Exception::new(Class::named(error.class.clone()), error.text.clone())
}

/// A future to wait for; anything else is a `TypeError`.
pub(super) fn awaitable(
    object: Ref<Any>,
) -> Result<Ref<atropos::event_loop::object::Future>, Exception> {
    object.downcast().map_err(|_| {
        let text = "An asyncio.Future, a coroutine or an awaitable is required";
        Exception::new(Class::named("TypeError"), text)
    })
}

fn state(code: &Code, name: &str) -> Result<(), Exception> {
    let weak = code.env.weak(name).ok_or_else(|| no_object(name))?;
    let shown = match weak.upgrade(&code.frame) {
        None => "gone".to_owned(),
        Some(object) => text::state(&future(object, "done")?.outcome()),
    };
    code.line(format!("state {name}={shown}"));
    Ok(())
}

/// The line of all tasks.
pub(super) fn all_tasks(env: &Env, frame: &Frame) {
    let names = frame.all_tasks().join(",");
    env.line(frame, format!("all_tasks={names}"));
}

fn spawn(code: &Code, name: &str, place: Place) -> Result<(), Exception> {
    let args = Plain((Rc::clone(&code.env), Rc::from(name)));
    let task = code.frame.create_named(name.to_owned(), args, waiting::task);
    code.store(name, task.into_any(), place)
}

fn primitive(frame: &Frame, kind: Primitive, size: Option<u32>) -> Ref<Any> {
    match kind {
        Primitive::Queue => frame.queue(size.unwrap_or(0) as usize).into_any(),
        Primitive::Event => frame.event().into_any(),
        Primitive::Lock | Primitive::Condition => frame.lock().into_any(),
        Primitive::Semaphore => frame.semaphore(size.unwrap_or(1)).into_any(),
    }
}

/// Tasks and futures have no `__dict__`; what `gather` returns does.
fn link(code: &Code, of: &str, attribute: &str, to: &str) -> Result<(), Exception> {
    let holder = code.look(of)?;
    let kind = holder.type_name();
    if matches!(kind, "_asyncio.Task" | "_asyncio.Future" | "TimerHandle" | "Handle") {
        let text = format!("'{kind}' object has no attribute '__dict__'");
        return Err(attribute_error(text));
    }
    holder.link(attribute.to_owned(), &code.look(to)?);
    Ok(())
}

fn release(object: Ref<Any>) -> Result<(), Exception> {
    match object.downcast::<Semaphore>() {
        Ok(semaphore) => {
            semaphore.release();
            Ok(())
        }
        Err(object) => one::<Lock>(object, "release")?.release(),
    }
}

fn cancel(code: &Code, name: &str, message: Option<&str>) -> Result<(), Exception> {
    let done = future(code.look(name)?, "cancel")?.cancel_with(message);
    code.line(format!("cancel {name} -> {done}"));
    Ok(())
}

fn cancel_handle(code: &Code, name: &str) -> Result<(), Exception> {
    let object = code.locals.get(name).ok_or_else(|| no_object(name))?;
    match object.downcast::<Handle>() {
        Ok(handle) => handle.cancel(),
        Err(object) => {
            future(object, "cancel")?.cancel();
        }
    }
    Ok(())
}

fn capture(code: &Code, names: &[String]) -> Result<Locals, Exception> {
    let captured = Locals::default();
    for name in names {
        captured.set(name, code.look(name)?);
    }
    Ok(captured)
}

fn callback(code: &Code, ops: &Block) -> Callback {
    Plain((Rc::clone(&code.env), Rc::from(format!("{}.cb", code.who)), Arc::clone(ops)))
}

/// What the loop calls.
fn called(frame: Frame, (callback, locals): (Callback, Locals)) -> Result<(), Exception> {
    let Plain((env, who, ops)) = callback;
    let code = Code::new(&frame, env, who, locals);
    for op in ops.iter() {
        perform(&code, op)?;
        frame.settle();
    }
    Ok(())
}
