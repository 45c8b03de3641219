//! A campaign: blocks of many variants on many threads, merged so that the threads do not show.
//!
//! Work is handed out a block at a time, round by round over the variants. What a variant came to
//! is a union and a sum over its blocks, kept by run index: the same runs give the same findings and
//! the same digest with one thread or with eight. A campaign ends when its runs are done, its time
//! is over (then the round is finished, so all variants have had the same runs), or somebody
//! interrupts it.

pub(crate) mod file;
pub(crate) mod merge;
pub(crate) mod shard;
pub(crate) mod verdict;

use crate::{
    catalog::Target,
    exit::{Exit, Stop},
    panics,
    progress::{Done, Meter},
};
use atropos::{
    decisions::RunIndex,
    hunt::{BlockReport, Found, Unstable},
    plan::Spec,
    trace::{Digest, digest_words},
};
use shard::Blocks;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::Duration,
};

#[expect(
    clippy::disallowed_types,
    reason = "how long a campaign has run decides when it ends, never what a run does"
)]
type Clock = std::time::Instant;

/// How far a campaign goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// This many runs a variant.
    Runs(u64),
    /// About this long.
    Time(Duration),
}

/// What a variant came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) steps: u64,
    pub(crate) reached: u64,
    pub(crate) violated: BTreeMap<String, u64>,
    /// The first violation of each invariant, by run index.
    pub(crate) found: BTreeMap<String, Found>,
    pub(crate) unstable: Option<Unstable>,
    /// Sum of the digests of all blocks.
    pub(crate) digest: u128,
    /// Blocks that somebody may play again: the runs and the digest of each.
    pub(crate) samples: BTreeMap<u64, (u32, Digest)>,
}

impl Tally {
    /// How many invariants were violated that somebody must look at.
    fn findings(&self, target: &Target<'_>) -> usize {
        self.found.keys().filter(|invariant| target.is_finding(invariant)).count()
    }

    fn add(&mut self, report: BlockReport, sampled: bool) {
        self.runs += report.runs;
        self.steps += report.steps;
        self.reached |= report.reached;
        for (name, count) in report.violated {
            *self.violated.entry(name).or_default() += count;
        }
        for found in report.found {
            let slot = self.found.entry(found.violation.invariant.clone());
            slot.and_modify(|first| {
                if found.plan.index < first.plan.index {
                    *first = found.clone();
                }
            })
            .or_insert(found);
        }
        let first = |unstable: &Unstable| unstable.plan.index;
        self.unstable = self.unstable.take().into_iter().chain(report.unstable).min_by_key(first);
        if sampled {
            self.samples.insert(report.block, (report.runs as u32, report.digest));
        }
        let digest = report.digest.0;
        let words = [report.block, digest as u64, (digest >> 64) as u64];
        self.digest = self.digest.wrapping_add(digest_words(&words).0);
    }
}

/// What a campaign came to.
pub(crate) struct Results {
    /// One for each target.
    pub(crate) tallies: Vec<Tally>,
    /// Rounds that were handed out whole: each is a block of every variant.
    pub(crate) rounds: u64,
    pub(crate) elapsed: Duration,
    pub(crate) interrupted: bool,
}

/// A campaign that is set up.
pub(crate) struct Campaign<'c> {
    pub(crate) targets: &'c [Target<'c>],
    /// What each target is hunted under.
    pub(crate) specs: &'c [Spec],
    /// Which blocks are ours.
    pub(crate) blocks: Blocks,
    pub(crate) until: Until,
    pub(crate) jobs: usize,
    /// How long a worker may be silent: a block is done in milliseconds.
    pub(crate) patience: Duration,
    /// Set by Ctrl-C.
    pub(crate) interrupted: &'c AtomicBool,
}

/// A block of one target.
#[derive(Clone, Copy)]
struct Item {
    target: usize,
    block: u64,
    runs: u32,
}

/// How often the coordinator looks at the clock.
const TICK: Duration = Duration::from_millis(100);
/// What a worker tells: a block of a target, or its own panic.
type Told = Result<(usize, BlockReport), String>;
/// Runs in a block.
pub(crate) const BLOCK: u64 = RunIndex::BLOCK as u64;
/// One in this many blocks is kept with its digest.
const SAMPLED: u64 = 100;

