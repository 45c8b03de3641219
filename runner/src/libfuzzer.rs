//! The input of the libFuzzer target: any bytes are a run of the catalogue.
//!
//! ```text
//! byte 0      which variant, counted through the catalogue, modulo their number
//! byte 1      conditions, a bit each: pairwise, any timers, multi-thread, drawn budget, any order of
//!             tasks; two bits for the collector
//! byte 2      how many faults, modulo 17; 0 unless somebody asks for them
//! byte 3      which of the invariants that the variant is there to break may end the run
//! bytes 4, 5  how many bytes of workload follow, little-endian
//! ..          the workload as postcard; if it is none, what its seed is made of; empty: the fixed one
//! ..          decisions, see `atropos::decisions::Bytes`
//! ```
//!
//! Bytes that are missing are 0. [`fuzz_one`] plays an input, [`input_of`] writes one.

use crate::{
    catalog::{self, Catalog, Target},
    exit::Stop,
    report::{self, Failure},
    token,
    verbs::source::plan_of,
};
use atropos::{
    case::Case,
    hunt::Found,
    plan::{Budget, Collect, Conditions, Delivery, Loop, Order, Scheduler, Spec, Tasks, TimerRule},
    raw::{RawEnd, RawRun},
};

const HEAD: usize = 6;
/// What the two bits of the collector stand for: what a campaign draws, and what else there is.
const COLLECT: [Collect; 4] = [Collect::Every, Collect::Chance(50), Collect::Off, Collect::Asked];
/// More faults than this no plan allows.
const FAULTS: u32 = 16;

/// What the target is asked beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Only this variant, `scenario/variant`; then any violation of it counts.
    pub variant: Option<&'a str>,
    /// At most this many faults a run.
    pub faults: u32,
}

/// Plays an input. A violation that somebody must look at comes back as its report, with a token.
///
/// # Errors
/// If there is no such variant.
pub fn fuzz_one(catalog: &Catalog, asked: Asked<'_>, data: &[u8]) -> Result<Option<String>, Stop> {
    let targets = match asked.variant {
        None => catalog::select(catalog, &[])?,
        Some(name) => vec![catalog::target(catalog, name)?],
    };
    let (head, rest) = split(data);
    let target = targets[usize::from(head[0]) % targets.len()];
    let target = Target { named: asked.variant.is_some(), ..target };
    let RawEnd { violated, .. } = play(&target, head, rest, asked.faults);
    let finding = violated.filter(|(violation, _)| target.is_finding(&violation.invariant));
    Ok(finding.map(|(violation, case)| {
        let plan = plan_of(&case);
        told(&target, &Found { violation, case, plan })
    }))
}

/// A finding for people.
fn told(target: &Target<'_>, found: &Found) -> String {
    let failure = Failure::as_found(target, found);
    let token = token::token_of_case(target.subject, &found.case);
    let [replay, keep] =
        ["replay", "regressions add"].map(|verb| report::command(verb, target.subject, &token));
    format!(
        "{}\n  Replay:  {replay}\n  Keep it: {keep}\n",
        report::told(&report::finding(&failure))
    )
}

/// The first bytes, and the rest.
fn split(data: &[u8]) -> ([u8; HEAD], &[u8]) {
    let (first, rest) = data.split_at(HEAD.min(data.len()));
    let mut head = [0; HEAD];
    head[..first.len()].copy_from_slice(first);
    (head, rest)
}

fn play(target: &Target<'_>, head: [u8; HEAD], rest: &[u8], faults: u32) -> RawEnd {
    let [_, bits, kills, which, low, high] = head;
    let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
    let (workload, decisions) = rest.split_at(length);
    let breaks = target.variant.expectation.breaks();
    let faults = (u32::from(kills) % (FAULTS + 1)).min(faults);
    let run = RawRun {
        conditions: Conditions { faults, ..conditions_of(bits) },
        step_limit: Spec::DEFAULT_STEP_LIMIT,
        target: breaks.get(usize::from(which) % breaks.len().max(1)).copied(),
        workload,
        decisions,
    };
    target.subject.play_raw(target.variant, &run)
}

fn conditions_of(bits: u8) -> Conditions {
    let bit = |at: u8| usize::from(bits >> at & 1);
    Conditions {
        delivery: [Delivery::Instant, Delivery::Pairwise][bit(0)],
        timers: [TimerRule::Idle, TimerRule::Any][bit(1)],
        faults: 0,
        tasks: Some(Tasks {
            scheduler: [Scheduler::CurrentThread, Scheduler::MultiThread][bit(2)],
            budget: [Budget::Full, Budget::Drawn][bit(3)],
        }),
        event_loop: Some(Loop {
            order: [Order::Fifo, Order::Tasks][bit(4)],
            collect: COLLECT[usize::from(bits >> 5 & 3)],
        }),
    }
}

fn bits_of(conditions: &Conditions) -> u8 {
    let tasks = conditions.tasks.unwrap_or_default();
    let event_loop = conditions.event_loop.unwrap_or_default();
    let collect = COLLECT.iter().position(|&collect| collect == event_loop.collect).unwrap_or(1);
    let bits = [
        conditions.delivery == Delivery::Pairwise,
        conditions.timers == TimerRule::Any,
        tasks.scheduler == Scheduler::MultiThread,
        tasks.budget != Budget::Full,
        event_loop.order == Order::Tasks,
    ];
    let low = bits.iter().enumerate().map(|(at, &bit)| u8::from(bit) << at).sum::<u8>();
    low | (collect as u8) << 5
}

/// The input that plays a case.
///
/// # Errors
/// Why there is none: what an input cannot say of it.
pub(crate) fn input_of(catalog: &Catalog, case: &Case) -> Result<Vec<u8>, String> {
    let targets = catalog::select(catalog, &[]).map_err(|stop| stop.message)?;
    let name = format!("{}/{}", case.scenario, case.variant);
    let at = targets.iter().position(|target| target.name() == name);
    let at = at.ok_or_else(|| format!("there is no {name}"))?;
    let target = &targets[at];
    let breaks = target.variant.expectation.breaks();
    let which = breaks.iter().position(|&name| Some(name) == case.invariant.as_deref());
    let decisions = target.subject.bytes_of(case).map_err(|why| format!("{why:?}"))?;
    let decisions = decisions.ok_or("it does not replay")?;
    let length = u16::try_from(case.workload.len()).map_err(|_| "its workload is too long")?;
    let number = |at: usize| u8::try_from(at).map_err(|_| "there are too many variants");
    let [low, high] = length.to_le_bytes();
    let faults = number(case.conditions.faults as usize)?;
    let which = number(which.unwrap_or(0))?;
    let head = [number(at)?, bits_of(&case.conditions), faults, which, low, high];
    let rest = [&case.workload[..], &decisions].concat();
    let played = play(target, head, &rest, FAULTS).violated;
    let violated = played.map(|(violation, _)| violation.invariant);
    match violated == case.invariant {
        true => Ok([&head[..], &rest].concat()),
        false => Err("its bytes come to another verdict".to_owned()),
    }
}
