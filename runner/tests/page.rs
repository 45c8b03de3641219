//! The page of a failure in a headless Chromium: what it shows, its keys, its links, what it asks of
//! the network (nothing), and how it bears hostile text and five thousand events.
//!
//! Ignored, since it needs a browser: `make soak` runs it. Pictures go to the folder for temporary
//! files of the build; those in `docs/images` are copies that somebody looked at.

#[path = "common/browser.rs"]
mod browser;
mod common;

use browser::Browser;
use common::Place;
use serde_json::{Value, json};
use std::{fs, path::Path};

const BEGINS: &str = "<script type=\"application/json\" id=\"data\">";

/// The report of the stale pid that the first fix of Ash was for.
fn report(place: &Place) -> String {
    report_of(place, "ash-limiter/v3.5.24", "no-stale-pid")
}

/// The page of a failure of a variant, made smaller.
fn report_of(place: &Place, variant: &str, invariant: &str) -> String {
    place.run(&["fuzz", variant, "--runs", "2000", "--quiet"]).ended(100);
    let files = place.files("target", "report.html").into_iter();
    let mut reports = files.map(|file| fs::read_to_string(file).expect("a report is text"));
    let wanted = reports.find(|report| {
        let data = data_of(report);
        let name = [&data["scenario"], &data["variant"]].map(|part| part.as_str().unwrap_or(""));
        let is_of = name.join("/") == variant;
        is_of && data["invariant"] == invariant && data["views"][0]["name"] == "minimal"
    });
    wanted.unwrap_or_else(|| panic!("{invariant} is among the failures of {variant}"))
}

/// The data in a report.
fn data_of(report: &str) -> Value {
    let (_, rest) = report.split_once(BEGINS).expect("a report holds data");
    let (data, _) = rest.split_once("</script>").expect("the data ends");
    serde_json::from_str(data).expect("the data is JSON")
}

/// The same page around other data.
fn with_data(report: &str, data: &Value) -> String {
    let (head, rest) = report.split_once(BEGINS).expect("a report holds data");
    let (_, tail) = rest.split_once("</script>").expect("the data ends");
    format!("{head}{BEGINS}{}</script>{tail}", data.to_string().replace('<', "\\u003c"))
}

fn address(file: &str) -> String {
    format!("file://{file}")
}

/// The step and the text of the row at the cursor.
fn cursor(browser: &Browser) -> Value {
    browser.run(
        "const row = document.querySelector('.row[aria-selected=true]');
         return row && { at: row.id, text: row.textContent,
           state: document.querySelector('#state h2').textContent };",
    )
}

fn view(browser: &Browser) -> Value {
    browser.run("return document.querySelector('#views [aria-selected=true]').dataset.view")
}

fn count(browser: &Browser, selector: &str) -> u64 {
    let script = format!("return document.querySelectorAll({}).length", json!(selector));
    browser.run(&script).as_u64().expect("a number")
}

fn picture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Nobody complained, and nothing but the page itself was asked for.
#[track_caller]
fn is_quiet(browser: &Browser, address: &str) {
    assert_eq!(browser.complaints(), Vec::<Value>::new(), "the console is silent");
    let resources = browser.run("return performance.getEntriesByType('resource').length");
    assert_eq!(resources, 0, "the page loads nothing");
    let page = address.split('#').next().expect("an address");
    let others: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|url| url.split('#').next() != Some(page) && url != "about:blank")
        .collect();
    assert_eq!(others, Vec::<String>::new(), "nothing but the page is asked for");
}

#[test]
#[ignore = "needs chromium and chromedriver; make soak"]
fn a_report_opens_from_disk_and_follows_keys_and_links() {
    let place = Place::new();
    let text = report(&place);
    let file = address(&place.write("report.html", &text));
    let data = data_of(&text);
    let browser = Browser::start(1400, 900);
    browser.open(&file);

    // It opens at the violation, with sentence, evidence and commands.
    assert_eq!(view(&browser), "minimal");
    let at = cursor(&browser);
    assert!(at["text"].as_str().is_some_and(|text| text.contains('✗')), "{at}");
    let shown =
        |id: &str| browser.run(&format!("return document.getElementById('{id}').textContent"));
    for field in ["invariant", "sentence", "evidence"] {
        assert_eq!(shown(field), data[field], "{field}");
    }
    assert_eq!(
        count(&browser, "#commands code"),
        data["commands"].as_array().map_or(0, Vec::len) as u64
    );

    // Keys move the cursor, filter and switch views.
    browser.press("k");
    let before = cursor(&browser);
    assert_ne!(before["at"], at["at"], "k goes up");
    browser.press("j");
    assert_eq!(cursor(&browser), at, "j comes back");
    browser.press("\u{e011}");
    assert_eq!(cursor(&browser)["at"], "e0", "Home is the first event");
    browser.press("g");
    assert_eq!(cursor(&browser), at, "g is the violation");
    let all = count(&browser, ".row");
    browser.press("c");
    let past = count(&browser, ".row");
    assert!(0 < past && past <= all, "what led to the violation is {past} of {all}");
    browser.press("h");
    assert!(count(&browser, ".row") < past, "a lane is hidden");
    browser.press("\u{e00c}");
    assert_eq!(count(&browser, ".row"), all, "Escape drops all filters");
    browser.press("f");
    assert_eq!(view(&browser), "as found");
    browser.press("p");
    assert_eq!(view(&browser), "as found", "no passing run is known");
    browser.press("m");
    assert_eq!(view(&browser), "minimal");
    is_quiet(&browser, &file);

    // A link lands on its step, in its view, with its filters.
    let link = format!("{file}#view=as-found&step=5&ticks=0");
    browser.open(&link);
    assert_eq!(view(&browser), "as found");
    let state = cursor(&browser)["state"].as_str().map(str::to_owned);
    assert_eq!(state.as_deref(), Some("After step 5"));
    assert_eq!(count(&browser, ".row.tick"), 0, "ticks are hidden");
    is_quiet(&browser, &link);
}

