//! H41 and H42 by opaque tokens, which their issuer is asked about (RFC 7662).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cordon_gateway::{BasicSettings, IdentityMethod, IntrospectionSettings, Naming, Passwords, Remembrance};

use crate::backend::{Backend, Seen, json, reply};
use crate::identity::{EVERYWHERE, basic, get, stage, who_am_i};
use crate::log;
use crate::stage::ANNAS_CALLS;

fn introspection(endpoint: &Backend) -> IntrospectionSettings {
    IntrospectionSettings {
        url: format!("http://{}/introspect", endpoint.address).parse().unwrap(),
        client: "cordon".into(),
        secret: "a secret: 100%".into(),
        issuer: None,
        audiences: Vec::new(),
        claim: "sub".into(),
        naming: Naming::default(),
        remembrance: Remembrance::default(),
        deadline: Duration::from_secs(5),
        from: EVERYWHERE[..3].to_vec(),
    }
}

/// An endpoint that knows `OPAQUE-login`, and fails while it is told to.
async fn endpoint(is_down: Arc<AtomicBool>, more: &'static str) -> Backend {
    Backend::start(Arc::new(move |seen: &Seen| {
        if is_down.load(Ordering::Relaxed) {
            return reply(
                "500 Oops\r\nContent-Type: application/json",
                r#"{"active":true,"sub":"sub-anna"}"#,
            );
        }
        let body = String::from_utf8(seen.body.clone()).unwrap();
        match body.strip_prefix("token=OPAQUE-") {
            Some(login) => {
                json(format!(r#"{{"active":true,"sub":"sub-{login}","secret":"BODYVALUE"{more}}}"#))
            }
            None => json(r#"{"active":false,"sub":"sub-anna"}"#),
        }
    }))
    .await
}

#[tokio::test]
async fn h41_opaque_tokens_are_what_their_issuer_says() {
    let is_down = Arc::new(AtomicBool::new(false));
    let issuer = endpoint(Arc::clone(&is_down), "").await;
    let settings = introspection(&issuer);
    let stage = stage(|config| {
        config.identity.methods = vec![IdentityMethod::ApiToken, IdentityMethod::Introspection(settings)];
        config.identity.places.cookies = vec!["session".into()];
    })
    .await;
    for _ in 0..3 {
        assert_eq!(get(&stage, "Authorization: Bearer OPAQUE-anna\r\n").await.text(), ANNAS_CALLS);
    }
    let asked = issuer.only();
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/introspect"));
    assert_eq!(asked.header("content-type"), Some("application/x-www-form-urlencoded"));
    let shown = asked.header("authorization").unwrap().strip_prefix("Basic ").unwrap();
    assert_eq!(BASE64.decode(shown).unwrap(), b"cordon:a%20secret%3A%20100%25");
    let inactive = get(&stage, "Authorization: Bearer unknown&token=OPAQUE-anna\r\n").await;
    assert_eq!((inactive.status, inactive.code().as_str()), (401, "credentials-not-accepted"));
    assert_eq!(
        get(&stage, "Authorization: Bearer OPAQUE-stranger\r\n").await.timeless(),
        inactive.timeless()
    );
    // The backend's cookies are not the issuer's business.
    let before = issuer.seen().len();
    assert_eq!(get(&stage, "Cookie: session=OPAQUE-anna\r\n").await.status, 401);
    assert_eq!(issuer.seen().len(), before);
    // What is known already goes on while the endpoint is down; the rest is not known to be wrong.
    is_down.store(true, Ordering::Relaxed);
    assert_eq!(get(&stage, "Authorization: Bearer OPAQUE-anna\r\n").await.status, 200);
    let refused = get(&stage, "Authorization: Bearer OPAQUE-zoe\r\n").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "identity-unavailable"));
    assert_eq!(refused.header("www-authenticate"), None);
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200, "API tokens are another matter");
    is_down.store(false, Ordering::Relaxed);
    assert_eq!(
        get(&stage, "Authorization: Bearer OPAQUE-zoe\r\n").await.status,
        200,
        "a failure is not kept"
    );
}

#[tokio::test]
async fn h41_what_an_issuer_says_is_checked() {
    let cases = [
        (r#","iss":"https://one","aud":"cordon","exp":99999999999"#, 200),
        (r#","iss":"https://one","aud":["other","cordon"]"#, 200),
        (r#","iss":"https://two","aud":"cordon""#, 401),
        (r#","aud":"cordon""#, 401),
        (r#","iss":"https://one","aud":"other""#, 401),
        (r#","iss":"https://one""#, 401),
        (r#","iss":"https://one","aud":"cordon","exp":1"#, 401),
        (r#","iss":"https://one","aud":"cordon","exp":"never""#, 401),
        (r#","iss":"https://one","aud":"cordon","nbf":99999999999"#, 401),
        (r#","iss":"https://one","aud":"cordon","active":false"#, 401),
        (r#","iss":"https://one","aud":"cordon","active":"true""#, 401),
        (r#","iss":"https://one","aud":"cordon","sub":"""#, 401),
    ];
    for (more, status) in cases {
        let issuer = endpoint(Arc::default(), more).await;
        let settings = IntrospectionSettings {
            issuer: Some("https://one".into()),
            audiences: vec!["cordon".into()],
            ..introspection(&issuer)
        };
        let stage =
            stage(|config| config.identity.methods = vec![IdentityMethod::Introspection(settings)]).await;
        assert_eq!(get(&stage, "Authorization: Bearer OPAQUE-anna\r\n").await.status, status, "{more}");
    }
}

#[tokio::test]
async fn h42_the_log_holds_nothing_of_what_is_asked_about_callers() {
    log::install();
    log::capture();
    let is_down = Arc::new(AtomicBool::new(false));
    let issuer = endpoint(Arc::clone(&is_down), "").await;
    let settings = introspection(&issuer);
    let stage = stage(|config| {
        let basic = BasicSettings { passwords: Passwords::Backend(who_am_i(&[])), challenge: true };
        config.identity.methods = vec![
            IdentityMethod::Introspection(settings),
            IdentityMethod::Basic(basic),
            IdentityMethod::WhoAmI(who_am_i(&EVERYWHERE)),
        ];
        config.identity.places.cookies = vec!["session".into()];
    })
    .await;
    for down in [false, true] {
        is_down.store(down, Ordering::Relaxed);
        for headers in [
            "Authorization: Bearer OPAQUE-anna\r\n".to_owned(),
            "Authorization: Bearer OPAQUE-stranger\r\n".to_owned(),
            format!("Authorization: Bearer OPAQUE-{down}\r\n"),
            "Authorization: Bearer SESSION-anna\r\n".to_owned(),
            "Cookie: session=SESSION-anna\r\n".to_owned(),
            "Cookie: session=SESSION-zoe; other=COOKIEVALUE\r\n".to_owned(),
            "Cookie: session=SESSION-wrong\r\n".to_owned(),
            basic("anna", "PASSWORD-anna"),
            basic("LOGINVALUE", "PASSWORD-wrong"),
        ] {
            get(&stage, &headers).await;
        }
    }
    stage.stop().await;
    let text = log::captured();
    assert!(text.contains("the introspection endpoint does not answer"), "{text}");
    let encoded = BASE64.encode("anna:PASSWORD-anna");
    for secret in [
        "OPAQUE",
        "SESSION",
        "PASSWORD",
        "COOKIEVALUE",
        "LOGINVALUE",
        "BODYVALUE",
        "sub-anna",
        "stranger",
        "100%",
        &encoded,
        &encoded[..12],
    ] {
        assert!(!text.contains(secret), "{secret} in:\n{text}");
    }
}
