//! The OpenAPI document and the router say the same.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use serde_json::Value;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_documented_is_served_and_what_is_not_is_not() {
    let api = Api::furnished().await;
    let document = api.ask("", "GET", "/openapi.json", &[], None).await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 25, "only {} paths", paths.len());
    for (path, item) in paths {
        let documented: BTreeSet<String> = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "parameters")
            .map(|name| name.to_uppercase())
            .collect();
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            // Without credentials nothing is done, and what is not there is told all the same.
            let uri = path.replace(['{', '}'], "");
            let answer =
                api.request(Request::builder().method(method).uri(&uri).body(Body::empty()).unwrap()).await;
            let is_open = ["/health", "/metrics", "/openapi.json"].contains(&path.as_str());
            let expected = match (documented.contains(method), is_open) {
                (false, _) => 405,
                (true, false) => 401,
                (true, true) => 200,
            };
            assert_eq!(answer.status, expected, "{method} {path}");
            if expected == 405 {
                let allowed = answer.header("allow");
                let allowed: BTreeSet<String> =
                    allowed.split(',').map(|name| name.trim().to_owned()).collect();
                let expected: BTreeSet<String> = documented
                    .iter()
                    .cloned()
                    .chain(documented.contains("GET").then(|| "HEAD".to_owned()))
                    .collect();
                assert_eq!(allowed, expected, "{path}");
            }
        }
    }
}

/// Every answer of the tests' paths has a status that the document has too, and no operation forgets its errors.
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_words_and_all_its_statuses() {
    let api = Api::new().await;
    let document = api.ask("", "GET", "/openapi.json", &[], None).await.expect(200).json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{name}");
            assert!(ids.insert(operation["operationId"].to_string()), "{name}: {}", operation["operationId"]);
            let responses = operation["responses"].as_object().unwrap();
            let mut needed = vec!["400", "406", "503"];
            if operation.get("security").is_none() {
                needed.extend(["401", "403", "500"]);
            }
            if path.contains('{') {
                needed.push("404");
            }
            if method != "get" {
                needed.extend(["409", "422"]);
            }
            if operation.get("requestBody").is_some() {
                needed.extend(["408", "413", "415"]);
            }
            for status in needed {
                assert!(responses.contains_key(status), "{name}: {status} is missing");
            }
        }
    }
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(schemas.contains_key(name), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.insert(reference.clone());
            }
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(entries) => entries.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
