//! Who may do what (D10–D12), as a table.

use serde_json::{Value, json};

use crate::harness::Api;

/// A request, and the status for: nothing, see-everything, list-projects, manage-access, manage-projects,
/// see-masked-fields, manage-fields, see-fields (each of these in the project `acme` alone), then the last seven of them
/// with see-everything too, and the role Admin at last.
type Row = (&'static str, &'static str, Option<fn() -> Value>, [u16; 16]);

const WHO: [&str; 16] = [
    "nothing",
    "see-everything",
    "list-projects",
    "manage-access",
    "manage-projects",
    "see-masked-fields",
    "manage-fields",
    "see-fields",
    "nothing-all",
    "list-projects-all",
    "manage-access-all",
    "manage-projects-all",
    "see-masked-fields-all",
    "manage-fields-all",
    "see-fields-all",
    "adam",
];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    //                                                            -    see- list acc  proj mask mfie sfie | the same with see-everything  Admin
    ("GET", "/me", None,                                         [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects", None,                                   [403, 200, 200, 200, 200, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/acme", None,                              [403, 200, 200, 200, 200, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/globex", None,                            [403, 200, 200, 404, 404, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/nowhere", None,                           [403, 404, 404, 404, 404, 403, 403, 403, 404, 404, 404, 404, 404, 404, 404, 404]),
    ("GET", "/projects/acme/members", None,                      [403, 200, 403, 200, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/globex/members", None,                    [403, 200, 403, 404, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/nowhere/members", None,                   [403, 404, 403, 404, 403, 403, 403, 403, 404, 404, 404, 404, 404, 404, 404, 404]),
    ("GET", "/projects/acme/objects", None,                      [403, 200, 403, 403, 200, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/globex/objects", None,                    [403, 200, 403, 403, 404, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/projects/acme/fields", None,                       [403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("GET", "/projects/globex/fields", None,                     [403, 403, 403, 403, 403, 403, 404, 404, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("POST", "/projects", Some(|| json!({"name": "New"})),       [403, 403, 403, 403, 201, 403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 201]),
    ("PUT", "/projects/new", Some(|| json!({"name": "New"})),    [403, 403, 403, 403, 201, 403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 201]),
    ("PATCH", "/projects/acme", Some(|| json!({"name": "A"})),   [403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200]),
    ("PATCH", "/projects/globex", Some(|| json!({"name": "A"})), [403, 403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200]),
    ("PATCH", "/projects/acme", Some(|| json!({"aliases": ["3"]})), [403, 403, 403, 403, 422, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200]),
    ("DELETE", "/projects/acme", None,                           [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 204]),
    ("PUT", "/projects/acme/members/users/nothing", None,        [403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 200]),
    ("PUT", "/projects/acme/members/users/globex-user", None,    [403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 200]),
    ("PUT", "/projects/acme/members/users/nobody", None,         [403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 404, 403, 403, 403, 403, 404]),
    ("PUT", "/projects/globex/members/users/nothing", None,      [403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 200]),
    ("PUT", "/projects/acme/members/groups/globex-group", None,  [403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 200]),
    ("DELETE", "/projects/acme/members/users/acme-user", None,   [403, 403, 403, 204, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 403, 204]),
    ("DELETE", "/projects/acme/members/groups/acme-group", None, [403, 403, 403, 204, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 403, 204]),
    ("DELETE", "/projects/globex/members/users/globex-user", None, [403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 403, 204]),
    ("PUT", "/projects/acme/objects/list/free-list", None,       [403, 403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200]),
    ("PUT", "/projects/acme/objects/queue/acme-queue", None,     [403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200]),
    ("PUT", "/projects/acme/objects/queue/globex-queue", None,   [403, 403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 422, 403, 403, 403, 422]),
    ("DELETE", "/projects/acme/objects/list/shared-list", None,  [403, 403, 403, 403, 204, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 204]),
    ("DELETE", "/projects/globex/objects/list/shared-list", None, [403, 403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 204]),
    ("PUT", "/projects/acme/fields/contact/acme-field", None,    [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("GET", "/users", None,                                      [403, 200, 403, 200, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/users/acme-user", None,                            [403, 200, 403, 200, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/users/globex-user", None,                          [403, 200, 403, 404, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST", "/users", Some(|| json!({"login": "x", "name": "X"})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 201]),
    ("PATCH", "/users/manage-access", Some(|| json!({"roles": ["Admin"]})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("DELETE", "/users/acme-user", None,                         [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 204]),
    ("GET", "/users/acme-user/tokens", None,                     [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("POST", "/users/adam/tokens", Some(|| json!({})),           [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 201]),
    ("GET", "/groups", None,                                     [403, 200, 403, 200, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/groups/globex-group", None,                        [403, 200, 403, 404, 403, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("PATCH", "/groups/acme-group", Some(|| json!({"projects": ["globex"]})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("GET", "/roles", None,                                      [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("PATCH", "/roles/nothing", Some(|| json!({"rights": ["see-everything"]})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("POST", "/roles", Some(|| json!({"name": "R"})),            [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 201]),
    ("GET", "/fields", None,                                     [403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("GET", "/fields/contact/acme-field", None,                  [403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("GET", "/fields/contact/globex-field", None,                [403, 403, 403, 403, 403, 403, 404, 404, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("GET", "/fields/contact/free-field", None,                  [403, 403, 403, 403, 403, 403, 404, 404, 403, 403, 403, 403, 403, 200, 200, 200]),
    ("POST", "/fields", Some(|| json!({"name": "F"})),           [403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 403, 403, 403, 201, 403, 201]),
    ("POST", "/fields", Some(|| json!({"name": "F", "system": true})), [403, 403, 403, 403, 403, 403, 422, 403, 403, 403, 403, 403, 403, 201, 403, 201]),
    ("POST", "/fields", Some(|| json!({"name": "F", "projects": ["globex"]})), [403, 403, 403, 403, 403, 403, 422, 403, 403, 403, 403, 403, 403, 201, 403, 201]),
    ("PATCH", "/fields/contact/acme-field", Some(|| json!({"hidden": true})), [403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 403, 200]),
    ("PATCH", "/fields/contact/passport", Some(|| json!({"hidden": false})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("DELETE", "/fields/contact/passport", None,                 [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 204]),
    ("PATCH", "/fields/contact/phone", Some(|| json!({"name": "T"})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 422, 403, 422]),
    ("GET", "/objects", None,                                    [403, 200, 403, 403, 200, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("GET", "/objects/queue/globex-queue", None,                 [403, 200, 403, 403, 404, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST", "/objects", Some(|| json!({"kind": "queue", "id": "9"})), [403, 403, 403, 403, 201, 403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 201]),
    ("PUT", "/objects/queue/9", Some(|| json!({"projects": ["globex"]})), [403, 403, 403, 403, 422, 403, 403, 403, 403, 403, 403, 201, 403, 403, 403, 201]),
    ("DELETE", "/objects/queue/acme-queue", None,                [403, 403, 403, 403, 204, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 204]),
    ("DELETE", "/objects/queue/globex-queue", None,              [403, 403, 403, 403, 404, 403, 403, 403, 403, 403, 403, 204, 403, 403, 403, 204]),
    ("GET", "/object-kinds", None,                               [403, 200, 403, 403, 200, 403, 403, 403, 200, 200, 200, 200, 200, 200, 200, 200]),
    ("POST", "/object-kinds", Some(|| json!({"name": "campaign"})), [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 201]),
    ("GET", "/settings", None,                                   [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("POST", "/settings/enhance", None,                          [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("POST", "/settings/simplify", None,                         [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
    ("GET", "/history", None,                                    [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200]),
];

#[tokio::test(flavor = "multi_thread")]
async fn d10_each_right_opens_what_it_says_and_nothing_else() {
    let mut faults = Vec::new();
    // What is done is undone by a new directory; what only fails, or only reads, leaves it as it is.
    let mut api = Api::furnished().await;
    for (method, path, body, expected) in TABLE {
        for (who, expected) in WHO.iter().zip(expected) {
            let answer = api.ask(who, method, path, &[], body.map(|body| body().to_string())).await;
            if answer.status != *expected {
                faults.push(format!(
                    "{who}: {method} {path}: {} for {expected}: {}",
                    answer.status, answer.text
                ));
            }
            if answer.status == 403 {
                assert!(answer.json()["detail"].as_str().unwrap().contains("need"), "{answer:?}");
            }
            if *method != "GET" && answer.status < 300 {
                api = Api::furnished().await;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_right() {
    let api = Api::furnished().await;
    for (path, told) in [
        ("/projects", "`list-projects`"),
        ("/projects/acme/members", "`manage-access`"),
        ("/objects", "`manage-projects`"),
        ("/fields", "`see-fields`"),
        ("/roles", "role Admin"),
    ] {
        let answer = api.get("nothing", path).await.expect(403);
        assert!(answer.json()["detail"].as_str().unwrap().contains(told), "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_but_figures_and_the_document_wants_to_know_who_asks() {
    let api = Api::furnished().await;
    for (method, path, body, _) in TABLE {
        let answer = api.ask("", method, path, &[], body.map(|body| body().to_string())).await.expect(401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
    for path in ["/health", "/metrics", "/openapi.json"] {
        api.ask("", "GET", path, &[], None).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_count_no_more_at_the_next_request() {
    let api = Api::furnished().await;
    api.get("manage-access", "/users").await.expect(200);
    api.send("adam", "PATCH", "/users/manage-access", json!({"roles": null})).await.expect(200);
    api.get("manage-access", "/users").await.expect(403);
    api.get("manage-access", "/me").await.expect(200);
    api.delete("adam", "/users/manage-access").await.expect(204);
    api.get("manage-access", "/me").await.expect(401);
}
