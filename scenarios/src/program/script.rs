//! A program made ready to run: its steps with their texts, and how a command travels as a term.

use super::{
    interpret::{self, commands},
    model::{Op, Program, Slot, Step},
    reach::Reach,
    write::op_text,
};
use atropos::process::{Ctx, ProcessWorld, Term};
use std::rc::Rc;

/// The steps of a program and what goes with them.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) names: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) linger: u32,
    /// What it may do.
    reach: Reach,
    /// Each command for people.
    texts: Vec<Vec<String>>,
}

impl Script {
    /// A script of these steps of a program.
    pub(super) fn new(program: &Program, steps: &[Step]) -> Script {
        let text = |step: &Step| {
            commands(step).iter().map(|command| op_text(&command.op, &program.names)).collect()
        };
        Script {
            names: program.names.clone(),
            steps: steps.to_vec(),
            linger: program.linger,
            reach: Reach::of(steps),
            texts: steps.iter().map(text).collect(),
        }
    }

    /// Whether nobody links to a process or sends it an exit signal.
    pub(super) fn shelters(&self, process: Slot) -> bool {
        self.reach.shelters(process)
    }

    /// Starts it in a world that was reset.
    pub(super) fn start(self: &Rc<Self>, world: &mut ProcessWorld) {
        interpret::start(world, self);
    }

    /// `{Text, Step, Place, Bindings}`.
    pub(super) fn command_term(
        &self,
        ctx: &Ctx,
        step: usize,
        place: usize,
        env: &[(Slot, Term)],
    ) -> Term {
        let bindings: Vec<Term> =
            env.iter().map(|&(slot, term)| Script::pair(ctx, slot, term)).collect();
        let number = |n: usize| Term::int(n as i64);
        let text = ctx.atom(&self.texts[step][place]);
        ctx.tuple(&[text, number(step), number(place), ctx.list(&bindings)])
    }

    /// The operation and the bindings of a command.
    pub(super) fn read_command(&self, ctx: &Ctx, command: Term) -> (&Op, Vec<(Slot, Term)>) {
        let parts = ctx.elements(command);
        let number = |term: Term| term.as_int().expect("the director wrote a number") as usize;
        let op = &commands(&self.steps[number(parts[1])])[number(parts[2])].op;
        let bindings = ctx.items(parts[3]);
        (op, bindings.into_iter().map(|item| Script::binding(ctx, item)).collect())
    }

    pub(super) fn pair(ctx: &Ctx, slot: Slot, term: Term) -> Term {
        ctx.tuple(&[Term::int(i64::from(slot.0)), term])
    }

    pub(super) fn binding(ctx: &Ctx, pair: Term) -> (Slot, Term) {
        let parts = ctx.elements(pair);
        (Slot(parts[0].as_int().expect("a slot is a number") as u16), parts[1])
    }
}
