//! Exit codes are a promise: how each ending comes about, and what is said with it.

mod common;

use common::{BROKEN, Place, VARIANTS, first_token, json_file, tokens};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

/// Arguments, stdin, exit code, a piece of what is said.
type Row<'a> = (&'a [&'a str], &'a str, i32, &'a str);

fn check(place: &Place, rows: &[Row<'_>]) {
    for (arguments, stdin, code, piece) in rows {
        let said = place.run_with(arguments, stdin);
        let shown: Vec<String> = arguments.iter().map(|a| a.chars().take(80).collect()).collect();
        assert_eq!(said.code, *code, "{shown:?} {said:#?}");
        let found = said.stdout.contains(piece) || said.stderr.contains(piece);
        assert!(found, "{shown:?} does not say {piece:?}: {said:#?}");
        assert!(!said.stderr.contains("panicked"), "{shown:?}: {said:#?}");
    }
}

/// A place with a failure on disk, its case file and its token.
fn failed() -> (Place, Value, String) {
    let place = Place::new();
    let said = place.run(&["fuzz", BROKEN, "--runs", "200"]).ended(100);
    let files = place.files("target/atropos", "case.json");
    assert_eq!(files.len(), 1, "one failure, one file: {files:?}");
    let token = tokens(&said.stdout).remove(0);
    (place, json_file(&files[0]), token)
}

#[test]
fn usage() {
    check(
        &Place::new(),
        &[
            (&[], "", 2, "Usage:"),
            (&["-q"], "", 2, "no verb"),
            (&["fuz"], "", 2, "fuzz"),
            (&["fuzz", "--bad"], "", 2, "--bad"),
            (&["fuzz", "--runs", "0"], "", 2, "--runs"),
            (&["fuzz", "--time", "2"], "", 2, "time unit"),
            (&["fuzz", "--time", "1s", "--runs", "3"], "", 2, "exclude each other"),
            (&["fuzz", "--seed", "0xzz"], "", 2, "random"),
            (&["fuzz", "--faults", "17"], "", 2, "--faults"),
            (&["fuzz", "-j", "0"], "", 2, "--jobs"),
            (&["run"], "", 2, "SCENARIO"),
            (&["run", BROKEN, "--index", "-1"], "", 2, "-1"),
            (&["replay"], "", 2, "CASE"),
            (&["--help"], "", 0, "Exit codes:"),
            (&["help", "fuzz"], "", 0, "--runs"),
            (&["--version"], "", 0, "engine"),
        ],
    );
}

#[test]
fn names() {
    check(
        &Place::new(),
        &[
            (&["list"], "", 0, "must break no-link-to-dead"),
            (&["list", "atomvm-links"], "", 0, "sometimes"),
            (&["list", BROKEN], "", 0, "no-duplicate-link"),
            (&["list", "atomvm"], "", 4, "did you mean atomvm-links"),
            (&["fuzz", "atomvm-link"], "", 4, "did you mean atomvm-links"),
            (&["fuzz", "atomvm-links/v0.6.4"], "", 4, "atomvm-links/v0.6.2"),
            (&["fuzz", BROKEN, "nonsense"], "", 4, "\"nonsense\"; `atropos list`"),
            (&["run", "atomvm-links/fixd"], "", 4, "did you mean atomvm-links/fixed"),
            (&["replay", "atomvm-links/fixd:1:0"], "", 4, "did you mean atomvm-links/fixed"),
            (&["run", ""], "", 4, "\"\""),
        ],
    );
}

#[test]
fn a_green_campaign_ends_with_0() {
    let said = Place::new().run(&["fuzz", "--runs", "2000"]).ended(0);
    for variant in VARIANTS {
        assert!(said.stdout.contains(&format!("✓ {variant}")), "{}", said.stdout);
    }
    assert!(said.stdout.contains("canary caught: 1 of 1 invariant broken"), "{}", said.stdout);
    assert!(said.stdout.contains("Done 74,000 runs\n"), "{}", said.stdout);
    assert!(tokens(&said.stdout).is_empty(), "canaries show no failures: {}", said.stdout);
}

#[test]
fn a_named_canary_ends_with_100_and_shows_one_token() {
    let place = Place::new();
    let said = place.run(&["fuzz", BROKEN, "--runs", "2000"]).ended(100);
    let token = match &tokens(&said.stdout)[..] {
        [one] => one.clone(),
        several => panic!("one failure, one token: {several:?}"),
    };
    for piece in [
        "FAIL  atomvm-links/v0.6.3  no-link-to-dead",
        "no living process lists a dead one among its links:",
        "a#1 still lists child#1.1, which exited with reason normal",
        "1  spawn_link ─",
        "2                                ✗ exit normal",
        &format!("  Replay:  atropos replay {token}\n"),
        &format!("  Shrink:  atropos shrink {token}\n"),
        "  Files:   target/atropos/latest/failures/",
    ] {
        assert!(said.stdout.contains(piece), "{piece:?} is missing in {}", said.stdout);
    }
    assert!(said.stderr.ends_with("error: 1 invariant violated\n"), "{}", said.stderr);
    place.run(&["replay", &token]).ended(100).with("violated: no-link-to-dead");
    place.run(&["shrink", &token]).ended(0).with("2 → 2 steps").with(&token);
}

#[test]
fn every_failure_shows_a_token_of_its_own() {
    let said = Place::new().run(&["fuzz", VARIANTS[0], "--runs", "2000"]).ended(100);
    let blocks: Vec<&str> = said.stdout.split("FAIL").skip(1).collect();
    assert_eq!(blocks.len(), 3, "{}", said.stdout);
    for block in blocks {
        assert_eq!(tokens(block).len(), 1, "{block}");
    }
    assert!(said.stderr.contains("3 invariants violated"), "{}", said.stderr);
}

#[test]
fn malformed_tokens_end_with_2() {
    let (place, _, token) = failed();
    let last = token.pop_letter();
    let long = format!("at1-{}", "X".repeat(100_000));
    let nul = format!("{token}\0");
    check(
        &place,
        &[
            (&["replay", "at1-"], "", 2, "malformed token: too short"),
            (&["replay", "at1-----"], "", 2, "malformed token: too short"),
            (&["replay", "at1-00"], "", 2, "malformed token"),
            (&["replay", "at1-XXXX-é"], "", 2, "'é' at character 10"),
            (&["replay", "at1-U"], "", 2, "'U' at character 5"),
            (&["replay", "at1-\u{1f9ec}\u{202e}"], "", 2, "malformed token"),
            (&["replay", &token[..token.len() - 8]], "", 2, "malformed token"),
            (&["replay", &last], "", 2, "malformed token"),
            (&["replay", &changed(&token)], "", 2, "the checksum does not match"),
            (&["replay", &long], "", 2, "malformed token"),
            (&["replay", "-"], &nul, 2, "malformed token"),
            (&["replay", "-"], &"at1-X".repeat(1 << 20), 2, "at most 1048576 are read"),
            (&["replay", "-"], "", 2, "stdin is neither a token nor a case"),
            (&["replay", "at-1"], "", 2, "neither a token"),
            (&["replay", "nothing"], "", 2, "neither a token"),
            (&["replay", ""], "", 2, "neither a token"),
            (&["shrink", "at1-"], "", 2, "malformed token: too short"),
        ],
    );
}

/// Without its last character.
trait PopLetter {
    fn pop_letter(&self) -> String;
}

impl PopLetter for String {
    fn pop_letter(&self) -> String {
        self[..self.len() - 1].to_owned()
    }
}

/// The token with one letter changed.
fn changed(token: &str) -> String {
    let at = token.len() / 2;
    let at = if &token[at..=at] == "-" { at + 1 } else { at };
    let other = if &token[at..=at] == "Z" { "Y" } else { "Z" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

#[test]
fn foreign_tokens_end_with_103() {
    let (place, _, token) = failed();
    let newer = token.replacen("at1-", "at2-", 1);
    check(
        &place,
        &[
            (&["replay", &newer], "", 103, "of version 2, this build reads version 1"),
            (&["replay", "at12345-"], "", 103, "of version 12345"),
            (
                &["replay", &refingerprinted(&token)],
                "",
                103,
                "the scenario or its world has changed",
            ),
            (&["replay", "atomvm-links/fixed:1:0@0000"], "", 103, "made with fingerprint 0000"),
        ],
    );
}

/// The token as a build with other semantics would have written it: its fingerprint stands after
/// the variant, two varints of one to three bytes.
fn refingerprinted(token: &str) -> String {
    let mut form = data_encoding::Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.ignore.push('-');
    let form = form.encoding().expect("Crockford's alphabet");
    let mut bytes = form.decode(&token.as_bytes()[4..]).expect("a sound token");
    bytes.truncate(bytes.len() - 2);
    let fingerprint = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a varint ends") + 1;
    bytes[fingerprint] ^= 1;
    let crc = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC).checksum(&bytes);
    bytes.extend(crc.to_le_bytes());
    format!("at1-{}", form.encode(&bytes))
}

#[test]
fn seed_tokens() {
    let good = Place::new().run(&["run", BROKEN, "--index", "7"]);
    let mut words = good.stdout.split_whitespace();
    let again = words.find(|word| word.starts_with("atomvm-links/v0.6.3:a7209005:7@"));
    let again = again.expect("a seed token").to_owned();
    check(
        &Place::new(),
        &[
            (&["replay", &again], "", good.code, "instant delivery"),
            (&["replay", again.split('@').next().unwrap_or_default()], "", good.code, "delivery"),
            (&["replay", "-"], &format!("  {again}\n"), good.code, "instant delivery"),
            (&["replay", "atomvm-links/fixed:a7209005:99"], "", 0, "all invariants held"),
            (&["replay", "atomvm-links/fixed:zz:0"], "", 2, "a seed token looks like"),
            (&["replay", "atomvm-links/fixed:1"], "", 2, "a seed token looks like"),
            (&["replay", "atomvm-links/fixed:1:2:3"], "", 2, "a seed token looks like"),
            (&["replay", "atomvm-links/fixed:1:-2"], "", 2, "a seed token looks like"),
            (&["replay", "atomvm-links/fixed:1:2@wxyz"], "", 2, "a seed token looks like"),
            (&["replay", "atomvm-links/fixed:1:18446744073709551615"], "", 2, "beyond every"),
        ],
    );
}

/// A run that fails says what one does next, and each of those lines does it.
#[test]
fn a_failing_run_offers_what_comes_next() {
    let place = Place::new();
    let failing =
        |index: &u32| place.run(&["run", BROKEN, "--index", &index.to_string()]).code == 100;
    let index = (0..64).find(failing).expect("one of 64 runs fails").to_string();
    let run = place.run(&["run", BROKEN, "--index", &index]).ended(100);
    let replay = place.run(&["replay", &first_token(&run.stdout)]).ended(100);
    for (what, code) in [("Explain:", 0), ("Shrink:", 0), ("Keep it:", 0), ("Page:", 0)] {
        for said in [&run.stdout, &replay.stdout] {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(what));
            let line = line.unwrap_or_else(|| panic!("{what} is offered in {said}"));
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            place.run(&words).ended(code);
        }
    }
    assert!(place.path().join("report.html").is_file(), "the page is written");
}

#[test]
fn case_files() {
    let (place, case, token) = failed();
    let file = |name: &str, edit: &dyn Fn(&mut Value)| {
        let mut edited = case.clone();
        edit(&mut edited);
        place.write(name, edited.to_string())
    };
    let same = file("same.json", &|_| ());
    let print = file("print.json", &|case| case["fingerprint"] = json!("0000"));
    let no_print = file("no-print.json", &|case| case["fingerprint"] = json!("no"));
    let newer = file("newer.json", &|case| case["version"] = json!(2));
    let workload = file("workload.json", &|case| case["case"]["workload"] = json!([9, 9, 9]));
    let who = file("who.json", &|case| case["case"]["tape"]["segments"][1]["who"] = json!("7"));
    let short = file("short.json", &|case| {
        case["case"]["tape"]["segments"].as_array_mut().expect("a tape").truncate(1);
    });
    let long = file("long.json", &|case| {
        let segments = case["case"]["tape"]["segments"].as_array_mut().expect("a tape");
        segments.push(segments[0].clone());
    });
    let events = file("events.json", &|case| case["case"]["check"] = json!(1));
    let verdict =
        file("verdict.json", &|case| case["case"]["invariant"] = json!("no-duplicate-link"));
    let rule = file("rule.json", &|case| case["case"]["invariant"] = json!("no-such"));
    let other = file("other.json", &|case| case["case"]["scenario"] = json!("of-somebody-else"));
    let gap = file("gap.json", &|case| {
        case.as_object_mut().expect("an object").remove("case");
    });
    let broken = place.write("broken.json", "{\n  \"version\": 1,\n  oops\n}");
    let binary = place.write("binary.json", [0x7b, 0xff, 0x00]);
    check(
        &place,
        &[
            (&["replay", &same], "", 100, "violated: no-link-to-dead"),
            (&["shrink", &same], "", 0, &token),
            (&["replay", "-"], &case.to_string(), 100, "violated: no-link-to-dead"),
            (&["replay", "-"], &format!("{token}\n"), 100, "violated: no-link-to-dead"),
            (&["replay", &print], "", 103, "made with fingerprint 0000"),
            (&["replay", &no_print], "", 2, "fingerprint \"no\""),
            (&["replay", &newer], "", 103, "of version 2, this build reads version 1"),
            (&["replay", &workload], "", 2, "malformed case: its workload"),
            (&["replay", &who], "", 103, "step 2: the tape moves 7, but only 1.1 could run"),
            (&["replay", &short], "", 103, "step 2: the tape has ended, but 1.1 could still run"),
            (&["replay", &long], "", 103, "step 3: the run has ended, but the tape goes on"),
            (&["replay", &events], "", 103, "same moves, different events"),
            (&["replay", &verdict], "", 103, "another verdict: everything held"),
            (&["shrink", &who], "", 103, "step 2: the tape moves 7"),
            (&["replay", &rule], "", 2, "has no invariant no-such"),
            (&["replay", &other], "", 103, "\"of-somebody-else/v0.6.3\""),
            (&["replay", &gap], "", 2, "missing field `case`"),
            (&["replay", &broken], "", 2, "line 3 column 3"),
            (&["replay", &binary], "", 2, "binary.json is neither a token nor a case"),
        ],
    );
}

#[test]
fn unreadable_files_end_with_1() {
    let place = Place::new();
    let folder = place.path().to_str().expect("a plain name");
    check(
        &place,
        &[
            (&["replay", "no/such"], "", 1, "cannot read no/such"),
            (&["replay", "nosuch.json"], "", 1, "cannot read nosuch.json"),
            (&["replay", folder], "", 1, folder),
            (&["shrink", "no/such"], "", 1, "cannot read no/such"),
        ],
    );
}

#[test]
fn a_folder_that_cannot_be_written_ends_with_1_before_any_work() {
    let place = Place::new();
    place.write("file", "");
    let said = place.run(&["fuzz", "--time", "1h", "--out", "file/out"]).ended(1).with("file/out");
    assert_eq!(said.stdout, "");
    if cfg!(target_os = "linux") {
        place
            .run(&["fuzz", "--time", "1h", "--out", "/proc/atropos"])
            .ended(1)
            .with("/proc/atropos");
    }
    fs::create_dir_all(place.path().join("out/latest/full")).expect("a folder in the way");
    place.run(&["fuzz", "--time", "1h", "--out", "out"]).ended(1).with("cannot link out/latest");
    assert!(place.files("out", ".latest-a7209005-1").is_empty(), "nothing is left lying about");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stdout_ends_with_1() {
    let (place, _, token) = failed();
    for arguments in [
        &["list"][..],
        &["--help"],
        &["fuzz", "--runs", "100"],
        &["fuzz", BROKEN, "--runs", "100", "--format", "json"],
        &["run", BROKEN],
        &["replay", &token],
    ] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
        let mut command = place.command(arguments);
        let output = command.stdout(full).output().expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("cannot write to stdout: No space"), "{arguments:?}: {stderr}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_out_ends_with_1() {
    let place = Place::new();
    let out = place.path().join("tiny");
    fs::create_dir(&out).expect("a folder for the mount");
    let mount = |arguments: &[&str]| {
        let mut command = std::process::Command::new(arguments[0]);
        let output = command.args(&arguments[1..]).arg(&out).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs"]) {
        eprintln_note("a_full_disk_behind_out_ends_with_1: skipped, no tmpfs can be mounted here");
        return;
    }
    let said = place.run(&["fuzz", BROKEN, "--runs", "2000", "--out", "tiny"]);
    let unmounted = mount(&["umount"]);
    said.ended(1).with("No space left").with("tiny/a7209005-1/");
    assert!(unmounted, "the mount of the test is gone");
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn eprintln_note(note: &str) {
    eprintln!("{note}");
}

#[test]
fn a_closed_pipe_is_silent() {
    let place = Place::new();
    for (arguments, code) in [
        (&["list", "atomvm-links"][..], 0),
        (&["fuzz", VARIANTS[0], "--runs", "2000", "--no-shrink", "-q"], 100),
        (&["fuzz", "--runs", "2000", "--format", "json"], 0),
    ] {
        let mut child = place
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let mut stdout = BufReader::with_capacity(1, child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a first line");
        drop(stdout);
        let mut stderr = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("stdout") && !stderr.contains("ipe"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn the_command_line_overrides_the_environment() {
    let place = Place::new();
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = place.command(arguments);
        command.envs(environment.iter().copied());
        let output = command.output().expect("the binary starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text + &String::from_utf8_lossy(&output.stderr))
    };
    let (code, said) = run(&["fuzz", "--runs", "64"], &[("ATROPOS_TIME", "1h")]);
    assert!(code == Some(0) && said.contains("Done 2,368 runs"), "{said}");
    let (code, said) = run(&["fuzz", "--time", "1ms"], &[("ATROPOS_RUNS", "1000000000000")]);
    assert!(code == Some(0) && said.contains("Again:"), "{said}");
    let (code, said) = run(&["fuzz"], &[("ATROPOS_RUNS", "100"), ("ATROPOS_SEED", "0x7")]);
    assert!(
        code == Some(0) && said.contains("Done 3,700 runs") && said.contains("seed 0x7"),
        "{said}"
    );
    let (code, said) = run(&["fuzz"], &[("ATROPOS_RUNS", "100"), ("ATROPOS_TIME", "1s")]);
    assert!(code == Some(2) && said.contains("exclude each other"), "{said}");
}

#[test]
fn a_timed_campaign_ends_with_the_command_that_repeats_it() {
    let place = Place::new();
    let conditions = ["--seed", "9", "--delivery", "pairwise", "--timers", "idle", "--faults", "1"];
    let timed =
        [&["fuzz", "atomvm-links/fixed", "--time", "50ms", "--steps", "900"], &conditions[..]];
    let said = place.run(&timed.concat()).ended(0);
    let line = |word: &str| said.stdout.lines().find(|line| line.trim().starts_with(word));
    let again = line("Again:").expect("a line").trim();
    let arguments: Vec<&str> = again.split_whitespace().skip(2).collect();
    assert_eq!(&arguments[..2], ["fuzz", "atomvm-links/fixed"], "{again}");
    place.run(&arguments).ended(0);
    let digest = |run: &str| {
        let summary = json_file(&place.path().join(format!("target/atropos/9-{run}/run.json")));
        (summary["variants"][0]["runs"].clone(), summary["variants"][0]["digest"].clone())
    };
    assert_eq!(digest("1"), digest("2"), "{again}");
    let on = line("Go on:").expect("a line").trim();
    let next = format!("--from {}", digest("1").0);
    assert!(on.contains(&next), "{on} does not go on at {next}");
    place.run(&on.split_whitespace().skip(3).chain(["--runs", "64"]).collect::<Vec<_>>()).ended(0);
}
