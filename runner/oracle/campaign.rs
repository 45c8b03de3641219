//! The campaign: BEAMs and explorers work through the same programs side by side.

use crate::{
    args::Args,
    beam::{Answer, Beam},
    compare::{self, Reached},
    count::Counts,
};
use atropos_runner::{Stop, counted, grouped, remark};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// Programs of one BEAM: enough that its start does not count, few enough to lose.
const BATCH: usize = 25;
/// How often progress is looked at, and told.
const TICK: Duration = Duration::from_millis(200);
const TOLD_EVERY: u64 = 5;

/// What half of the work says of a program.
enum Half {
    Beam(u64, Answer),
    Simulator(u64, Result<Reached, String>),
}

/// An outcome that the simulator did not reach.
#[derive(Clone, Debug)]
pub(crate) struct Suspect {
    pub(crate) index: u64,
    pub(crate) outcome: String,
    pub(crate) reached: BTreeSet<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Programs whose outcome was looked for in a set.
    pub(crate) compared: u64,
    /// Programs that were explored, and those of them whose space closed.
    pub(crate) explored: u64,
    pub(crate) closed: u64,
    pub(crate) states: u64,
    pub(crate) runs: u64,
    pub(crate) outcomes: u64,
    /// The reference interpreter failed.
    pub(crate) crashes: BTreeMap<u64, String>,
    /// The BEAM did not end.
    pub(crate) hung: BTreeSet<u64>,
    /// The outcome is outside, but the space did not close: nothing can be said.
    pub(crate) undecided: BTreeSet<u64>,
    /// The simulator panicked.
    pub(crate) bugs: BTreeMap<u64, String>,
    pub(crate) suspects: Vec<Suspect>,
    pub(crate) counts: Counts,
    pub(crate) seconds: f64,
}

/// Runs the campaign.
pub(crate) fn run(
    args: &Args,
    indices: &[u64],
    beam: &Beam,
    interrupted: &AtomicBool,
) -> Result<Found, Stop> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let explorers = args.explorers.map_or(cores, |explorers| explorers as usize);
    let work = Work {
        args,
        indices,
        beam,
        interrupted,
        failed: AtomicBool::new(false),
        next_batch: AtomicUsize::new(0),
        next_program: AtomicUsize::new(0),
    };
    let work = &work;
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let mut beams = Vec::new();
        for _ in 0..args.jobs {
            let to = sender.clone();
            beams.push(scope.spawn(move || work.ask(&to)));
        }
        for _ in 0..explorers {
            let to = sender.clone();
            scope.spawn(move || work.explore(&to));
        }
        drop(sender);
        let found = Desk::new(args, indices.len()).gather(&receiver);
        for beam in beams {
            beam.join().expect("a thread that asks a BEAM does not panic")?;
        }
        Ok(found)
    })
}

/// What the threads share.
struct Work<'a> {
    args: &'a Args,
    indices: &'a [u64],
    beam: &'a Beam,
    interrupted: &'a AtomicBool,
    /// A BEAM could not be asked.
    failed: AtomicBool,
    next_batch: AtomicUsize,
    next_program: AtomicUsize,
}

impl Work<'_> {
    fn is_over(&self) -> bool {
        self.interrupted.load(Relaxed) || self.failed.load(Relaxed)
    }

    fn ask(&self, to: &Sender<Half>) -> Result<(), Stop> {
        let asked = self.ask_all(to);
        self.failed.fetch_or(asked.is_err(), Relaxed);
        asked
    }

    /// Runs batch after batch on a BEAM.
    fn ask_all(&self, to: &Sender<Half>) -> Result<(), Stop> {
        while !self.is_over() {
            let batch = self.indices.chunks(BATCH).nth(self.next_batch.fetch_add(1, Relaxed));
            let Some(batch) = batch else { break };
            let programs: Vec<_> = batch.iter().map(|&index| self.args.value(index)).collect();
            let answers = self.beam.run(&programs, self.interrupted)?;
            for (&index, answer) in batch.iter().zip(answers) {
                let Some(answer) = answer else { continue };
                to.send(Half::Beam(index, answer)).expect("the desk outlives the threads");
            }
        }
        Ok(())
    }

    /// Explores program after program.
    fn explore(&self, to: &Sender<Half>) {
        while !self.is_over() {
            let next = self.next_program.fetch_add(1, Relaxed);
            let Some(&index) = self.indices.get(next) else { break };
            let program = self.args.program(index);
            let explore = || compare::explore(&program, self.args.bounds());
            let reached = catch_unwind(AssertUnwindSafe(explore)).map_err(|panic| {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                text.unwrap_or("a panic without a message").to_owned()
            });
            to.send(Half::Simulator(index, reached)).expect("the desk outlives the threads");
        }
    }
}

