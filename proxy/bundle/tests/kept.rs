//! The state folder: what is active, the floor, the history, and what a kill at any moment leaves.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use cordon_bundle::kept::{Action, Activation, Broken, History, Kept, KeptError, NotAbove, Standing};
use cordon_bundle::source::Delivery;
use cordon_bundle::trust::{SecretKey, Signatures};
use serde_json::json;
use support::bundle;
use time::macros::datetime;

fn delivery(counter: u64) -> Delivery {
    Delivery { bundle: bundle(counter), signatures: Signatures::none() }
}

fn activation(action: Action) -> Activation {
    let time = datetime!(2026-06-01 12:00 UTC);
    Activation { time, who: "cli:ada".to_owned(), action, report: json!({"cases": 3, "share": 0.25}) }
}

fn activate(kept: &mut Kept, counter: u64) {
    kept.record(&delivery(counter), activation(Action::Activate)).expect("it is newer");
}

fn open(folder: &Path) -> Kept {
    Kept::open(folder).expect("the folder is in order")
}

#[test]
fn what_was_active_is_there_after_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    let mut kept = open(&path);
    assert!(kept.active().expect("an empty folder").is_none());
    assert_eq!(kept.floor(), 0);
    let key = SecretKey::generate().expect("a key");
    let mut first = delivery(3);
    first.signatures.push(key.sign(&first.bundle).expect("a signature")).expect("the first one");
    kept.record(&first, activation(Action::Activate)).expect("it is the first");
    drop(kept);
    let kept = open(&path);
    let active = kept.active().expect("it is in order").expect("it is there");
    assert_eq!(active.bundle.digest(), first.bundle.digest());
    assert_eq!(active.signatures, first.signatures);
    let entry = &kept.history().entries()[0];
    assert_eq!((entry.number, entry.counter, entry.who.as_str()), (1, 3, "cli:ada"));
    assert_eq!(entry.report, json!({"cases": 3, "share": 0.25}));
}

#[test]
fn an_old_bundle_comes_back_by_rollback_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    activate(&mut kept, 5);
    assert_eq!(kept.standing(&bundle(5)), Ok(Standing::Active));
    assert_eq!(kept.standing(&bundle(6)), Ok(Standing::Newer));
    let not_above = NotAbove { counter: 1, floor: 5 };
    assert_eq!(kept.standing(&bundle(1)), Err(not_above.clone()));
    let refused = kept.record(&delivery(1), activation(Action::Activate)).expect_err("it is old");
    assert!(matches!(refused, KeptError::NotAbove(reason) if reason == not_above));
    assert_eq!(kept.active_digest(), Some(bundle(5).digest()));
    kept.record(&delivery(1), activation(Action::Rollback)).expect("a rollback");
    assert_eq!(kept.active_digest(), Some(bundle(1).digest()));
    // The one that was left does not come back by itself, now or after a start.
    assert_eq!(kept.standing(&bundle(5)), Err(NotAbove { counter: 5, floor: 5 }));
    drop(kept);
    let kept = open(folder.path());
    assert_eq!(kept.floor(), 5);
    let actions: Vec<String> =
        kept.history().entries().iter().map(|entry| entry.action.to_string()).collect();
    assert_eq!(actions, ["activate", "activate", "rollback"]);
    assert!(kept.delivery(bundle(5).digest()).expect("in order").is_some(), "kept for a way back");
}

#[test]
fn a_few_bundles_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = open(folder.path());
    (1..=8).for_each(|counter| activate(&mut kept, counter));
    let there = |counter| kept.delivery(bundle(counter).digest()).expect("in order").is_some();
    let there: Vec<u64> = (1..=8).filter(|counter| there(*counter)).collect();
    assert_eq!(there, [4, 5, 6, 7, 8]);
    assert_eq!(fs::read_dir(folder.path().join("bundles")).expect("a folder").count(), 10);
}

#[test]
fn one_process_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    assert!(matches!(Kept::open(folder.path()), Err(KeptError::InUse { .. })));
    assert_eq!(History::read(folder.path()).expect("reading is for everybody").entries().len(), 1);
}

#[test]
fn a_torn_line_is_no_entry_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    let one = fs::read(&file).expect("a history");
    let head = fs::read(folder.path().join("head.json")).expect("a head");
    activate(&mut kept, 2);
    drop(kept);
    let two = fs::read(&file).expect("a history");
    for length in (one.len() + 1..two.len()).step_by(13) {
        fs::write(&file, &two[..length]).expect("written");
        fs::write(folder.path().join("head.json"), &head).expect("written");
        assert!(History::read(folder.path()).expect("in order").torn(), "{length}");
        let mut kept = open(folder.path());
        assert!(kept.history().torn());
        assert_eq!(kept.active_digest(), Some(bundle(1).digest()));
        if length % 5 == 0 {
            activate(&mut kept, 2);
            drop(kept);
            assert!(!open(folder.path()).history().torn());
            assert_eq!(fs::read(&file).expect("a history"), two, "as if nothing had been");
        }
    }
    assert!(fs::metadata(folder.path().join("history.torn")).expect("put aside").len() > 0);
}

