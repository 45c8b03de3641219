//! A client's handler: it starts an answer, reads it, and may leave before its end.

use super::{
    Keeps,
    engine::{self, Holder},
    outside,
    workload::Op,
};
use atropos::event_loop::{Exception, Frame, Ref, object};

type Handler = (Op, Keeps, Ref<object::Set>);

/// The task of a client.
pub(super) async fn handle(frame: Frame, (chat, keeps, tasks): Handler) -> Result<(), Exception> {
    match keeps {
        Keeps::Group => {
            let inner = frame.clone();
            let body =
                |group| async move { serve(&inner, chat, keeps, Holder::Group(group)).await };
            frame.task_group(body).await
        }
        Keeps::Set | Keeps::SetUnread => serve(&frame, chat, keeps, Holder::Set(tasks)).await,
        _ => {
            drop(tasks);
            serve(&frame, chat, keeps, Holder::None).await
        }
    }
}

async fn serve(frame: &Frame, chat: Op, keeps: Keeps, holder: Holder) -> Result<(), Exception> {
    let response = engine::astream_chat(frame, keeps, chat, &holder)?;
    drop(holder);
    if keeps == Keeps::ForgetsConsumer {
        return forward(frame, response, chat).await;
    }
    // A client holds the response while it reads.
    let tokens = engine::response_gen(frame, response.clone(), keeps);
    let mut read = 0;
    while chat.leaves.is_none_or(|after| read < after) {
        match tokens.next().await? {
            Some(token) => frame.log(format!("token {token}")),
            None => {
                frame.log("answer complete");
                return Ok(());
            }
        }
        read += 1;
    }
    frame.mark("left early");
    drop(response);
    drop(tokens);
    Ok(())
}

/// A task of its own sends the tokens to the client's socket; nobody holds it.
async fn forward(frame: &Frame, response: Ref<object::Plain>, chat: Op) -> Result<(), Exception> {
    frame.create_named("sender", (engine::queue(&response), chat), send);
    // The handler keeps the response until the answer is complete.
    while !engine::is_done(&response) {
        let new_item = engine::new_item(&response);
        new_item.wait().await?;
        new_item.clear();
    }
    frame.sleep(super::QUIET).await
}

async fn send(frame: Frame, (queue, chat): (Ref<object::Queue>, Op)) -> Result<(), Exception> {
    for _ in 0..chat.tokens {
        let token = queue.get().await?;
        // The socket's transport answers when the bytes are out.
        outside::answer(&frame, chat.model).await?;
        frame.log(format!("token {token} sent"));
    }
    Ok(())
}
