//! A change is made whole or not at all, and never twice.

use std::time::{Duration, SystemTime};

use cordon_directory::model::{Field, Group};
use cordon_directory::{
    By, ChangeError, Clock, ConnectOptions, Key, Once, Project, Record, RecordKind, Rule, Snapshot, Store,
};

use crate::on_both;
use crate::place::{Place, by, change, object, options, project, records, user};

on_both!(
    what_is_changed_is_in_force_and_kept,
    what_is_wrong_is_told_at_once_and_nothing_is_written,
    a_declined_edit_writes_nothing,
    an_edit_that_changes_nothing_writes_nothing,
    a_repetition_gets_the_first_answer,
    two_writers_at_once_lose_nothing,
    a_writer_that_has_not_followed_begins_with_the_last_version,
    names_and_aliases_change_hands_in_one_change,
    a_clock_that_jumps_back_does_not_disorder_the_history,
);

async fn what_is_changed_is_in_force_and_kept(place: Place) {
    let store = place.found().await;
    let done = change(&store, |draft| {
        draft.create(project("acme"));
        draft.create(object("queue", "7", &["acme"]));
    })
    .await
    .unwrap();
    assert_eq!((done.number, done.repeated, done.changes.len()), (2, false, 2));
    assert_eq!(store.current().projects_of("queue", "7").unwrap(), ["acme"]);
    assert_eq!(store.current().change(), 2);
    assert_eq!(store.status().change, 2);
    let kept = place.open().await;
    assert_eq!(records(&kept), records(&store));
    assert_eq!(kept.status().change, 2);
}

async fn what_is_wrong_is_told_at_once_and_nothing_is_written(place: Place) {
    let store = place.found().await;
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    let before = records(&store);
    let refused = change(&store, |draft| {
        draft.create(project("globex"));
        draft.create(Record::Project(Project::new("other", "PROJECT  ACME")));
        draft.create(object("queue", "7", &["acme", "globex"]));
        draft.put(Record::Field(Field {
            system: true,
            projects: ["acme"].into_iter().collect(),
            ..Field::new("Name")
        }));
        draft.create(object("list", "1", &["nowhere"]));
    })
    .await;
    let Err(ChangeError::Refused(violations)) = refused else { panic!("{refused:?}") };
    let rules: Vec<Rule> = violations.iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, [Rule::Taken, Rule::SingleProject, Rule::SystemField, Rule::Unknown]);
    let last = change(&store, |draft| draft.remove(&Key::new(RecordKind::User, "anna"))).await;
    let Err(ChangeError::Refused(violations)) = last else { panic!("{last:?}") };
    assert_eq!(violations[0].rule, Rule::LastAdministrator);
    assert_eq!(records(&store), before);
    assert_eq!(records(&place.open().await), before);
    assert_eq!(store.verify(None).await.unwrap().entries, 2);
}

async fn a_declined_edit_writes_nothing(place: Place) {
    let store = place.found().await;
    let declined = store
        .change(&by("anna"), |draft| {
            draft.create(project("acme"));
            Err::<(), _>("not this version")
        })
        .await;
    assert!(matches!(declined, Err(ChangeError::Declined("not this version"))));
    assert_eq!(store.status().change, 1);
    assert!(place.open().await.current().state().project("acme").is_none());
    assert_eq!(store.verify(None).await.unwrap().entries, 1);
}

async fn an_edit_that_changes_nothing_writes_nothing(place: Place) {
    let store = place.found().await;
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    let before = store.current().revision();
    let done = change(&store, |draft| draft.put(project("acme"))).await.unwrap();
    assert_eq!((done.number, done.changes.len(), done.repeated), (2, 0, false));
    assert_eq!(store.current().revision(), before);
    assert_eq!(store.verify(None).await.unwrap().entries, 2);
}

async fn a_repetition_gets_the_first_answer(place: Place) {
    let store = place.found().await;
    let once = |actor: &str, key: &str, fingerprint: u8| By {
        once: Some(Once { key: key.to_owned(), fingerprint: [fingerprint; 32] }),
        ..by(actor)
    };
    async fn make(
        store: &Store,
        by: By<'_>,
        id: &str,
    ) -> Result<cordon_directory::Done<String>, ChangeError<()>> {
        store
            .change(&by, |draft| {
                draft.create(project(id));
                Ok(format!("made {id}"))
            })
            .await
    }
    let first = make(&store, once("anna", "k", 1), "acme").await.unwrap();
    assert!(!first.repeated);
    let other = place.open().await;
    let second = make(&other, once("anna", "k", 1), "acme").await.unwrap();
    assert_eq!((second.answer, second.number, second.repeated), (first.answer, first.number, true));
    assert!(matches!(make(&store, once("anna", "k", 2), "globex").await, Err(ChangeError::KeyReused)));
    // Somebody else's key is another key.
    assert!(!make(&store, once("olga", "k", 2), "globex").await.unwrap().repeated);
    // A change that was refused has used no key.
    assert!(matches!(make(&store, once("anna", "r", 1), "acme").await, Err(ChangeError::Refused(_))));
    assert!(!make(&store, once("anna", "r", 3), "initech").await.unwrap().repeated);
}

