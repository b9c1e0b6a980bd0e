//! Code that is kept is used again, and only code that this user's processes kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_hostile_component::COMPONENT;
use cordon_policy::{
    CompiledFolder, CompiledFolderError, Digest, Engine, EngineOptions, LoadOptions, Policy,
};
use tempfile::TempDir;

use support::{LIST, engine, exchange, judge, options, request, scope};

fn folder() -> (TempDir, CompiledFolder) {
    let place = tempfile::tempdir().unwrap();
    let folder = CompiledFolder::open(&place.path().join("code")).unwrap();
    (place, folder)
}

fn load_in(engine: &Arc<Engine>, folder: &CompiledFolder, rules: &str) -> Arc<Policy> {
    let options = LoadOptions { compiled: Some(folder), ..LoadOptions::default() };
    Arc::new(Policy::load_with(engine, COMPONENT, rules, &options).unwrap())
}

fn files(folder: &CompiledFolder) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some()).collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    files
}

/// What a policy answers to everything that it can be asked.
fn answers(policy: &Arc<Policy>) -> String {
    let list = exchange(policy, &scope(&["a", "b"]), LIST);
    let decision = list.authorize(&request(&["page"])).unwrap();
    let plan = list.plan().unwrap();
    let verdicts = judge(&list, &[(Some("a"), None), (None, Some("qb")), (Some("c"), None)]).unwrap();
    format!("{decision:?} {:?} {:?} {verdicts:?} {:?}", plan.response, plan.headers, policy.manifest())
}

#[test]
fn what_was_loaded_before_is_not_compiled_again() {
    let (_place, folder) = folder();
    let first = load_in(engine(), &folder, "well-behaved");
    assert!(!first.was_kept());
    assert_eq!(files(&folder).len(), 2, "the component, and the component that has read its rules");
    let again = load_in(engine(), &folder, "well-behaved");
    assert!(again.was_kept());
    assert_eq!(answers(&again), answers(&first));
    assert_eq!(again.digest(), first.digest());

    let other_process = Engine::new(options()).unwrap();
    let reopened = CompiledFolder::open(folder.path()).unwrap();
    let elsewhere = load_in(&other_process, &reopened, "well-behaved");
    assert!(elsewhere.was_kept());
    assert_eq!(answers(&elsewhere), answers(&first));
}

#[test]
fn other_rules_and_other_limits_are_other_code() {
    let (_place, folder) = folder();
    load_in(engine(), &folder, "well-behaved");
    let status = load_in(engine(), &folder, "status-200");
    assert!(!status.was_kept(), "the rules differ");
    assert!(exchange(&status, &scope(&["a"]), LIST).authorize(&request(&[])).is_err());
    assert_eq!(files(&folder).len(), 3, "the component is compiled once for both");
    let narrow = Engine::new(EngineOptions { memory: 4 << 20, ..options() }).unwrap();
    assert!(!load_in(&narrow, &folder, "well-behaved").was_kept(), "the rules were read within other limits");
}

#[test]
fn the_digest_is_the_bundles() {
    let digest = Digest::from([7; 32]);
    let options = LoadOptions { digest: Some(digest), ..LoadOptions::default() };
    let policy = Policy::load_with(engine(), COMPONENT, "well-behaved", &options).unwrap();
    assert_eq!(policy.digest(), digest);
}

#[test]
fn a_refused_bundle_leaves_nothing_to_be_found() {
    let (_place, folder) = folder();
    let options = LoadOptions { compiled: Some(&folder), ..LoadOptions::default() };
    for _ in 0..2 {
        let refused = Policy::load_with(engine(), COMPONENT, "trap-in-configure", &options);
        assert!(refused.is_err());
        assert_eq!(files(&folder).len(), 1, "only what does not depend on the rules");
    }
}

#[test]
fn what_is_damaged_cut_short_or_foreign_is_never_run() {
    let (_place, folder) = folder();
    let expected = answers(&load_in(engine(), &folder, "well-behaved"));
    let (_elsewhere, other) = self::folder();
    load_in(engine(), &other, "well-behaved");
    for (what, damage) in [
        ("a bit", (|bytes, _, _| bytes[40_000] ^= 1) as fn(&mut Vec<u8>, &[u8], &[u8])),
        ("the last byte", |bytes, _, _| bytes.truncate(bytes.len() - 1)),
        ("all but the tag", |bytes, _, _| bytes.truncate(32)),
        ("everything", |bytes, _, _| bytes.clear()),
        ("the tag", |bytes, _, _| bytes[..32].fill(0)),
        ("something more", |bytes, _, _| bytes.push(0)),
        ("another entry of the folder", |bytes, neighbour, _| *bytes = neighbour.to_vec()),
        ("the same entry under another key", |bytes, _, foreign| *bytes = foreign.to_vec()),
    ] {
        let places = files(&folder);
        let whole: Vec<Vec<u8>> = places.iter().map(|path| fs::read(path).unwrap()).collect();
        for (index, path) in places.iter().enumerate() {
            let foreign = fs::read(other.path().join(path.file_name().unwrap())).unwrap();
            let mut bytes = whole[index].clone();
            damage(&mut bytes, &whole[1 - index], &foreign);
            assert_ne!(bytes, whole[index], "{what}");
            fs::write(path, bytes).unwrap();
        }
        let policy = load_in(engine(), &folder, "well-behaved");
        assert!(!policy.was_kept(), "{what}");
        assert_eq!(answers(&policy), expected, "{what}");
        assert!(load_in(engine(), &folder, "well-behaved").was_kept(), "{what}: it was written anew");
    }
}

#[test]
fn a_folder_that_others_may_write_or_read_the_key_of_is_not_used() {
    let (_place, folder) = folder();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let key = folder.path().join("key");
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&key), 0o600);
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let refused = || match CompiledFolder::open(folder.path()).unwrap_err() {
        CompiledFolderError::Unsafe { path, .. } => path,
        other => panic!("{other}"),
    };
    for open in [0o770, 0o707, 0o722] {
        set(folder.path(), open);
        assert_eq!(refused(), folder.path().canonicalize().unwrap(), "{open:o}");
    }
    set(folder.path(), 0o755);
    CompiledFolder::open(folder.path()).unwrap();
    for open in [0o640, 0o604, 0o620] {
        set(&key, open);
        assert_eq!(refused().file_name(), key.file_name(), "{open:o}");
    }
    set(&key, 0o600);
    fs::write(&key, "short").unwrap();
    assert_eq!(refused().file_name(), key.file_name());
    fs::remove_file(&key).unwrap();
    std::os::unix::fs::symlink("/dev/null", &key).unwrap();
    assert_eq!(refused().file_name(), key.file_name());
    assert!(!format!("{folder:?}").contains('['), "the key is not shown");
}

#[test]
fn a_folder_of_somebody_else_is_not_used() {
    let (_place, folder) = folder();
    let code = folder.path();
    if std::os::unix::fs::chown(code, Some(65_534), None).is_err() {
        eprintln!("skipped: only root can give a folder away");
        return;
    }
    let error = CompiledFolder::open(code).unwrap_err();
    assert!(matches!(error, CompiledFolderError::Unsafe { .. } | CompiledFolderError::Io { .. }), "{error}");
}

#[test]
fn a_folder_holds_no_more_than_so_much() {
    let (_place, folder) = folder();
    for number in 0..70 {
        fs::write(folder.path().join(format!("{number}.compiled")), "old").unwrap();
    }
    load_in(engine(), &folder, "well-behaved");
    assert_eq!(files(&folder).len(), 64);
    assert!(load_in(engine(), &folder, "well-behaved").was_kept(), "what is used stays");
}
