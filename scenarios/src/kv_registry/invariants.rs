//! What must be true of the store, and the dangerous windows of each variant.

use super::{
    client::mark,
    system::{BUCKET_SUPERVISOR, label},
};
use atropos::{
    invariant::{Evidence, Invariant},
    process::{BY_LINK, Pid, ProcessView, ProcessWorld, Shape, Term, Terms, event},
    trace::{Event, EventMask},
};

type Rule = Invariant<ProcessWorld>;

/// The rules of the story, in the order in which settled verdicts are given.
pub(super) fn rules() -> Vec<Rule> {
    vec![registry_survives(), create_answers(), names_live(), no_orphaned_bucket()]
}

fn of<'w>(world: &'w ProcessWorld, label: &'static str) -> impl Iterator<Item = ProcessView<'w>> {
    world.processes().filter(move |process| process.label() == label)
}

fn living<'w>(
    world: &'w ProcessWorld,
    label: &'static str,
) -> impl Iterator<Item = ProcessView<'w>> {
    of(world, label).filter(ProcessView::is_alive)
}

/// The names that a registry knows, each with its pid.
fn known(world: &ProcessWorld, registry: &ProcessView<'_>) -> Vec<(Term, Pid)> {
    let terms = world.terms();
    let names = registry.state().and_then(|state| terms.elements(state)?.first().copied());
    match names.map(|names| terms.shape(names)) {
        Some(Shape::Map(parts)) => {
            parts.chunks(2).filter_map(|pair| Some((pair[0], pair[1].as_pid()?))).collect()
        }
        _ => Vec::new(),
    }
}

/// The registry does not die of the end of a bucket.
fn registry_survives() -> Rule {
    Invariant::always(
        "registry-survives",
        "the registry does not die of the end of a bucket",
        EventMask::of(&[event::EXIT_FATAL]),
        |world: &ProcessWorld, event: Event| {
            let (who, of) = (world.process(Pid::who(event)), world.process(Pid::party(event)));
            let dies = event.arg() & BY_LINK != 0
                && who.label() == label::REGISTRY
                && of.label() == label::BUCKET;
            let (registry, bucket) = (world.shown(who.pid()), world.shown(of.pid()));
            let why = world.text(Term::told(event));
            dies.then(|| format!("{registry} dies with {bucket}, of {why}").into())
        },
    )
}

/// A create does not take the registry down because the bucket supervisor is not up yet: because
/// nobody has started it, or who ended it has yet to start it again. One that was killed, or has
/// given up, is another matter: its supervisor does not know of it.
fn create_answers() -> Rule {
    Invariant::always(
        "create-answers",
        "no create ends in a registry that dies because the bucket supervisor is not up yet",
        EventMask::of(&[event::EXIT]),
        |world: &ProcessWorld, event: Event| {
            let registry = world.process(Pid::who(event));
            if registry.label() != label::REGISTRY || !misses_supervisor(world, Term::told(event)) {
                return None;
            }
            let top = world.process(registry.spawner()?);
            let newest = of(world, label::BUCKET_SUPERVISOR).last();
            let not_yet = newest.as_ref().is_none_or(|newest| top.mourns(newest.pid()));
            if !not_yet || counts_as_started(world, &top, registry.pid()) {
                return None;
            }
            let fate = match newest {
                None => "has not been started".to_owned(),
                Some(ended) => {
                    format!("comes after {}, and is not started", world.shown(ended.pid()))
                }
            };
            let registry = world.shown(registry.pid());
            Some(format!("{registry} dies of a create: the bucket supervisor {fate}").into())
        },
    )
    .reading(|world, event, into| {
        let registry = world.process(Pid::who(event));
        let top = registry.spawner().filter(|_| registry.label() == label::REGISTRY);
        if let Some(top) = top.filter(|_| misses_supervisor(world, Term::told(event))) {
            // It alone starts bucket supervisors.
            world.reads_declared(top, into);
        }
    })
}

/// `{noproc, {'Elixir.GenServer', call, ['Elixir.KV.BucketSupervisor' | _]}}`
fn misses_supervisor(world: &ProcessWorld, reason: Term) -> bool {
    let terms = world.terms();
    let called = || match terms.elements(reason) {
        Some(&[Term::NOPROC, call]) => {
            terms.items(*terms.elements(call)?.last()?)?.first().copied()
        }
        _ => None,
    };
    called().is_some_and(|name| terms.atom_name(name) == BUCKET_SUPERVISOR)
}

/// Whether the top supervisor has gone back to its work since it started this process.
fn counts_as_started(world: &ProcessWorld, top: &ProcessView<'_>, pid: Pid) -> bool {
    top.state().is_some_and(|state| mentions(&world.terms(), state, pid))
}

fn mentions(terms: &Terms, term: Term, pid: Pid) -> bool {
    match terms.shape(term) {
        Shape::Pid(other) => other == pid,
        Shape::Tuple(parts) | Shape::List(parts) | Shape::Map(parts) => {
            parts.iter().any(|&part| mentions(terms, part, pid))
        }
        _ => false,
    }
}

