//! H40–H42: one form of the request, one caller, and a log that tells nothing.

use cordon_gateway::{BackendCredential, GatewayConfig};

use crate::backend::{json, reply};
use crate::log;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, call, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

fn by_query(config: &mut GatewayConfig) {
    config.identity.places.query.push("api_token".into());
}

#[tokio::test]
async fn h40_paths_are_matched_and_forwarded_in_one_form() {
    let stage = Stage::new(|seen| match seen.target.as_str() {
        "/api/calls" => json(calls(TWO)),
        _ => json(call(1, "acme")),
    })
    .await;
    assert_eq!(stage.get("anna", "/%61pi/c%61lls").await.text(), ANNAS_CALLS);
    assert_eq!(stage.backend.only().target, "/api/calls");
    assert_eq!(stage.get("anna", "/api/calls/%d0%b8%20%2d").await.status, 200);
    assert_eq!(stage.backend.seen()[1].target, "/api/calls/%D0%B8%20-");
    assert_eq!(stage.get("anna", "/api/calls?page=%31&page=b+c").await.status, 200);
    assert_eq!(stage.backend.seen()[2].target, "/api/calls?page=1&page=b%20c");
    let refused = [
        "//api/calls",
        "/api//calls",
        "/api/./calls",
        "/api/x/../calls",
        "/api/%2e%2e/api/calls",
        "/api%2fcalls",
        "/api/calls%5c1",
        "/api/calls%00",
        "/api/calls;x=1",
        "/api/calls/%",
        "/api/calls/%252f",
        "/api/calls?a=%zz",
        "/api/calls?_method=DELETE",
    ];
    for path in refused {
        assert_eq!(stage.get("anna", path).await.status, 400, "{path}");
    }
    for path in ["/API/calls", "/api/calls/", "/api/Calls"] {
        assert_eq!(stage.get("anna", path).await.status, 404, "{path}");
    }
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let header = format!("{header}: DELETE\r\n");
        assert_eq!(stage.send("anna", "POST", "/api/search", &header, "{}").await.status, 400, "{header}");
    }
    assert_eq!(stage.backend.seen().len(), 3);
}

#[tokio::test]
async fn h41_tokens_are_taken_from_every_place_and_go_no_further() {
    let stage = Stage::with("enhanced", by_query, |_| json(calls(TWO))).await;
    let requests = [
        ("/api/calls".to_owned(), format!("Authorization: Bearer {TOKEN}anna\r\n")),
        ("/api/calls".to_owned(), format!("Authorization: bearer  {TOKEN}anna\r\n")),
        ("/api/calls".to_owned(), format!("X-Api-Key: {TOKEN}anna\r\n")),
        (format!("/api/calls?api_token={TOKEN}anna"), String::new()),
        (format!("/api/calls?api_token={TOKEN}anna"), format!("X-Api-Key: {TOKEN}anna\r\n")),
    ];
    for (path, headers) in &requests {
        assert_eq!(stage.unnamed(path, headers).await.text(), ANNAS_CALLS, "{path} {headers}");
    }
    for seen in stage.backend.seen() {
        assert_eq!(seen.target, "/api/calls");
        assert!(!format!("{seen:?}").contains(TOKEN), "{seen:?}");
    }
}

#[tokio::test]
async fn h41_credentials_that_are_missing_wrong_or_at_odds_are_refused() {
    let stage = Stage::with("enhanced", by_query, |_| json(calls(TWO))).await;
    let cases = [
        ("/api/calls", String::new(), 401, "credentials-required"),
        ("/api/calls", "Authorization: Bearer wrong\r\n".into(), 401, "credentials-not-accepted"),
        ("/api/calls", "Authorization: Bearer\r\n".into(), 401, "credentials-not-accepted"),
        ("/api/calls", "Authorization: Basic YTpi\r\n".into(), 401, "credentials-not-accepted"),
        (
            "/api/calls",
            format!("Authorization: Basic YTpi\r\nX-Api-Key: {TOKEN}anna\r\n"),
            401,
            "credentials-not-accepted",
        ),
        (
            "/api/calls",
            format!("Authorization: Bearer {TOKEN}anna\r\nX-Api-Key: {TOKEN}zoe\r\n"),
            400,
            "credentials-disagree",
        ),
        (
            "/api/calls?api_token=token-of-root",
            format!("Authorization: Bearer {TOKEN}anna\r\n"),
            400,
            "credentials-disagree",
        ),
        (
            "/api/calls?api_token=wrong",
            format!("Authorization: Bearer {TOKEN}anna\r\n"),
            401,
            "credentials-not-accepted",
        ),
        (
            "/api/calls",
            format!("Authorization: Bearer {TOKEN}anna\r\nAuthorization: Bearer {TOKEN}root\r\n"),
            400,
            "credentials-disagree",
        ),
    ];
    for (path, headers, status, code) in cases {
        let reply = stage.unnamed(path, &headers).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path} {headers}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn h41_identity_headers_of_the_client_are_stripped() {
    let careless = |config: &mut GatewayConfig| {
        for name in
            ["x-forwarded-user", "x-remote-user", "authorization", "x-api-key", "x-forwarded-for", "cookie"]
        {
            config.request_headers.push(name.parse().unwrap());
        }
        config.request_cookies = vec!["language".into(), "session".into(), "Session".into()];
        config.identity.places.cookies = vec!["session".into()];
    };
    let stage = Stage::with("enhanced", careless, |_| json(calls(TWO))).await;
    let headers = "X-Forwarded-User: root\r\nX-Remote-User: root\r\nX-User: root\r\nX-Forwarded-For: 10.0.0.1\r\n\
                   Forwarded: for=10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nCookie: other=1; Session=3; language=de\r\n";
    assert_eq!(stage.send("anna", "GET", "/api/calls", headers, "").await.status, 200);
    let seen = stage.backend.only();
    let mut names = seen.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "cookie", "host"]);
    assert_eq!(seen.header("cookie"), Some("language=de"));
}

