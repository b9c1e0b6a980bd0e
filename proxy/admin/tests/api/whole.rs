//! The directory as a whole: exported, imported and verified.

use cordon_directory::{Key, RecordKind};
use serde_json::json;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_and_is_imported_again_changes_nothing() {
    let api = Api::furnished().await;
    let exported = api.get("adam", "/export").await.expect(200);
    assert_eq!(exported.text, api.get("adam", "/export").await.text);
    for secret in ["salt", "hash", "tokens"] {
        assert!(!exported.text.contains(secret), "{secret}");
    }
    let before = api.store.current().change();
    for path in
        ["/import", "/import?dry_run=true", "/import?replace=true", "/import?dry_run=true&replace=true"]
    {
        let answer = api.ask("adam", "POST", path, &[], Some(exported.text.clone())).await.expect(200);
        let json = answer.json();
        assert_eq!((&json["records"], &json["changes"]), (&json!(0), &json!([])), "{path}");
        assert_eq!(json["dry_run"], path.contains("dry_run"));
    }
    assert_eq!(api.store.current().change(), before);

    // Into an empty one it brings everything.
    let other = Api::new().await;
    let told =
        other.ask("adam", "POST", "/import", &[], Some(exported.text.clone())).await.expect(200).json();
    assert!(told["records"].as_u64().unwrap() > 40, "{told}");
    assert_eq!(other.get("adam", "/export").await.text, exported.text);
    let newest = &other.get("adam", "/history").await.json()["items"][0];
    assert_eq!((newest["action"].as_str(), newest["actor"].as_str()), (Some("import"), Some("user:adam")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_all_or_nothing_and_can_be_tried_before() {
    let api = Api::furnished().await;
    let before = api.get("adam", "/export").await.text;
    let mut wanted: serde_json::Value = serde_json::from_str(&before).unwrap();
    let projects = wanted["projects"].as_array_mut().unwrap();
    projects.push(json!({"id": "umbrella", "name": "Umbrella"}));
    let good = wanted.to_string();
    let dry =
        api.ask("adam", "POST", "/import?dry_run=true", &[], Some(good.clone())).await.expect(200).json();
    let change = &dry["changes"][0];
    assert_eq!((change["id"].as_str(), &change["after"]["name"]), (Some("umbrella"), &json!("Umbrella")));
    assert_eq!(api.get("adam", "/export").await.text, before);

    // A queue in two projects (D6), a project that is not there, and a name that is taken: all told, nothing done.
    wanted["projects"].as_array_mut().unwrap().push(json!({"id": "acme-2", "name": "ACME"}));
    let objects = wanted["objects"].as_array_mut().unwrap();
    objects.push(json!({"kind": "queue", "id": "7", "projects": ["acme", "globex"]}));
    objects.push(json!({"kind": "list", "id": "8", "projects": ["nowhere"]}));
    for path in ["/import", "/import?dry_run=true"] {
        let answer = api.ask("adam", "POST", path, &[], Some(wanted.to_string())).await.expect(422);
        let pointers: Vec<String> = answer.errors().into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(
            pointers,
            ["/projects/4/name", "/objects/5/projects", "/objects/6/projects"],
            "{answer:?}"
        );
    }
    assert_eq!(api.get("adam", "/export").await.text, before);

    // By its key it is made once.
    let key = [("idempotency-key", "import-1")];
    let first = api.ask("adam", "POST", "/import", &key, Some(good.clone())).await.expect(200);
    api.delete("adam", "/projects/umbrella").await.expect(204);
    let again = api.ask("adam", "POST", "/import", &key, Some(good)).await.expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(api.record(&Key::new(RecordKind::Project, "umbrella")), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_locks_everybody_out_by_an_import_and_only_administrators_import() {
    let api = Api::furnished().await;
    let text = api.get("adam", "/export").await.text;
    let mut without: serde_json::Value = serde_json::from_str(&text).unwrap();
    without["users"] = json!([]);
    let answer =
        api.ask("adam", "POST", "/import?replace=true", &[], Some(without.to_string())).await.expect(422);
    assert!(answer.text.contains("Admin"), "{answer:?}");
    for who in ["manage-projects-all", "manage-access-all", "see-everything", "nothing"] {
        for (method, path) in [("GET", "/export"), ("GET", "/verify"), ("POST", "/import")] {
            let body = (method == "POST").then(|| text.clone());
            let answer = api.ask(who, method, path, &[], body).await.expect(403);
            assert!(!answer.text.contains("acme"), "{answer:?}");
        }
    }
    assert_eq!(api.get("adam", "/export").await.text, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_past_the_log_is_found_out() {
    let api = Api::furnished().await;
    let holds = api.get("adam", "/verify").await.expect(200).json();
    assert_eq!(holds["holds"], true, "{holds}");
    let (number, hash) = (holds["entries"].to_string(), holds["hash"].as_str().unwrap());
    let noted = api.get("adam", &format!("/verify?number={number}&hash={hash}")).await.expect(200).json();
    assert_eq!(noted["holds"], true);
    let other = api.get("adam", &format!("/verify?number={number}&hash={}", "0".repeat(64))).await;
    let other = other.expect(200).json();
    assert_eq!((&other["holds"], other.get("hash")), (&json!(false), None), "{other}");
    for query in ["number=1", "hash=00", "number=x&hash=00", "number=0&hash=00"] {
        api.get("adam", &format!("/verify?{query}")).await.expect(400);
    }
}