/// Where the halves come together.
struct Desk<'a> {
    args: &'a Args,
    of: usize,
    answers: BTreeMap<u64, Answer>,
    reached: BTreeMap<u64, Reached>,
    answered: u64,
    found: Found,
    clock: Clock,
}

impl<'a> Desk<'a> {
    fn new(args: &'a Args, of: usize) -> Self {
        Desk {
            args,
            of,
            answers: BTreeMap::new(),
            reached: BTreeMap::new(),
            answered: 0,
            found: Found::default(),
            clock: Clock::start(),
        }
    }

    /// Takes what the threads find, until the last of them ends.
    fn gather(mut self, receiver: &Receiver<Half>) -> Found {
        loop {
            match receiver.recv_timeout(TICK) {
                Ok(half) => self.take(half),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            self.tell();
        }
    }

    fn take(&mut self, half: Half) {
        let index = match half {
            Half::Beam(index, answer) => {
                self.answered += 1;
                self.answers.insert(index, answer);
                index
            }
            Half::Simulator(index, Ok(reached)) => {
                let found = &mut self.found;
                found.explored += 1;
                found.closed += u64::from(reached.closed);
                found.states += reached.states;
                found.runs += reached.runs;
                found.outcomes += reached.outcomes.len() as u64;
                self.reached.insert(index, reached);
                index
            }
            Half::Simulator(index, Err(bug)) => {
                self.found.bugs.insert(index, bug);
                return;
            }
        };
        if self.answers.contains_key(&index)
            && let Some(reached) = self.reached.remove(&index)
            && let Some(answer) = self.answers.remove(&index)
        {
            self.judge(index, answer, reached);
        }
    }

    fn judge(&mut self, index: u64, answer: Answer, reached: Reached) {
        let observed = match answer {
            Answer::Observed(observed) => observed,
            Answer::Crashed(why) => {
                self.found.crashes.insert(index, why);
                return;
            }
            Answer::Hung => {
                self.found.hung.insert(index);
                return;
            }
        };
        let found = &mut self.found;
        found.counts.add(&self.args.value(index), &observed);
        let outcome = self.args.program(index).canonical(&observed);
        let inside = reached.outcomes.contains(&outcome);
        if !inside && !reached.closed {
            found.undecided.insert(index);
            return;
        }
        found.compared += 1;
        if !inside {
            found.suspects.push(Suspect { index, outcome, reached: reached.outcomes });
        }
    }

    /// A line on stderr, every few seconds.
    fn tell(&mut self) {
        if let Some(seconds) = self.clock.due() {
            let found = &self.found;
            let open = found.explored - found.closed;
            remark(&format!(
                "  {seconds}s  BEAM {}, simulator {} of {} programs · {} outside · {} open",
                grouped(self.answered),
                grouped(found.explored),
                grouped(self.of as u64),
                counted(found.suspects.len() as u64, "outcome", "outcomes"),
                grouped(open),
            ));
        }
    }

    fn close(mut self) -> Found {
        self.found.suspects.sort_by_key(|suspect| suspect.index);
        self.found.seconds = self.clock.seconds();
        self.found
    }
}

/// Wall time, for progress alone.
#[expect(clippy::disallowed_types, reason = "progress is told in wall time")]
struct Clock {
    started: std::time::Instant,
    told: u64,
}

#[expect(clippy::disallowed_types, reason = "progress is told in wall time")]
impl Clock {
    fn start() -> Self {
        Clock { started: std::time::Instant::now(), told: 0 }
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The seconds so far, if it is time for another line.
    fn due(&mut self) -> Option<u64> {
        let seconds = self.started.elapsed().as_secs();
        let due = seconds / TOLD_EVERY > self.told;
        self.told = seconds / TOLD_EVERY;
        due.then_some(seconds)
    }
}
