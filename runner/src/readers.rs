//! Everything that reads bytes from outside, under a million damaged inputs each.
//!
//! A reader takes any text and comes back with something or with a refusal that names what is wrong
//! and where. It does not panic, it is done in moments, and it takes no memory to speak of. Inputs
//! are sound ones, damaged: bytes flipped, pieces dropped, doubled and swapped, numbers and nesting
//! that nobody writes. Texts with a checksum are damaged before it is made.

use crate::{
    campaign::file::CampaignFile, catalog::Catalog, config::Config, program, regression, token,
    verbs::source,
};
use atropos::decisions::Draws;
use atropos_scenarios::{exact::Row, program::conform::Vector, steps};
use peak_alloc::PeakAlloc;
use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Mutex,
    thread,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[expect(clippy::disallowed_types, reason = "a reader that hangs is what is looked for")]
type Clock = std::time::Instant;

/// The longest that any input may take, on a machine that does other things, too.
const PATIENCE: u64 = 20;
/// The most memory that reading may take, in MiB.
const MEMORY_LIMIT: f32 = 256.0;

/// Reads a text; a refusal says why.
type Read = Box<dyn Fn(&str) -> Result<(), String>>;

/// A reader and sound inputs of it.
struct Reader {
    name: &'static str,
    read: Read,
    sound: Vec<String>,
    /// How a damaged input becomes a text: as it is, or with its checksum made anew.
    dress: fn(Vec<u8>) -> String,
    /// What an input is, undressed.
    undress: fn(&str) -> Vec<u8>,
    /// Its refusals are told as they are; those of others are cut by who tells them.
    is_cut: bool,
}