/// A disk that wrote a part and failed, in a process that lives on.
#[test]
fn what_a_failed_write_left_is_not_built_upon() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    let mut text = fs::read(&file).expect("a history");
    text.extend_from_slice(b"{\"number\":2,\"ti");
    fs::write(&file, text).expect("written");
    activate(&mut kept, 2);
    drop(kept);
    let kept = open(folder.path());
    assert_eq!((kept.floor(), kept.history().torn()), (2, false));
}

/// Where the history cannot be written, nothing becomes active.
#[test]
fn what_cannot_be_written_does_not_happen() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    fs::rename(&file, folder.path().join("aside")).expect("renamed");
    fs::create_dir(&file).expect("a folder in its place");
    assert!(matches!(kept.record(&delivery(2), activation(Action::Activate)), Err(KeptError::Disk { .. })));
    assert_eq!((kept.floor(), kept.active_digest()), (1, Some(bundle(1).digest())));
    fs::remove_dir(&file).expect("it was there");
    fs::rename(folder.path().join("aside"), &file).expect("renamed");
    activate(&mut kept, 2);
    drop(kept);
    assert_eq!(open(folder.path()).floor(), 2);
}

#[test]
fn a_changed_history_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    let mut kept = open(folder.path());
    (1..=3).for_each(|counter| activate(&mut kept, counter));
    drop(kept);
    let text = fs::read_to_string(&file).expect("a history");
    let refused = |text: &str| {
        fs::write(&file, text).expect("written");
        match Kept::open(folder.path()) {
            Err(KeptError::Broken { broken, .. }) => Some(broken),
            _ => None,
        }
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert_eq!(refused(&text.replacen("cli:ada", "cli:eve", 1)), Some(Broken::Line { line: 1 }));
    assert_eq!(refused(&lines[1..].concat()), Some(Broken::Line { line: 1 }));
    assert_eq!(refused(&[lines[0], lines[2]].concat()), Some(Broken::Shortened { number: 3 }));
    assert_eq!(refused(&[lines[1], lines[0], lines[2]].concat()), Some(Broken::Line { line: 1 }));
    assert_eq!(refused(&lines[..2].concat()), Some(Broken::Shortened { number: 3 }));
    assert_eq!(refused(&[&text[..], lines[2]].concat()), None, "a line too many was never acknowledged");
    assert_eq!(refused(""), Some(Broken::Shortened { number: 3 }));
    fs::remove_file(&file).expect("it was there");
    assert!(matches!(Kept::open(folder.path()), Err(KeptError::Broken { .. })));
    fs::write(&file, &text).expect("written");
    assert_eq!(open(folder.path()).floor(), 3);
}

#[test]
fn a_spoilt_bundle_is_not_the_active_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kept = open(folder.path());
    activate(&mut kept, 1);
    let file = folder.path().join(format!("bundles/{}.bundle", bundle(1).digest().hex()));
    fs::write(&file, bundle(2).bytes()).expect("written");
    assert!(matches!(kept.active(), Err(KeptError::Spoilt { .. })));
    fs::write(&file, &bundle(1).bytes()[..700]).expect("written");
    assert!(matches!(kept.active(), Err(KeptError::Spoilt { .. })));
    fs::remove_file(&file).expect("it was there");
    assert!(matches!(kept.active(), Err(KeptError::Spoilt { .. })));
}

/// Runs when the test below starts this program again: activates until it is killed.
#[test]
fn activates_until_killed() {
    let Some(folder) = std::env::var_os("CORDON_KEPT_CHILD") else { return };
    let mut kept = open(Path::new(&folder));
    for counter in kept.floor() + 1.. {
        activate(&mut kept, counter);
    }
}

/// Whenever a process is killed, the next one finds a whole history, its active bundle, and goes on behind it.
#[test]
#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn a_kill_leaves_one_state_or_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut floor = 0;
    for run in 0..20_u64 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "activates_until_killed"])
            .env("CORDON_KEPT_CHILD", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program again");
        let begun =
            || History::read(folder.path()).is_ok_and(|history| history.entries().len() as u64 > floor);
        while !begun() {
            assert_eq!(child.try_wait().expect("a child"), None, "it ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        // Somewhere in the work of an activation, another place in each run.
        std::thread::sleep(Duration::from_micros(run * 377 % 5000));
        child.kill().expect("it runs");
        child.wait().expect("it was killed");
        let kept = open(folder.path());
        assert!(kept.floor() > floor);
        floor = kept.floor();
        assert_eq!(kept.history().entries().len() as u64, floor);
        let active = kept.active().expect("in order").expect("there is one");
        assert_eq!(active.bundle.digest(), bundle(floor).digest());
    }
}