async fn two_writers_at_once_lose_nothing(place: Place) {
    const EACH: usize = 50;
    place.found().await;
    let write = async |name: &'static str| {
        let store = place.open().await;
        let mut acknowledged = Vec::new();
        for number in 0..EACH {
            let login = format!("{name}{number}");
            let done = change(&store, |draft| draft.create(user(&login))).await.unwrap();
            assert!(
                store.current().user_by_login(&login).is_some(),
                "a change is in force when it is acknowledged"
            );
            acknowledged.push((done.number, login));
        }
        acknowledged
    };
    let (one, other) = tokio::join!(write("a"), write("b"));
    let store = place.open().await;
    let mut numbers: Vec<u64> = one.iter().chain(&other).map(|(number, _)| *number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..2 + 2 * EACH as u64).collect::<Vec<_>>());
    for (_, login) in one.iter().chain(&other) {
        assert!(store.current().user_by_login(login).is_some(), "{login}");
    }
    assert_eq!(store.verify(None).await.unwrap().entries, 1 + 2 * EACH as u64);
}

async fn a_writer_that_has_not_followed_begins_with_the_last_version(place: Place) {
    let store = place.found().await;
    let deaf = Store::connect(&place.url, &ConnectOptions { follow: false, ..options() }).await.unwrap();
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    assert!(deaf.current().state().project("acme").is_none());
    let refused = change(&deaf, |draft| draft.create(project("acme"))).await;
    assert!(matches!(refused, Err(ChangeError::Refused(_))), "{refused:?}");
    change(&deaf, |draft| draft.join(&Key::new(RecordKind::User, "anna"), "acme")).await.unwrap();
    assert_eq!(records(&deaf), records(&place.open().await));
}

async fn names_and_aliases_change_hands_in_one_change(place: Place) {
    let store = place.found().await;
    let named = |id: &str, name: &str, alias: &str| {
        Record::Project(Project { aliases: vec![alias.into()], ..Project::new(id, name) })
    };
    change(&store, |draft| {
        draft.create(named("a", "Left", "1"));
        draft.create(named("b", "Right", "2"));
        draft.create(Record::Group(Group::new("g", "Night")));
    })
    .await
    .unwrap();
    change(&store, |draft| {
        draft.put(named("a", "Middle", "3"));
        draft.put(named("b", "Left", "1"));
        draft.put(named("a", "Right", "2"));
        draft.remove(&Key::new(RecordKind::Group, "g"));
        draft.create(Record::Group(Group::new("h", "Night")));
    })
    .await
    .unwrap();
    let kept = place.open().await;
    assert_eq!(kept.current().state().project("a").unwrap().name, "Right");
    assert_eq!(kept.current().projects_of("project", "1").unwrap(), ["b"]);
    assert_eq!(records(&kept), records(&store));
    kept.verify(None).await.unwrap();
}

async fn a_clock_that_jumps_back_does_not_disorder_the_history(place: Place) {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let founded = ConnectOptions { clock: Clock::new(move || at(2_000_000_000)), ..options() };
    place.found_with(&founded).await;
    let back = ConnectOptions { clock: Clock::new(move || at(1_000_000_000)), ..options() };
    let store = Store::connect(&place.url, &back).await.unwrap();
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    let entries = store.history(&Default::default()).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.number, entry.time)).collect();
    assert_eq!(told, [(2, at(2_000_000_000)), (1, at(2_000_000_000))]);
    store.verify(None).await.unwrap();
}

#[tokio::test]
async fn a_file_is_not_changed_from_here() {
    let store = Store::fixed(Snapshot::parse("[[project]]\nid = \"a\"\nname = \"A\"\n").unwrap());
    assert!(!store.is_writable());
    assert!(matches!(change(&store, |draft| draft.create(project("b"))).await, Err(ChangeError::ReadOnly)));
    assert!(store.history(&Default::default()).await.is_err());
    assert!(store.verify(None).await.is_err());
}
