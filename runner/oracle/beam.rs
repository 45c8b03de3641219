//! The real BEAM: a child process that reads programs and writes what it observed.
//!
//! The reference interpreter is carried in this binary and compiled into the output folder when it
//! is not there or is another. A batch of programs is a file in and a file out; what a BEAM wrote
//! before it was stopped counts.

use atropos_runner::{Exit, Stop, remark};
use serde_json::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

const SOURCES: [(&str, &str); 6] = [
    ("bo.erl", include_str!("beam/bo.erl")),
    ("bo_gw.erl", include_str!("beam/bo_gw.erl")),
    ("bo_json.erl", include_str!("beam/bo_json.erl")),
    ("bo_sup.erl", include_str!("beam/bo_sup.erl")),
    ("bo_trace.erl", include_str!("beam/bo_trace.erl")),
    ("kvx.ex", include_str!("beam/kvx.ex")),
];

/// How long the start of a BEAM may take, and how long a program: twenty times what they do.
const START: Duration = Duration::from_secs(20);
const PROGRAM: Duration = Duration::from_secs(2);
/// How often a child is looked at.
const POLL: Duration = Duration::from_millis(10);

/// A BEAM that can be started.
#[derive(Debug)]
pub(crate) struct Beam {
    /// `OTP 25, Elixir 1.14.0`
    pub(crate) release: String,
    ebin: PathBuf,
    elixir: PathBuf,
    folder: PathBuf,
}

/// What became of a program on the BEAM.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It ran.
    Observed(Value),
    /// The reference interpreter failed; nothing can be said.
    Crashed(String),
    /// It did not end.
    Hung,
}

impl Beam {
    /// Finds Erlang and Elixir and compiles the reference interpreter.
    pub(crate) fn prepare(folder: &Path) -> Result<Beam, Stop> {
        let folder = folder.to_owned();
        fs::create_dir_all(&folder).map_err(|error| failed("make the folder", &folder, &error))?;
        let script = "IO.write(\"OTP #{System.otp_release()}, Elixir #{System.version()}\\n\
                      #{Path.dirname(to_string(:code.lib_dir(:elixir)))}\")";
        let told = output(Command::new("elixir").args(["-e", script]))?;
        let (release, library) = told.split_once('\n').unwrap_or((&told, ""));
        let beam = Beam {
            release: release.to_owned(),
            ebin: folder.join("ebin"),
            elixir: PathBuf::from(library),
            folder,
        };
        beam.compile()?;
        Ok(beam)
    }

    /// Compiles the interpreter unless what stands there was made of the same sources.
    fn compile(&self) -> Result<(), Stop> {
        let stamp = self.ebin.join("made-of");
        let made_of = SOURCES.iter().fold(self.release.clone(), |text, (name, source)| {
            format!("{text}\n%% {name}\n{source}")
        });
        if fs::read_to_string(&stamp).is_ok_and(|old| old == made_of) {
            return Ok(());
        }
        let sources = self.folder.join("src");
        for folder in [&sources, &self.ebin] {
            fs::create_dir_all(folder)
                .map_err(|error| failed("make the folder", folder, &error))?;
        }
        for (name, source) in SOURCES {
            write(&sources.join(name), source)?;
        }
        let of = |extension: &str| {
            let named = SOURCES.iter().filter(|(name, _)| name.ends_with(extension));
            named.map(|(name, _)| sources.join(name)).collect::<Vec<_>>()
        };
        output(Command::new("erlc").arg("-o").arg(&self.ebin).args(of(".erl")))?;
        output(Command::new("elixirc").arg("-o").arg(&self.ebin).args(of(".ex")))?;
        write(&stamp, &made_of)
    }

    /// Runs programs, once each; `None` for those that were not reached before an interrupt. If the
    /// batch does not end in time, those it left are run one at a time to find the one that hangs.
    pub(crate) fn run(
        &self,
        programs: &[Value],
        interrupted: &AtomicBool,
    ) -> Result<Vec<Option<Answer>>, Stop> {
        let mut answers = self.batch(programs, interrupted)?;
        if answers.len() < programs.len() && !interrupted.load(Relaxed) {
            let (at, all) = (answers.len(), programs.len());
            remark(&format!("  a batch of {all} stopped at its program {at}; one by one"));
            for program in &programs[answers.len()..] {
                let alone = self.batch(std::slice::from_ref(program), interrupted)?;
                if interrupted.load(Relaxed) {
                    break;
                }
                answers.push(alone.into_iter().next().unwrap_or(Answer::Hung));
            }
        }
        let mut answers: Vec<Option<Answer>> = answers.into_iter().map(Some).collect();
        answers.resize(programs.len(), None);
        Ok(answers)
    }