fn plain(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn said<T, E: ToString>(read: Result<T, E>) -> Result<(), String> {
    read.map(drop).map_err(|error| error.to_string())
}

fn repository(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Some lines of a file of vectors.
fn lines(name: &str, most: usize) -> Vec<String> {
    let text = repository(name);
    let all: Vec<&str> = text.lines().filter(|line| line.len() < 3_000).collect();
    all.iter().step_by(all.len().div_ceil(most).max(1)).map(|line| (*line).to_owned()).collect()
}

fn catalog() -> Catalog {
    atropos_scenarios::catalog()
}

/// A token of a failure of each story, and its case file.
fn failures(catalog: &Catalog) -> Vec<(String, String)> {
    let cases = catalog.iter().flat_map(|subject| {
        let variants = subject.variants().iter().take(2);
        variants.map(move |variant| {
            let report = subject.hunter(variant, atropos::plan::Spec::default())(1, 64);
            let found = report.found.into_iter().next().map(|found| found.case);
            let case = found.unwrap_or_else(|| subject.canonical(variant, Default::default()));
            let token = token::token_of_case(&**subject, &case);
            (token, source::CaseFile::new(&**subject, &case, None).to_json())
        })
    });
    cases.collect()
}

fn readers() -> Vec<Reader> {
    let failures = failures(&catalog());
    let tokens: Vec<String> = failures.iter().map(|(token, _)| token.clone()).collect();
    let cases: Vec<String> = failures.into_iter().map(|(_, case)| case).collect();
    let of_json = |name, sound, read: Read| Reader {
        name,
        read,
        sound,
        dress: plain,
        undress: bytes_of,
        is_cut: !["program", "vector", "vector of steps", "row of exact counts", "regression"]
            .contains(&name),
    };
    let with_catalog = |read: fn(&Catalog, &str) -> Result<(), String>| -> Read {
        let catalog = catalog();
        Box::new(move |text| read(&catalog, text))
    };
    let read_case = |catalog: &Catalog, text: &str| {
        source::from_text(catalog, "the case", text).map(drop).map_err(|stop| stop.message)
    };
    vec![
        of_json("token", tokens.clone(), with_catalog(read_case)),
        Reader {
            name: "token with a sound checksum",
            read: with_catalog(read_case),
            sound: tokens,
            dress: |bytes| token::dressed(&bytes),
            undress: |text| token::undressed(text).expect("a sound token"),
            is_cut: true,
        },
        of_json(
            "seed token",
            vec!["atomvm-links/v0.6.2:a7209005:17@3f2a".into(), "kv-registry/guide:1:0".into()],
            Box::new(|text| said(token::parse_seed_token(text))),
        ),
        of_json("tape", cases, with_catalog(read_case)),
        of_json(
            "program",
            vec![
                repository("scenarios/programs/cache-stale-pid.json"),
                repository("scenarios/programs/fire-and-forget.json"),
            ],
            Box::new(|text| program::from_text(text, None).map(drop)),
        ),
        of_json(
            "vector",
            lines("scenarios/conformance/beam/vectors_public.jsonl", 60),
            Box::new(|text| {
                let value: serde_json::Value =
                    serde_json::from_str(text).map_err(|e| e.to_string())?;
                said(Vector::from_value(&value))
            }),
        ),
        of_json(
            "vector of steps",
            lines("scenarios/conformance/asyncio/vectors_public.jsonl", 200)
                .into_iter()
                .filter(|line| line.contains("\"kind\": \"steps\""))
                .collect(),
            Box::new(|text| said(steps::conform::Vector::from_line(text))),
        ),
        of_json(
            "row of exact counts",
            lines("scenarios/conformance/exploration/exact_counts_public.jsonl", 60),
            Box::new(|text| said(serde_json::from_str::<Row>(text))),
        ),
        of_json(
            "config",
            vec![
                repository(".config/atropos.toml"),
                "[profile.default]\nruns = 7\nseed = \"0x5\"\nno-shrink = true\n".into(),
            ],
            Box::new(|text| said(Config::from_text(Some("atropos.toml"), text))),
        ),
        of_json(
            "regression",
            [
                "atomvm-links/no-duplicate-link",
                "kv-registry/registry-survives",
                "llama-chat/no-lost-message",
                "restate-join/no-panic",
            ]
            .map(kept)
            .to_vec(),
            with_catalog(|catalog, text| {
                let read = regression::from_text(catalog, "the file", text);
                read.map(drop).map_err(|refused| refused.message().to_owned())
            }),
        ),
        of_json("run.json", vec![campaign()], Box::new(|text| said(CampaignFile::from_json(text)))),
    ]
}

/// A regression of Atropos itself whose name begins so.
fn kept(name: &str) -> String {
    let (folder, begin) = name.split_once('/').expect("a scenario and an invariant");
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions").join(folder);
    let files = fs::read_dir(&folder).expect("the regressions of a scenario").flatten();
    let file = files.map(|file| file.path()).find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begin))
    });
    fs::read_to_string(file.expect("a regression of this invariant")).expect("a text")
}

/// The file of a small campaign with findings.
fn campaign() -> String {
    repository("runner/tests/data/run.json")
}

/// What nobody writes.
const ODD: [&str; 20] = [
    "",
    "0",
    "-1",
    "18446744073709551616",
    "1e999",
    "\"",
    "\\u0000",
    "null",
    "{}",
    "[]",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":",
    "\u{202e}",
    "\0",
    "\u{1f9ec}",
    "4294967295",
    "at1-",
    "9223372036854775807",
    "\n",
    "=",
];

