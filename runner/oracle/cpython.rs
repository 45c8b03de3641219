//! The asyncio layer: random step programs on a real CPython, whose traces must be the world's.
//!
//! There is one schedule, so there is one trace. Lines that come while a collection runs are compared
//! as a set: which object it finalises first is CPython's habit and no rule. Programs in which an
//! exception keeps variables, which the world leaves out, are set aside. A disagreement is made small
//! by leaving out operations.

use crate::args::Args;
use atropos::event_loop::{self, Profile};
use atropos_runner::{Exit, Stop, counted, remark, say, watch_interrupt};
use atropos_scenarios::steps::{self, Played, model::Program, random, smaller};
use serde_json::Value;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::Ordering::Relaxed,
};

const SOURCES: [(&str, &str); 2] = [
    ("batch.py", include_str!("../../scenarios/conformance/asyncio/batch.py")),
    ("dsl.py", include_str!("../../scenarios/conformance/asyncio/dsl.py")),
];
/// Programs of one process of Python.
const BATCH: usize = 250;
/// How many disagreements are made small and shown.
const SHOWN: usize = 5;

/// A Python that can be started.
struct Python {
    path: PathBuf,
    release: String,
    profile: &'static Profile,
    folder: PathBuf,
}

/// Runs the campaign.
pub(crate) fn run(args: &Args) -> Result<Exit, Stop> {
    if args.list {
        for index in indices(args) {
            say(&random::program(args.seed, index).to_text())?;
        }
        return Ok(Exit::Held);
    }
    let interrupted = watch_interrupt()?;
    let python = Python::prepare(args)?;
    remark(&format!(
        "     Asking CPython {} about {} · seed {:#x}",
        python.release,
        counted(u64::from(args.programs), "program", "programs"),
        args.seed
    ));
    let [mut compared, mut lines, mut endless, mut set_aside] = [0_u64; 4];
    let mut suspects = Vec::new();
    let all: Vec<u64> = indices(args).collect();
    for batch in all.chunks(BATCH) {
        if interrupted.load(Relaxed) {
            return Err(Stop::new(Exit::Interrupted, "interrupted"));
        }
        let programs: Vec<Program> =
            batch.iter().map(|&index| python.program(args.seed, index)).collect();
        for ((&index, program), answer) in batch.iter().zip(&programs).zip(python.ask(&programs)?) {
            let Some(real) = answer else {
                endless += 1;
                continue;
            };
            let world = steps::play(program, python.profile);
            if world.keeps_frames {
                set_aside += 1;
                continue;
            }
            compared += 1;
            lines += real.lines.len() as u64;
            if real.canonical() != world.canonical() {
                suspects.push(index);
            }
        }
    }
    for &index in suspects.iter().take(SHOWN) {
        let small = python.shrunk(python.program(args.seed, index))?;
        say(&python.disagreement(args.seed, index, &small)?)?;
    }
    say(&format!(
        "compared      {compared}\ndisagreements {}\nendless       {endless}\nset aside     {set_aside}\n\
         lines         {lines}",
        suspects.len()
    ))?;
    match suspects.as_slice() {
        [] => Ok(Exit::Held),
        found => {
            let found = counted(found.len() as u64, "disagreement", "disagreements");
            Err(Stop::new(Exit::Violated, found))
        }
    }
}

fn indices(args: &Args) -> impl Iterator<Item = u64> + use<> {
    args.first..args.first.saturating_add(u64::from(args.programs))
}

impl Python {
    fn prepare(args: &Args) -> Result<Python, Stop> {
        let folder = args.out.join("asyncio");
        fs::create_dir_all(&folder).map_err(|error| failed("make the folder", &folder, &error))?;
        for (name, text) in SOURCES {
            let file = folder.join(name);
            fs::write(&file, text).map_err(|error| failed("write", &file, &error))?;
        }
        let script = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
        let told = Command::new(&args.python).args(["-c", script]).output();
        let told = told.map_err(|error| failed("start", &args.python, &error))?;
        let release = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        let profile = event_loop::PROFILES.into_iter().find(|profile| {
            let name = profile.name.trim_start_matches("cpython-");
            release.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        });
        let profile = profile.ok_or_else(|| {
            let why = format!("CPython {release} has no profile: 3.11, 3.12 and 3.13 have one");
            Stop::new(Exit::Usage, why)
        })?;
        Ok(Python { path: args.python.clone(), release, profile, folder })
    }

