//! Tokens: a run as one word that can be pasted.
//!
//! A *case token* (`at1-..`) holds the decisions of one run by name, its workload and conditions; it
//! survives changes of random number generation. A *seed token*
//! (`atomvm-links/v0.6.2:a7209005:17@3f2a`) names a run of a campaign; it is valid for this build.
//! Both carry the fingerprint of their variant: a token of other semantics is refused with its
//! reason, never replayed as something else.
//!
//! Form of a case token: `at1-`, then base32 (Crockford's alphabet, dashes anywhere) of a postcard
//! record, what only one world knows, and a CRC-16. Reading is total: any text gives a case or a reason.

use crate::{catalog::Catalog, output::cut};
use atropos::{
    case::Case,
    decisions::{RunIndex, Segment, Tape},
    invariant::NO_LIVELOCK,
    name::Name,
    plan::{Conditions, Delivery, Loop, Tasks, TimerRule},
    scenario::Variant,
    subject::Subject,
    trace::digest_bytes,
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::LazyLock};

const PREFIX: &str = "at1-";
const CRC: crc::Crc<u16> = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC);
/// Longer tokens are no longer pasted by hand: the case file is named instead.
const PASTABLE: usize = 400;
/// No run of ours comes near; more is refused before anything is allocated for it.
const LONGEST: usize = 1 << 20;

static CROCKFORD: LazyLock<data_encoding::Encoding> = LazyLock::new(|| {
    let mut form = data_encoding::Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.translate.from.push_str("abcdefghjkmnpqrstvwxyzOoIiLl");
    form.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    form.ignore.push('-');
    form.encoding().expect("Crockford's alphabet is well-formed")
});

/// Why a token is no case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It is not a token at all, or damaged.
    Malformed(String),
    /// It is well-formed, but of another version, scenario or semantics.
    Foreign(String),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Malformed(why) => write!(f, "malformed token: {why}"),
            TokenError::Foreign(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for TokenError {}

fn malformed<T>(why: impl Into<String>) -> Result<T, TokenError> {
    Err(TokenError::Malformed(why.into()))
}

fn foreign<T>(why: impl Into<String>) -> Result<T, TokenError> {
    Err(TokenError::Foreign(why.into()))
}

/// What a case token holds.
#[derive(Serialize, Deserialize)]
struct Body {
    variant: u16,
    fingerprint: u16,
    /// 0: none, 1: no-livelock, else 2 + the place in the list of rules.
    invariant: u8,
    delivery: Delivery,
    timers: TimerRule,
    faults: u32,
    step_limit: u32,
    workload: Vec<u8>,
    movers: Vec<Name>,
    /// (place in `movers`, steps)
    segments: Vec<(u32, u32)>,
    values: Vec<u32>,
    check: u32,
}

/// What stands behind the body of a token of a world with tasks.
#[derive(Serialize, Deserialize)]
struct Tail {
    tasks: Tasks,
    values: Sparse,
}

/// The same of a world of an event loop, behind [`LOOP`].
#[derive(Serialize, Deserialize)]
struct LoopTail {
    event_loop: Loop,
    values: Sparse,
}

/// Tells the tail of an event loop from that of tasks, which begins with a smaller number.
const LOOP: u8 = 0x10;

/// What only one world knows of its conditions.
#[derive(Clone, Copy, Default)]
struct Own {
    tasks: Option<Tasks>,
    event_loop: Option<Loop>,
}

/// Values of which most are 0.
#[derive(Serialize, Deserialize)]
struct Sparse {
    length: u32,
    /// How many zeros stand before it, and a value.
    others: Vec<(u32, u32)>,
}

fn sparse(values: &[u32]) -> Sparse {
    let mut others = Vec::new();
    let mut zeros = 0;
    for &value in values {
        if value == 0 {
            zeros += 1;
        } else {
            others.push((std::mem::take(&mut zeros), value));
        }
    }
    Sparse { length: values.len() as u32, others }
}

impl Sparse {
    /// All the values; `None` if they are more than they say, or than any run of ours draws.
    fn spread(&self) -> Option<Vec<u32>> {
        let length = self.length as usize;
        if length > LONGEST {
            return None;
        }
        let mut values = Vec::with_capacity(length);
        for &(zeros, value) in &self.others {
            if zeros as usize >= length - values.len() {
                return None;
            }
            values.resize(values.len() + zeros as usize, 0);
            values.push(value);
        }
        values.resize(length, 0);
        Some(values)
    }
}

/// 16 bits that stand for a scenario and variant.
fn variant_id(subject: &dyn Subject, variant: &Variant) -> u16 {
    digest_bytes(format!("{}/{}", subject.name(), variant.name).as_bytes()).0 as u16
}

/// What plays a case again: its token, or, where that is too long to be copied, the file that holds it.
pub(crate) fn again(subject: &dyn Subject, case: &Case, file: Option<&str>) -> String {
    let token = token_of_case(subject, case);
    match file {
        Some(file) if token.len() > PASTABLE => file.to_owned(),
        _ => token,
    }
}

/// The token of a case.
///
/// # Panics
/// If the case is of a variant or invariant that the subject does not have.
pub fn token_of_case(subject: &dyn Subject, case: &Case) -> String {
    let variant = subject.variants().iter().find(|variant| variant.name == case.variant);
    let variant = variant.expect("a case of this scenario");
    let mut movers: Vec<Name> = Vec::new();
    let mut segments = Vec::new();
    for segment in &case.tape.segments {
        let at = movers.iter().position(|name| *name == segment.who).unwrap_or_else(|| {
            movers.push(segment.who.clone());
            movers.len() - 1
        });
        segments.push((at as u32, segment.steps));
    }
    let has_tail = case.conditions.tasks.is_some() || case.conditions.event_loop.is_some();
    let body = Body {
        variant: variant_id(subject, variant),
        fingerprint: subject.fingerprint(variant),
        invariant: invariant_number(subject, variant, case.invariant.as_deref()),
        delivery: case.conditions.delivery,
        timers: case.conditions.timers,
        faults: case.conditions.faults,
        step_limit: case.step_limit,
        workload: case.workload.clone(),
        movers,
        segments,
        // Tasks draw many and most are 0: theirs stand in the tail.
        values: if has_tail { Vec::new() } else { case.tape.values.clone() },
        check: case.check,
    };
    let mut bytes = postcard::to_stdvec(&body).expect("a token is plain data");
    if let Some(tasks) = case.conditions.tasks {
        let tail = Tail { tasks, values: sparse(&case.tape.values) };
        bytes.extend(postcard::to_stdvec(&tail).expect("a token is plain data"));
    }
    if let Some(event_loop) = case.conditions.event_loop {
        let tail = LoopTail { event_loop, values: sparse(&case.tape.values) };
        bytes.push(LOOP);
        bytes.extend(postcard::to_stdvec(&tail).expect("a token is plain data"));
    }
    dressed(&bytes)
}

/// Bytes as a token: their checksum behind them, in groups of five letters.
pub(crate) fn dressed(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    bytes.extend(CRC.checksum(&bytes).to_le_bytes());
    let text = CROCKFORD.encode(&bytes);
    let groups: Vec<&str> =
        (0..text.len()).step_by(5).map(|at| &text[at..(at + 5).min(text.len())]).collect();
    format!("{PREFIX}{}", groups.join("-"))
}

fn invariant_number(subject: &dyn Subject, variant: &Variant, invariant: Option<&str>) -> u8 {
    match invariant {
        None => 0,
        Some(NO_LIVELOCK) => 1,
        Some(name) => {
            let rules = subject.rules(variant);
            let at = rules
                .iter()
                .position(|rule| rule.name == name)
                .expect("an invariant of this variant");
            2 + at as u8
        }
    }
}

/// True for a text that means to be a case token, of whatever version.
pub(crate) fn is_case_token(text: &str) -> bool {
    version_of(text).is_some()
}

fn version_of(text: &str) -> Option<&str> {
    let (version, _) = text.strip_prefix("at")?.split_once('-')?;
    (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit())).then_some(version)
}

