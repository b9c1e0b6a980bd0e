//! How long a change takes from its commit to being in force elsewhere. Printed, never asserted: it is a measure of the
//! machine too. `cargo test -p cordon-directory --release --test database propagation -- --ignored --nocapture`

use std::time::{Duration, Instant};

use crate::on_both;
use crate::place::{Place, change, user};

on_both!(
    #[ignore = "a measurement: run it by name with --ignored --nocapture"]
    three_followers
);

const CHANGES: usize = 200;

async fn three_followers(place: Place) {
    let writer = place.found().await;
    let mut followers = Vec::new();
    for _ in 0..3 {
        followers.push(place.open().await);
    }
    let mut taken = Vec::new();
    let mut commits = Vec::new();
    for number in 0..CHANGES {
        let begin = Instant::now();
        let done = change(&writer, |draft| draft.create(user(&format!("u{number}")))).await.unwrap();
        let committed = Instant::now();
        commits.push(committed - begin);
        let mut waiting: Vec<usize> = (0..followers.len()).collect();
        while !waiting.is_empty() {
            waiting.retain(|index| {
                let arrived = followers[*index].current().change() >= done.number;
                if arrived {
                    taken.push(committed.elapsed());
                }
                !arrived
            });
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        // So that the poll of SQLite is met at any of its moments.
        tokio::time::sleep(Duration::from_micros(7_300)).await;
    }
    taken.sort_unstable();
    commits.sort_unstable();
    let store = if place.is_sqlite() { "SQLite" } else { "PostgreSQL" };
    eprintln!(
        "{store}: {CHANGES} changes, 3 followers: commit to in force median {:?}, 99 % {:?}, worst {:?}; a change itself median {:?}",
        taken[taken.len() / 2],
        taken[taken.len() * 99 / 100],
        taken[taken.len() - 1],
        commits[commits.len() / 2],
    );
}
