//! H41 by what is neither a signed token (`tokens.rs`) nor an opaque one (`opaque.rs`): who says what, what the backend gets, and what is refused.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cordon_gateway::{
    BackendCredential, BasicSettings, CredentialPlace, FrontSettings, GatewayConfig, IdentityMethod, NamedBy,
    Naming, Passwords, Remembrance, WhoAmISettings,
};
use http::Method;

use crate::backend::{Script, Seen, Then, json, raw, reply};
use crate::client::Reply;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

pub(crate) const EVERYWHERE: [CredentialPlace; 4] = [
    CredentialPlace::Authorization,
    CredentialPlace::Header,
    CredentialPlace::Query,
    CredentialPlace::Cookie,
];

fn by_login() -> Naming {
    Naming { by: NamedBy::Login, prefix: String::new() }
}

pub(crate) fn who_am_i(from: &[CredentialPlace]) -> WhoAmISettings {
    WhoAmISettings {
        method: Method::GET,
        path: "/legacy/me?full=1".into(),
        user: serde_json_path::JsonPath::parse("$.user.login").unwrap(),
        naming: by_login(),
        remembrance: Remembrance::default(),
        deadline: Duration::from_secs(5),
        from: from.to_vec(),
    }
}

/// A backend that knows its own sessions and passwords: `SESSION-login`, wherever it stands.
fn legacy(seen: &Seen) -> Script {
    if !seen.target.starts_with("/legacy/me") {
        return json(calls(TWO));
    }
    let shown = format!("{} {:?}", seen.target, seen.headers);
    let decoded = seen.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let decoded = decoded.map(|text| String::from_utf8(BASE64.decode(text).unwrap()).unwrap());
    let known = |login: &&&str| {
        shown.contains(&format!("SESSION-{login}\""))
            || seen.target.contains(&format!("SESSION-{login}"))
            || decoded.as_deref() == Some(&format!("{login}:PASSWORD-{login}"))
    };
    match ["anna", "zoe", "stranger"].iter().find(known) {
        Some(login) => json(format!(r#"{{"user":{{"login":"{login}"}},"private":"BODYVALUE"}}"#)),
        None => reply("401 Unauthorized\r\nContent-Type: text/html", "<h1>BODYVALUE"),
    }
}

pub(crate) async fn stage(change: impl FnOnce(&mut GatewayConfig)) -> Stage {
    Stage::with("enhanced", change, legacy).await
}

/// GET of the calls with these header lines, each ending in CRLF.
pub(crate) async fn get(stage: &Stage, headers: &str) -> Reply {
    get_at(stage, "/api/calls", headers).await
}

async fn get_at(stage: &Stage, path: &str, headers: &str) -> Reply {
    stage.raw(format!("GET {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n{headers}\r\n")).await
}

pub(crate) fn basic(login: &str, password: &str) -> String {
    format!("Authorization: Basic {}\r\n", BASE64.encode(format!("{login}:{password}")))
}

fn questions(stage: &Stage) -> Vec<Seen> {
    stage.backend.seen().into_iter().filter(|seen| seen.target.starts_with("/legacy/me")).collect()
}

#[tokio::test]
async fn h41_the_backend_is_asked_with_one_credential_and_remembered() {
    let stage = stage(|config| {
        config.identity.methods =
            vec![IdentityMethod::ApiToken, IdentityMethod::WhoAmI(who_am_i(&EVERYWHERE))];
        config.identity.places.cookies = vec!["session".into()];
        config.identity.places.query = vec!["sid".into()];
        // The backend would answer for this credential, if it were shown it.
        let value = "Bearer SESSION-zoe".parse().unwrap();
        config.backend.credential = BackendCredential::Header { name: http::header::AUTHORIZATION, value };
    })
    .await;
    let cookie = "Cookie: theme=dark; session=SESSION-anna; other=SESSION-zoe\r\n";
    for _ in 0..3 {
        assert_eq!(get(&stage, cookie).await.text(), ANNAS_CALLS);
    }
    let asked = questions(&stage);
    assert_eq!(asked.len(), 1, "it is remembered");
    assert_eq!((asked[0].method.as_str(), asked[0].target.as_str()), ("GET", "/legacy/me?full=1"));
    let mut names = asked[0].headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "cookie", "host"]);
    assert_eq!(asked[0].header("cookie"), Some("session=SESSION-anna"));
    for seen in stage.backend.seen().iter().filter(|seen| seen.target == "/api/calls") {
        assert_eq!(seen.header("cookie"), None);
        assert_eq!(seen.header("authorization"), Some("Bearer SESSION-zoe"));
    }
    for (path, headers, shown) in [
        ("/api/calls", "Authorization: Bearer SESSION-anna\r\n", ("authorization", "Bearer SESSION-anna")),
        ("/api/calls", "X-Api-Key: SESSION-anna\r\n", ("x-api-key", "SESSION-anna")),
        ("/api/calls?sid=SESSION-anna", "", ("accept", "application/json")),
    ] {
        assert_eq!(get_at(&stage, path, headers).await.text(), ANNAS_CALLS, "{headers}");
        let asked = questions(&stage).pop().unwrap();
        assert_eq!(asked.header(shown.0), Some(shown.1));
        assert_eq!(asked.target.contains("sid=SESSION-anna"), path.contains("sid"), "{}", asked.target);
        assert_eq!(asked.header("cookie"), None);
    }
}