    /// A program; there are no eager tasks in 3.11.
    fn program(&self, seed: u64, index: u64) -> Program {
        let program = random::program(seed, index);
        Program { eager: program.eager && self.profile.has_eager_tasks, ..program }
    }

    fn disagrees(&self, program: &Program, real: &Played) -> bool {
        let world = steps::play(program, self.profile);
        !world.keeps_frames && real.canonical() != world.canonical()
    }

    /// What CPython makes of programs; none of one that does not end.
    fn ask(&self, programs: &[Program]) -> Result<Vec<Option<Played>>, Stop> {
        let (input, output) = (self.folder.join("programs"), self.folder.join("traces"));
        let text: String = programs.iter().map(|program| program.to_text() + "\n").collect();
        fs::write(&input, text).map_err(|error| failed("write", &input, &error))?;
        let open = File::open(&input).map_err(|error| failed("read", &input, &error))?;
        let create = File::create(&output).map_err(|error| failed("write", &output, &error))?;
        let ended = Command::new(&self.path)
            .arg(self.folder.join("batch.py"))
            .stdin(Stdio::from(open))
            .stdout(Stdio::from(create))
            .status();
        ended.map_err(|error| failed("start", &self.path, &error))?;
        let told = fs::read_to_string(&output).map_err(|error| failed("read", &output, &error))?;
        let answers: Vec<_> = told.lines().map(answer).collect();
        if answers.len() != programs.len() {
            let why = format!("{} answers to {} programs", answers.len(), programs.len());
            return Err(Stop::new(Exit::Tool, why));
        }
        Ok(answers)
    }

    /// The smallest program found by leaving out operations that still disagrees.
    fn shrunk(&self, mut program: Program) -> Result<Program, Stop> {
        loop {
            let less = smaller::smaller(&program);
            let mut next = None;
            for (one, answer) in less.iter().zip(self.ask(&less)?) {
                if answer.is_some_and(|real| self.disagrees(one, &real)) {
                    next = Some(one.clone());
                    break;
                }
            }
            match next {
                Some(one) => program = one,
                None => return Ok(program),
            }
        }
    }

    fn disagreement(&self, seed: u64, index: u64, program: &Program) -> Result<String, Stop> {
        let real = self.ask(std::slice::from_ref(program))?.pop().flatten().unwrap_or_default();
        let rows =
            |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
        let world = steps::play(program, self.profile);
        Ok(format!(
            "DISAGREEMENT  program {index}\n  {}\n  CPython {}\n{}  world\n{}  again         \
             atropos-oracle --layer asyncio --seed {seed:#x} --first {index} --programs 1",
            program.to_text(),
            self.release,
            rows(&real.lines),
            rows(&world.lines)
        ))
    }
}

fn answer(line: &str) -> Option<Played> {
    let value: Value = serde_json::from_str(line).ok()?;
    if value["error"] == "it does not end" {
        return None;
    }
    let lines = value["trace"].as_array()?.iter();
    let lines = lines.map(|line| line.as_str().unwrap_or_default().to_owned()).collect();
    let at = |range: &Value, end: usize| range[end].as_u64().unwrap_or(0) as usize;
    let collections = value["collections"].as_array()?.iter();
    let collections = collections.map(|range| at(range, 0)..at(range, 1)).collect();
    Some(Played { lines, collections, keeps_frames: false })
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Stop {
    Stop::new(Exit::Tool, format!("cannot {what} {}: {error}", path.display()))
}
