//! The directory in a database: filled, opened by another process, switched to enhanced and verified.

use std::path::Path;
use std::time::{Duration, Instant};

use cordon_directory::{By, ConnectOptions, DatabaseUrl, Draft, Founding, Key, Security, Store};
use serde_json::{Value, json};

use crate::directory::{Size, build};
use crate::{peak, processor, resident};

pub(crate) const LINES: [(&str, &str); 10] = [
    ("filled in one change", "ms"),
    ("opened", "ms"),
    ("processor time of that", "ms"),
    ("memory", "MiB"),
    ("memory at the most while opened", "MiB"),
    ("a change committed", "µs"),
    ("switched to enhanced", "ms"),
    ("processor time of the switch", "ms"),
    ("memory at the most while switched", "MiB"),
    ("verified", "ms"),
];

const CHANGES: usize = 100;

/// A directory in which nobody is restricted yet.
pub(crate) fn fill(percent: usize, url: &str) -> Value {
    let state = build(Size::of(percent), Security::Simplified);
    let milliseconds = in_runtime(async {
        let founding = Founding {
            security: Security::Simplified,
            login: "anna".to_owned(),
            name: "Anna".to_owned(),
            actor: "benchmark".to_owned(),
        };
        let (store, _) = Store::initialise(&database(url), &founding, &options()).await.unwrap();
        let begin = Instant::now();
        change(&store, |draft| state.records().for_each(|record| draft.put(record))).await;
        begin.elapsed().as_millis()
    });
    json!({ "filled in one change": milliseconds })
}

/// What a start costs.
pub(crate) fn open(percent: usize, url: &str) -> Value {
    let size = Size::of(percent);
    in_runtime(async {
        let before = resident();
        let begin = Instant::now();
        let store = Store::connect(&database(url), &options()).await.unwrap();
        let (opened, busy) = (begin.elapsed().as_millis(), processor());
        assert_eq!(store.current().objects().count(), size.objects);
        let (memory, most) = (resident() - before, peak() - before);
        let mut times: Vec<u128> = Vec::new();
        for number in 0..CHANGES {
            let project = format!("p{}", (number + 1) % size.projects);
            let begin = Instant::now();
            change(&store, |draft| draft.join(&Key::object("list", format!("{number}")), &project)).await;
            times.push(begin.elapsed().as_micros());
        }
        times.sort_unstable();
        json!({
            "opened": opened,
            "processor time of that": busy,
            "memory": memory >> 20,
            "memory at the most while opened": most >> 20,
            "a change committed": times[CHANGES / 2],
        })
    })
}

/// What the switch costs (D1), in which everything is put into Default.
pub(crate) fn switch(url: &str) -> Value {
    in_runtime(async {
        let store = Store::connect(&database(url), &options()).await.unwrap();
        let before = processor();
        let begin = Instant::now();
        change(&store, Draft::enhance).await;
        let milliseconds = begin.elapsed().as_millis();
        json!({
            "switched to enhanced": milliseconds,
            "processor time of the switch": processor() - before,
            "memory at the most while switched": peak() >> 20,
        })
    })
}

/// What it costs to make all of the log's changes again.
pub(crate) fn verify(url: &str) -> Value {
    in_runtime(async {
        let store = Store::connect(&database(url), &options()).await.unwrap();
        let begin = Instant::now();
        store.verify(None).await.unwrap();
        json!({ "verified": begin.elapsed().as_millis() })
    })
}

async fn change(store: &Store, edit: impl FnOnce(&mut Draft) + Send) {
    let by = By { actor: "anna".to_owned(), action: "measured", once: None };
    let edit = |draft: &mut Draft| {
        edit(draft);
        Ok::<_, ()>(())
    };
    store.change(&by, edit).await.unwrap();
}

fn database(url: &str) -> DatabaseUrl {
    DatabaseUrl::parse(url, Path::new("")).unwrap()
}

fn options() -> ConnectOptions {
    ConnectOptions { patience: Duration::from_secs(60), follow: false, ..ConnectOptions::default() }
}

fn in_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(future)
}
