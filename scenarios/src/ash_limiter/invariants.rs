//! What must be true of limiters and reads, and the dangerous windows of each variant.

use super::{
    limiter::{LABEL, SLOT, ledger},
    read::{ANSWERED, BOOM, LOST},
    workload::LABELS,
};
use atropos::{
    invariant::{Evidence, Invariant},
    process::{Pid, ProcessView, ProcessWorld, Term, event},
    trace::{Event, EventMask},
};

type Rule = Invariant<ProcessWorld>;

/// The rules of the story, in the order in which settled verdicts are given.
pub(super) fn rules() -> Vec<Rule> {
    vec![read_answers(), limiter_bounds(), no_lost_slot()]
}

fn is_limiter(process: &ProcessView<'_>) -> bool {
    process.label() == LABEL
}

fn is_reader(process: &ProcessView<'_>) -> bool {
    process.is_root() && LABELS.contains(&process.label())
}

/// How many tasks run in a slot of a limiter.
fn running(world: &ProcessWorld, limiter: Pid) -> usize {
    let holds = |process: &ProcessView<'_>| {
        process.holds().any(|(label, pid)| label == SLOT && pid == limiter)
    };
    world.processes().filter(|process| process.is_alive() && holds(process)).count()
}

/// The count and the limit that a limiter declared last.
fn ledger_of(world: &ProcessWorld, limiter: Pid) -> Option<(i64, i64)> {
    let state = world.process(limiter).state()?;
    ledger(world.terms().elements(state)?)
}

/// A read ends with its own result or its own error.
fn read_answers() -> Rule {
    Invariant::always(
        "read-answers",
        "a read ends with its own result or its own error",
        EventMask::of(&[event::STATE, event::EXIT]),
        |world: &ProcessWorld, event: Event| {
            let process = world.process(Pid::who(event));
            if !is_reader(&process) {
                return None;
            }
            let (who, what) = (world.shown(process.pid()), Term::told(event));
            match event.kind() {
                event::EXIT if is_own_end(world, what) => None,
                event::EXIT => {
                    let reason = world.text(what);
                    Some(format!("{who} died of {reason}, which is no error of its read").into())
                }
                _ => wrong_answer(world, &who, what),
            }
        },
    )
    .reading(|world, event, into| {
        let answers = event.kind() == event::STATE && is_reader(&world.process(Pid::who(event)));
        if answers && answer(world, Term::told(event)).is_some_and(|answer| answer.is_lost(world)) {
            // Whether anybody was killed.
            into.make_opaque();
        }
    })
}

/// A reader ends when all is done, by what its action decides, or because somebody was killed.
fn is_own_end(world: &ProcessWorld, reason: Term) -> bool {
    [Term::NORMAL, Term::KILLED].contains(&reason) || world.text(reason) == BOOM
}

/// What a reader answered, and what its read came to.
struct Answer {
    place: Term,
    own: Term,
    got: Term,
}

impl Answer {
    fn is_lost(&self, world: &ProcessWorld) -> bool {
        world.terms().atom_name(self.got) == LOST
    }
}

/// The answer that a reader declares.
fn answer(world: &ProcessWorld, state: Term) -> Option<Answer> {
    let terms = world.terms();
    let &[word, place, own, got, _] = terms.elements(state)? else { return None };
    (terms.atom_name(word) == ANSWERED).then_some(Answer { place, own, got })
}

fn wrong_answer(world: &ProcessWorld, who: &str, state: Term) -> Option<Evidence> {
    let answer = answer(world, state).filter(|answer| answer.own != answer.got)?;
    if answer.is_lost(world) && somebody_was_killed(world) {
        return None;
    }
    let (own, got) = (world.text(answer.own), world.text(answer.got));
    let place = answer.place.as_int()?;
    Some(format!("operation {place} of {who} answers {got}, its read came to {own}").into())
}

/// Whoever was hit is told of as dead before its exit event.
fn somebody_was_killed(world: &ProcessWorld) -> bool {
    let reason = |process: ProcessView<'_>| process.exit_reason().or_else(|| process.doom());
    world.processes().any(|process| reason(process) == Some(Term::KILLED))
}

