//! Health, figures, the access log, and a directory that is a file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_admin::Options;
use cordon_directory::{Snapshot, Store};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn health_and_figures_tell_no_content() {
    let api = Api::furnished().await;
    let health = api.ask("", "GET", "/health", &[], None).await.expect(200).json();
    assert_eq!((&health["status"], &health["change"]), (&json!("ok"), &json!(api.store.status().change)));
    for _ in 0..3 {
        api.get("adam", "/projects/acme").await.expect(200);
    }
    api.get("adam", "/projects/no-such-project").await.expect(404);
    api.get("adam", "/nowhere").await.expect(404);
    api.ask("adam", "BREW", "/me", &[], None).await.expect(405);
    let metrics = api.ask("", "GET", "/metrics", &[("accept", "text/plain")], None).await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for line in [
        "cordon_admin_requests_total{route=\"/projects/{id}\",method=\"GET\",status=\"200\"} 3",
        "cordon_admin_requests_total{route=\"/projects/{id}\",method=\"GET\",status=\"404\"} 1",
        "cordon_admin_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 1",
        "cordon_admin_requests_total{route=\"/me\",method=\"other\",status=\"405\"} 1",
        "cordon_directory_trouble 0",
        &format!("cordon_directory_change {}", api.store.status().change),
    ] {
        assert!(metrics.text.lines().any(|own| own == line), "{line}: {}", metrics.text);
    }
    assert!(!metrics.text.contains("no-such-project") && !metrics.text.contains("acme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_was_not_confirmed_for_too_long_is_stale() {
    let snapshot = Snapshot::parse("security = \"enhanced\"\n").unwrap();
    let options = Options { max_age: Some(Duration::ZERO), ..Options::default() };
    let router = cordon_admin::router(Arc::new(Store::fixed(snapshot)), options);
    let request = http::Request::get("/health").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(response.status(), 503);
}

/// A directory in a file is read here, and changed by editing the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    let digest = "e83babeabef696679198ec477d63ec85e49a35304c2e9b1ccea6fb0571d758c3";
    let text = format!(
        "[[user]]\nlogin = \"adam\"\nroles = [\"Admin\"]\ntokens = [\"sha256:{digest}\"]\n[[project]]\nid = \
         \"acme\"\nname = \"Acme\"\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut api = Api::new().await;
    api.store = Arc::new(Store::open(&path).unwrap());
    api.router = cordon_admin::router(Arc::clone(&api.store), Options::default());
    let ask = |method: &'static str, path: &'static str, body: &'static str| {
        let request = http::Request::builder().method(method).uri(path);
        let request =
            request.header("authorization", "Bearer olga-token").header("content-type", "application/json");
        api.request(request.body(axum::body::Body::from(body)).unwrap())
    };
    ask("GET", "/me", "").await.expect(200);
    ask("GET", "/projects/acme", "").await.expect(200);
    for (method, path, body) in [
        ("POST", "/projects", "{\"name\":\"New\"}"),
        ("PATCH", "/projects/acme", "{}"),
        ("DELETE", "/projects/acme", ""),
        ("POST", "/settings/enhance", ""),
    ] {
        assert_eq!(ask(method, path, body).await.expect(409).json()["code"], "read-only");
    }
    assert_eq!(ask("GET", "/history", "").await.expect(409).json()["code"], "no-history");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn the_access_log_says_who_did_what_and_nothing_of_it() {
    let api = Api::furnished().await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    api.send("manage-projects", "PATCH", "/projects/acme", json!({"description": "confidential"}))
        .await
        .expect(200);
    api.ask("", "GET", "/projects/acme", &[], None).await.expect(401);
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let entries: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["target"] == "cordon::admin")
        .map(|line| line["fields"].clone())
        .collect();
    assert_eq!(entries.len(), 2, "{text}");
    for (entry, caller, method, status) in
        [(&entries[0], "manage-projects", "PATCH", 200), (&entries[1], "-", "GET", 401)]
    {
        assert_eq!(
            (entry["caller"].as_str(), entry["method"].as_str()),
            (Some(caller), Some(method)),
            "{entry}"
        );
        assert_eq!(
            (entry["route"].as_str(), entry["status"].as_u64()),
            (Some("/projects/{id}"), Some(status))
        );
        assert!(entry["milliseconds"].is_number(), "{entry}");
    }
    assert!(!text.contains("confidential") && !text.contains(api.token("manage-projects")));
}
