//! The chat engine: it streams the model's answer to the client, and a task of its own writes it to
//! the history.
//!
//! As in LlamaIndex 0.12.17, `astream_chat` of `SimpleChatEngine` and `StreamingAgentChatResponse`
//! (`awrite_response_to_history`, `async_response_gen`); what differs from variant to variant is who
//! holds the task.

use super::{Keeps, outside, workload::Op};
use atropos::event_loop::{Class, Exception, Frame, OfKind, Ref, Value, Weak, Yields, object};

/// The attributes of a response.
const STREAM: &str = "achat_stream";
const QUEUE: &str = "aqueue";
const NEW_ITEM: &str = "new_item_event";
const IS_DONE: &str = "is_done";
const TASK: &str = "awrite_response_to_history_task";

/// Somebody who may hold tasks for others.
#[derive(Clone)]
pub(super) enum Holder {
    /// Nobody.
    None,
    /// The background set of the server.
    Set(Ref<object::Set>),
    /// The task group of the client's handler.
    Group(Ref<object::Group>),
}

fn part<T: OfKind>(response: &Ref<object::Plain>, name: &'static str) -> Ref<T> {
    response.attribute(name).object().unwrap_or_else(|| panic!("a response has its {name}"))
}

/// Starts an answer: the response, and the task that writes it to the history.
pub(super) fn astream_chat(
    frame: &Frame,
    keeps: Keeps,
    chat: Op,
    holder: &Holder,
) -> Result<Ref<object::Plain>, Exception> {
    let response = frame.object().named("response");
    let stream = outside::stream(frame, chat);
    response.set_attribute(QUEUE, frame.queue(0).named(QUEUE));
    response.set_attribute(NEW_ITEM, frame.event().named(NEW_ITEM));
    response.set_attribute(IS_DONE, false);
    if keeps != Keeps::Nothing {
        response.set_attribute(STREAM, stream.clone());
    }
    let args = (response.clone(), stream, chat, keeps);
    let name = Some("writer".into());
    match holder {
        Holder::Group(group) => {
            let task = group.create_task(name, args, write)?;
            task.add_done_callback((task.weak(), response.clone()), ended)?;
        }
        Holder::Set(tasks) => {
            let task = frame.create_named("writer", args, write);
            tasks.keep(&task);
            if keeps == Keeps::Set {
                task.add_done_callback((task.weak(), response.clone()), ended)?;
            }
        }
        Holder::None => {
            let task = frame.create_named("writer", args, write);
            if keeps == Keeps::Attribute {
                response.set_attribute(TASK, task);
            }
        }
    }
    Ok(response)
}

/// The done callback of the variants that hold: whoever reads must not wait for ever, whatever became
/// of the task, and somebody looks at its exception. A `finally` in the task would not do: one that is
/// cancelled before its first step never runs (can-01).
fn ended(
    frame: Frame,
    (task, response): (Weak<object::Task>, Ref<object::Plain>),
) -> Result<(), Exception> {
    if let Some(task) = task.upgrade(&frame)
        && let Ok(Some(error)) = task.exception()
    {
        frame.log(format!("writing failed: {error}"));
    }
    done(&response);
    Ok(())
}

type Writer = (Ref<object::Plain>, Ref<object::Generator>, Op, Keeps);

/// `awrite_response_to_history`: passes the tokens on, then writes the message. As there, an exception
/// is logged; two variants leave it to whoever looks at the task.
async fn write(frame: Frame, (response, stream, chat, keeps): Writer) -> Result<(), Exception> {
    let written = pass_on(&frame, &response, stream, chat).await;
    if keeps == Keeps::AwaitsInFinally {
        // finally: await memory.flush()
        outside::answer(&frame, chat.store).await?;
    }
    match written {
        Err(error)
            if error.is(&Class::Exception) && !matches!(keeps, Keeps::Set | Keeps::SetUnread) =>
        {
            frame.log(format!("writing failed: {error}"));
            Ok(())
        }
        written => written,
    }
}

async fn pass_on(
    frame: &Frame,
    response: &Ref<object::Plain>,
    stream: Ref<object::Generator>,
    chat: Op,
) -> Result<(), Exception> {
    let queue = queue(response);
    let new_item = new_item(response);
    while let Some(token) = stream.next().await? {
        queue.put_nowait(token)?;
        new_item.set();
    }
    drop(stream);
    frame.mark("last token passed on");
    let stored = outside::put(frame, chat).await;
    if stored.is_ok() {
        frame.mark("stored");
    }
    done(response);
    stored
}

/// Tells whoever reads that nothing more comes.
fn done(response: &Ref<object::Plain>) {
    response.set_attribute(IS_DONE, true);
    new_item(response).set();
}

/// `async_response_gen`: the tokens for the client, until the message is written.
pub(super) fn response_gen(
    frame: &Frame,
    response: Ref<object::Plain>,
    keeps: Keeps,
) -> Ref<object::Generator> {
    async fn tokens(
        _: Frame,
        yields: Yields,
        (response, keeps): (Ref<object::Plain>, Keeps),
    ) -> Result<(), Exception> {
        let read = read(&yields, &response).await;
        if keeps == Keeps::Attribute
            && let Some(task) = response.attribute(TASK).object::<object::Task>()
        {
            // finally: await self.awrite_response_to_history_task
            (&task).await?;
        }
        read
    }
    frame.generator((response, keeps), tokens).named("response_gen")
}

async fn read(yields: &Yields, response: &Ref<object::Plain>) -> Result<(), Exception> {
    let queue = queue(response);
    let new_item = new_item(response);
    loop {
        if queue.is_empty() {
            if is_done(response) {
                return Ok(());
            }
            new_item.wait().await?;
            new_item.clear();
            continue;
        }
        let token: Value = queue.get_nowait()?;
        yields.item(token).await?;
    }
}

/// The queue of the tokens of a response.
pub(super) fn queue(response: &Ref<object::Plain>) -> Ref<object::Queue> {
    part(response, QUEUE)
}

/// What is set when there is a token, or the response is done.
pub(super) fn new_item(response: &Ref<object::Plain>) -> Ref<object::Event> {
    part(response, NEW_ITEM)
}

/// True if nothing more comes.
pub(super) fn is_done(response: &Ref<object::Plain>) -> bool {
    response.attribute(IS_DONE).is_true()
}
