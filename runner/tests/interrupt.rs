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
