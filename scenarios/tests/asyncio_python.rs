//! The vectors of asyncio that are Python, told again in Rust: the same lines, under each profile.

use atropos::event_loop::{
    Context, EventLoopWorld, Exception, Frame, PROFILES, Plain, Profile, Ref, Value, Weak,
    object::{Any, Generator, Task},
};
use atropos_scenarios::steps::{self, conform::Told};
use serde_json::Value as Json;
use std::{cell::RefCell, collections::BTreeMap, future::Future, rc::Rc, time::Duration};

const PUBLIC: &str = include_str!("../conformance/asyncio/vectors_public.jsonl");

type Done = Result<(), Exception>;

/// The trace, which bodies write.
#[derive(Clone, Default)]
struct Lines(Rc<RefCell<Vec<String>>>);

impl Lines {
    fn say(&self, frame: &Frame, line: impl Into<String>) {
        frame.settle();
        self.0.borrow_mut().push(line.into());
    }
}

type Given = Plain<Lines>;

fn handler(lines: &Lines, context: &Context) {
    let about = context.task_name().map_or("None".to_owned(), |name| format!("task {name}"));
    let error = context.exception();
    let error = error
        .map_or("None".to_owned(), |error| format!("{}:{}", error.class().name(), error.text()));
    let text = context.message().text();
    lines.0.borrow_mut().push(format!("HANDLER{{{text}|{about}|{error}}}"));
}

