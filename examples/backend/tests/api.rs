//! The API over a socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;

use bytes::Bytes;
use client::{Api, TOKEN};
use cordon_example_backend::{BackendOptions, Data, FAULTS, SEED, TOKENS};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

#[tokio::test]
async fn any_token_is_good_for_everything_and_none_for_nothing() {
    let api = Api::start(BackendOptions::default()).await;
    for (_, token) in TOKENS {
        let bearer = format!("Bearer {token}");
        let by_query = format!("/api/calls?api_token={token}");
        for (path, headers) in [
            ("/api/calls", [("authorization", bearer.as_str())].as_slice()),
            ("/api/calls", &[("x-api-key", token)]),
            (&by_query, &[]),
        ] {
            let got = api.send(Method::GET, path, headers, "").await.unwrap();
            assert_eq!((got.status, &got.json()["meta"]["total"]), (StatusCode::OK, &json!(2_000)));
        }
    }
    let got = api.send(Method::GET, "/api/calls?api_token=guess", &[], "").await.unwrap();
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_list_is_paged_and_every_record_is_there_by_itself() {
    let api = Api::start(BackendOptions::default()).await;
    for kind in [
        "calls",
        "contacts",
        "queues",
        "scripts",
        "autodialers",
        "lists",
        "forms",
        "users",
        "projects",
        "fields",
    ] {
        let got = api.get(&format!("/api/{kind}?page=2&per_page=2")).await;
        let page = got.json();
        assert_eq!(page["data"].as_array().unwrap().len(), 2, "{kind}");
        assert_eq!(got.header("x-total-count"), page["meta"]["total"].to_string());
        for record in page["data"].as_array().unwrap() {
            let one = api.get(&format!("/api/{kind}/{}", record["id"])).await;
            assert_eq!(one.status, StatusCode::OK, "{kind}");
            let one = one.json();
            assert_eq!(one.get("data").unwrap_or(&one)["id"], record["id"], "{kind}");
        }
        let missing = api.get(&format!("/api/{kind}/7")).await;
        if kind != "fields" {
            assert_eq!(missing.status, StatusCode::NOT_FOUND, "{kind}");
            assert!(missing.json()["error"]["message"].is_string());
        }
    }
    assert_eq!(api.get("/api/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn contact_fields_stand_in_three_forms() {
    let api = Api::start(BackendOptions::default()).await;
    let data = Data::generate(SEED);
    let call = data.calls.values().find(|call| call.contact.is_some()).unwrap();
    let id = call.contact.unwrap();
    let fields = &data.contacts[&id].fields;

    let members = api.get(&format!("/api/calls/{}", call.id)).await.json();
    assert_eq!(members["data"]["contact"]["fields"], json!(fields));

    let entries = api.get("/api/contacts?per_page=2000").await.json();
    let entries =
        entries["data"].as_array().unwrap().iter().find(|contact| contact["id"] == json!(id)).unwrap();
    for entry in entries["custom"].as_array().unwrap() {
        assert_eq!(entry["value"], json!(fields[entry["name"].as_str().unwrap()]));
    }
    assert_eq!(entries["custom"].as_array().unwrap().len() + 3, fields.len());

    let columns = api.get(&format!("/api/contacts/{id}")).await.json();
    for (key, value) in fields {
        assert_eq!(columns[key], json!(value));
    }
}

#[tokio::test]
async fn the_report_counts_what_it_shows() {
    let api = Api::start(BackendOptions::default()).await;
    let report =
        api.get("/api/reports/calls?limit=2000&project=Acme&from=2026-03-02&to=2026-03-09").await.json();
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() > 50, "{}", rows.len());
    assert_eq!(report["totals"]["calls"], json!(rows.len()));
    let data = Data::generate(SEED);
    for row in rows {
        let id = u32::try_from(row["call_id"].as_u64().unwrap()).unwrap();
        assert_eq!(data.calls[&id].project, "acme");
    }
    assert_eq!(api.get("/api/reports/calls?project=Stark").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn head_validators_and_compression_are_as_usual() {
    let api = Api::start(BackendOptions::default()).await;
    let got = api.get("/api/queues").await;
    assert_eq!(got.header("content-length"), got.body.len().to_string());
    assert!(got.header("set-cookie").contains("PHPSESSID") && got.header("server").contains("PHP"));
    let key = ("x-api-key", TOKEN);
    let head = api.send(Method::HEAD, "/api/queues", &[key], "").await.unwrap();
    assert_eq!((head.body.len(), head.header("content-length")), (0, got.header("content-length")));
    let again = [key, ("if-none-match", got.header("etag"))];
    assert_eq!(
        api.send(Method::GET, "/api/queues", &again, "").await.unwrap().status,
        StatusCode::NOT_MODIFIED
    );
    let packed =
        api.send(Method::GET, "/api/queues", &[key, ("accept-encoding", "br, gzip")], "").await.unwrap();
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.starts_with(b"\x1f\x8b") && packed.body.len() < got.body.len());
}

#[tokio::test]
async fn contacts_are_changed_and_deleted() {
    let api = Api::start(BackendOptions::default()).await;
    let key = [("x-api-key", TOKEN)];
    let put = api
        .send(Method::PUT, "/api/contacts/1001", &key, r#"{"comment": "new", "email": null}"#)
        .await
        .unwrap();
    assert_eq!((put.status, &put.json()["comment"]), (StatusCode::OK, &json!("new")));
    assert_eq!(api.get("/api/contacts/1001").await.json()["email"], Value::Null);
    for (body, status) in [("{", 400), ("[]", 400), (r#"{"nonsense": 1}"#, 422)] {
        let got = api.send(Method::PUT, "/api/contacts/1001", &key, body).await.unwrap();
        assert_eq!(got.status.as_u16(), status, "{body}");
    }
    assert_eq!(api.send(Method::DELETE, "/api/contacts/1001", &key, "").await.unwrap().status.as_u16(), 204);
    let gone = api.get("/api/contacts/1001").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(
        gone.json()["error"]["message"].as_str().unwrap().contains("1002"),
        "the error quotes another contact"
    );
}

#[tokio::test]
async fn faults_are_there_only_if_switched_on() {
    let api = Api::start(BackendOptions::default()).await;
    assert_eq!(api.get("/api/faults/gzip").await.status, StatusCode::NOT_FOUND);
    let api = Api::start(BackendOptions { faults: true }).await;
    let key = [("x-api-key", TOKEN)];
    for (name, _) in FAULTS.iter().filter(|(name, _)| !matches!(*name, "slow-head" | "stalled-body")) {
        let got = api.send(Method::GET, &format!("/api/faults/{name}"), &key, "").await;
        let parsed = got.as_ref().ok().map(|got| serde_json::from_slice::<Value>(&got.body).is_ok());
        match *name {
            "cut" | "cut-length" | "down" => assert!(got.is_err(), "{name}"),
            "broken-json" | "gzip" | "deep" => assert_eq!(parsed, Some(false), "{name}"),
            _ => assert_eq!(parsed, Some(true), "{name}"),
        }
        match *name {
            "large-record" => assert!(got.unwrap().body.len() > 2 * 1024 * 1024),
            "deep" => assert_eq!(got.unwrap().body.len(), 200_000),
            "content-type" => assert_eq!(got.unwrap().header("content-type"), "text/html"),
            _ => {}
        }
    }
    assert_eq!(api.get("/api/faults/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stopped_backend_answers_nothing() {
    let api = Api::start(BackendOptions::default()).await;
    let client = api.client.clone();
    let address = api.running.address;
    api.running.stop().await;
    let request = Request::get(format!("http://{address}/api/calls")).body(Full::new(Bytes::new())).unwrap();
    assert!(client.request(request).await.is_err());
}