/// The bytes of a token, if it came whole.
pub(crate) fn undressed(text: &str) -> Result<Vec<u8>, TokenError> {
    let Some(version) = version_of(text) else {
        return malformed("a token begins with at1-");
    };
    if version != "1" {
        return foreign(format!(
            "this token is of version {}, this build reads version 1",
            cut(version)
        ));
    }
    if text.len() > LONGEST {
        return malformed(format!("{} characters, at most {LONGEST} are read", text.len()));
    }
    let text = text[PREFIX.len()..].trim_end();
    let mut bytes = CROCKFORD
        .decode(text.as_bytes())
        .or_else(|_| malformed(format!("{}; was it copied whole?", unreadable(text))))?;
    let Some((body, crc)) = bytes.split_last_chunk::<2>() else {
        return malformed("too short; was it copied whole?");
    };
    if CRC.checksum(body) != u16::from_le_bytes(*crc) {
        return malformed("the checksum does not match; was it copied whole?");
    }
    bytes.truncate(body.len());
    Ok(bytes)
}

/// The case of a token, and the scenario that it is of.
pub fn case_from_token<'c>(
    catalog: &'c Catalog,
    text: &str,
) -> Result<(&'c dyn Subject, Case), TokenError> {
    let bytes = undressed(text)?;
    let (body, own) = match postcard::take_from_bytes::<Body>(&bytes) {
        Ok((body, [])) => (body, Own::default()),
        Ok((mut body, rest)) => {
            let own;
            (own, body.values) = tail_from(rest)?;
            (body, own)
        }
        Err(error) => return malformed(format!("not a case: {error}")),
    };
    case_from_body(catalog, body, own)
}

/// What only one world knows, and the values.
fn tail_from(rest: &[u8]) -> Result<(Own, Vec<u32>), TokenError> {
    let read = match rest {
        [LOOP, rest @ ..] => postcard::take_from_bytes::<LoopTail>(rest).map(|(tail, rest)| {
            (Own { event_loop: Some(tail.event_loop), tasks: None }, tail.values, rest)
        }),
        rest => postcard::take_from_bytes::<Tail>(rest).map(|(tail, rest)| {
            (Own { tasks: Some(tail.tasks), event_loop: None }, tail.values, rest)
        }),
    };
    let Ok((own, values, [])) = read else {
        return malformed("more bytes than a case holds");
    };
    match values.spread() {
        Some(values) => Ok((own, values)),
        None => malformed("it holds more values than it says"),
    }
}

