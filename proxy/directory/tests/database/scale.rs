//! How long a large directory takes to load, and the switch to enhanced in one change (D1). Printed, never asserted.
//! `CORDON_SCALE=100 cargo test -p cordon-directory --release --test database scale -- --ignored --nocapture` is the full
//! size: 10,000 projects, 100,000 users, 10,000 fields, 1,000,000 objects.

use std::time::Instant;

use cordon_directory::model::{Field, User};
use cordon_directory::{Record, Security};

use crate::on_both;
use crate::place::{Place, change, object, project, records, settings};

on_both!(
    a_large_directory_is_switched_and_loaded,
    #[ignore = "a measurement: run it by name with --ignored --nocapture"]
    measured
);

async fn a_large_directory_is_switched_and_loaded(place: Place) {
    at(place, 0.5).await;
}

async fn measured(place: Place) {
    let percent = std::env::var("CORDON_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(10.0);
    at(place, percent).await;
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of records")]
async fn at(place: Place, percent: f64) {
    let of = |full: u32| (f64::from(full) * percent / 100.0) as u32;
    let (projects, users, fields, objects) = (of(10_000), of(100_000), of(10_000), of(1_000_000));
    let store = place.found().await;
    let begin = Instant::now();
    change(&store, |draft| {
        draft.put(settings(Security::Simplified));
        (0..projects).for_each(|number| draft.create(project(&format!("p{number}"))));
        for number in 0..users {
            let projects = [format!("p{}", number % projects)].into_iter().collect();
            let name = format!("User number {number}");
            draft.create(Record::User(User { projects, ..User::new(&format!("u{number}"), &name) }));
        }
        for number in 0..fields {
            let projects = [format!("p{}", number % projects)].into_iter().collect();
            draft.create(Record::Field(Field { projects, ..Field::new(&format!("f{number}")) }));
        }
        for number in 0..objects {
            let kind = if number % 4 == 0 { "list" } else { "queue" };
            // Half of them in no project yet, as a backend's lists bring them.
            let own = format!("p{}", number % projects);
            let own = [own.as_str()];
            draft.create(object(kind, &number.to_string(), if number % 2 == 0 { &own } else { &[] }));
        }
    })
    .await
    .unwrap();
    let filled = begin.elapsed();
    let begin = Instant::now();
    let switched = change(&store, |draft| draft.enhance()).await.unwrap();
    let switch = begin.elapsed();
    let begin = Instant::now();
    let again = place.open().await;
    let load = begin.elapsed();
    eprintln!(
        "{} at {percent} %: filled in {filled:?}, switched ({} records) in {switch:?}, loaded in {load:?}",
        if place.is_sqlite() { "SQLite" } else { "PostgreSQL" },
        switched.changes.len(),
    );
    assert_eq!(switched.changes.len() as u32, 2 + 1 + users + fields + objects / 2 + objects / 4);
    assert_eq!(records(&again), records(&store));
    again.verify(None).await.unwrap();
}
