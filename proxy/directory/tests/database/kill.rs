//! A process that writes is killed at any moment, again and again: every change that it acknowledged is there, none is
//! there in part, and the chain holds.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use cordon_directory::{DatabaseUrl, Store};
use rand::RngExt;

use crate::place::{Place, change, object, options, project, records, user};

/// By which the test executable, run as a child, is told where to write.
const URL: &str = "CORDON_TEST_WRITER";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_loses_nothing_that_was_acknowledged_on_sqlite() {
    killed(Place::sqlite(), 100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_loses_nothing_that_was_acknowledged_on_postgres() {
    if let Some(place) = Place::postgres().await {
        killed(place, 40).await;
    }
}

async fn killed(place: Place, times: u32) {
    let store = place.found().await;
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    drop(store);
    let mut acknowledged = 0;
    for time in 0..times {
        let lines = write_until_killed(&place, time);
        let of_this_time = lines.len() as u64;
        acknowledged += of_this_time;
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(*line, format!("ack t{time}-{number}"));
        }
        let store = place.open().await;
        let current = store.current();
        let of_this = |number: u64| current.user_by_login(&format!("t{time}-{number}")).is_some();
        let made = (0..).take_while(|number| of_this(*number)).count() as u64;
        // A change is there whole or not at all.
        for number in 0..made + 1 {
            let object = current.state().object("queue", &format!("t{time}-{number}"));
            assert_eq!(object.is_some(), of_this(number));
        }
        let verified = store.verify(None).await.unwrap();
        assert_eq!(verified.entries, current.change());
        assert!(made >= of_this_time, "{of_this_time} were acknowledged, {made} were made");
    }
    assert!(acknowledged > u64::from(times), "the writers were killed before they wrote: {acknowledged}");
    let store = place.open().await;
    change(&store, |draft| draft.create(project("after"))).await.unwrap();
    assert_eq!(records(&store), records(&place.open().await));
}

/// Runs this executable as a writer, kills it (SIGKILL) some time after some changes, and tells what it had
/// acknowledged.
fn write_until_killed(place: &Place, time: u32) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::writer", "--nocapture", "--test-threads=1"])
        .env(URL, format!("{time} {}", plain(place)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = output.lines().map_while(Result::ok).filter(|line| line.starts_with("ack "));
    let wanted = rand::rng().random_range(1..5);
    let mut all: Vec<String> = lines.by_ref().take(wanted).collect();
    assert_eq!(all.len(), wanted, "the writer writes until it is killed");
    let moment = Duration::from_micros(rand::rng().random_range(0..40_000));
    #[expect(clippy::disallowed_methods, reason = "the moment of the killing is what is tested")]
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    all.extend(lines);
    all
}

fn plain(place: &Place) -> String {
    match place.url.file() {
        Some(file) => format!("sqlite:{}", file.display()),
        None => place.plain.clone(),
    }
}

/// What the child does; nothing when it is run as a test.
#[tokio::test]
async fn writer() {
    let Ok(told) = std::env::var(URL) else { return };
    let (time, url) = told.split_once(' ').unwrap();
    let url = DatabaseUrl::parse(url, "".as_ref()).unwrap();
    let store = Store::connect(&url, &options()).await.unwrap();
    for number in 0.. {
        let id = format!("t{time}-{number}");
        change(&store, |draft| {
            draft.create(user(&id));
            draft.create(object("queue", &id, &["acme"]));
        })
        .await
        .unwrap();
        // Straight to the pipe: what stands in a buffer when the process dies was not acknowledged.
        let mut output = std::io::stdout().lock();
        output.write_all(format!("\nack {id}\n").as_bytes()).unwrap();
        output.flush().unwrap();
    }
}
