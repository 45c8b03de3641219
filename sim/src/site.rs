//! Places in code, for reports.

use std::panic::Location;

/// A place in code.
pub(crate) type Place = &'static Location<'static>;

/// A place, `file.rs:12`.
pub(crate) fn text(site: Place) -> String {
    let mut parts = site.file().rsplit(['/', '\\']);
    let (file, folder) = (parts.next().unwrap_or_default(), parts.next());
    // There are many files of these names.
    let folder = folder.filter(|_| matches!(file, "mod.rs" | "lib.rs" | "main.rs"));
    let folder = folder.map(|folder| format!("{folder}/")).unwrap_or_default();
    format!("{folder}{file}:{}", site.line())
}
