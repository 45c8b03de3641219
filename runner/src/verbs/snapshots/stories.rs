//! The stories of many variants, told on all cores, in the order of the catalogue.

use crate::{
    catalog::Target,
    exit::{Exit, Stop},
    panics,
    progress::Meter,
    report,
};
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

/// A story and its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    /// `<scenario>@<variant>`.
    pub(crate) name: String,
    /// What the variant is about: the description of its file.
    pub(crate) about: String,
    /// The story.
    pub(crate) text: String,
}

/// The name of a file, without its ending; insta replaces what would make a path of it.
pub(crate) fn file_stem(name: &str) -> String {
    name.replace(['/', '\\'], "__")
}

/// The place of a target and its story, or a panic.
type Told = Result<(usize, String), String>;

/// Tells the story of each target.
///
/// # Errors
/// If a story cannot be told, which is a bug, or no thread can be started.
pub(crate) fn tell(targets: &[Target<'_>], meter: &mut Meter) -> Result<Vec<Story>, Stop> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    let next = AtomicUsize::new(0);
    let mut texts: Vec<Option<String>> = vec![None; targets.len()];
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for number in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            let teller = thread::Builder::new().name(format!("teller {number}"));
            let work = move || work(targets, next, &sender);
            teller.spawn_scoped(scope, work).map_err(|error| {
                // Those that were started have nothing more to do.
                next.store(targets.len(), Relaxed);
                Stop::new(Exit::Tool, format!("cannot start {threads} threads: {error}"))
            })?;
        }
        drop(sender);
        collect(&receiver, &mut texts, meter).inspect_err(|_| next.store(targets.len(), Relaxed))
    })?;
    meter.clear();
    let stories = targets.iter().zip(texts).map(|(target, text)| Story {
        name: format!("{}@{}", target.subject.name(), target.variant.name),
        about: target.variant.about.to_string(),
        text: text.expect("each story was told, or a bug was"),
    });
    Ok(stories.collect())
}

/// A worker: tells stories until there are none.
fn work(targets: &[Target<'_>], next: &AtomicUsize, told: &mpsc::Sender<Told>) {
    loop {
        let at = next.fetch_add(1, Relaxed);
        let Some(Target { subject, variant, .. }) = targets.get(at) else {
            return;
        };
        let text = panics::guard(|| report::story(*subject, variant)).map(|text| (at, text));
        if told.send(text).is_err() {
            return;
        }
    }
}

fn collect(
    receiver: &mpsc::Receiver<Told>,
    texts: &mut [Option<String>],
    meter: &mut Meter,
) -> Result<(), Stop> {
    for done in 0..texts.len() {
        meter.count("stories", done as u64, texts.len() as u64);
        match receiver.recv() {
            Ok(Ok((at, text))) => texts[at] = Some(text),
            Ok(Err(bug)) => return Err(Stop::new(Exit::Bug, bug)),
            Err(_) => return Err(Stop::new(Exit::Bug, "a teller of stories left its work")),
        }
    }
    Ok(())
}
