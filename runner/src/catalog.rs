//! Finding scenarios and variants by name, and the near ones when a name is wrong.

use crate::{
    exit::{Exit, Stop},
    output::cut,
};
use atropos::{scenario::Variant, subject::Subject};

/// The scenarios that a command line knows.
pub type Catalog = Vec<Box<dyn Subject>>;

/// A variant of a scenario.
#[derive(Clone, Copy)]
pub(crate) struct Target<'c> {
    pub(crate) subject: &'c dyn Subject,
    pub(crate) variant: &'c Variant,
    /// Somebody asked for this variant by name: its failures are what they want to see.
    pub(crate) named: bool,
}

impl Target<'_> {
    /// `scenario/variant`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.subject.name(), self.variant.name)
    }

    /// True for a violation that somebody must look at: of a variant that was named, or one that
    /// the variant is not there for.
    pub(crate) fn is_finding(&self, invariant: &str) -> bool {
        self.named || !self.variant.expectation.allows(invariant)
    }
}

/// All variants that a filter names, in the catalogue's order; all of all for an empty filter.
pub(crate) fn select<'c>(catalog: &'c Catalog, filter: &[String]) -> Result<Vec<Target<'c>>, Stop> {
    let all = catalog.iter().flat_map(|subject| {
        let variants = subject.variants().iter();
        variants.map(|variant| Target { subject: &**subject, variant, named: false })
    });
    if filter.is_empty() {
        // What was read from a file was named by that.
        let named = |target: &Target<'_>| target.subject.source().is_some();
        return Ok(all.map(|target| Target { named: named(&target), ..target }).collect());
    }
    for wanted in filter {
        if !all.clone().any(|target| matches(&target, wanted)) {
            return Err(no_match(catalog, wanted));
        }
    }
    Ok(all
        .filter(|target| filter.iter().any(|wanted| matches(target, wanted)))
        .map(|target| Target { named: filter.contains(&target.name()), ..target })
        .collect())
}

fn matches(target: &Target<'_>, wanted: &str) -> bool {
    target.subject.name() == wanted || target.name() == wanted
}

/// The variant of a scenario: the one named, or the scenario's first.
pub(crate) fn target<'c>(catalog: &'c Catalog, name: &str) -> Result<Target<'c>, Stop> {
    let mut targets = select(catalog, &[name.to_owned()])?;
    Ok(targets.remove(0))
}

fn no_match(catalog: &Catalog, wanted: &str) -> Stop {
    let names: Vec<String> = catalog
        .iter()
        .flat_map(|subject| {
            let variants = subject.variants().iter();
            let full = variants.map(|variant| format!("{}/{}", subject.name(), variant.name));
            std::iter::once(subject.name().to_owned()).chain(full)
        })
        .collect();
    let hint = near(&names, wanted, "`atropos list` shows what there is");
    Stop::new(Exit::NoMatch, format!("no scenario or variant is called {:?}; {hint}", cut(wanted)))
}

/// The names that a wrong one may have meant, as a question; `otherwise` if none is near.
pub(crate) fn near(names: &[String], wanted: &str, otherwise: &str) -> String {
    let mut near: Vec<(f64, &String)> =
        names.iter().map(|name| (strsim::jaro_winkler(name, wanted), name)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let likely = near.iter().filter(|(likeness, _)| *likeness > 0.75).take(4);
    let near: Vec<&str> = likely.map(|(_, name)| name.as_str()).collect();
    match near.is_empty() {
        true => otherwise.to_owned(),
        false => format!("did you mean {}?", near.join(", ")),
    }
}