/// A damaged copy of one of the inputs.
fn damaged(inputs: &[Vec<u8>], draws: &mut Draws) -> Vec<u8> {
    let below = |draws: &mut Draws, most: usize| draws.below(most.max(1) as u32) as usize;
    let pick = below(draws, inputs.len());
    let mut bytes = inputs[pick].clone();
    for _ in 0..=below(draws, 4) {
        let at = below(draws, bytes.len() + 1);
        let end = (at + below(draws, 12)).min(bytes.len());
        match below(draws, 9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            3 => {
                let odd = ODD[below(draws, ODD.len())];
                drop(bytes.splice(at..end, odd.bytes()));
            }
            4 => {
                let times = 1 << below(draws, 16);
                let odd = ODD[below(draws, ODD.len())].repeat(times / 8 + 1);
                drop(bytes.splice(at..at, odd.bytes()));
            }
            5 => {
                let other = &inputs[below(draws, inputs.len())];
                let from = below(draws, other.len());
                drop(bytes.splice(at..end, other[from..].iter().copied()));
            }
            _ if at < bytes.len() => {
                bytes[at] = match below(draws, 3) {
                    0 => bytes[at] ^ 1 << below(draws, 8),
                    1 => b"0123456789{}[],:\".-"[below(draws, 19)],
                    _ => draws.bits() as u8,
                }
            }
            _ => bytes.push(draws.bits() as u8),
        }
    }
    bytes
}

/// The thread that reads, while it does.
static READING: Mutex<Option<String>> = Mutex::new(None);

fn this_thread() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

/// Says nothing of the panics of a thread that reads. Fingerprints play runs whose bodies panic, which
/// is a verdict; told a million times, they would be what takes the memory.
fn hush() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let reading = READING.lock().ok().and_then(|reading| reading.clone());
        if reading.is_none() || reading != this_thread() {
            tell(info);
        }
    }));
}

/// Reads; an error is a panic.
fn in_silence<T>(read: impl FnOnce() -> T) -> thread::Result<T> {
    *READING.lock().expect("nobody panics while it is held") = this_thread();
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    *READING.lock().expect("nobody panics while it is held") = None;
    result
}

/// Puts so many damaged inputs to each reader.
#[expect(clippy::print_stdout, reason = "figures for whoever asks with --nocapture")]
fn damage_all(inputs: u32) {
    hush();
    for Reader { name, read, sound, dress, undress, is_cut } in readers() {
        for text in &sound {
            assert_eq!(read(text), Ok(()), "{name}: a sound input is refused: {text}");
        }
        let pieces: Vec<Vec<u8>> = sound.iter().map(|text| undress(text)).collect();
        // Readers of whole files name names of the file: their callers cut what they say.
        let limit = if is_cut { 800 } else { usize::MAX };
        let (mut refused, mut taken) = (0_u32, 0_u32);
        MEMORY.reset_peak_usage();
        for number in 0..inputs {
            let index = atropos::decisions::RunIndex::nth(number.into());
            let mut draws = Draws::new(0xbad, index, atropos::decisions::Purpose::Data);
            let text = dress(damaged(&pieces, &mut draws));
            let shown = || text.chars().take(400).collect::<String>();
            let begun = Clock::now();
            let result = in_silence(|| read(&text));
            let seconds = begun.elapsed().as_secs();
            assert!(seconds < PATIENCE, "{name}: input {number} took {seconds} s: {:?}", shown());
            match result {
                Err(_) => panic!("{name}: input {number} made it panic: {:?}", shown()),
                Ok(Ok(())) => taken += 1,
                Ok(Err(why)) => {
                    refused += 1;
                    let told: String = why.chars().take(400).collect();
                    let says = (8..limit).contains(&why.chars().count());
                    assert!(says, "{name}: input {number} is refused with {told:?}: {:?}", shown());
                }
            }
        }
        let peak = MEMORY.peak_usage_as_mb();
        assert!(peak < MEMORY_LIMIT, "{name}: reading took {peak} MiB");
        assert!(refused > 0, "{name}: no damaged input was refused, {taken} were taken");
        println!("{name}: {refused} refused, {taken} read, {peak:.0} MiB at most");
    }
}

#[test]
fn damaged_inputs_are_read_or_refused() {
    damage_all(5_000);
}

#[test]
#[ignore = "a million inputs a reader; `make soak` runs it"]
fn a_million_damaged_inputs_are_read_or_refused() {
    damage_all(1_000_000);
}
