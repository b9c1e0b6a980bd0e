//! The watched folder.

mod support;

use std::fs;
use std::path::Path;

use cordon_bundle::source::{Folder, Look};
use cordon_bundle::trust::SecretKey;
use support::bundle;

fn counter(look: &Look) -> Option<u64> {
    look.candidate.as_ref().map(|candidate| candidate.bundle.manifest().counter)
}

async fn look(folder: &mut Folder) -> Look {
    loop {
        let look = folder.look().await.expect("the folder is readable");
        if !look.unsettled {
            return look;
        }
    }
}

fn put(folder: &Path, name: &str, content: &[u8]) {
    fs::write(folder.join(name), content).expect("written");
}

#[tokio::test]
async fn the_highest_counter_is_the_candidate() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    assert_eq!(counter(&look(&mut folder).await), None);
    put(files.path(), "z.bundle", bundle(2).bytes());
    put(files.path(), "a.bundle", bundle(10).bytes());
    put(files.path(), "m.bundle", bundle(9).bytes());
    put(files.path(), "notes.txt", b"no bundle");
    put(files.path(), ".new.bundle", bundle(11).bytes());
    fs::create_dir(files.path().join("folder.bundle")).expect("a folder");
    let found = look(&mut folder).await;
    assert_eq!(counter(&found), Some(10));
    assert!(found.refused.is_empty(), "{:?}", found.refused);
    assert_eq!(found.file, Some(files.path().join("a.bundle")));
    fs::remove_file(files.path().join("a.bundle")).expect("removed");
    assert_eq!(counter(&look(&mut folder).await), Some(9));
}

#[tokio::test]
async fn signatures_come_with_it_whenever_they_come() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    put(files.path(), "a.bundle", bundle(1).bytes());
    let found = look(&mut folder).await.candidate.expect("a candidate");
    assert!(found.signatures.is_empty());
    let signature =
        SecretKey::generate().and_then(|key| key.sign(&bundle(1))).expect("a signature").to_string();
    put(files.path(), "a.bundle.sig", signature.as_bytes());
    let found = look(&mut folder).await.candidate.expect("a candidate");
    assert_eq!(found.signatures.to_string(), format!("{signature}\n"));
    // Half of a signature is not none: there is no candidate until it is whole.
    put(files.path(), "a.bundle.sig", &signature.as_bytes()[..40]);
    let found = look(&mut folder).await;
    assert!(found.candidate.is_none() && found.refused[0].reason.contains("line 1"), "{found:?}");
    put(files.path(), "a.bundle.sig", &[b'\n'; 20_000]);
    let found = look(&mut folder).await;
    assert!(found.candidate.is_none() && found.refused[0].reason.contains("larger"), "{found:?}");
}

#[tokio::test]
async fn what_is_not_whole_is_not_taken() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    let whole = bundle(2);
    put(files.path(), "a.bundle", bundle(1).bytes());
    for length in [0, 1, 512, 1000, whole.bytes().len() - 1] {
        put(files.path(), "b.bundle", &whole.bytes()[..length]);
        let found = look(&mut folder).await;
        assert_eq!(counter(&found), Some(1), "{length}");
        assert_eq!(found.refused.len(), 1, "{length}");
    }
    put(files.path(), "b.bundle", whole.bytes());
    let found = look(&mut folder).await;
    assert_eq!((counter(&found), found.refused.len()), (Some(2), 0));
}

/// A writer that never pauses long enough: the file is left for later, and nothing of it is used.
#[tokio::test]
async fn what_changes_while_it_is_looked_at_is_left_for_later() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    let path = files.path().join("a.bundle");
    put(files.path(), "a.bundle", bundle(1).bytes());
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut counter = 1;
        while stopped.recv_timeout(std::time::Duration::from_millis(5)).is_err() {
            counter += 1;
            fs::write(&path, bundle(counter).bytes()).expect("written");
        }
        counter
    });
    let found = folder.look().await.expect("the folder is readable");
    assert!(found.unsettled && found.candidate.is_none(), "{found:?}");
    stop.send(()).expect("it writes");
    let last = writer.join().expect("it wrote");
    assert_eq!(counter(&look(&mut folder).await), Some(last));
}

#[tokio::test]
async fn two_bundles_with_one_counter_are_none() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    let mut other = bundle(2).parts();
    other.rules.push_str("# another\n");
    put(files.path(), "a.bundle", bundle(2).bytes());
    put(files.path(), "b.bundle", other.write().expect("in order").bytes());
    put(files.path(), "c.bundle", bundle(1).bytes());
    let found = look(&mut folder).await;
    assert!(found.candidate.is_none(), "{found:?}");
    assert!(found.refused[0].reason.contains("same counter"), "{found:?}");
    // The same bundle twice is one bundle.
    put(files.path(), "b.bundle", bundle(2).bytes());
    assert_eq!(counter(&look(&mut folder).await), Some(2));
}

#[tokio::test]
async fn word_of_a_change_comes() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path());
    assert_eq!(counter(&look(&mut folder).await), None);
    put(files.path(), ".a.bundle", bundle(1).bytes());
    fs::rename(files.path().join(".a.bundle"), files.path().join("a.bundle")).expect("renamed");
    while counter(&look(&mut folder).await).is_none() {
        folder.changed().await;
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let files = tempfile::tempdir().expect("a folder");
    let mut folder = Folder::new(files.path().join("later"));
    assert!(folder.look().await.is_err());
    fs::create_dir(files.path().join("later")).expect("a folder");
    put(&files.path().join("later"), "a.bundle", bundle(1).bytes());
    assert_eq!(counter(&look(&mut folder).await), Some(1));
}