/// What a main coroutine says in CPython's own schedule.
fn told<F, R>(profile: &'static Profile, main: F) -> Vec<String>
where
    F: FnOnce(Frame, Given) -> R + Copy + 'static,
    R: Future<Output = Done> + 'static,
{
    let lines = Lines::default();
    let mut world = EventLoopWorld::new(profile);
    steps::set_up(&mut world);
    let (args, handled) = (Plain(lines.clone()), lines.clone());
    world.program(move |program| async move {
        let frame = program.frame().clone();
        frame.set_exception_handler(move |context| handler(&handled, context));
        let main = frame.create_named("main", args, main);
        let _ = program.run_until_complete(&main.future()).await;
    });
    let _ = steps::in_order(&mut world);
    lines.0.take()
}

/// What CPython said, by version; an unnamed task's number depends on how names are given.
fn observed(id: &str, profile: &Profile) -> Vec<String> {
    let lines = PUBLIC.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let vector = lines.into_iter().find(|vector| vector["id"] == id).expect("a vector");
    let release = profile.name.trim_start_matches("cpython-");
    let differs: BTreeMap<String, Json> =
        serde_json::from_value(vector["observed_differs"].clone()).unwrap_or_default();
    let other = differs.iter().find(|(version, _)| version.starts_with(release));
    let seen = other.map_or(&vector["observed"], |(_, seen)| seen);
    let lines = seen["trace"].as_array().expect("a trace").iter();
    lines.map(|line| line.as_str().expect("a line").replace("Task-2", "Task-1")).collect()
}

fn assert_told<F, R>(id: &str, main: F)
where
    F: FnOnce(Frame, Given) -> R + Copy + 'static,
    R: Future<Output = Done> + 'static,
{
    assert_eq!(Told::of(id), Told::Bodies, "{id}");
    for profile in PROFILES {
        assert_eq!(told(profile, main), observed(id, profile), "{id} under {}", profile.name);
    }
}

async fn turns(frame: &Frame, times: u32) -> Done {
    for _ in 0..times {
        frame.sleep(Duration::ZERO).await?;
    }
    Ok(())
}

fn state<T>(frame: &Frame, weak: &Weak<T>, there: &str) -> String {
    frame.settle();
    if weak.upgrade(frame).is_some() { there.to_owned() } else { "gone".to_owned() }
}

#[test]
fn an_abandoned_generator_is_closed_by_a_task() {
    assert_told("agen-01", |frame, Plain(lines): Given| async move {
        let items = frame.generator(
            Plain(lines.clone()),
            |frame, yields, Plain(lines): Given| async move {
                let left = async {
                    yields.item(1_i64).await?;
                    yields.item(2_i64).await
                };
                let left = left.await;
                lines.say(&frame, "gen finally-1");
                turns(&frame, 1).await?;
                lines.say(&frame, "gen finally-2");
                left
            },
        );
        let first = items.next().await?.expect("an item");
        lines.say(&frame, format!("got {first}"));
        drop(items);
        lines.say(&frame, "after break");
        frame.collect();
        lines.say(&frame, "after gc");
        turns(&frame, 3).await?;
        lines.say(&frame, "end");
        Ok(())
    });
}

#[test]
fn a_task_is_lost_inside_of_a_generator() {
    assert_told("agen-03", |frame, Plain(lines): Given| async move {
        let body = |frame: Frame, Plain(lines): Given| async move {
            let items = frame.generator(
                Plain(lines.clone()),
                |frame, yields, Plain(lines): Given| async move {
                    let left = async {
                        yields.item(1_i64).await?;
                        frame.forever().await?;
                        yields.item(2_i64).await
                    };
                    let left = left.await;
                    lines.say(&frame, "gen finally");
                    left
                },
            );
            let left = iterate(&frame, &lines, &items).await;
            lines.say(&frame, "task finally");
            left
        };
        let task = frame.create_named("T", Plain(lines.clone()), body).weak();
        turns(&frame, 2).await?;
        frame.collect();
        lines.say(&frame, state(&frame, &task, "alive"));
        turns(&frame, 3).await
    });
}

async fn iterate(frame: &Frame, lines: &Lines, items: &Ref<Generator>) -> Done {
    while let Some(item) = items.next().await? {
        lines.say(frame, format!("got {item}"));
    }
    Ok(())
}

#[test]
fn a_generator_of_a_lost_task_is_closed_by_a_task() {
    assert_told("agen-04", |frame, Plain(lines): Given| async move {
        let body = |frame: Frame, Plain(lines): Given| async move {
            let items = frame.generator(
                Plain(lines.clone()),
                |frame, yields, Plain(lines): Given| async move {
                    let left = yields.item(1_i64).await;
                    lines.say(&frame, "gen finally-1");
                    turns(&frame, 1).await?;
                    lines.say(&frame, "gen finally-2");
                    left
                },
            );
            let first = items.next().await?.expect("an item");
            lines.say(&frame, format!("got {first}"));
            let left = frame.forever().await;
            lines.say(&frame, "task finally");
            left
        };
        let task = frame.create_named("T", Plain(lines.clone()), body).weak();
        turns(&frame, 1).await?;
        frame.collect();
        lines.say(&frame, state(&frame, &task, "alive"));
        turns(&frame, 4).await
    });
}

#[test]
fn a_handler_may_keep_the_task() {
    assert_told("ctx-02", |frame, Plain(lines): Given| async move {
        let saved: Rc<RefCell<Vec<Ref<Any>>>> = Rc::default();
        let messages = Rc::new(RefCell::new(0));
        let (into, count) = (Rc::clone(&saved), Rc::clone(&messages));
        frame.set_exception_handler(move |context| {
            into.borrow_mut().extend(context.keep());
            *count.borrow_mut() += 1;
        });
        let body = |frame: Frame, Plain(lines): Given| async move {
            let left = frame.forever().await;
            lines.say(&frame, "task finally");
            left
        };
        let task = frame.create_named("T", Plain(lines.clone()), body).weak();
        turns(&frame, 1).await?;
        frame.collect();
        let dead = if task.upgrade(&frame).is_none() { "dead" } else { "alive" };
        lines.say(&frame, format!("saved {} weakref {dead}", saved.borrow().len()));
        let kept = saved.borrow()[0].clone().downcast::<Task>().expect("a task");
        lines.say(&frame, format!("done={}", Value::from(kept.is_done())));
        drop(kept);
        saved.borrow_mut().clear();
        frame.collect();
        lines.say(&frame, format!("messages {}", messages.borrow()));
        Ok(())
    });
}

#[test]
fn a_task_whose_wake_up_is_removed_goes_at_once() {
    assert_told("ref-28", |frame, Plain(lines): Given| async move {
        let future = frame.future();
        let args = (future.clone(), Plain(lines.clone()));
        let task = frame.create_named("T", args, |frame, (future, Plain(lines))| async move {
            let left = future.await;
            let lines: Lines = lines;
            lines.say(&frame, "task finally");
            left
        });
        let weak = task.weak();
        drop(task);
        turns(&frame, 1).await?;
        let before = lines.0.borrow().len();
        let callbacks = future.remove_done_callbacks();
        lines.0.borrow_mut().insert(before, format!("callbacks {callbacks}"));
        lines.say(&frame, state(&frame, &weak, "alive"));
        frame.collect();
        lines.say(&frame, state(&frame, &weak, "alive"));
        Ok(())
    });
}

#[test]
fn who_holds_the_generator_holds_the_task_inside() {
    assert_told("ref-32", |frame, Plain(lines): Given| async move {
        let items = frame.generator((), |frame, yields, ()| async move {
            frame.forever().await?;
            yields.item(1_i64).await
        });
        let task = frame.create_named("T", items.clone(), |_, items| async move {
            while items.next().await?.is_some() {}
            Ok(())
        });
        let weak = task.weak();
        drop(task);
        turns(&frame, 1).await?;
        frame.collect();
        lines.say(&frame, state(&frame, &weak, "alive"));
        drop(items);
        frame.collect();
        lines.say(&frame, state(&frame, &weak, "alive"));
        Ok(())
    });
}

#[test]
fn a_reader_of_a_stream_is_held_weakly() {
    assert_told("sock-01", |frame, Plain(lines): Given| async move {
        let body = |frame: Frame, Plain(lines): Given| async move {
            let reply = frame.future();
            frame.answer_weakly(&reply, "x");
            let read = (&reply).await;
            if let Ok(value) = &read {
                lines.say(&frame, format!("read b'{value}'"));
            }
            lines.say(&frame, "task finally");
            read
        };
        let task = frame.create_named("T", Plain(lines.clone()), body).weak();
        turns(&frame, 5).await?;
        frame.collect();
        lines.say(&frame, state(&frame, &task, "alive"));
        frame.sleep(Duration::from_millis(20)).await?;
        lines.say(&frame, state(&frame, &task, "pending"));
        Ok(())
    });
}

#[test]
fn a_selector_holds_who_waits() {
    assert_told("sock-03", |frame, Plain(lines): Given| async move {
        let body = |frame: Frame, Plain(lines): Given| async move {
            let reply = frame.future();
            frame.answer(&reply, "x");
            let value = (&reply).await?;
            lines.say(&frame, format!("read b'{value}'"));
            Ok::<_, Exception>(())
        };
        let task = frame.create_named("T", Plain(lines.clone()), body).weak();
        turns(&frame, 1).await?;
        frame.collect();
        lines.say(&frame, state(&frame, &task, "alive"));
        frame.sleep(Duration::from_millis(20)).await?;
        lines.say(&frame, state(&frame, &task, "pending"));
        Ok(())
    });
}
