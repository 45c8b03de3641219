//! Operations that wait, and lists of operations as coroutines.

use super::{
    super::model::{Block, Guarded, Op, Place},
    objects::one,
    scope::{Code, Env, Locals, duration},
    sync, text,
};
use atropos::event_loop::{
    Class, Exception, Frame, Plain, Ref, Value,
    object::{Event, Group, Lock, Queue, Semaphore},
};
use std::{future::Future, pin::Pin, rc::Rc, sync::Arc, time::Duration};

/// A coroutine.
pub(super) type Coroutine = Pin<Box<dyn Future<Output = Result<Flow, Exception>>>>;

/// How a list of operations ended.
pub(super) enum Flow {
    /// The next one comes.
    Next,
    /// With a `return`.
    Return(Value),
}

/// A frame gives values: a `return` is a list of one.
impl From<Flow> for Value {
    fn from(flow: Flow) -> Value {
        match flow {
            Flow::Next => Value::None,
            Flow::Return(value) => Value::List([value].into()),
        }
    }
}

impl From<Value> for Flow {
    fn from(value: Value) -> Flow {
        match value {
            Value::List(items) if items.len() == 1 => Flow::Return(items[0].clone()),
            _ => Flow::Next,
        }
    }
}

/// The coroutine of a task.
pub(super) fn task(
    frame: Frame,
    Plain((env, name)): Plain<(Rc<Env>, Rc<str>)>,
) -> impl Future<Output = Result<Value, Exception>> {
    let body = name.split('#').next().unwrap_or_default();
    let ops = env.program.tasks.get(body).cloned().unwrap_or_else(|| Block::from([]));
    let code = Code::new(&frame, env, name, Locals::default());
    async move {
        match Flow::from(frame.call(apart(code, ops, false)).await?) {
            Flow::Return(value) => Ok(value),
            Flow::Next => Ok(Value::None),
        }
    }
}

/// The same with a frame that has variables of its own: when an exception leaves it, they count.
pub(super) fn apart(code: Code, ops: Block, closes: bool) -> Coroutine {
    Box::pin(async move {
        let (env, locals) = (Rc::clone(&code.env), code.locals.clone());
        let frame = code.frame.clone();
        let result = block(code, ops).await;
        if let Err(error) = &result
            && (closes || *error.class() != Class::GeneratorExit)
        {
            env.left(&frame, error, &locals);
        }
        result
    })
}