/// Data of a run with every kind of hostile text.
fn hostile(data: &Value) -> Value {
    let evil = [
        "</script><script>document.title='pwned'</script>",
        "<img src=x onerror=document.title='pwned'>",
        "<!-- ]]> {{js}} &amp; &#60;b&#62;",
        "\u{202e}gnp.exe \u{2067}מימין\u{2069} لشمال",
        "🧵✂️👩‍👩‍👧‍👦 e\u{301}\u{301}\u{301}",
        "line\nbreak\ttab\u{0}null\u{2028}separator",
        "'\"`${1+1}\\",
    ];
    let long = "L".repeat(10_000);
    let mut texts: Vec<&str> = evil.to_vec();
    texts.push(&long);
    let who = |at: usize| format!("{}#{}", texts[at % texts.len()], at % texts.len() + 1);
    let entries: Vec<Value> = (0..texts.len() * 2)
        .map(|at| {
            json!({ "step": at + 1, "who": who(at), "text": format!("send {}", texts[at % texts.len()]),
                "to": who(at + 1), "look": "message" })
        })
        .collect();
    let facts: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| json!({ "kind": "mailbox", "who": who(at), "text": text, "dead": at % 2 == 1 }))
        .collect();
    let mut steps = vec![json!([(0..texts.len()).collect::<Vec<_>>(), []])];
    steps.extend((0..texts.len() * 2).map(|_| json!([[], []])));
    let causes: Vec<Value> = (0..texts.len() * 2).map(|_| json!([])).collect();
    let mut data = data.clone();
    for field in ["scenario", "variant", "invariant", "sentence", "evidence"] {
        data[field] = json!(texts.join(" "));
    }
    data["notes"] = json!(texts);
    data["commands"] =
        json!(texts.iter().map(|text| json!({ "what": text, "line": text })).collect::<Vec<_>>());
    data["views"] = json!([{ "name": "minimal", "entries": entries, "causes": causes,
        "facts": { "all": facts, "steps": steps }, "violation_step": texts.len() * 2, "gap": null }]);
    data
}

#[test]
#[ignore = "needs chromium and chromedriver; make soak"]
fn hostile_text_is_shown_as_text() {
    let place = Place::new();
    let text = report(&place);
    let data = hostile(&data_of(&text));
    let file = address(&place.write("report.html", with_data(&text, &data)));
    let browser = Browser::start(1400, 900);
    browser.open(&file);
    assert_eq!(count(&browser, "script"), 2, "the data and the page's own");
    assert_eq!(count(&browser, "img, b, iframe, link"), 0, "no markup came of a text");
    let title = browser.run("return document.title");
    assert!(title.as_str().is_some_and(|title| title != "pwned"), "nothing ran: {title}");
    let evidence = browser.run("return document.getElementById('evidence').textContent");
    assert_eq!(evidence, data["evidence"], "every character is there");
    // The longest text takes one row, as every other does.
    let heights = browser.run(
        "return [...new Set([...document.querySelectorAll('.row')].map(row => row.offsetHeight))]",
    );
    assert_eq!(heights, json!([22]), "rows are as high as each other");
    let wide = browser.run("return document.documentElement.scrollWidth - innerWidth");
    assert!(wide.as_i64().is_some_and(|wide| wide <= 0), "the page is {wide} too wide");
    browser.press("j");
    browser.press("n");
    browser.shoot(&picture("report-hostile.png"));
    is_quiet(&browser, &file);
}