#[tokio::test]
async fn h41_whom_the_backend_does_not_know_is_refused_like_any_other() {
    let stage = stage(|config| {
        config.identity.methods = vec![IdentityMethod::WhoAmI(who_am_i(&EVERYWHERE))];
        config.identity.places.cookies = vec!["session".into()];
    })
    .await;
    let unknown = get(&stage, "Cookie: session=none\r\n").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (401, "credentials-not-accepted"));
    // The backend knows this one, and the directory does not.
    let stranger = get(&stage, "Cookie: session=SESSION-stranger\r\n").await;
    assert_eq!(stranger.timeless(), unknown.clone().timeless());
    // A cookie that is not configured is no credential, and what two servers may read differently is none either.
    assert_eq!(get(&stage, "Cookie: Session=SESSION-anna\r\n").await.code(), "credentials-required");
    let before = questions(&stage).len();
    for odd in ["session=\"SESSION-anna\"", "session=SESSION-anna,x", "session=SESSION-anna x", "session="] {
        let refused = get(&stage, &format!("Cookie: {odd}\r\n")).await;
        assert_eq!(refused.clone().timeless(), unknown.clone().timeless(), "{odd}");
    }
    assert_eq!(questions(&stage).len(), before);
}

#[tokio::test]
async fn h41_a_backend_that_cannot_say_who_calls_lets_nobody_in() {
    let answers = [
        ("500 Oops\r\nContent-Type: application/json", r#"{"user":{"login":"anna"}}"#, 503),
        ("429 Slow\r\nContent-Type: application/json", r#"{"user":{"login":"anna"}}"#, 503),
        ("404 Not Found\r\nContent-Type: application/json", r#"{"user":{"login":"anna"}}"#, 503),
        ("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", "gibberish", 503),
        ("302 Found\r\nLocation: /login", "", 401),
        ("403 No\r\nContent-Type: application/json", r#"{"user":{"login":"anna"}}"#, 401),
        ("200 OK\r\nContent-Type: text/html", "<form>", 401),
        ("200 OK\r\nContent-Type: application/json", r#"{"user":null}"#, 401),
        ("200 OK\r\nContent-Type: application/json", r#"{"user":{"login":["anna"]}}"#, 401),
        ("200 OK\r\nContent-Type: application/json", r#"{"user":{"login":" "}}"#, 401),
        ("200 OK\r\nContent-Type: application/json", r#"{"user":{"login":"anna"}"#, 401),
    ];
    for (head, body, status) in answers {
        let change = |config: &mut GatewayConfig| {
            config.identity.methods = vec![IdentityMethod::WhoAmI(who_am_i(&EVERYWHERE))];
        };
        let stage = Stage::with("enhanced", change, move |seen| match seen.target.as_str() {
            "/api/calls" => json(calls(TWO)),
            _ => reply(head, body),
        })
        .await;
        let refused = get(&stage, "Authorization: Bearer some\r\n").await;
        assert_eq!(refused.status, status, "{head} {body}");
        if status == 503 {
            assert_eq!(refused.code(), "identity-unavailable");
            assert_eq!(refused.header("retry-after"), Some("5"));
        }
        assert!(stage.backend.seen().iter().all(|seen| seen.target != "/api/calls"), "{head}");
    }
}

#[tokio::test]
async fn h41_a_slow_answer_about_one_caller_stalls_no_other() {
    let change = |config: &mut GatewayConfig| {
        let asking = WhoAmISettings { deadline: Duration::from_millis(300), ..who_am_i(&EVERYWHERE) };
        config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::WhoAmI(asking)];
    };
    let stage = Stage::with("enhanced", change, |seen| match seen.target.as_str() {
        "/api/calls" => json(calls(TWO)),
        _ => raw("", Then::Hang),
    })
    .await;
    let waiting = async {
        let all = (0..20).map(|_| get(&stage, "Authorization: Bearer some\r\n"));
        futures_util::future::join_all(all).await
    };
    let others = async {
        for _ in 0..5 {
            assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
        }
    };
    let (waiting, ()) = tokio::join!(waiting, others);
    for refused in waiting {
        assert_eq!((refused.status, refused.code().as_str()), (503, "identity-unavailable"));
    }
}

#[tokio::test]
async fn h41_basic_takes_a_login_and_one_of_its_tokens() {
    let stage = stage(|config| {
        let settings = BasicSettings { passwords: Passwords::Directory, challenge: true };
        config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::Basic(settings)];
        config.identity.realm = "contact centre".into();
    })
    .await;
    assert_eq!(get(&stage, &basic("anna", &format!("{TOKEN}anna"))).await.text(), ANNAS_CALLS);
    let nothing = get(&stage, "").await;
    let challenges = nothing.headers.get_all("www-authenticate").iter().collect::<Vec<_>>();
    assert_eq!(
        challenges,
        ["Bearer realm=\"contact centre\"", "Basic realm=\"contact centre\", charset=\"UTF-8\""]
    );
    let wrong = [
        basic("anna", "wrong"),
        basic("anna", &format!("{TOKEN}zoe")),
        basic("nobody", &format!("{TOKEN}anna")),
        basic("", &format!("{TOKEN}anna")),
        basic("anna", ""),
        "Authorization: Basic\r\n".into(),
        "Authorization: Basic !!!\r\n".into(),
        // A token alone is none in this scheme, and a login with a token is none in the other.
        format!("Authorization: Basic {TOKEN}anna\r\n"),
        basic("anna", &format!("{TOKEN}anna")).replace("Basic", "Bearer"),
        "Authorization: Digest username=\"anna\"\r\n".into(),
    ];
    let first = get(&stage, &wrong[0]).await.timeless();
    assert_eq!((first.status, first.code().as_str()), (401, "credentials-not-accepted"));
    for headers in &wrong {
        assert_eq!(get(&stage, headers).await.timeless(), first, "{headers}");
    }
    assert_eq!(stage.backend.seen().len(), 1);
}

#[tokio::test]
async fn h41_basic_can_be_the_backends() {
    let stage = stage(|config| {
        let passwords = Passwords::Backend(who_am_i(&[]));
        let settings = BasicSettings { passwords, challenge: false };
        config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::Basic(settings)];
        config.backend.credential = BackendCredential::PassThrough;
    })
    .await;
    for _ in 0..2 {
        assert_eq!(get(&stage, &basic("anna", "PASSWORD-anna")).await.text(), ANNAS_CALLS);
    }
    assert_eq!(questions(&stage).len(), 1);
    let sent = stage.backend.seen().pop().unwrap();
    assert_eq!(sent.header("authorization").unwrap(), basic("anna", "PASSWORD-anna")[15..].trim());
    assert_eq!(get(&stage, &basic("anna", "PASSWORD-zoe")).await.status, 401);
    // What is no password is not shown to the backend.
    assert_eq!(get(&stage, "Authorization: Bearer SESSION-anna\r\n").await.status, 401);
    assert_eq!(questions(&stage).len(), 2);
}

#[tokio::test]
async fn h41_a_header_names_the_caller_only_from_where_that_is_configured() {
    let front = |network: &'static str| {
        move |config: &mut GatewayConfig| {
            let header = "x-sso-user".parse().unwrap();
            let addresses = vec![network.parse().unwrap()];
            config.request_headers = vec![http::HeaderName::from_static("x-sso-user")];
            config.identity.methods = vec![
                IdentityMethod::ApiToken,
                IdentityMethod::Front(FrontSettings { header, addresses, naming: by_login() }),
            ];
        }
    };
    let believed = stage(front("127.0.0.0/8")).await;
    assert_eq!(get(&believed, "X-SSO-User: anna\r\n").await.text(), ANNAS_CALLS);
    assert_eq!(believed.backend.only().header("x-sso-user"), None, "it goes no further");
    let token = |login: &str| format!("Authorization: Bearer {TOKEN}{login}\r\n");
    for (headers, status, code) in [
        ("X-SSO-User: nobody\r\n".to_owned(), 401, "credentials-not-accepted"),
        ("X-SSO-User:\r\n".to_owned(), 401, "credentials-not-accepted"),
        ("X-SSO-User: anna\r\nX-SSO-User: anna\r\n".to_owned(), 400, "credentials-disagree"),
        (format!("X-SSO-User: anna\r\n{}", token("zoe")), 400, "credentials-disagree"),
        (format!("X-SSO-User: anna\r\n{}", token("nobody")), 401, "credentials-not-accepted"),
        (format!("X-SSO-User: nobody\r\n{}", token("anna")), 401, "credentials-not-accepted"),
        (String::new(), 401, "credentials-required"),
    ] {
        let refused = get(&believed, &headers).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{headers}");
    }
    assert_eq!(get(&believed, &format!("X-SSO-User: anna\r\n{}", token("anna"))).await.status, 200);

    let elsewhere = stage(front("10.0.0.0/8")).await;
    assert_eq!(get(&elsewhere, "X-SSO-User: anna\r\n").await.code(), "credentials-required");
    let both = get(&elsewhere, &format!("X-SSO-User: root\r\n{}", token("anna"))).await;
    assert_eq!(both.text(), ANNAS_CALLS);
    assert_eq!(elsewhere.backend.only().header("x-sso-user"), None);
}

#[tokio::test]
async fn h41_credentials_in_all_places_have_to_agree() {
    let stage = stage(|config| {
        let settings = BasicSettings { passwords: Passwords::Directory, challenge: false };
        config.identity.methods = vec![
            IdentityMethod::ApiToken,
            IdentityMethod::Basic(settings),
            IdentityMethod::WhoAmI(who_am_i(&[CredentialPlace::Cookie])),
        ];
        config.identity.places.cookies = vec!["session".into(), "token".into()];
        config.identity.places.query = vec!["api_token".into()];
    })
    .await;
    let places = |login: &str| {
        [
            ("/api/calls".to_owned(), format!("Authorization: Bearer {TOKEN}{login}\r\n")),
            ("/api/calls".to_owned(), basic(login, &format!("{TOKEN}{login}"))),
            ("/api/calls".to_owned(), format!("X-Api-Key: {TOKEN}{login}\r\n")),
            (format!("/api/calls?api_token={TOKEN}{login}"), String::new()),
            ("/api/calls".to_owned(), format!("Cookie: token={TOKEN}{login}\r\n")),
            ("/api/calls".to_owned(), format!("Cookie: session=SESSION-{login}\r\n")),
        ]
    };
    let (annas, zoes) = (places("anna"), places("zoe"));
    let mut disagreements = 0;
    for (one, first) in annas.iter().enumerate() {
        for (other, second) in zoes.iter().enumerate() {
            let path = if first.0.contains('?') { &first.0 } else { &second.0 };
            if first.0.contains('?') && second.0.contains('?') {
                let path = format!("{}&api_token={TOKEN}zoe", first.0);
                assert_eq!(get_at(&stage, &path, "").await.code(), "credentials-disagree");
                continue;
            }
            let refused = get_at(&stage, path, &format!("{}{}", first.1, second.1)).await;
            assert_eq!(
                (refused.status, refused.code().as_str()),
                (400, "credentials-disagree"),
                "{one} {other}"
            );
            disagreements += 1;
            // In places of their own, credentials of one user agree.
            let second = &annas[other];
            let path = if first.0.contains('?') { &first.0 } else { &second.0 };
            let both_authorize = one < 2 && other < 2;
            let same = one == other;
            let agreed = get_at(&stage, path, &format!("{}{}", first.1, second.1)).await;
            assert_eq!(agreed.status, if both_authorize && !same { 400 } else { 200 }, "{one} {other}");
        }
    }
    assert_eq!(disagreements, 35);
    // One place has one credential, even if both are of the same user.
    let two = format!("Cookie: token={TOKEN}anna; token=SESSION-anna\r\n");
    assert_eq!(get(&stage, &two).await.code(), "credentials-disagree");
    assert!(questions(&stage).iter().all(|seen| !format!("{seen:?}").contains(TOKEN)));
}

#[tokio::test]
async fn h41_the_backend_gets_the_callers_cookie_and_no_other() {
    let pass = |config: &mut GatewayConfig| {
        config.identity.methods =
            vec![IdentityMethod::ApiToken, IdentityMethod::WhoAmI(who_am_i(&EVERYWHERE))];
        config.identity.places.cookies = vec!["session".into()];
        config.backend.credential = BackendCredential::PassThrough;
        config.request_cookies = vec!["language".into()];
    };
    let cookies = "Cookie: admin=1; session=SESSION-anna; language=de\r\nCookie: sid=2\r\n";
    let passing = stage(pass).await;
    assert_eq!(get(&passing, cookies).await.text(), ANNAS_CALLS);
    let sent = passing.backend.seen().pop().unwrap();
    assert_eq!(sent.header("cookie"), Some("language=de; session=SESSION-anna"));

    let none = stage(|config| {
        pass(config);
        config.backend.credential = BackendCredential::None;
    })
    .await;
    assert_eq!(get(&none, cookies).await.text(), ANNAS_CALLS);
    assert_eq!(none.backend.seen().pop().unwrap().header("cookie"), Some("language=de"));

    // Where nothing is enforced, the caller's credential does not reach a backend that gets another one either.
    let observing = Stage::with(
        "simplified",
        |config: &mut GatewayConfig| {
            pass(config);
            config.backend.credential = BackendCredential::Query { name: "key".into(), value: "ours".into() };
        },
        legacy,
    )
    .await;
    assert_eq!(get(&observing, cookies).await.status, 200);
    let sent = observing.backend.seen().pop().unwrap();
    assert_eq!(sent.header("cookie"), Some("admin=1; language=de; sid=2"));
}
