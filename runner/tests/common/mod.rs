//! What the tests of the command line share: a folder of their own, the built binary, what it said.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// All variants of the catalogue.
pub(crate) const VARIANTS: [&str; 37] = [
    "atomvm-links/v0.6.2",
    "atomvm-links/v0.6.3",
    "atomvm-links/v0.6.6",
    "atomvm-links/fixed",
    "ash-limiter/v3.5.24",
    "ash-limiter/first-fix",
    "ash-limiter/v3.5.26",
    "ash-limiter/release-after-stop",
    "ash-limiter/stop-dead",
    "ash-limiter/alive-then-call",
    "ash-limiter/release-at-spawn",
    "ash-limiter/busy-wait",
    "ash-limiter/normal-exit-leak",
    "ash-limiter/fixed",
    "kv-registry/linked",
    "kv-registry/permanent",
    "kv-registry/transient",
    "kv-registry/one-for-one",
    "kv-registry/rest-for-one-supervisor-first",
    "kv-registry/registry-first",
    "kv-registry/rest-for-one-registry-first",
    "kv-registry/no-monitor",
    "kv-registry/stop-then-lookup",
    "kv-registry/synchronous-call",
    "kv-registry/guide",
    "restate-join/v1.2.0",
    "restate-join/forgotten-attempt",
    "restate-join/noop-waker",
    "restate-join/v1.2.2",
    "llama-chat/no-reference",
    "llama-chat/v0.12.17",
    "llama-chat/v0.12.18",
    "llama-chat/forgotten-consumer",
    "llama-chat/await-in-finally",
    "llama-chat/unretrieved",
    "llama-chat/background-set",
    "llama-chat/task-group",
];

/// A variant with one invariant to break.
pub(crate) const BROKEN: &str = "atomvm-links/v0.6.3";

/// What a command line said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// The exit code; -1 after a signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what is said is UTF-8");
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Asserts the exit code and shows what was said if it is another.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Asserts that a piece was said, on either stream.
    #[track_caller]
    pub(crate) fn with(self, piece: &str) -> Self {
        assert!(
            self.stdout.contains(piece) || self.stderr.contains(piece),
            "{piece:?} was not said\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The lines of stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let line = |line| serde_json::from_str(line).expect("each line is one JSON object");
        self.stdout.lines().map(line).collect()
    }

    /// The JSON lines of one event.
    pub(crate) fn events(&self, event: &str) -> Vec<serde_json::Value> {
        self.json().into_iter().filter(|line| line["event"] == event).collect()
    }
}

/// An empty folder in which a binary is run.
pub(crate) struct Place {
    folder: TempDir,
    binary: PathBuf,
}

impl Place {
    /// A place for `atropos`.
    pub(crate) fn new() -> Self {
        Self::of(env!("CARGO_BIN_EXE_atropos"))
    }

    /// A place for another binary.
    pub(crate) fn of(binary: impl Into<PathBuf>) -> Self {
        let folder = TempDir::new().expect("a folder for the test");
        Place { folder, binary: binary.into() }
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command, not started: no environment of ours reaches it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for name in
            ["PROGRESS", "SEED", "RUNS", "TIME", "JOBS", "OUT", "SHARD", "PROFILE", "COMMIT"]
        {
            command.env_remove(format!("ATROPOS_{name}"));
        }
        for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_SHA", "CI_COMMIT_SHA"] {
            command.env_remove(name);
        }
        for name in ["CLICOLOR_FORCE", "INSTA_UPDATE", "INSTA_FORCE_PASS", "CI", "TF_BUILD"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the binary starts"))
    }

    /// Runs it under some variables.
    pub(crate) fn run_under(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        Said::of(command.output().expect("the binary starts"))
    }

    /// Runs it with a text on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Said {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut pipe = child.stdin.take().expect("stdin is piped");
        // A binary that reads no stdin may have closed it.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        Said::of(child.wait_with_output().expect("the binary ends"))
    }

    /// A file in the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::write(&path, content).expect("the folder of a test can be written");
        path.to_str().expect("the folder has a plain name").to_owned()
    }

    /// All files below a folder whose name ends so.
    pub(crate) fn files(&self, below: &str, end: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(&self.path().join(below), end, &mut files);
        files.sort();
        files
    }
}

fn collect(folder: &Path, end: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // `latest` is a link to a folder that is seen anyway.
        if path.is_dir() && !path.is_symlink() {
            collect(&path, end, files);
        } else if path.to_str().is_some_and(|name| name.ends_with(end)) {
            files.push(path);
        }
    }
}

/// The distinct case tokens in a text.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = text
        .split_whitespace()
        .filter(|word| word.starts_with("at1-"))
        .map(str::to_owned)
        .collect();
    tokens.sort();
    tokens.dedup();
    tokens
}

/// The token of the first failure that was told.
pub(crate) fn first_token(text: &str) -> String {
    let token = text.split_whitespace().find(|word| word.starts_with("at1-"));
    token.unwrap_or_else(|| panic!("no token in {text}")).to_owned()
}

/// A JSON file.
pub(crate) fn json_file(path: &Path) -> serde_json::Value {
    let text = fs::read_to_string(path).expect("the file can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