/// What is wrong with the base32 of a token.
fn unreadable(text: &str) -> String {
    let known = |letter: char| letter.is_ascii_alphanumeric() && !matches!(letter, 'u' | 'U');
    let strange = text.chars().zip(PREFIX.len() + 1..).find(|&(c, _)| c != '-' && !known(c));
    match strange {
        Some((letter, place)) => format!("{letter:?} at character {place} stands in no token"),
        None => "it ends in the middle of a byte".to_owned(),
    }
}

fn case_from_body(
    catalog: &Catalog,
    body: Body,
    own: Own,
) -> Result<(&dyn Subject, Case), TokenError> {
    let mut all = catalog
        .iter()
        .flat_map(|subject| subject.variants().iter().map(move |variant| (&**subject, variant)));
    let known = all.find(|(subject, variant)| variant_id(*subject, variant) == body.variant);
    let Some((subject, variant)) = known else {
        return foreign("this token is of a scenario or variant that this build does not have");
    };
    check_fingerprint(subject, variant, body.fingerprint)?;
    let rules = subject.rules(variant);
    let invariant = match body.invariant {
        0 => None,
        1 => Some(NO_LIVELOCK.to_owned()),
        n => match rules.get(usize::from(n) - 2) {
            Some(rule) => Some(rule.name.to_owned()),
            None => return malformed(format!("it names invariant {n} of {}", rules.len())),
        },
    };
    // Each segment gets the name of its mover: a long name in many segments would fill the memory.
    let longest = body.movers.iter().map(|name| name.to_string().len()).max().unwrap_or(0);
    if longest.saturating_mul(body.segments.len()) > LONGEST {
        return malformed("its names are longer than those of any run");
    }
    let mut segments = Vec::with_capacity(body.segments.len());
    for (at, steps) in body.segments {
        let Some(who) = body.movers.get(at as usize) else {
            return malformed(format!("it names mover {at} of {}", body.movers.len()));
        };
        segments.push(Segment { who: who.clone(), steps });
    }
    let case = Case {
        scenario: subject.name().to_owned(),
        variant: variant.name.clone().into_owned(),
        invariant,
        conditions: Conditions {
            delivery: body.delivery,
            timers: body.timers,
            faults: body.faults,
            tasks: own.tasks,
            event_loop: own.event_loop,
        },
        step_limit: body.step_limit,
        workload: body.workload,
        tape: Tape { segments, values: body.values },
        check: body.check,
    };
    Ok((subject, case))
}

/// Refuses what was made under other semantics.
pub(crate) fn check_fingerprint(
    subject: &dyn Subject,
    variant: &Variant,
    theirs: u16,
) -> Result<(), TokenError> {
    let ours = subject.fingerprint(variant);
    if theirs == ours {
        return Ok(());
    }
    foreign(format!(
        "made with fingerprint {theirs:04x} of {}/{}, which is {ours:04x} in this build: the scenario or its world has changed",
        subject.name(),
        variant.name
    ))
}

/// A run of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeedToken {
    /// `scenario/variant`.
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) index: RunIndex,
    pub(crate) fingerprint: Option<u16>,
}

/// The token of a run of a campaign.
pub(crate) fn seed_token(
    subject: &dyn Subject,
    variant: &Variant,
    seed: u64,
    index: RunIndex,
) -> String {
    let fingerprint = subject.fingerprint(variant);
    format!("{}/{}:{seed:x}:{}@{fingerprint:04x}", subject.name(), variant.name, index.number())
}

/// True for a text that means to be a seed token.
pub(crate) fn is_seed_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, _)| name.contains('/')) && !text.ends_with(".json")
}

/// Reads a seed token.
pub(crate) fn parse_seed_token(text: &str) -> Result<SeedToken, TokenError> {
    let form = "a seed token looks like scenario/variant:SEED:RUN@FINGERPRINT, seed and fingerprint in hexadecimal";
    let (text, fingerprint) = match text.split_once('@') {
        Some((rest, print)) => (rest, Some(print)),
        None => (text, None),
    };
    let parts: Vec<&str> = text.split(':').collect();
    let [name, seed, number] = parts[..] else { return malformed(form) };
    let seed = u64::from_str_radix(seed, 16).or_else(|_| malformed(form))?;
    let number: u64 = number.parse().or_else(|_| malformed(form))?;
    if number > u64::MAX / 8 {
        return malformed(format!("run {number} is beyond every campaign"));
    }
    let fingerprint = match fingerprint {
        Some(print) => Some(u16::from_str_radix(print, 16).or_else(|_| malformed(form))?),
        None => None,
    };
    Ok(SeedToken { name: name.to_owned(), seed, index: RunIndex::nth(number), fingerprint })
}
