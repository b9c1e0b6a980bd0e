//! How callers are told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use cordon_admin::{Identify, Options};
use cordon_directory::{Snapshot, UserId};
use http::{HeaderMap, HeaderValue, Request, header};

use crate::harness::Api;

/// Takes what follows `subject:` for a subject.
struct BySubject;

impl Identify for BySubject {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
        snapshot: &'a Snapshot,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + 'a>> {
        Box::pin(async move {
            let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
            snapshot.user_by_subject(text.strip_prefix("Bearer subject:")?)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_told_by_tokens_and_by_what_the_program_adds() {
    let api = Api::with_options(Options { identify: Some(Arc::new(BySubject)), ..Options::default() }).await;
    let subjects = serde_json::json!({"subjects": ["adam@example.com"]});
    api.send("adam", "PATCH", "/users/adam", subjects).await.expect(200);
    let token = format!("Bearer {}", api.token("adam"));
    for (value, status) in [
        (token.as_str(), 200),
        ("Bearer subject:adam@example.com", 200),
        ("bearer subject:adam@example.com", 401),
        ("Bearer subject:eve@example.com", 401),
        ("Bearer ", 401),
        ("Bearer", 401),
        ("", 401),
        ("Basic YWRhbTphZGFt", 401),
        ("Bearer cordon_0000", 401),
    ] {
        let request = Request::get("/me").header(header::AUTHORIZATION, value).body(Body::empty()).unwrap();
        assert_eq!(api.request(request).await.status, status, "{value}");
    }
    let mut request = Request::get("/me").header("authorization", &token).body(Body::empty()).unwrap();
    request.headers_mut().append("authorization", HeaderValue::from_str(&token).unwrap());
    api.request(request).await.expect(401);
    let request =
        Request::get("/me").header("authorization", &b"Bearer \xff"[..]).body(Body::empty()).unwrap();
    api.request(request).await.expect(401);
    // A token in the query is none: it would stand in logs.
    let request =
        Request::get(format!("/me?access_token={}", api.token("adam"))).body(Body::empty()).unwrap();
    api.request(request).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_may_always_read_themselves() {
    let api = Api::furnished().await;
    let me = api.get("manage-access", "/me").await.expect(200).json();
    assert_eq!(
        me,
        serde_json::json!({
            "login": "manage-access", "name": "manage-access",
            "projects": [{"id": "acme", "name": "Acme"}],
            "roles": ["manage-access"], "rights": ["manage-access"], "sections": [], "administrator": false,
        })
    );
    assert_eq!(api.get("adam", "/me").await.json()["sections"], "all");
}
