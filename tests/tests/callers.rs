//! Callers whom others know (H41): a real OpenID provider that changes its keys and takes tokens back, and a real
//! PocketBase that is asked about its own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_gateway::{
    BackendCredential, CredentialPlace, Following, GatewayConfig, IdentityMethod, IntrospectionSettings,
    JwtAlgorithm, JwtKeys, JwtSettings, Naming, Remembrance, WhoAmISettings,
};
use cordon_tests::issuer::{ASKING, Issuer, OPAQUE, SIGNED};
use cordon_tests::pocketbase::PocketBase;
use cordon_tests::{Answer, Backend, Client, Cordon, DirectoryText, Reply, Running, external};
use http::Method;
use serde_json::{Value, json};

/// Nothing takes longer, unless it never happens.
const LONG: Duration = Duration::from_secs(40);

const RULES: &str = r#"
name = "callers"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id"]

[[route]]
name = "calls"
path = "/calls"
section = "calls"
records = [{ path = "$[*]", kind = "call" }]
"#;

const ANNAS: &str = r#"[{"id":1}]"#;

fn directory() -> DirectoryText {
    let role = DirectoryText::default().project("acme", &[]).project("zeta", &[]).role("Agent", &[], None);
    let anna = role.user("anna", "Agent", &["acme"]).known_as(&["provider:anna"]);
    anna.user("brief", "Agent", &["acme"]).known_as(&["provider:brief"])
}

