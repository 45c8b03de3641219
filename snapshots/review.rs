//! One reviewed story a variant: asserted here, shown by the command line, read by a person in
//! `cargo insta review`.

use atropos::plan::Spec;

/// Every variant tells the story that was reviewed.
#[test]
fn stories() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(".");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for subject in atropos_scenarios::catalog() {
        for variant in subject.variants() {
            settings.set_description(&*variant.about);
            let name = format!("{}@{}", subject.name(), variant.name);
            let story = atropos_runner::report::story(&*subject, variant);
            assert_eq!(told_of_a_run(&story), None, "{name} tells what holds in one run only");
            settings.bind(|| insta::assert_snapshot!(name, story));
        }
    }
}

/// What a story must not hold: it is the same under any seed, and read at any time.
fn told_of_a_run(story: &str) -> Option<String> {
    let seed = Spec::DEFAULT_SEED;
    let seeds = [format!("{seed:x}"), seed.to_string()];
    let forbidden = seeds.iter().map(String::as_str).chain(["0x", "at1-"]);
    let named = forbidden.filter(|word| story.contains(*word)).map(str::to_owned).next();
    named.or_else(|| time_of_day(story))
}

/// A date or a time of the clock; the virtual milliseconds of a run are part of its story.
fn time_of_day(story: &str) -> Option<String> {
    let form = |word: &str| word.replace(|c: char| c.is_ascii_digit(), "9");
    let words = story.split(|c: char| !c.is_ascii_digit() && c != ':' && c != '-');
    let clock = |word: &&str| form(word).contains("99:99") || form(word).contains("9999-99-99");
    words.into_iter().find(clock).map(str::to_owned)
}

#[test]
fn what_a_story_must_not_hold_is_seen() {
    for story in ["seed a7209005", "run 2803929093", "at 12:34:56", "on 2026-01-31", "at1-SFD07"] {
        assert!(told_of_a_run(story).is_some(), "{story:?} is of one run");
    }
    assert_eq!(told_of_a_run("12:1 ms  timer after 100 ms, monitor 1~1, run-2"), None);
}
