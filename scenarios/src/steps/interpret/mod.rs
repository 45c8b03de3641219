//! What operations do: who holds what, and which line comes when, as `dsl.py` has it.
//!
//! Each list of operations in a `try`, a `tg`, a `timeout` or a `call` is a coroutine of its own
//! that the one around it awaits; that matters when one goes on awaiting while it is closed.

mod objects;
mod scope;
mod sync;
mod text;
mod waiting;

use super::{
    model::{After, Mode, Op, Program},
    play::Played,
};
use atropos::event_loop::{self as asyncio, Exception, Frame, Plain};
use scope::{Code, Env, Locals};
use std::{cell::RefCell, rc::Rc, sync::Arc};

/// What a program still holds when it has ended: a process that ends finalises nothing of that.
#[derive(Clone, Default)]
pub(super) struct Kept(Rc<RefCell<Option<Rc<Env>>>>);

/// The whole program, from outside of the loop.
pub(super) async fn program(
    outside: asyncio::Program,
    program: Arc<Program>,
    played: Rc<RefCell<Played>>,
    kept: Kept,
) {
    let frame = outside.frame().clone();
    frame.set_debug(program.debug);
    if program.eager && !frame.set_eager_tasks() {
        played.borrow_mut().lines.push("not available".to_owned());
        return;
    }
    text::hook_up(&frame, &played);
    let env = Env::new(&frame, program, played);
    kept.0.replace(Some(Rc::clone(&env)));
    match env.program.mode {
        Mode::Run => run(&outside, &env).await,
        Mode::Loop => run_until_complete(&outside, &env).await,
    }
}

/// The frame of the main coroutine.
fn main_code(frame: &Frame, env: Rc<Env>) -> Code {
    Code::new(frame, env, "main".into(), Locals::default())
}

async fn run(outside: &asyncio::Program, env: &Rc<Env>) {
    let main = outside.run("main", Plain(Rc::clone(env)), |frame, Plain(env)| {
        let ops = Arc::clone(&env.program.main);
        let body = waiting::apart(main_code(&frame, env), ops, false);
        async move { frame.call(body).await.map(drop) }
    });
    if let Err(error) = main.await {
        env.line(outside.frame(), format!("run raised {}", text::exception(&error)));
    }
}

async fn run_until_complete(outside: &asyncio::Program, env: &Rc<Env>) {
    let frame = outside.frame();
    let main = frame.create_named("main", Plain(Rc::clone(env)), |frame, Plain(env)| {
        let ops = Arc::clone(&env.program.main);
        waiting::apart(main_code(&frame, env), ops, false)
    });
    if let Err(error) = outside.run_until_complete(&main.future()).await {
        env.line(frame, format!("main raised {}", text::exception(&error)));
    }
    drop(main);
    for step in &env.program.after {
        if after(outside, env, step).await.is_err() {
            // It ends the program, as an exception outside of everything does.
            return;
        }
    }
}

async fn after(outside: &asyncio::Program, env: &Rc<Env>, step: &After) -> Result<(), Exception> {
    let frame = outside.frame();
    frame.settle();
    match step {
        After::ForgetLoop => {}
        After::Close => {
            outside.close();
            env.line(frame, "loop closed".to_owned());
        }
        After::RunAgain(time) => {
            let sleep = frame.create_task(scope::duration(*time), |frame, time| frame.sleep(time));
            outside.run_until_complete(&sleep.future()).await?;
        }
        After::Op(Op::AllTasks) => sync::all_tasks(env, frame),
        After::Op(op) => {
            let code = Code::new(frame, Rc::clone(env), "after".into(), Locals::default());
            sync::perform(&code, op)?;
        }
    }
    frame.settle();
    Ok(())
}