impl Campaign<'_> {
    /// Runs the campaign. `found` sees each violation of an invariant that was not seen before in
    /// its target, as soon as it is known.
    pub(crate) fn run(
        &self,
        meter: &mut Meter,
        mut found: impl FnMut(&Target<'_>, &Found) -> Result<(), Stop>,
    ) -> Result<Results, Stop> {
        let start = Clock::now();
        let next = AtomicU64::new(0);
        let over = AtomicBool::new(false);
        let at_work: Vec<Mutex<Option<(Item, Clock)>>> =
            (0..self.jobs).map(|_| Mutex::new(None)).collect();
        let mut tallies = vec![Tally::default(); self.targets.len()];
        let mut failed = None;
        let mut shown = Duration::ZERO;
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for (number, mine) in at_work.iter().enumerate() {
                let (sender, next, over) = (sender.clone(), &next, &over);
                let hunter = thread::Builder::new().name(format!("hunter {number}"));
                let started = hunter.spawn_scoped(scope, move || {
                    let work = || self.work(next, over, mine, &sender);
                    if let Err(bug) = panics::guard(work) {
                        mark(mine, None);
                        let _ = sender.send(Err(bug));
                    }
                });
                if let Err(error) = started {
                    let why = format!("cannot start {} threads: {error}", self.jobs);
                    failed = Some(Stop::new(Exit::Tool, why));
                    break;
                }
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(Err(bug)) => failed = Some(Stop::new(Exit::Bug, bug)),
                    Ok(Ok((target, report))) => {
                        let fresh = fresh(&tallies[target], &report);
                        let sampled = self.blocks.round_of(report.block).is_multiple_of(SAMPLED);
                        tallies[target].add(report, sampled);
                        for violation in &fresh {
                            if failed.is_none() {
                                let told = meter.aside(|| found(&self.targets[target], violation));
                                failed = told.err();
                            }
                        }
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
                let elapsed = start.elapsed();
                let timed_out = matches!(self.until, Until::Time(limit) if elapsed >= limit);
                if failed.is_some() || timed_out || self.interrupted.load(Relaxed) {
                    over.store(true, Relaxed);
                }
                if elapsed >= shown + TICK {
                    shown = elapsed;
                    if let Some(item) = self.hanging(&at_work) {
                        meter.clear();
                        self.give_up(item);
                    }
                    meter.show(self.done(&tallies, elapsed));
                }
            }
        });
        meter.clear();
        match failed {
            Some(stop) => Err(stop),
            None => Ok(Results {
                tallies,
                rounds: next.into_inner() / self.targets.len().max(1) as u64,
                elapsed: start.elapsed(),
                interrupted: self.interrupted.load(Relaxed),
            }),
        }
    }

    /// A worker: takes items until there are none.
    fn work(
        &self,
        next: &AtomicU64,
        over: &AtomicBool,
        at_work: &Mutex<Option<(Item, Clock)>>,
        reports: &mpsc::Sender<Told>,
    ) {
        let mut hunters: Vec<_> = self.targets.iter().map(|_| None).collect();
        while let Some(item) = self.take(next, over) {
            let target = &self.targets[item.target];
            let hunter = hunters[item.target].get_or_insert_with(|| {
                target.subject.hunter(target.variant, self.specs[item.target])
            });
            mark(at_work, Some((item, Clock::now())));
            let report = hunter(item.block, item.runs);
            mark(at_work, None);
            if reports.send(Ok((item.target, report))).is_err() {
                return;
            }
        }
    }

    /// The next block to do: round by round, so that every variant gets the same runs.
    fn take(&self, next: &AtomicU64, over: &AtomicBool) -> Option<Item> {
        let targets = self.targets.len() as u64;
        // A time that is over ends at the end of a round; an interrupt ends at once.
        let mid_round = |number: u64| !number.is_multiple_of(targets);
        let taken = next.fetch_update(Relaxed, Relaxed, |number| {
            let stop = over.load(Relaxed) && (self.interrupted.load(Relaxed) || !mid_round(number));
            (!stop).then_some(number + 1)
        });
        let number = taken.ok()?;
        let target = (number % targets) as usize;
        let block = self.blocks.nth(number / targets)?;
        let runs = match self.until {
            Until::Runs(runs) => {
                runs.saturating_sub((block - self.blocks.from).saturating_mul(BLOCK)).min(BLOCK)
            }
            Until::Time(_) => BLOCK,
        };
        (runs > 0).then_some(Item { target, block, runs: runs as u32 })
    }

    fn done(&self, tallies: &[Tally], elapsed: Duration) -> Done {
        let (of, limit) = match self.until {
            Until::Runs(runs) => {
                (Some(runs * self.targets.len() as u64 / self.blocks.shard.of), None)
            }
            Until::Time(limit) => (None, Some(limit)),
        };
        Done {
            runs: tallies.iter().map(|tally| tally.runs).sum(),
            of,
            elapsed,
            limit,
            findings: self.targets.iter().zip(tallies).map(|(t, tally)| tally.findings(t)).sum(),
        }
    }

    fn hanging(&self, at_work: &[Mutex<Option<(Item, Clock)>>]) -> Option<Item> {
        at_work.iter().find_map(|mine| {
            let now = *mine.lock().expect("no worker panics while it marks its work");
            now.filter(|(_, since)| since.elapsed() > self.patience).map(|(item, _)| item)
        })
    }

    /// A body that never gives way cannot be stopped from outside: say which, and leave. What was
    /// found before is on disk.
    #[expect(
        clippy::disallowed_methods,
        reason = "the thread that hangs can neither be stopped nor joined"
    )]
    fn give_up(&self, item: Item) {
        let Target { subject, variant, .. } = &self.targets[item.target];
        let (first, last) = (item.block * BLOCK, item.block * BLOCK + u64::from(item.runs) - 1);
        crate::output::complain(&format!(
            "no-livelock: a body of {}/{} does not give way: a run among {first} to {last} of seed {:#x} \
             has come to no end for {}; it loops without awaiting an effect",
            subject.name(),
            variant.name,
            self.specs[item.target].seed,
            humantime::format_duration(self.patience)
        ));
        std::process::exit(Exit::Violated as i32);
    }
}

fn mark(at_work: &Mutex<Option<(Item, Clock)>>, now: Option<(Item, Clock)>) {
    *at_work.lock().expect("no worker panics while it marks its work") = now;
}

/// Violations in a report of invariants that the target has not been seen to violate yet.
fn fresh(tally: &Tally, report: &BlockReport) -> Vec<Found> {
    let new =
        report.found.iter().filter(|found| !tally.found.contains_key(&found.violation.invariant));
    new.cloned().collect()
}