/// Each name that the registry knows belongs to a living bucket.
fn names_live() -> Rule {
    Invariant::settled(
        "names-live",
        "each name that the registry knows belongs to a living bucket",
        |world: &ProcessWorld| {
            living(world, label::REGISTRY).find_map(|registry| {
                let names = known(world, &registry);
                let stale = names.iter().find(|&&(_, pid)| !world.process(pid).is_alive());
                let &(name, dead) = stale?;
                let (registry, name) = (world.shown(registry.pid()), world.text(name));
                Some(
                    format!("{registry} knows {name} as {}, which is dead", world.shown(dead))
                        .into(),
                )
            })
        },
    )
}

/// No supervised bucket is alive that no registry names and nobody holds.
fn no_orphaned_bucket() -> Rule {
    Invariant::settled(
        "no-orphaned-bucket",
        "no supervised bucket is alive that the registry does not name and nobody holds",
        |world: &ProcessWorld| {
            living(world, label::BUCKET).find_map(|bucket| orphan(world, &bucket))
        },
    )
}

fn orphan(world: &ProcessWorld, bucket: &ProcessView<'_>) -> Option<Evidence> {
    let pid = bucket.pid();
    let mut supervisors = living(world, label::BUCKET_SUPERVISOR);
    let supervisor = supervisors.find(|above| bucket.links().any(|peer| peer == above.pid()))?;
    let named = living(world, label::REGISTRY)
        .any(|registry| known(world, &registry).iter().any(|&(_, known)| known == pid));
    let held = world
        .processes()
        .any(|process| process.is_alive() && process.holds().any(|(_, held)| held == pid));
    let (bucket, supervisor) = (world.shown(pid), world.shown(supervisor.pid()));
    (!named && !held)
        .then(|| format!("{bucket} is alive under {supervisor}, and no name leads to it").into())
}

/// A dangerous window.
#[derive(Clone, Copy)]
enum Window {
    /// A bucket ended that the registry knew.
    BucketEnded,
    /// A registry was started though an earlier one had known a living bucket.
    RegistryAgain,
    /// A create came while no bucket supervisor was up.
    EarlyCreate,
    /// A client passed this mark.
    Mark(&'static str, &'static str),
}

const GONE: Window =
    Window::Mark(mark::GONE, "the name of a bucket that was stopped gave nothing at once");
const STILL_NAMED: Window =
    Window::Mark(mark::STILL_NAMED, "a name still gave a bucket that the client knew to be dead");

/// What a variant trips over; `guide` must have gone through every window that it can.
pub(super) fn windows(variant: &str) -> Vec<Rule> {
    let windows: &[Window] = match variant {
        "linked" | "permanent" | "transient" | "no-monitor" => &[Window::BucketEnded],
        "one-for-one" | "rest-for-one-supervisor-first" => &[Window::RegistryAgain],
        "registry-first" | "rest-for-one-registry-first" => &[Window::EarlyCreate],
        "stop-then-lookup" | "synchronous-call" => &[STILL_NAMED],
        _ => &[Window::BucketEnded, Window::RegistryAgain, GONE, STILL_NAMED],
    };
    windows.iter().map(|&window| point(window)).collect()
}

fn point(window: Window) -> Rule {
    match window {
        Window::BucketEnded => Invariant::sometimes(
            "bucket-ended",
            "a bucket ended that a living registry knew",
            EventMask::of(&[event::EXIT]),
            |world: &ProcessWorld, event| {
                let pid = Pid::who(event);
                let knows = |registry: ProcessView<'_>| {
                    known(world, &registry).iter().any(|&(_, known)| known == pid)
                };
                world.process(pid).label() == label::BUCKET
                    && living(world, label::REGISTRY).any(knows)
            },
        ),
        Window::RegistryAgain => Invariant::sometimes(
            "registry-again",
            "a registry was started after one that died when it knew buckets",
            EventMask::of(&[event::SPAWN]),
            |world: &ProcessWorld, event| {
                let born = world.process(Pid::party(event));
                let knew = |registry: ProcessView<'_>| {
                    !registry.is_alive() && !known(world, &registry).is_empty()
                };
                born.label() == label::REGISTRY && of(world, label::REGISTRY).any(knew)
            },
        ),
        Window::EarlyCreate => Invariant::sometimes(
            "early-create",
            "the registry looked for the bucket supervisor, and no such process was alive",
            EventMask::of(&[event::WHEREIS]),
            |world: &ProcessWorld, event| {
                world.process(Pid::who(event)).label() == label::REGISTRY
                    && world.terms().atom_name(Term::told(event)) == BUCKET_SUPERVISOR
                    && living(world, label::BUCKET_SUPERVISOR).next().is_none()
            },
        ),
        Window::Mark(name, sentence) => Invariant::sometimes(
            name,
            sentence,
            EventMask::of(&[event::MARK]),
            move |world: &ProcessWorld, event| world.terms().atom_name(Term::told(event)) == name,
        ),
    }
}
