//! The log tells who changed what, when, from what to what (D9).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use cordon_directory::{Clock, ConnectOptions, Entry, HistoryFilter, Key, RecordKind, Store};

use crate::on_both;
use crate::place::{Place, by, object, options, project, user};

on_both!(history_is_found_by_what_is_asked, a_page_follows_another, a_large_entry_is_cut);

async fn edit(store: &Store, actor: &str, edit: impl FnOnce(&mut cordon_directory::Draft) + Send) {
    let by = by(actor);
    let done = store.change(&by, |draft| {
        edit(draft);
        Ok::<_, ()>(())
    });
    done.await.unwrap();
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.number).collect()
}

async fn history_is_found_by_what_is_asked(place: Place) {
    let seconds = Arc::new(AtomicU64::new(1_000));
    let told = Arc::clone(&seconds);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let clock = Clock::new(move || at(told.fetch_add(1_000, Ordering::Relaxed)));
    let store = place.found_with(&ConnectOptions { clock, ..options() }).await;
    edit(&store, "anna", |draft| draft.create(project("acme"))).await;
    edit(&store, "olga", |draft| draft.create(object("queue", "7", &["acme"]))).await;
    edit(&store, "anna", |draft| draft.leave(&Key::object("queue", "7"), "acme")).await;
    edit(&store, "anna", |draft| draft.create(project("globex"))).await;

    let all = HistoryFilter::default();
    let entries = store.history(&all).await.unwrap();
    assert_eq!(numbers(&entries), [5, 4, 3, 2, 1]);
    let left = &entries[1];
    assert_eq!((left.actor.as_str(), left.action.as_str(), left.time), ("anna", "test", at(4_000)));
    assert_eq!(left.changes.len(), 1);
    assert_eq!(left.changes[0].before, Some(object("queue", "7", &["acme"])));
    assert_eq!(left.changes[0].after, Some(object("queue", "7", &[])));
    store.verify(Some((4, left.hash.to_string()))).await.unwrap();

    let ask = async |filter: HistoryFilter| numbers(&store.history(&filter).await.unwrap());
    assert_eq!(ask(HistoryFilter { actor: Some("olga".into()), ..all.clone() }).await, [3]);
    assert_eq!(ask(HistoryFilter { project: Some("acme".into()), ..all.clone() }).await, [4, 3, 2]);
    let queue = Some(Key::object("queue", "7"));
    assert_eq!(ask(HistoryFilter { record: queue.clone(), ..all.clone() }).await, [4, 3]);
    let since = Some(at(3_000));
    assert_eq!(ask(HistoryFilter { since, until: Some(at(5_000)), ..all.clone() }).await, [4, 3]);
    let several = HistoryFilter {
        actor: Some("anna".into()),
        record: queue,
        project: Some("acme".into()),
        since,
        ..all
    };
    assert_eq!(ask(several).await, [4]);
}

async fn a_page_follows_another(place: Place) {
    let store = place.found().await;
    for number in 0..5 {
        edit(&store, "anna", |draft| draft.create(user(&format!("u{number}")))).await;
    }
    let mut filter = HistoryFilter { limit: 4, ..HistoryFilter::default() };
    let first = store.history(&filter).await.unwrap();
    filter.before_number = first.last().map(|entry| entry.number);
    let second = store.history(&filter).await.unwrap();
    assert_eq!((numbers(&first), numbers(&second)), (vec![6, 5, 4, 3], vec![2, 1]));
}

async fn a_large_entry_is_cut(place: Place) {
    let store = place.found().await;
    edit(&store, "anna", |draft| (0..20).for_each(|number| draft.create(user(&format!("u{number}"))))).await;
    let filter = HistoryFilter { record_limit: 3, limit: 1, ..HistoryFilter::default() };
    let entry = store.history(&filter).await.unwrap().remove(0);
    assert_eq!((entry.records, entry.changes.len()), (20, 3));
    // What is asked for by name is told wherever it stands in the entry.
    let record = Some(Key::new(RecordKind::User, "u19"));
    let entry = store.history(&HistoryFilter { record, ..filter }).await.unwrap().remove(0);
    assert_eq!(entry.changes[0].after, Some(user("u19")));
    assert_eq!(store.history(&HistoryFilter { limit: 0, ..HistoryFilter::default() }).await.unwrap(), []);
}
