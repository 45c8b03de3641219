//! Tokens: reading is total, damage never passes for another case, and what is written is read back.

use atropos::{case::Case, plan::Spec, subject::Subject};
use atropos_runner::{case_from_token, token_of_case};
use atropos_scenarios::catalog;
use proptest::{prelude::*, test_runner::Config};
use std::sync::LazyLock;

/// Failures of all variants, and runs that hold, with their tokens.
static CASES: LazyLock<Vec<(Case, String)>> = LazyLock::new(|| {
    let mut cases = Vec::new();
    for subject in &catalog() {
        for variant in subject.variants() {
            let mut hunter = subject.hunter(variant, Spec::default());
            let found = (0..16).flat_map(|block| hunter(block, 64).found);
            cases.extend(found.map(|found| with_token(&**subject, found.case)));
            let held = subject.canonical(variant, Default::default());
            cases.push(with_token(&**subject, held));
        }
    }
    cases
});

fn with_token(subject: &dyn Subject, case: Case) -> (Case, String) {
    let token = token_of_case(subject, &case);
    (case, token)
}

fn read(token: &str) -> Option<Case> {
    case_from_token(&catalog(), token).ok().map(|(_, case)| case)
}

/// Crockford's alphabet.
fn base32() -> data_encoding::Encoding {
    let mut form = data_encoding::Specification::new();
    form.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    form.ignore.push('-');
    form.encoding().expect("a sound alphabet")
}

/// A token of any bytes, with the checksum that fits them.
fn sealed(mut bytes: Vec<u8>) -> String {
    let crc = crc::Crc::<u16>::new(&crc::CRC_16_IBM_SDLC).checksum(&bytes);
    bytes.extend(crc.to_le_bytes());
    format!("at1-{}", base32().encode(&bytes))
}

/// The bytes of a sound token, without their checksum.
fn opened(token: &str) -> Vec<u8> {
    let mut bytes = base32().decode(&token.as_bytes()[4..]).expect("a sound token");
    bytes.truncate(bytes.len() - 2);
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    assert!(CASES.len() > 50, "only {} cases", CASES.len());
    for variant in catalog().iter().flat_map(|subject| subject.variants()) {
        for invariant in variant.expectation.breaks() {
            let of = |(case, _): &&(Case, String)| {
                case.variant == variant.name && case.invariant.as_deref() == Some(invariant)
            };
            assert!(CASES.iter().any(|case| of(&case)), "no failure of {}", variant.name);
        }
    }
    for (case, token) in &*CASES {
        assert_eq!(read(token).as_ref(), Some(case), "{token}");
    }
}

#[test]
fn case_dashes_and_letters_that_look_alike_do_not_matter() {
    for (case, token) in CASES.iter().take(20) {
        let body = &token[4..];
        for other in [
            body.to_lowercase(),
            body.replace('-', ""),
            body.replace('0', "o").replace('1', "l"),
            body.replace('0', "O").replace('1', "I"),
            format!("-{body}--"),
        ] {
            assert_eq!(read(&format!("at1-{other}")).as_ref(), Some(case), "{other}");
        }
    }
}

/// A case of the catalogue, or a reason: never a panic. What can be read can be played, if its
/// workload is one: what a scenario makes of operations that nobody generates is its own affair.
fn total(token: &str) {
    let catalog = catalog();
    if let Ok((subject, mut case)) = case_from_token(&catalog, token) {
        case.step_limit = case.step_limit.min(10_000);
        if CASES.iter().any(|(known, _)| known.workload == case.workload) {
            let _ = subject.replay(&case);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 2_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_text_is_a_case_or_a_reason(text in any::<String>(), tail in "[0-9A-Za-z-]{0,200}") {
        total(&text);
        total(&format!("at1-{text}"));
        total(&format!("at1-{tail}"));
    }

    #[test]
    fn any_sealed_bytes_are_a_case_or_a_reason(bytes in any::<Vec<u8>>()) {
        total(&sealed(bytes));
    }

    #[test]
    fn sealed_damage_is_a_case_or_a_reason(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = opened(&which.get(&CASES).1);
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        total(&sealed(bytes.clone()));
        bytes.truncate(keep.index(bytes.len()));
        total(&sealed(bytes));
    }

    /// A slip of the pen: one character changed, dropped, doubled, two neighbours swapped, the end
    /// lost. The checksum catches every burst of 16 bits, so none of these may pass.
    #[test]
    fn a_slip_never_gives_another_case(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        kind in 0..5,
        letter in "[0-9A-HJKMNP-TV-Z]",
    ) {
        let (case, token) = which.get(&CASES);
        let mut letters: Vec<char> = token[4..].chars().filter(|&c| c != '-').collect();
        let at = at.index(letters.len());
        match kind {
            0 => letters[at] = letter.chars().next().expect("one letter"),
            1 => { letters.remove(at); }
            2 => letters.insert(at, letters[at]),
            3 if at > 0 => letters.swap(at - 1, at),
            _ => letters.truncate(at),
        }
        let slipped = format!("at1-{}", letters.into_iter().collect::<String>());
        if let Some(read) = read(&slipped) {
            prop_assert_eq!(&read, case, "{} passes for {}", slipped, token);
        }
    }
}
