//! The directory in a database, and what a proxy enforces of it: a change is in force at the next request (D8), and a
//! proxy that cannot know what is in force does not serve.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use cordon_directory::model::{Token, TokenDigest};
use cordon_directory::{
    By, ConnectOptions, DatabaseUrl, Draft, Founding, Key, Object, Project, Record, RecordKind, Rights, Role,
    Sections, Security, Store, User,
};
use cordon_tests::{Answer, Backend, Cordon, Reply, Running, token_of};

const RULES: &str = r#"
name = "directory"
version = "1"
format = "json"

[kind.call]
project = [{ path = "$.queue", object = "queue" }]
keep = ["$.id", "$.queue"]

[[route]]
name = "calls"
path = "/calls"
section = "calls"
records = [{ path = "$.items[*]", kind = "call" }]
total = ["$.total"]
"#;

const CALLS: &str = r#"{"items":[{"id":1,"queue":"7"},{"id":2,"queue":"8"},{"id":3,"queue":"9"}],"total":3}"#;

struct Scene {
    _folder: tempfile::TempDir,
    url: DatabaseUrl,
    store: Arc<Store>,
    backend: Backend,
}

impl Scene {
    /// Olga is an operator in Loans, which has the queue 7. The queue 8 is Insurance's, 9 nobody's.
    async fn new(security: Security) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse("sqlite:directory.db", folder.path()).unwrap();
        let founding = Founding {
            security,
            login: "adam".to_owned(),
            name: "Adam".to_owned(),
            actor: "test".to_owned(),
        };
        let (store, _) = Store::initialise(&url, &founding, &ConnectOptions::default()).await.unwrap();
        let scene = Scene { _folder: folder, url, store: Arc::new(store), backend: Backend::start().await };
        scene
            .change(|draft| {
                for (id, name) in [("loans", "Loans"), ("insurance", "Insurance")] {
                    draft.create(Record::Project(Project::new(id, name)));
                }
                let sections = Sections::these(vec!["calls".to_owned()]);
                draft.create(Record::Role(Role {
                    name: "Operator".into(),
                    rights: Rights::default(),
                    sections,
                }));
                let roles = vec!["Operator".into()];
                draft.create(Record::User(User { roles, ..User::new("olga", "Olga") }));
                let hash = TokenDigest::of(&token_of("olga")).salted(draft.state().salt());
                draft.create(Record::Token(Token { hash, user: "olga".into(), label: None }));
                for queue in ["7", "8", "9"] {
                    draft.create(Record::Object(Object::new("queue", queue)));
                }
                draft.join(&Key::object("queue", "7"), "loans");
                draft.join(&Key::object("queue", "8"), "insurance");
                draft.join(&olga(), "loans");
            })
            .await;
        scene
    }

    async fn change(&self, edit: impl FnOnce(&mut Draft) + Send) {
        let by = By { actor: "test".to_owned(), action: "change", once: None };
        let edit = |draft: &mut Draft| -> Result<(), ()> {
            edit(draft);
            Ok(())
        };
        self.store.change(&by, edit).await.unwrap();
    }

    /// A proxy with a store of its own over the same database, as a fleet has them.
    async fn proxy(&self, age: Duration) -> (Running, Arc<Store>) {
        let store = Arc::new(Store::connect(&self.url, &ConnectOptions::default()).await.unwrap());
        let set = |config: &mut cordon_gateway::GatewayConfig| config.directory_age = age;
        (Cordon::start_over(RULES, Arc::clone(&store), self.backend.address(), set).await, store)
    }

    async fn calls(&self, proxy: &Running) -> Answer {
        self.backend.answer("/calls", Reply::json(CALLS));
        proxy.client("olga").get("/calls").await
    }
}

fn olga() -> Key {
    Key::new(RecordKind::User, "olga")
}

const HOUR: Duration = Duration::from_secs(3600);

/// Waits until a store has what another one committed.
async fn follow(store: &Store, change: u64) {
    while store.status().change < change {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_change_is_in_force_at_the_next_request_of_every_proxy() {
    let scene = Scene::new(Security::Enhanced).await;
    let (one, one_store) = scene.proxy(HOUR).await;
    let (other, other_store) = scene.proxy(HOUR).await;
    let first = r#"{"items":[{"id":1,"queue":"7"}],"total":1}"#;
    let both = r#"{"items":[{"id":1,"queue":"7"},{"id":2,"queue":"8"}],"total":2}"#;
    for proxy in [&one, &other] {
        assert_eq!(scene.calls(proxy).await.text(), first);
    }
    scene.change(|draft| draft.join(&olga(), "insurance")).await;
    let number = scene.store.status().change;
    follow(&one_store, number).await;
    follow(&other_store, number).await;
    for proxy in [&one, &other] {
        assert_eq!(scene.calls(proxy).await.text(), both);
    }
    scene.change(|draft| draft.leave(&olga(), "insurance")).await;
    let number = scene.store.status().change;
    follow(&one_store, number).await;
    assert_eq!(scene.calls(&one).await.text(), first);
}

#[tokio::test]
async fn nothing_breaks_on_the_day_of_the_switch() {
    let scene = Scene::new(Security::Simplified).await;
    let (proxy, store) = scene.proxy(HOUR).await;
    assert_eq!(scene.calls(&proxy).await.text(), CALLS);
    let observed = proxy.gateway().counters().routes[0].clone();
    assert_eq!(observed.dropped, 2, "what enforcement would have done is counted: {observed:?}");
    scene.change(Draft::enhance).await;
    follow(&store, scene.store.status().change).await;
    // The queues 7 and 8 have projects of their own, in which they may be alone (D6); 9 had none.
    let expected = r#"{"items":[{"id":1,"queue":"7"},{"id":3,"queue":"9"}],"total":2}"#;
    assert_eq!(scene.calls(&proxy).await.text(), expected);
}

#[tokio::test]
async fn a_proxy_that_cannot_know_what_is_in_force_does_not_serve() {
    let scene = Scene::new(Security::Enhanced).await;
    // Any time at all since the last confirmation is too long.
    let (proxy, _) = scene.proxy(Duration::ZERO).await;
    let answer = scene.calls(&proxy).await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("directory-stale"), "{}", answer.text());
    assert!(!answer.text().contains("queue"), "{}", answer.text());
}