#[tokio::test]
async fn h41_the_backend_gets_the_credential_that_is_configured() {
    let pass = |config: &mut GatewayConfig| {
        by_query(config);
        config.backend.credential = BackendCredential::PassThrough;
    };
    let stage = Stage::with("enhanced", pass, |_| json(calls(TWO))).await;
    stage.get("anna", &format!("/api/calls?page=1&api_token={TOKEN}anna")).await;
    let seen = stage.backend.only();
    assert_eq!(seen.header("authorization"), Some("Bearer token-of-anna"));
    assert_eq!(seen.target, "/api/calls?page=1&api_token=token-of-anna");
    let service = |config: &mut GatewayConfig| {
        by_query(config);
        config.backend.credential =
            BackendCredential::Query { name: "api_token".into(), value: "s3 cret".into() };
    };
    let stage = Stage::with("enhanced", service, |_| json(calls(TWO))).await;
    stage.get("anna", &format!("/api/calls?api_token={TOKEN}anna")).await;
    let seen = stage.backend.only();
    assert_eq!(
        (seen.target.as_str(), seen.header("authorization")),
        ("/api/calls?api_token=s3%20cret", None)
    );
}

#[tokio::test]
async fn forwarded_headers_are_ours() {
    let told = |config: &mut GatewayConfig| {
        config.forwarded = cordon_gateway::Forwarded { address: true, scheme: true, host: true };
    };
    let stage = Stage::with("enhanced", told, |_| json(calls(TWO))).await;
    let headers = "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n";
    stage.send("anna", "GET", "/api/calls", headers, "").await;
    let seen = stage.backend.only();
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("x-forwarded-host"), Some("cordon"));
    assert_eq!(seen.header("host"), Some(stage.backend.address.to_string().as_str()));
}

#[tokio::test]
async fn h42_the_log_holds_no_body_token_or_query_value() {
    log::install();
    log::capture();
    let stage = Stage::with("enhanced", by_query, |seen| match seen.target.as_str() {
        "/api/calls?page=QUERYVALUE" => json(calls(TWO)),
        "/api/calls/BADBODY" => json("{\"id\":\"BODYVALUE"),
        "/api/calls/BROKEN" => json("{\"id\":1,\"id\":\"BODYVALUE\"}"),
        _ => reply("500 Oops\r\nContent-Type: text/plain\r\nX-Page: HEADERVALUE", "BODYVALUE"),
    })
    .await;
    stage.get("anna", "/api/calls?page=QUERYVALUE").await;
    stage.get("anna", &format!("/api/calls?page=QUERYVALUE&api_token={TOKEN}anna")).await;
    stage.get("SECRETLOGIN", "/api/calls?page=QUERYVALUE").await;
    stage.get("anna", "/api/calls?other=QUERYVALUE").await;
    for path in ["/api/calls/BADBODY", "/api/calls/BROKEN", "/api/calls/99"] {
        stage.get("anna", path).await;
    }
    stage.send("anna", "POST", "/api/search", "", "BODYVALUE").await;
    stage.stop().await;
    let text = log::captured();
    for secret in [TOKEN, "QUERYVALUE", "BODYVALUE", "HEADERVALUE", "SECRETLOGIN", "\"n1\"", "s1", "s2"] {
        assert!(!text.contains(secret), "{secret} in:\n{text}");
    }
    let line =
        text.lines().find(|line| line.contains("cordon::access") && line.contains("status=200")).unwrap();
    for part in
        ["method=\"GET\"", "route=\"calls\"", "user=\"anna\"", "policy=", "revision=", "kept=1", "dropped=1"]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn h42_counters_have_the_manifests_labels_and_no_others() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for path in ["/api/calls", "/api/x", "/api/y", "/api/calls?z=1"] {
        stage.get("anna", path).await;
    }
    let counters = stage.gateway.counters();
    assert_eq!(counters.requests, 4);
    assert_eq!(counters.refused, 3);
    assert_eq!(counters.routes.len(), 20);
    let calls = counters.routes.iter().find(|counts| counts.route == "calls").unwrap();
    assert_eq!((calls.requests, calls.kept, calls.dropped, calls.unlisted), (2, 1, 1, 1));
}
