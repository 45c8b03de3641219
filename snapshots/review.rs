//! One reviewed story a variant: asserted here, shown by the command line, read by a person in
//! `cargo insta review`.

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
            settings.bind(|| insta::assert_snapshot!(name, story));
        }
    }
}
