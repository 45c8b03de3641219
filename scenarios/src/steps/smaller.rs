//! Programs that are a little smaller: what a disagreement is made small with.

use super::model::{Block, Guarded, Op, Program};
use std::sync::Arc;

/// All programs with one operation less, or with one replaced by what stands in it.
pub fn smaller(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    for (name, body) in &program.tasks {
        let bodies = blocks(body).into_iter().map(|body| {
            let mut one = program.clone();
            one.tasks.insert(name.clone(), body);
            one
        });
        all.extend(bodies);
    }
    all.extend(blocks(&program.main).into_iter().map(|main| Program { main, ..program.clone() }));
    for at in 0..program.after.len() {
        let mut one = program.clone();
        one.after.remove(at);
        all.push(one);
    }
    if program.debug {
        all.push(Program { debug: false, ..program.clone() });
    }
    if program.eager {
        all.push(Program { eager: false, ..program.clone() });
    }
    all
}

/// How many operations there are.
pub fn size(program: &Program) -> usize {
    let bodies = program.tasks.values().chain([&program.main]);
    bodies.map(count).sum::<usize>() + program.after.len()
}

fn count(block: &Block) -> usize {
    block.iter().map(|op| 1 + parts(op).iter().map(|part| count(part)).sum::<usize>()).sum()
}

fn blocks(block: &Block) -> Vec<Block> {
    let mut all = Vec::new();
    for (at, op) in block.iter().enumerate() {
        all.push(with(block, at, &[]));
        all.extend(parts(op).into_iter().map(|part| with(block, at, part)));
        all.extend(ops(op).into_iter().map(|op| with(block, at, &[op])));
    }
    all
}

/// A block with other operations in one place.
fn with(block: &Block, at: usize, ops: &[Op]) -> Block {
    block[..at].iter().chain(ops).chain(&block[at + 1..]).cloned().collect()
}

/// The lists of operations in an operation that could stand in its place.
fn parts(op: &Op) -> Vec<&Block> {
    match op {
        Op::Group(ops) | Op::Timeout(_, ops) | Op::Call(ops) => vec![ops],
        Op::Try(guarded) => vec![&guarded.body],
        _ => Vec::new(),
    }
}

/// The operation with something less in it.
fn ops(op: &Op) -> Vec<Op> {
    let each =
        |ops: &Block, make: &dyn Fn(Block) -> Op| blocks(ops).into_iter().map(make).collect();
    match op {
        Op::Group(ops) => each(ops, &Op::Group),
        Op::Timeout(time, ops) => each(ops, &|ops| Op::Timeout(*time, ops)),
        Op::Call(ops) => each(ops, &Op::Call),
        Op::CallSoon(ops, captures) => {
            let mut all: Vec<Op> = each(ops, &|ops| Op::CallSoon(ops, captures.clone()));
            if !captures.is_empty() {
                all.push(Op::CallSoon(Arc::clone(ops), Vec::new()));
            }
            all
        }
        Op::CallLater(time, ops, captures, handle) => {
            each(ops, &|ops| Op::CallLater(*time, ops, captures.clone(), handle.clone()))
        }
        Op::AddCallback(name, ops) => each(ops, &|ops| Op::AddCallback(name.clone(), ops)),
        Op::Gather(of, name, place, returns) if of.len() > 1 => {
            fewer(of).map(|of| Op::Gather(of, name.clone(), *place, *returns)).collect()
        }
        Op::Wait(of, time, when) if of.len() > 1 => {
            fewer(of).map(|of| Op::Wait(of, *time, *when)).collect()
        }
        Op::Yield(times) if *times > 1 => vec![Op::Yield(times - 1)],
        Op::Cancel(name, Some(_)) => vec![Op::Cancel(name.clone(), None)],
        Op::Await(name, Some(_)) => vec![Op::Await(name.clone(), None)],
        Op::Try(guarded) => attempts(guarded),
        _ => Vec::new(),
    }
}

fn fewer(names: &[String]) -> impl Iterator<Item = Vec<String>> + '_ {
    (0..names.len()).map(|at| [&names[..at], &names[at + 1..]].concat())
}

fn attempts(guarded: &Guarded) -> Vec<Op> {
    let op = |guarded: Guarded| Op::Try(Box::new(guarded));
    let mut all = Vec::new();
    all.extend(
        blocks(&guarded.body).into_iter().map(|body| op(Guarded { body, ..guarded.clone() })),
    );
    all.extend(
        blocks(&guarded.finally)
            .into_iter()
            .map(|finally| op(Guarded { finally, ..guarded.clone() })),
    );
    for at in 0..guarded.handlers.len() {
        let mut one = guarded.clone();
        let (class, ops) = one.handlers.remove(at);
        all.push(op(one));
        for ops in blocks(&ops) {
            let mut one = guarded.clone();
            one.handlers[at] = (class.clone(), ops);
            all.push(op(one));
        }
    }
    if guarded.reraises {
        all.push(op(Guarded { reraises: false, ..guarded.clone() }));
    }
    all
}
