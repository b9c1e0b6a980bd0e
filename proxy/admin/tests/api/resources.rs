//! Creating, replacing, patching and removing each kind of record, and what is warned of.

use cordon_directory::{Key, RecordKind};
use serde_json::{Value, json};

use crate::harness::Api;

/// The list's path, the id's part of the path, a body that creates it, a patch, and what the record is after that.
type Case = (&'static str, &'static str, fn() -> Value, fn() -> Value, fn() -> Value);

const CASES: &[Case] = &[
    (
        "/projects",
        "/projects/umbrella",
        || json!({"id": "umbrella", "name": "Umbrella", "description": "Two\nlines", "aliases": ["9"]}),
        || json!({"description": null, "archived": true}),
        || json!({"id": "umbrella", "name": "Umbrella", "aliases": ["9"], "archived": true}),
    ),
    (
        "/users",
        "/users/ivan%2F1%20%D0%B8",
        || json!({"login": "ivan/1 и", "name": "Иван", "roles": ["nothing"], "projects": []}),
        || json!({"groups": ["acme-group"], "subjects": ["ivan@example.com"], "aliases": ["101"]}),
        || {
            json!({
                "login": "ivan/1 и", "name": "Иван", "aliases": ["101"], "groups": ["acme-group"],
                "roles": ["nothing"], "projects": [], "all_projects": ["acme"], "subjects": ["ivan@example.com"],
            })
        },
    ),
    (
        "/groups",
        "/groups/day",
        || json!({"id": "day", "name": "Day shift", "projects": ["acme"]}),
        || json!({"projects": ["globex", "acme"]}),
        || json!({"id": "day", "name": "Day shift", "aliases": [], "projects": ["acme", "globex"]}),
    ),
    (
        "/roles",
        "/roles/Quality",
        || json!({"name": "Quality", "rights": ["see-fields"], "sections": ["calls"]}),
        || json!({"sections": "all", "rights": ["see-masked-fields", "see-fields"]}),
        || {
            json!({
                "name": "Quality", "rights": ["see-masked-fields", "see-fields"], "sections": "all",
                "built_in": false,
            })
        },
    ),
    (
        "/fields",
        "/fields/contact/Loan%20number",
        || json!({"name": "Loan number", "projects": ["acme"]}),
        || json!({"hidden": true, "unique": true}),
        || {
            json!({
                "kind": "contact", "key": "Loan number", "name": "Loan number", "projects": ["acme"],
                "system": false, "hidden": true, "unique": true,
            })
        },
    ),
    (
        "/objects",
        "/objects/queue/sip%3A7%2F%25%F0%9F%98%80",
        || json!({"kind": "queue", "id": "sip:7/%😀", "name": "Seven", "projects": ["acme"]}),
        || json!({"name": null, "gone": true}),
        || json!({"kind": "queue", "id": "sip:7/%😀", "projects": ["acme"], "gone": true}),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_record_is_created_read_patched_replaced_and_removed() {
    let api = Api::furnished().await;
    for (list, path, body, patch, expected) in CASES {
        let made = api.send("adam", "POST", list, body()).await.expect(201);
        assert_eq!(made.header("location"), *path);
        api.send("adam", "POST", list, body()).await.expect(409);
        let read = api.get("adam", path).await.expect(200);
        assert_eq!(read.header("etag"), made.header("etag"));
        let tag = [("if-match", made.header("etag")), ("content-type", "application/merge-patch+json")];
        let patched = api.ask("adam", "PATCH", path, &tag, Some(patch().to_string())).await.expect(200);
        let mut seen = patched.json();
        seen.as_object_mut().unwrap().remove("warnings");
        assert_eq!(seen, expected(), "{path}");
        // What is read can be sent back as it is.
        let read = api.get("adam", path).await.expect(200);
        let tag = [("if-match", read.header("etag"))];
        let put = api.ask("adam", "PUT", path, &tag, Some(read.text.clone())).await.expect(200);
        assert_eq!(put.header("etag"), read.header("etag"), "{path}");
        let listed = api.get("adam", &format!("{list}?limit=500")).await.expect(200).json();
        assert!(listed["items"].as_array().unwrap().contains(&read.json()), "{path}: {listed}");
        api.delete("adam", path).await.expect(204);
        api.get("adam", path).await.expect(404);
        api.delete("adam", path).await.expect(404);
        api.send("adam", "PATCH", path, json!({})).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_object_come_and_go_but_never_change() {
    let api = Api::furnished().await;
    let path = "/object-kinds/campaign";
    api.send("adam", "PUT", path, json!({"single_project": true})).await.expect(201);
    let changed = [("if-match", "*")];
    api.ask("adam", "PUT", path, &changed, Some(json!({"name": "campaign"}).to_string())).await.expect(422);
    api.send("adam", "POST", "/objects", json!({"kind": "campaign", "id": "1", "projects": []}))
        .await
        .expect(201);
    assert_eq!(api.delete("adam", path).await.expect(409).errors()[0].1, "in-use");
    api.delete("adam", "/objects/campaign/1").await.expect(204);
    api.delete("adam", path).await.expect(204);
    api.delete("adam", "/object-kinds/queue").await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_gets_its_id_from_its_name() {
    let api = Api::furnished().await;
    let made = api.send("adam", "POST", "/projects", json!({"name": "Займы & Co."})).await.expect(201);
    assert_eq!(made.json()["id"], "займы-co");
    let taken = api.send("adam", "POST", "/projects", json!({"name": "Займы + Co"})).await.expect(409);
    assert_eq!(taken.errors()[0].1, "taken");
    api.send("adam", "POST", "/projects", json!({"name": "???"})).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_creates_a_project_without_seeing_everything_is_in_it() {
    let api = Api::furnished().await;
    api.send("manage-projects", "POST", "/projects", json!({"id": "mine", "name": "Mine"})).await.expect(201);
    assert!(api.user("manage-projects").projects.has("mine"));
    api.get("manage-projects", "/projects/mine/objects").await.expect(200);
    api.send("adam", "POST", "/projects", json!({"id": "his", "name": "His"})).await.expect(201);
    assert!(!api.user("adam").projects.has("his"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d27_what_someone_creates_lands_in_their_project_unless_they_say_otherwise() {
    let api = Api::furnished().await;
    let object = |id: &str| json!({"kind": "list", "id": id});
    let made = api.send("manage-projects", "POST", "/objects", object("1")).await.expect(201);
    assert_eq!(made.json()["projects"], json!(["acme"]));
    let made = api.send("manage-fields", "POST", "/fields", json!({"name": "New"})).await.expect(201);
    assert_eq!(made.json()["projects"], json!(["acme"]));
    // Nobody's: only for those who would still see it.
    let free = json!({"kind": "list", "id": "2", "projects": []});
    api.send("manage-projects", "POST", "/objects", free.clone()).await.expect(422);
    let made = api.send("adam", "POST", "/objects", free).await.expect(201);
    assert_eq!(made.json()["warnings"][0]["topic"], "unassigned");
    // In several projects, one has to say in which.
    api.send("manage-projects", "POST", "/projects", json!({"name": "Mine"})).await.expect(201);
    let refused = api.send("manage-projects", "POST", "/objects", object("3")).await.expect(422);
    assert_eq!(refused.errors(), [("/projects".into(), "required".into())]);
    let said = json!({"kind": "list", "id": "3", "projects": ["mine"]});
    api.send("manage-projects", "POST", "/objects", said).await.expect(201);
    // A user, created by an administrator in a project.
    api.send("adam", "PUT", "/projects/globex/members/users/adam", json!({})).await.expect(200);
    let made = api.send("adam", "POST", "/users", json!({"login": "new", "name": "New"})).await.expect(201);
    assert_eq!(made.json()["projects"], json!(["globex"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_shared_or_stays_in_default_is_warned_of() {
    let api = Api::furnished().await;
    let field = "/fields/contact/acme-field";
    let shared =
        api.send("adam", "PUT", "/projects/globex/fields/contact/acme-field", json!(null)).await.expect(200);
    assert_eq!(shared.json()["warnings"][0]["topic"], "shared-field");
    // The warning is about the write: it is no part of the record.
    let read = api.get("adam", field).await.expect(200);
    assert_eq!((read.json().get("warnings"), read.header("etag")), (None, shared.header("etag")));
    let freed = api.send("adam", "PATCH", field, json!({"projects": []})).await.expect(200);
    assert_eq!(freed.json()["warnings"][0]["topic"], "unassigned");

    let enhanced = api.send("adam", "POST", "/settings/enhance", json!(null)).await.expect(200);
    assert_eq!(enhanced.json()["security"], "enhanced");
    assert_eq!(enhanced.json()["warnings"][0]["topic"], "still-in-default");
    assert!(api.user("globex-user").projects.has("default"));
    let added =
        api.send("adam", "PUT", "/projects/acme/members/users/globex-user", json!(null)).await.expect(200);
    assert_eq!(added.json()["warnings"][0]["topic"], "still-in-default");
    api.delete("adam", "/projects/default/members/users/globex-user").await.expect(204);
    let added =
        api.send("adam", "PUT", "/projects/acme/members/users/globex-user", json!(null)).await.expect(200);
    assert_eq!(added.json().get("warnings"), None);
    assert_eq!(api.send("adam", "POST", "/settings/enhance", json!(null)).await.json().get("warnings"), None);
    let simplified = api.send("adam", "POST", "/settings/simplify", json!(null)).await.expect(200);
    assert_eq!(simplified.json(), json!({"security": "simplified", "default_project": "default"}));
    assert_eq!(api.get("adam", "/settings").await.header("etag"), simplified.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_directory_are_told_with_their_place() {
    let api = Api::furnished().await;
    for (method, path, body, status, errors) in [
        (
            "PATCH",
            "/objects/queue/acme-queue",
            json!({"projects": ["acme", "globex"]}),
            422,
            vec![("/projects", "single-project")],
        ),
        (
            "PUT",
            "/projects/globex/objects/queue/acme-queue",
            json!(null),
            422,
            vec![("/projects", "single-project")],
        ),
        (
            "PATCH",
            "/fields/contact/phone",
            json!({"projects": ["acme"]}),
            422,
            vec![("/projects", "system-field"), ("", "system-field")],
        ),
        ("POST", "/projects", json!({"id": "acme-2", "name": "ＡＣＭＥ"}), 409, vec![("/name", "taken")]),
        ("POST", "/groups", json!({"id": "g", "name": "Acme  GROUP"}), 409, vec![("/name", "taken")]),
        ("PATCH", "/users/adam", json!({"roles": []}), 409, vec![("/roles", "last-administrator")]),
        ("DELETE", "/users/adam", json!(null), 409, vec![("/roles", "last-administrator")]),
        ("PATCH", "/roles/Admin", json!({"rights": []}), 422, vec![("", "fixed")]),
        ("DELETE", "/roles/Admin", json!(null), 422, vec![("", "fixed")]),
        ("DELETE", "/roles/nothing", json!(null), 409, vec![("", "in-use")]),
        (
            "PATCH",
            "/users/adam",
            json!({"groups": ["acme-group", "nigth", "acme-group"]}),
            422,
            vec![("/groups/0", "twice"), ("/groups/1", "unknown")],
        ),
        (
            "POST",
            "/objects",
            json!({"kind": "qeue", "id": " 7", "projects": ["acme"]}),
            422,
            vec![("/id", "text"), ("/kind", "unknown")],
        ),
        (
            "POST",
            "/users",
            json!({
                "login": "", "name": "x\u{202e}", "projects": 7, "more": 1, "roles": ["R", 2],
                "all_projects": true, "warnings": [],
            }),
            422,
            vec![
                ("/roles/1", "type"),
                ("/projects", "type"),
                ("/all_projects", "type"),
                ("/more", "unknown-member"),
                ("/warnings", "unknown-member"),
                ("/login", "text"),
                ("/name", "text"),
                ("/roles/0", "unknown"),
            ],
        ),
    ] {
        let refused = api.send("adam", method, path, body.clone()).await.expect(status);
        let errors: Vec<_> =
            errors.iter().map(|(place, rule)| (place.to_string(), rule.to_string())).collect();
        assert_eq!(refused.errors(), errors, "{method} {path} {body}: {refused:?}");
    }
    assert!(api.record(&Key::new(RecordKind::User, "adam")).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_project_is_nobodys_any_more() {
    let api = Api::furnished().await;
    api.send("manage-projects", "PATCH", "/projects/acme", json!({"archived": true})).await.expect(200);
    api.get("manage-projects", "/projects/acme").await.expect(404);
    assert_eq!(api.get("manage-projects", "/me").await.expect(200).json()["projects"], json!([]));
    api.send("adam", "PUT", "/projects/acme/members/users/globex-user", json!(null)).await.expect(422);
    assert_eq!(api.get("adam", "/projects?archived=true").await.each("id"), ["acme"]);
}
