//! `cordon check`: is everything right, and what is worth knowing?

use std::io::{self, Write};
use std::path::Path;

use cordon_directory::{Advice, Security, Snapshot, Topic};

use crate::config::DirectoryPlace;
use crate::loaded::{Loaded, Purpose, load};
use crate::{Failure, serve};

/// Reads everything as `serve` would, then prints what an administrator should look at.
///
/// # Errors
/// Every mistake in every file.
pub(crate) fn run(config: &Path) -> Result<(), Failure> {
    let loaded = serve::runtime()?.block_on(load(config, Purpose::Looking))?;
    let shown = shown(&loaded, config);
    io::stdout()
        .write_all(shown.as_bytes())
        .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))
}

fn shown(loaded: &Loaded, config: &Path) -> String {
    let snapshot = loaded.store.current();
    let security = match snapshot.security() {
        Security::Enhanced => "enhanced: callers see what belongs to their projects",
        Security::Simplified => "simplified: everything passes, and what enforcement would do is counted",
    };
    let mut shown = format!(
        "{}: no mistakes\n  policy     {}, {} routes\n  security   {security}\n  directory  {}\n",
        config.display(),
        loaded.policy,
        loaded.routes,
        inventory(&snapshot),
    );
    let file = match &loaded.config.directory.place {
        DirectoryPlace::File(path) => path.display().to_string(),
        DirectoryPlace::Database(url) => url.to_string(),
    };
    let all = snapshot.advice();
    for (topic, title) in TOPICS {
        let of_topic: Vec<&Advice> = all.iter().filter(|advice| advice.topic == topic).collect();
        shown.push_str(&format!("\n{title}: {}\n", if of_topic.is_empty() { "none" } else { "" }));
        for advice in of_topic {
            let place = advice.line.map_or_else(String::new, |line| format!("{file}:{line}: "));
            shown.push_str(&format!("  {place}{}\n", advice.message));
        }
    }
    // Wrong ones never get this far: they are mistakes of the directory, reported above with file and line.
    shown.push_str("\nObjects in two projects that may be in one only (D6): none\n");
    shown
}

const TOPICS: [(Topic, &str); 4] = [
    (Topic::UnassignedField, "Fields without a project (D21)"),
    (Topic::SharedField, "Fields shared by projects (D20)"),
    (Topic::StillInDefault, "Users in Default and in another project (D2)"),
    (Topic::NoSection, "Callers whose roles open no section (D12)"),
];

fn inventory(snapshot: &Snapshot) -> String {
    format!(
        "{} projects, {} users, {} groups, {} roles, {} objects, revision {}",
        snapshot.projects().len(),
        snapshot.users().count(),
        snapshot.groups().len(),
        snapshot.roles().len(),
        snapshot.objects().count(),
        snapshot.revision()
    )
}