/// A run of so many events of six lanes, with a state that changes at each step.
fn long_run(events: usize) -> Value {
    let who = |at: usize| format!("worker#{}", at % 6 + 1);
    let texts = ["send {job, 17}", "receive {job, 17}", "· yield", "link", "mark halfway"];
    let looks = ["message", "message", "tick", "link", "plain"];
    let entries: Vec<Value> = (0..events)
        .map(|at| {
            let to = (at % 5 == 0 || at % 5 == 3).then(|| who(at + 1));
            json!({ "step": at + 1, "who": who(at * 5 / 3), "text": texts[at % 5], "to": to, "look": looks[at % 5] })
        })
        .collect();
    let facts: Vec<Value> = (0..events)
        .map(|at| json!({ "kind": "mailbox", "who": who(at), "text": format!("{{job, {at}}}"), "dead": false }))
        .collect();
    let mut steps = vec![json!([[], []])];
    steps.extend((0..events).map(|at| match at.checked_sub(40) {
        Some(old) => json!([[at], [old]]),
        None => json!([[at], []]),
    }));
    let causes: Vec<Value> =
        (0..events).map(|at| if at > 6 { json!([at, at - 6]) } else { json!([]) }).collect();
    json!({ "name": "as found", "entries": entries, "facts": { "all": facts, "steps": steps },
        "causes": causes, "violation_step": events, "gap": null })
}

#[test]
#[ignore = "needs chromium and chromedriver; make soak"]
#[expect(clippy::print_stdout, reason = "times are for who looks; a loaded machine fails nothing")]
fn five_thousand_events_open_and_move() {
    let place = Place::new();
    let text = report(&place);
    let mut data = data_of(&text);
    data["views"] = json!([long_run(5_000)]);
    let page = with_data(&text, &data);
    let file = address(&place.write("report.html", &page));
    let browser = Browser::start(1400, 900);
    browser.open(&file);
    assert_eq!(count(&browser, ".row"), 5_000, "every event has its row");
    let times = browser.run(
        "const key = (key) => {
           const begins = performance.now();
           document.dispatchEvent(new KeyboardEvent('keydown', { key }));
           document.body.offsetHeight;
           return Math.round((performance.now() - begins) * 10) / 10;
         };
         return { ready: +document.documentElement.dataset.ready, k: key('k'), home: key('Home'),
           ticks: key('t'), past: (key('End'), key('c')) };",
    );
    println!("5,000 events: {} KiB, times in ms: {times}", page.len() / 1024);
    assert!(count(&browser, ".row") < 5_000, "ticks are hidden, and what did not lead to the end");
    is_quiet(&browser, &file);
}

#[test]
#[ignore = "needs chromium and chromedriver; make soak"]
fn it_is_seen_in_light_and_dark_and_on_paper() {
    let place = Place::new();
    let text = report(&place);
    let explained = report_of(&place, "ash-limiter/alive-then-call", "read-answers");
    let plain = address(&place.write("plain.html", &text));
    let file = address(&place.write("report.html", &explained));
    let browser = Browser::start(1400, 900);
    let paper = "return getComputedStyle(document.body).backgroundColor";
    for (scheme, expected) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 22, 26)")] {
        browser.prefer(scheme, "screen");
        browser.open(&plain);
        assert_eq!(browser.run(paper), expected, "{scheme} is what the reader prefers");
        if scheme == "dark" {
            browser.press("g");
        }
        browser.shoot(&picture(&format!("report-{scheme}.png")));
    }
    // The switch beats what is preferred.
    browser.press("d");
    assert_eq!(browser.run(paper), "rgb(255, 255, 255)", "light although dark is preferred");
    browser.open(&file);
    assert_eq!(count(&browser, "#chance .curve"), 1, "the curve is drawn");
    assert_eq!(count(&browser, "#chance .band"), 1, "and its bounds");
    let notes = browser.run("return document.getElementById('notes').textContent");
    let notes = notes.as_str().expect("a text");
    assert!(notes.contains("The race is over the end of limiter#1.1"), "{notes}");
    browser.shoot(&picture("report-chance.png"));
    browser.press("p");
    assert_eq!(view(&browser), "nearest passing");
    assert_eq!(count(&browser, ".badge"), 0, "nothing is violated there");
    browser.shoot(&picture("report-passing.png"));
    let rows = count(&browser, ".row");
    browser.prefer("dark", "print");
    assert_eq!(browser.run(paper), "rgb(255, 255, 255)", "paper is white");
    let shown = browser.run(
        "return [...document.querySelectorAll('.row')].filter(row => row.offsetHeight > 0).length",
    );
    assert_eq!(shown, rows, "every row is printed");
    let top =
        browser.run("return document.getElementById('rows').getBoundingClientRect().top + scrollY");
    assert!(top.as_f64().is_some_and(|top| top < 600.0), "rows begin on the first page, at {top}");
    browser.shoot(&picture("report-paper.png"));
    assert!(browser.print().starts_with(b"%PDF"), "it prints");
    is_quiet(&browser, &file);
}