/// A list of operations as a coroutine.
pub(super) fn block(code: Code, ops: Block) -> Coroutine {
    Box::pin(async move {
        for op in ops.iter() {
            let flow = step(&code, op).await?;
            code.frame.settle();
            if let Flow::Return(_) = flow {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    })
}

/// The same, awaited by the coroutine around it.
fn inner(code: &Code, ops: &Block) -> impl Future<Output = Result<Value, Exception>> + use<> {
    code.frame.call(block(code.clone(), Arc::clone(ops)))
}

async fn step(code: &Code, op: &Op) -> Result<Flow, Exception> {
    let frame = &code.frame;
    if op.needs_running_loop() {
        frame.running_loop()?;
    }
    match op {
        Op::Sleep(time) => frame.sleep(duration(*time)).await?,
        Op::Yield(times) => {
            for _ in 0..*times {
                frame.sleep(Duration::ZERO).await?;
            }
        }
        Op::Await(name, label) => await_future(code, name, label.as_deref()).await?,
        Op::AwaitPrivate => {
            frame.forever().await?;
        }
        Op::Get(name) => {
            let got = one::<Queue>(code.look(name)?, "get")?.get().await?;
            code.says(format_args!("got {got}"));
        }
        Op::Put(name, value) => {
            one::<Queue>(code.look(name)?, "put")?.put(Value::from(value)).await?;
        }
        Op::WaitEvent(name) => one::<Event>(code.look(name)?, "wait")?.wait().await?,
        Op::Acquire(name) => acquire(code, name).await?,
        Op::Group(ops) => group(code, ops).await?,
        Op::GroupSpawn(name, place) => group_spawn(code, name, *place)?,
        Op::Timeout(time, ops) => {
            frame.timeout(duration(*time), inner(code, ops)).await?;
        }
        Op::WaitFor(name, time) => {
            let future = sync::awaitable(code.look(name)?)?;
            let waits = frame.wait_for(&future, Some(duration(*time)));
            drop(future);
            waits.await?;
        }
        Op::Wait(..) => wait(code, op).await?,
        Op::Try(guarded) => return attempt(code, guarded).await,
        Op::Call(ops) => {
            let within = Code { locals: Locals::default(), ..code.clone() };
            frame.call(apart(within, Arc::clone(ops), true)).await?;
        }
        Op::Return(value) => return Ok(Flow::Return(Value::from(value))),
        other => sync::perform(code, other)?,
    }
    Ok(Flow::Next)
}

async fn await_future(code: &Code, name: &str, label: Option<&str>) -> Result<(), Exception> {
    let object = code.look(name)?;
    let kind = object.type_name();
    let Ok(future) = object.downcast::<atropos::event_loop::object::Future>() else {
        let text = format!("object {kind} can't be used in 'await' expression");
        return Err(Exception::new(Class::named("TypeError"), text));
    };
    let awaits = (&future).into_future();
    drop(future);
    let value = awaits.await?;
    if let Some(label) = label {
        code.says(format_args!("{label}={value}"));
    }
    Ok(())
}

async fn acquire(code: &Code, name: &str) -> Result<(), Exception> {
    match code.look(name)?.downcast::<Semaphore>() {
        Ok(semaphore) => semaphore.acquire().await,
        Err(object) => one::<Lock>(object, "acquire")?.acquire().await,
    }
}

async fn wait(code: &Code, op: &Op) -> Result<(), Exception> {
    let Op::Wait(of, time, when) = op else { return Ok(()) };
    let all: Vec<_> =
        of.iter().map(|of| sync::awaitable(code.look(of)?)).collect::<Result<_, _>>()?;
    let waits = code.frame.wait(&all, time.map(duration), *when);
    drop(all);
    let (done, pending) = waits.await?;
    code.line(format!("wait done={} pending={}", done.len(), pending.len()));
    Ok(())
}

async fn group(code: &Code, ops: &Block) -> Result<(), Exception> {
    let entered = code.clone();
    let ops = Arc::clone(ops);
    let body = async move |group: Ref<Group>| {
        let held = entered.frame.globals().hold(&group);
        drop(group);
        entered.env.groups.borrow_mut().push(held);
        let left = inner(&entered, &ops).await;
        // Whichever was entered last: the list is one of the program, not of the task.
        let last = entered.env.groups.borrow_mut().pop();
        drop(last);
        left.map(drop)
    };
    let left = code.frame.task_group(body).await;
    if left.is_err() {
        // What a group raises goes round in a circle with the frames that it went through.
        code.env.keeps_frame(&code.locals);
    }
    left
}

fn group_spawn(code: &Code, name: &str, place: Place) -> Result<(), Exception> {
    let last = code.env.groups.borrow().last().map(|group| code.frame.hold(group));
    let Some(group) = last else {
        return Err(Exception::new(Class::named("IndexError"), "list index out of range"));
    };
    let args = Plain((Rc::clone(&code.env), Rc::from(name)));
    let task = group.create_task(Some(name.to_owned().into()), args, task)?;
    code.store(name, task.into_any(), place)
}

/// `try`, with its handlers and its `finally`.
async fn attempt(code: &Code, guarded: &Guarded) -> Result<Flow, Exception> {
    let result = handled(code, guarded).await;
    if !guarded.finally.is_empty() {
        code.frame.settle();
        let left = inner(code, &guarded.finally).await;
        if let (Err(error), Err(context)) = (&left, &result) {
            code.frame.keeps_context(error, context);
        }
        left?;
    }
    result
}

async fn handled(code: &Code, guarded: &Guarded) -> Result<Flow, Exception> {
    let error = match inner(code, &guarded.body).await {
        Ok(value) => return Ok(value.into()),
        Err(error) => error,
    };
    let fits = |(class, _): &&(String, Block)| error.is(&Class::named(class.clone()));
    let handler = guarded.handlers.iter().find(fits);
    let what = if handler.is_some() { "caught" } else { "passes" };
    code.says(format_args!("{what} {}", text::exception(&error)));
    let Some((_, ops)) = handler else { return Err(error) };
    let flow = match inner(code, ops).await {
        Ok(flow) => flow,
        Err(other) => {
            code.frame.keeps_context(&other, &error);
            return Err(other);
        }
    };
    if guarded.reraises { Err(error) } else { Ok(flow.into()) }
}
