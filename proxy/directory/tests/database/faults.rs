//! Databases that go away and come back, that are held up, and disks that are full.

use std::time::Duration;

use cordon_directory::{ChangeError, ConnectOptions, Store};

use crate::place::{Place, change, options, project, records, until, user};
use crate::server::Server;

/// Waits for nobody long.
fn impatient() -> ConnectOptions {
    ConnectOptions { patience: Duration::from_millis(500), ..options() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_and_returns_is_followed_again_and_nothing_acknowledged_is_lost() {
    let Some(mut server) = Server::start() else { return };
    let place = Place::on(server.url()).await;
    place.found().await;
    let writer = Store::connect(&place.url, &impatient()).await.unwrap();
    let follower = Store::connect(&place.url, &impatient()).await.unwrap();
    let mut acknowledged = Vec::new();
    let mut number = 0;
    for round in 0..4 {
        // Changes go on while the server is killed.
        let ((), stopped) = tokio::join!(
            async {
                loop {
                    number += 1;
                    let login = format!("u{number}");
                    match change(&writer, |draft| draft.create(user(&login))).await {
                        Ok(_) => acknowledged.push(login),
                        Err(ChangeError::Unavailable(message) | ChangeError::Unknown(message)) => {
                            assert!(message.contains("the directory's database"), "{message}");
                            break;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            },
            async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                tokio::task::spawn_blocking(move || {
                    server.tell("stop");
                    server
                })
                .await
                .unwrap()
            }
        );
        server = stopped;
        let before = records(&follower).len();
        until("trouble", || follower.status().trouble.is_some()).await;
        let status = follower.status();
        let message = status.trouble.unwrap().message;
        assert!(message.contains("cannot be followed") && message.contains("127.0.0.1"), "{message}");
        assert_eq!(records(&follower).len(), before, "the last version stays in force");
        assert!(matches!(
            change(&writer, |draft| draft.create(project("nowhere"))).await,
            Err(ChangeError::Unavailable(_))
        ));
        let confirmed = follower.status().confirmed;
        assert_eq!(follower.status().confirmed, confirmed, "nothing confirms what cannot be asked");
        server.tell("start");
        until("the server", || writer.status().trouble.is_none() && follower.status().trouble.is_none())
            .await;
        let login = format!("back{round}");
        until_changed(&writer, &login).await;
        acknowledged.push(login.clone());
        until("the change after", || follower.current().user_by_login(&login).is_some()).await;
        assert!(follower.status().confirmed > confirmed);
    }
    let store = place.open().await;
    for login in &acknowledged {
        assert!(store.current().user_by_login(login).is_some(), "{login} was acknowledged");
    }
    store.verify(None).await.unwrap();
    assert_eq!(records(&store), records(&writer));
    drop((writer, follower, store));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_held_up_is_trouble_and_not_a_hang() {
    let Some(mut server) = Server::start() else { return };
    let place = Place::on(server.url()).await;
    let follower = Store::initialise(&place.url, &crate::place::founding(), &impatient()).await.unwrap().0;
    server.tell("freeze");
    until("trouble", || follower.status().trouble.is_some()).await;
    assert!(follower.current().user_by_login("anna").is_some());
    server.tell("thaw");
    until("the server", || follower.status().trouble.is_none()).await;
    until_changed(&follower, "olga").await;
    follower.verify(None).await.unwrap();
    drop(follower);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_listener_misses_nothing() {
    let Some(place) = Place::postgres().await else { return };
    let writer = place.found().await;
    let follower = place.open().await;
    for round in 0..10 {
        // Every connection but the one that says so is ended by the server.
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        place.write_past(ended).await.unwrap();
        until_changed(&writer, &format!("u{round}")).await;
    }
    let last = writer.current().change();
    until("the last change", || follower.current().change() == last).await;
    assert_eq!(records(&follower), records(&writer));
    writer.verify(None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_somebody_keeps_locked_is_unavailable_and_then_written() {
    let place = Place::sqlite();
    place.found().await;
    let store = Store::connect(&place.url, &impatient()).await.unwrap();
    let pool = place.past().await;
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    match change(&store, |draft| draft.create(project("acme"))).await {
        Err(ChangeError::Unavailable(message)) => assert!(message.contains("locked"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.status().change, 1);
    lock.rollback().await.unwrap();
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    store.verify(None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_away_and_returns_loses_nothing() {
    let place = Place::sqlite();
    let first = place.found().await;
    change(&first, |draft| draft.create(project("acme"))).await.unwrap();
    drop(first);
    // Without its companions: they are put into the file when the last connection closes.
    let file = place.url.file().unwrap().to_owned();
    until("the end of the connections", || !file.with_extension("db-wal").exists()).await;
    let away = file.with_extension("away");
    std::fs::rename(&file, &away).unwrap();
    let opened = Store::connect(&place.url, &impatient()).await.err();
    assert!(opened.as_ref().is_some_and(|error| error.to_string().contains("not there")), "{opened:?}");
    std::fs::rename(&away, &file).unwrap();
    let store = place.open().await;
    change(&store, |draft| draft.create(project("globex"))).await.unwrap();
    assert_eq!(store.verify(None).await.unwrap().entries, 3);
}

/// On a file system that is really full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Small::mount(folder.path()) else {
        eprintln!("skipped: needs root, to mount a file system of its own");
        return;
    };
    let url = crate::place::url("sqlite:cordon.db", folder.path());
    let (store, _) = Store::initialise(&url, &crate::place::founding(), &options()).await.unwrap();
    let mut acknowledged = Vec::new();
    let told = loop {
        let login = format!("u{}", acknowledged.len());
        match change(&store, |draft| (0..50).for_each(|n| draft.create(user(&format!("{login}-{n}"))))).await
        {
            Ok(_) => acknowledged.push(login),
            Err(error @ ChangeError::Unavailable(_)) => break error.to_string(),
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(told.contains("full") && told.contains("nothing was changed"), "{told}");
    assert!(acknowledged.len() > 2);
    let holds = |store: &Store| {
        let current = store.current();
        assert!(acknowledged.iter().all(|login| current.user_by_login(&format!("{login}-49")).is_some()));
        assert_eq!(current.change(), 1 + acknowledged.len() as u64);
    };
    holds(&store);
    // Room is made, and it goes on.
    std::fs::remove_file(folder.path().join("ballast")).unwrap();
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    drop(store);
    let store = Store::connect(&url, &options()).await.unwrap();
    assert!(store.current().state().project("acme").is_some());
    store.verify(None).await.unwrap();
}

/// A file system of a few megabytes, of which a file named `ballast` takes some.
struct Small<'p>(&'p std::path::Path);

impl Small<'_> {
    fn mount(path: &std::path::Path) -> Option<Small<'_>> {
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "cordon-test"])
            .arg(path)
            .stderr(std::process::Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then(|| {
            std::fs::write(path.join("ballast"), vec![0; 2 << 20]).unwrap();
            Small(path)
        })
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        _ = std::process::Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Makes a change as somebody who tries again does.
async fn until_changed(store: &Store, login: &str) {
    for _ in 0..100 {
        match change(store, |draft| draft.put(user(login))).await {
            Ok(_) => return,
            Err(ChangeError::Unavailable(_) | ChangeError::Unknown(_)) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("{login} could not be written");
}
