//! Ctrl-C loses nothing: what was found is on disk before the end. Even an end without warning
//! leaves no file half written.
#![cfg(unix)]

mod common;

use common::{Place, VARIANTS, json_file};
use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

#[expect(clippy::disallowed_types, reason = "how soon a process ends is what is tested")]
type Clock = std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "the campaign needs real time to find something")]
fn sleep(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").arg(signal).arg(child.id().to_string()).status();
    assert!(status.expect("kill is there").success());
}

/// Waits until some file is there: the campaign is under way.
fn wait_for(place: &Place, end: &str) {
    let start = Clock::now();
    while place.files("target/atropos", end).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "no {end} after 20 s");
        sleep(20);
    }
}

/// The status of a process that must end soon.
fn ended(child: &mut Child) -> ExitStatus {
    let start = Clock::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return status;
        }
        if start.elapsed() > Duration::from_secs(10) {
            child.kill().expect("a child of ours");
            panic!("still there 10 s after the signal");
        }
        sleep(20);
    }
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
}

#[test]
fn an_interrupt_ends_with_130_and_what_was_found_is_on_disk() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        let mut child = start(&place, &["fuzz", VARIANTS[0], "--time", "60s"]);
        wait_for(&place, "case.json");
        sleep(500);
        send(signal, &child);
        assert_eq!(ended(&mut child).code(), Some(130), "{signal}");
        let summary = json_file(&place.path().join("target/atropos/latest/run.json"));
        assert_eq!(summary["interrupted"], true);
        assert_eq!(summary["verdict"], "interrupted");
        assert_eq!(summary["failures"], 3);
        assert!(summary["runs"].as_u64().is_some_and(|runs| runs > 0));
        let cases = place.files("target/atropos", "case.json");
        assert_eq!(cases.len(), 3, "each failure once, shrunk: {cases:?}");
        for case in cases {
            let case = case.to_str().expect("a plain name");
            place.run(&["replay", case]).ended(100);
        }
    }
}

#[test]
fn an_interrupt_of_a_green_campaign_ends_with_130_too() {
    let place = Place::new();
    let mut child = start(&place, &["fuzz", "--time", "60s"]);
    sleep(500);
    send("-INT", &child);
    assert_eq!(ended(&mut child).code(), Some(130));
    let summary = json_file(&place.path().join("target/atropos/latest/run.json"));
    assert_eq!((&summary["interrupted"], &summary["failures"]), (&true.into(), &0.into()));
}

#[test]
fn a_kill_leaves_no_file_half_written() {
    for pause in [0, 5, 50] {
        let place = Place::new();
        let mut child = start(&place, &["fuzz", VARIANTS[0], VARIANTS[2], "--time", "60s"]);
        wait_for(&place, "case.json");
        sleep(pause);
        send("-KILL", &child);
        assert_eq!(ended(&mut child).code(), None, "ended by a signal");
        for file in place.files("target/atropos", ".json") {
            json_file(&file);
        }
    }
}

#[test]
fn an_interrupt_of_a_check_keeps_what_it_covered_and_says_so() {
    let place = Place::new();
    let mut command = place.command(&["check", "kv-registry/guide"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    sleep(500);
    send("-INT", &child);
    assert_eq!(ended(&mut child).code(), Some(130));
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(said.contains("open  kv-registry/guide  interrupted: "), "{said}");
    assert!(said.contains(" states held"), "{said}");
}

/// A campaign that finds a dozen things; which of them it announced before the end, by its folder.
fn killed_after(milliseconds: u64) -> (Place, Vec<String>) {
    let place = Place::new();
    let mut command = place.command(&["fuzz", "--time", "60s", "--no-regressions"]);
    command.args(VARIANTS.iter().filter(|name| name.starts_with("a") || name.starts_with("kv")));
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    sleep(milliseconds);
    send("-KILL", &child);
    assert_eq!(ended(&mut child).code(), None, "ended by a signal");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    // The last line may be cut in its middle: that was no announcement yet.
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let announced = whole.lines().filter(|line| line.trim_start().starts_with("Found "));
    let folders = announced.filter_map(|line| line.rsplit_once(": ").map(|(_, at)| at.to_owned()));
    let folders = folders.collect();
    (place, folders)
}

/// Nothing that was announced is lost, and no file is half written, whenever the end comes.
fn kills(moments: impl Iterator<Item = u64>) -> usize {
    let mut announced = 0;
    for moment in moments {
        let (place, folders) = killed_after(moment);
        announced += folders.len();
        for folder in &folders {
            let case = format!("{folder}/case.json");
            place.run(&["replay", &case]).ended(100);
        }
        for file in place.files("target/atropos", "") {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".json") && !name.starts_with(".tmp") {
                json_file(&file);
            }
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let is_whole = name.starts_with(".tmp") || name == "latest" || text.ends_with('\n');
            assert!(is_whole, "{} is half written after {moment} ms", file.display());
        }
    }
    announced
}

/// Moments as they come from a generator: some before the first finding, most in the midst of them.
fn moments(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 400
    })
    .take(count)
}

#[test]
fn killed_at_any_moment_a_campaign_keeps_what_it_announced() {
    assert!(kills(moments(8)) > 0, "something was announced in eight campaigns");
}

#[test]
#[ignore = "100 campaigns; `make soak` runs it"]
fn killed_at_a_hundred_moments_a_campaign_keeps_what_it_announced() {
    let announced = kills(moments(100));
    assert!(announced > 100, "the campaigns announced {announced} findings in all");
}