    /// Runs programs in one BEAM; the answers are fewer if it had to be stopped.
    fn batch(&self, programs: &[Value], interrupted: &AtomicBool) -> Result<Vec<Answer>, Stop> {
        let folder = tempfile::tempdir_in(&self.folder)
            .map_err(|error| failed("make a folder in", &self.folder, &error))?;
        let (asked, told) = (folder.path().join("in.jsonl"), folder.path().join("out.jsonl"));
        write(&asked, &programs.iter().map(|program| format!("{program}\n")).collect::<String>())?;
        let child = self.start(&asked, &told)?;
        let count = u32::try_from(programs.len()).unwrap_or(u32::MAX);
        let ended = wait(child, START + PROGRAM * count, interrupted)?;
        let told = fs::read_to_string(&told).unwrap_or_default();
        let mut answers: Vec<Answer> = told.split_inclusive('\n').map_while(answer).collect();
        if let Some(status) = ended.filter(|_| answers.len() < programs.len()) {
            answers.push(Answer::Crashed(format!("the BEAM ended with {status}")));
        }
        Ok(answers)
    }

    fn start(&self, asked: &Path, told: &Path) -> Result<Child, Stop> {
        // `+Bi`: Ctrl-C is for the oracle, which then stops its BEAMs.
        Command::new("erl")
            .args(["-noinput", "-noshell", "+Bi", "-kernel", "logger_level", "none", "-pa"])
            .arg(&self.ebin)
            .arg("-pa")
            .arg(self.elixir.join("elixir/ebin"))
            .args(["-s", "bo", "main", "-extra"])
            .args([asked, told])
            .arg("1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| cannot_start("erl", &error))
    }
}

/// What a line says; `None` if it was not written to its end.
fn answer(line: &str) -> Option<Answer> {
    let mut record: Value = serde_json::from_str(line.strip_suffix('\n')?).ok()?;
    let observed = record["observed"].take();
    Some(match &observed["oracle_crash"] {
        Value::Null if unbound(&observed) => {
            Answer::Crashed("a name was used that is not bound".to_owned())
        }
        Value::Null => Answer::Observed(observed),
        crash => Answer::Crashed(crash.to_string()),
    })
}

/// Whether an operation failed over a name that nobody bound: `{badkey, <<"@p1">>}`, where no
/// program has binaries of its own.
fn unbound(observed: &Value) -> bool {
    match observed {
        Value::Array(parts) => {
            let missing = parts.len() == 2 && parts[0] == "badkey" && !parts[1]["bin"].is_null();
            missing || parts.iter().any(unbound)
        }
        Value::Object(fields) => fields.values().any(unbound),
        _ => false,
    }
}

/// Waits for a child, and stops it if it takes too long or somebody interrupts; says how it ended
/// if it did so by itself.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a real process, real time"
)]
fn wait(
    mut child: Child,
    limit: Duration,
    interrupted: &AtomicBool,
) -> Result<Option<ExitStatus>, Stop> {
    let started = std::time::Instant::now();
    let lost = |error: io::Error| Stop::new(Exit::Tool, format!("lost a BEAM: {error}"));
    while started.elapsed() <= limit && !interrupted.load(Relaxed) {
        let ended = child.try_wait().map_err(lost)?;
        if ended.is_some() {
            return Ok(ended);
        }
        std::thread::sleep(POLL);
    }
    child.kill().map_err(lost)?;
    child.wait().map_err(lost)?;
    Ok(None)
}

/// What a command says; it must succeed.
fn output(command: &mut Command) -> Result<String, Stop> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| cannot_start(&name, &error))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        return Err(Stop::new(Exit::Tool, format!("{name} failed: {}", told.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cannot_start(name: &str, error: &io::Error) -> Stop {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!(
            "the oracle needs Erlang and Elixir and finds no {name}: \
             apt-get install erlang-base erlang-dev elixir"
        ),
        _ => format!("cannot start {name}: {error}"),
    };
    Stop::new(Exit::Tool, message)
}

fn write(path: &Path, content: &str) -> Result<(), Stop> {
    fs::write(path, content).map_err(|error| failed("write", path, &error))
}

pub(crate) fn failed(doing: &str, path: &Path, error: &io::Error) -> Stop {
    Stop::new(Exit::Tool, format!("cannot {doing} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_short_is_no_answer() {
        assert!(answer("{\"observed\":{\"steps\":[]}}").is_none());
        assert!(matches!(answer("{\"observed\":{\"steps\":[]}}\n"), Some(Answer::Observed(_))));
    }

    #[test]
    fn an_unbound_name_is_a_crash() {
        let line =
            "{\"observed\":{\"steps\":[{\"raise\":[\"error\",[\"badkey\",{\"bin\":\"@p1\"}]]}]}}\n";
        assert!(matches!(answer(line), Some(Answer::Crashed(_))));
        let line = "{\"observed\":{\"oracle_crash\":\"badarg\"}}\n";
        assert!(matches!(answer(line), Some(Answer::Crashed(_))));
    }
}
