//! The model that streams an answer and the store that keeps messages: both are waited for.

use super::workload::{Op, Reply};
use atropos::event_loop::{Exception, Frame, Ref, Value, Yields, object};
use std::time::Duration;

/// Waits for somebody outside.
pub(super) async fn answer(frame: &Frame, reply: Reply) -> Result<(), Exception> {
    match reply {
        Reply::After(ms) => frame.sleep(Duration::from_millis(ms.into())).await,
        Reply::Held | Reply::Weak => {
            let answered = frame.future().named("answered");
            match reply {
                Reply::Held => frame.answer(&answered, Value::None),
                _ => frame.answer_weakly(&answered, Value::None),
            }
            (&answered).await.map(drop)
        }
    }
}

/// The answer of the model: one item a token.
pub(super) fn stream(frame: &Frame, chat: Op) -> Ref<object::Generator> {
    async fn tokens(frame: Frame, yields: Yields, chat: Op) -> Result<(), Exception> {
        for token in 1..=chat.tokens {
            answer(&frame, chat.model).await?;
            yields.item(i64::from(token)).await?;
        }
        Ok(())
    }
    frame.generator(chat, tokens).named("stream")
}

/// `memory.aput(message)`: writes a message to the chat store.
pub(super) async fn put(frame: &Frame, chat: Op) -> Result<(), Exception> {
    answer(frame, chat.store).await?;
    if chat.refuses {
        return Err(Exception::runtime_error("the store refuses"));
    }
    frame.log("message stored");
    Ok(())
}