async fn backend() -> Backend {
    let backend = Backend::start().await;
    backend.answer("/calls", Reply::json(r#"[{"id":1,"project":"acme"},{"id":2,"project":"zeta"}]"#));
    backend
}

fn naming() -> Naming {
    Naming { prefix: "provider:".into(), ..Naming::default() }
}

/// Follows the provider's keys, every second.
fn discovered(issuer: &Issuer) -> IdentityMethod {
    IdentityMethod::Jwt(JwtSettings {
        keys: JwtKeys::Discovery(Following { refresh: Duration::from_secs(1), ..Following::default() }),
        algorithms: vec![JwtAlgorithm::Es256],
        issuer: issuer.name(),
        audiences: vec![SIGNED.into()],
        claim: "sub".into(),
        naming: naming(),
        leeway: Duration::from_secs(30),
    })
}

fn introspected(issuer: &Issuer, time: Duration) -> IntrospectionSettings {
    IntrospectionSettings {
        url: format!("{}/token/introspection", issuer.name()).parse().unwrap(),
        client: ASKING.into(),
        secret: Issuer::secret(ASKING),
        issuer: Some(issuer.name()),
        audiences: vec![OPAQUE.into()],
        claim: "client_id".into(),
        naming: naming(),
        remembrance: Remembrance { time, ..Remembrance::default() },
        deadline: Duration::from_secs(5),
        from: vec![CredentialPlace::Authorization],
    }
}

async fn cordon(backend: &Backend, methods: Vec<IdentityMethod>) -> Running {
    let set = |config: &mut GatewayConfig| config.identity.methods = methods;
    Cordon::start_with(RULES, directory().text(), backend.address(), set).await
}

async fn get(cordon: &Running, path: &str, token: &str) -> Answer {
    let answer = Client::with_token(cordon.address(), token).get(path).await;
    assert!(!answer.holds(token), "{answer:?}");
    answer
}

/// Asks until the answer has this status.
async fn becomes(cordon: &Running, path: &str, token: &str, status: u16) {
    let end = Instant::now() + LONG;
    loop {
        let answer = get(cordon, path, token).await;
        if answer.status == status {
            return;
        }
        assert!(Instant::now() < end, "{} instead of {status}", answer.status);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h41_a_discovered_providers_keys_are_followed_while_they_change() {
    let Some(mut issuer) = Issuer::start().await else { return };
    let backend = backend().await;
    let cordon = cordon(&backend, vec![IdentityMethod::ApiToken, discovered(&issuer)]).await;
    let old = issuer.token("anna", SIGNED).await;
    let answer = get(&cordon, "/calls", &old).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ANNAS));
    // The provider knows zoe, and the directory does not.
    assert_eq!(get(&cordon, "/calls", &issuer.token("zoe", SIGNED).await).await.status, 401);
    assert_eq!(get(&cordon, "/calls", &issuer.token("anna", OPAQUE).await).await.status, 401);

    issuer.restart().await;
    let new = issuer.token("anna", SIGNED).await;
    becomes(&cordon, "/calls", &new, 200).await;
    becomes(&cordon, "/calls", &old, 401).await;
    assert_eq!(get(&cordon, "/calls", &new).await.text(), ANNAS);

    // Whose key is known does not need the provider, and whose key is not cannot be told from a new one.
    issuer.stop();
    becomes(&cordon, "/calls", &old, 503).await;
    for _ in 0..5 {
        assert_eq!(get(&cordon, "/calls", &new).await.text(), ANNAS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h41_opaque_tokens_are_what_their_provider_says_now() {
    let Some(mut issuer) = Issuer::start().await else { return };
    let backend = backend().await;
    let short = introspected(&issuer, Duration::from_secs(1));
    let cordon_short = cordon(&backend, vec![IdentityMethod::Introspection(short)]).await;
    let long = introspected(&issuer, Duration::from_secs(3600));
    let cordon_long = cordon(&backend, vec![discovered(&issuer), IdentityMethod::Introspection(long)]).await;

    let token = issuer.token("anna", OPAQUE).await;
    for cordon in [&cordon_short, &cordon_long] {
        assert_eq!(get(cordon, "/calls", &token).await.text(), ANNAS);
        assert_eq!(get(cordon, "/calls", "made-up").await.status, 401);
        assert_eq!(get(cordon, "/calls", &issuer.token("zoe", OPAQUE).await).await.status, 401);
    }
    // A token for somebody else's service, though it is active, and one that this provider does not look into.
    for resource in ["urn:other", SIGNED] {
        let token = issuer.token("anna", resource).await;
        assert_eq!(get(&cordon_short, "/calls", &token).await.status, 401, "{resource}");
    }
    assert_eq!(get(&cordon_long, "/calls", &issuer.token("anna", SIGNED).await).await.text(), ANNAS);
    // An answer counts for as long as it is remembered, and never for longer than the token lives.
    issuer.revoke("anna", &token).await;
    becomes(&cordon_short, "/calls", &token, 401).await;
    let brief = issuer.token("brief", OPAQUE).await;
    assert_eq!(get(&cordon_long, "/calls", &brief).await.text(), ANNAS);
    becomes(&cordon_long, "/calls", &brief, 401).await;

    let unseen = issuer.token("anna", OPAQUE).await;
    issuer.stop();
    let refused = get(&cordon_short, "/calls", &unseen).await;
    assert_eq!((refused.status, refused.problem().as_deref()), (503, Some("identity-unavailable")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h41_a_real_backend_is_asked_who_its_own_users_are() {
    let Some(program) = external::tool("pocketbase") else { return };
    let pocketbase = PocketBase::start(&program).await;
    let mut superuser = pocketbase.superuser();
    let columns = json!([{"name": "project", "type": "text"}]);
    let calls = json!({"name": "calls", "type": "base", "fields": columns});
    assert_eq!(superuser.post("/api/collections", &calls).await.status, 200);
    for project in ["acme", "zeta"] {
        let call = json!({"id": format!("call00000000{}", &project[..3]), "project": project});
        assert_eq!(superuser.post("/api/collections/calls/records", &call).await.status, 200);
    }
    let rules = RULES.replace("/calls", "/api/collections/calls/records").replace("$[*]", "$.items[*]");
    let (anna, zoe) = (user(&pocketbase, "anna").await, user(&pocketbase, "zoe").await);
    let directory = directory().user("other", "Agent", &["zeta"]).known_as(&["anna@acme.test"]);
    let ours = pocketbase.credential().parse().unwrap();
    let cordon = Cordon::start_with(&rules, directory.text(), pocketbase.address(), |config| {
        config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::WhoAmI(refresh())];
        config.identity.places.cookies = vec!["pb_auth".into()];
        config.backend.credential =
            BackendCredential::Header { name: http::header::AUTHORIZATION, value: ours };
    })
    .await;
    let path = "/api/collections/calls/records";
    let answer = get(&cordon, path, &anna.token).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"items":[{"id":"call00000000zet"}]}"#));
    // PocketBase knows zoe, and the directory does not.
    assert_eq!(get(&cordon, path, &zoe.token).await.status, 401);
    let forged = format!("{}x", anna.token);
    assert_eq!(get(&cordon, path, &forged).await.status, 401);
    // Our own credential is a superuser's, of whom this collection of users knows nothing.
    assert_eq!(get(&cordon, path, pocketbase.credential()).await.status, 401);

    let path_of_anna = format!("/api/collections/users/records/{}", anna.id);
    let gone = superuser.send(Method::DELETE, &path_of_anna, &[], Bytes::new()).await;
    assert_eq!(gone.status, 204);
    becomes(&cordon, path, &anna.token, 401).await;
}

/// PocketBase tells who is calling where it renews tokens.
fn refresh() -> WhoAmISettings {
    WhoAmISettings {
        method: Method::POST,
        path: "/api/collections/users/auth-refresh".into(),
        user: serde_json_path::JsonPath::parse("$.record.email").unwrap(),
        naming: Naming::default(),
        remembrance: Remembrance { time: Duration::from_secs(1), ..Remembrance::default() },
        deadline: Duration::from_secs(10),
        from: vec![CredentialPlace::Authorization, CredentialPlace::Cookie],
    }
}

struct User {
    id: String,
    token: String,
}

async fn user(pocketbase: &PocketBase, name: &str) -> User {
    let (email, password) = (format!("{name}@acme.test"), "only-for-tests-1");
    let record =
        json!({"email": email, "emailVisibility": true, "password": password, "passwordConfirm": password});
    let made = pocketbase.superuser().post("/api/collections/users/records", &record).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let credentials = json!({"identity": email, "password": password});
    let path = "/api/collections/users/auth-with-password";
    let answer = Client::new(pocketbase.address()).post(path, &credentials).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    User { id: text(&answer["record"]["id"]), token: text(&answer["token"]) }
}
