//! `atropos --version`: the version, and a fingerprint of what tokens rest on.

use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
    output::Output,
};
use atropos::trace::digest_bytes;
use serde::Serialize;

#[derive(Serialize)]
struct Version {
    version: &'static str,
    engine: String,
}

/// The fingerprints of all variants in one. Plays a run of each: a campaign, which must survive
/// bodies that hang, does not ask for it.
fn engine(catalog: &Catalog) -> String {
    let mut bytes = Vec::new();
    for subject in catalog {
        for variant in subject.variants() {
            bytes.extend(subject.fingerprint(variant).to_le_bytes());
        }
    }
    format!("{:08x}", digest_bytes(&bytes).check())
}

pub(crate) fn run(catalog: &Catalog, out: &mut Output) -> Result<Exit, Stop> {
    let version = Version { version: env!("CARGO_PKG_VERSION"), engine: engine(catalog) };
    out.say(&format!("atropos {} (engine {})", version.version, version.engine))?;
    out.tell("version", &version)?;
    Ok(Exit::Held)
}
