//! A store follows its file, whatever way it is replaced, and keeps a wrong one out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_directory::{OpenError, Snapshot, Status, Store};

const ACME: &str = "[[project]]\nid = \"acme\"\nname = \"Acme\"\n";
const GLOBEX: &str = "[[project]]\nid = \"globex\"\nname = \"Globex\"\n";

#[test]
fn a_file_renamed_over_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    fs::write(&path, ACME).unwrap();
    let store = Store::open(&path).unwrap();
    let before = store.current();
    rename_over(&path, GLOBEX);
    until(&store, |status| status.revision != before.revision());
    assert!(knows(&store, "globex"));
    assert!(before.state().project("acme").is_some(), "a request under way keeps its snapshot");
}

#[test]
fn a_file_written_in_place_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    fs::write(&path, ACME).unwrap();
    let store = Store::open(&path).unwrap();
    let before = store.current().revision();
    fs::write(&path, [ACME, GLOBEX].concat()).unwrap();
    until(&store, |status| status.revision != before);
    assert!(knows(&store, "acme") && knows(&store, "globex"));
}

#[cfg(unix)]
#[test]
fn a_link_that_is_swapped_as_kubernetes_does_is_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (version, text) in [("..1", ACME), ("..2", GLOBEX)] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("directory.toml"), text).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/directory.toml", at("directory.toml")).unwrap();
    let store = Store::open(at("directory.toml")).unwrap();
    assert!(knows(&store, "acme"));
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    until(&store, |_| knows(&store, "globex"));
    assert!(!knows(&store, "acme"));
}

#[test]
fn a_wrong_file_is_kept_out_and_told_until_it_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    fs::write(&path, ACME).unwrap();
    let store = Store::open(&path).unwrap();
    let before = store.current();

    rename_over(&path, "[[project]]\nid = \"acme\"\n\n[[user]]\nname = \"nobody\"\n");
    let status = until(&store, |status| status.trouble.is_some());
    let trouble = status.trouble.unwrap();
    assert_eq!(trouble.problems.len(), 2, "{:?}", trouble.problems);
    assert!(trouble.message.contains("2 problem(s)"), "{}", trouble.message);
    assert_eq!(status.revision, before.revision());

    fs::remove_file(&path).unwrap();
    let status = until(&store, |status| status.trouble.as_ref().is_some_and(|t| t.problems.is_empty()));
    assert!(status.trouble.unwrap().message.contains("cannot be read"));

    rename_over(&path, ACME);
    until(&store, |status| status.trouble.is_none());
    assert!(Arc::ptr_eq(&before, &store.current()), "the same content is the same snapshot");

    rename_over(&path, GLOBEX);
    until(&store, |status| status.revision != before.revision());
    assert!(knows(&store, "globex"));
}

#[test]
fn an_emptied_file_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    fs::write(&path, ACME).unwrap();
    let store = Store::open(&path).unwrap();
    fs::write(&path, "\n").unwrap();
    assert!(store.reload().trouble.unwrap().problems[0].message.contains("empty"));
    assert!(knows(&store, "acme"));
}

#[test]
fn a_trouble_is_as_old_as_its_first_sight() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    fs::write(&path, ACME).unwrap();
    let store = Store::open(&path).unwrap();
    fs::write(&path, "nonsense = 1\n").unwrap();
    let first = store.reload().trouble.unwrap().since;
    assert_eq!(store.reload().trouble.unwrap().since, first);
}

#[test]
fn what_cannot_be_opened_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    assert!(matches!(Store::open(&path), Err(OpenError::Read { .. })));
    fs::write(&path, "nonsense = 1\nrubbish = 2\n").unwrap();
    match Store::open(&path) {
        Err(OpenError::Wrong { problems, text, .. }) => {
            assert_eq!(problems.len(), 2);
            assert_eq!(&text[problems[0].span.clone().unwrap()], "nonsense");
        }
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_fixed_store_stays_as_it_is() {
    let store = Store::fixed(Snapshot::parse(ACME).unwrap());
    let before = store.current();
    assert!(store.reload().trouble.is_none());
    assert!(Arc::ptr_eq(&before, &store.current()));
}

fn rename_over(path: &Path, text: &str) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, path).unwrap();
}

fn knows(store: &Store, project: &str) -> bool {
    store.current().projects_of("project", project).is_some()
}

/// Waits until the store is so. A minute is not a measure of time but the end of hope.
#[allow(clippy::disallowed_methods, reason = "a test has no runtime whose thread it could block")]
fn until(store: &Store, so: impl Fn(&Status) -> bool) -> Status {
    let begin = Instant::now();
    loop {
        let status = store.status();
        if so(&status) {
            return status;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "the store did not follow: {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