/// Never more work at once than the limit says; the reader counts as one.
fn limiter_bounds() -> Rule {
    Invariant::always(
        "limiter-bounds",
        "a limiter lets no more run than its limit, and is gone when its read has answered",
        EventMask::of(&[event::HOLD, event::STATE]),
        |world: &ProcessWorld, event: Event| match event.kind() {
            event::HOLD => too_many(world, Pid::party(event), Term::told(event)),
            _ => outlived(world, Pid::who(event)).or_else(|| bad_count(world, Pid::who(event))),
        },
    )
    .reading(|world, event, into| match event.kind() {
        // Its limit was declared before anybody could claim a slot.
        event::HOLD if world.text(Term::told(event)) == SLOT => {
            world.reads_holders(Pid::party(event), into);
        }
        event::STATE if is_reader(&world.process(Pid::who(event))) => {
            let reader = Pid::who(event);
            world.reads_links(reader, into);
            for peer in world.process(reader).links() {
                world.reads_life(peer, into);
                world.reads_doom(peer, into);
            }
        }
        _ => {}
    })
}

fn too_many(world: &ProcessWorld, limiter: Pid, label: Term) -> Option<Evidence> {
    if world.text(label) != SLOT {
        return None;
    }
    let (_, limit) = ledger_of(world, limiter)?;
    let running = running(world, limiter);
    // The reader is one more.
    if limit == 0 || (running as i64) < limit {
        return None;
    }
    let limiter = world.shown(limiter);
    Some(format!("{running} tasks and the reader run, the limit of {limiter} is {limit}").into())
}

/// No limiter is linked to a reader that has its answer.
fn outlived(world: &ProcessWorld, reader: Pid) -> Option<Evidence> {
    let reader = Some(world.process(reader)).filter(is_reader)?;
    let limiter = reader
        .links()
        .map(|peer| world.process(peer))
        .find(|peer| is_limiter(peer) && peer.is_alive() && peer.doom().is_none())?;
    let (limiter, reader) = (world.shown(limiter.pid()), world.shown(reader.pid()));
    Some(format!("{limiter} is alive although the read of {reader} has answered").into())
}

fn bad_count(world: &ProcessWorld, limiter: Pid) -> Option<Evidence> {
    Some(world.process(limiter)).filter(is_limiter)?;
    let (count, limit) = ledger_of(world, limiter)?;
    if count >= 1 && (limit == 0 || count <= limit) {
        return None;
    }
    Some(format!("{} counts {count}, its limit is {limit}", world.shown(limiter)).into())
}

/// Whoever stops a limiter does so when all that it let run is done. Who is killed between his claim
/// and the start of his task takes the slot along, so a run with a kill is not judged.
fn no_lost_slot() -> Rule {
    Invariant::settled(
        "no-lost-slot",
        "when a limiter is stopped every slot is back",
        |world: &ProcessWorld| {
            if somebody_was_killed(world) {
                return None;
            }
            let ended = |limiter: &ProcessView<'_>| {
                limiter.exit_reason().is_none_or(|reason| reason == Term::NORMAL)
            };
            world.processes().filter(is_limiter).filter(ended).find_map(|limiter| {
                let (count, _) = ledger_of(world, limiter.pid()).filter(|&(count, _)| count > 1)?;
                let limiter = world.shown(limiter.pid());
                Some(format!("{limiter} ended with {} slots out", count - 1).into())
            })
        },
    )
}

/// A dangerous window: the mark that a body sets in it, and its sentence.
type Window = (&'static str, &'static str);

const RERUN: Window = (
    "rerun-after-stop",
    "a page was read again whose first read had started and stopped a limiter",
);
const FULL: Window = ("limiter-full", "a load got no slot and was done by the reader itself");
const SHARED: Window = ("limiter-shared", "a read within a read used the limiter of the outer one");
const FAILED: Window =
    ("failed-while-a-task-runs", "a load had failed while the task of another was not seen to end");
const GONE: Window = ("limiter-gone", "a claim or release found the limiter dead");
const DEAD: Window = ("dead-before-stop", "the limiter was dead when its read came to stop it");
const LEFT: Window = ("left-normally", "a reader exited normally within its read");
const POLLED: Window = ("polled-in-vain", "no task was done when the reader asked all of them");

/// What a variant trips over; `fixed` must have gone through every window that it can.
pub(super) fn windows(variant: &str) -> Vec<Rule> {
    let windows: &[Window] = match variant {
        "release-after-stop" => &[FAILED, GONE],
        "stop-dead" => &[DEAD],
        "alive-then-call" => &[GONE],
        "release-at-spawn" => &[FULL],
        "busy-wait" => &[POLLED],
        "normal-exit-leak" => &[LEFT],
        "fixed" => &[RERUN, FULL, SHARED, FAILED, GONE, DEAD, LEFT],
        _ => &[RERUN, FULL],
    };
    windows.iter().map(|&window| point(window)).collect()
}

fn point((name, sentence): Window) -> Rule {
    Invariant::sometimes(
        name,
        sentence,
        EventMask::of(&[event::MARK]),
        move |world: &ProcessWorld, event| world.terms().atom_name(Term::told(event)) == name,
    )
}
