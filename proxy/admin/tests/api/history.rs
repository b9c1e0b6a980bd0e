//! Who changed what is on record (D9).

use serde_json::json;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn d9_every_change_is_found_by_who_where_what_and_when() {
    let api = Api::furnished().await;
    api.send(
        "manage-projects-all",
        "POST",
        "/objects",
        json!({"kind": "list", "id": "a/b", "projects": ["initech"]}),
    )
    .await
    .expect(201);
    api.send("adam", "PATCH", "/objects/list/a%2Fb", json!({"name": "A"})).await.expect(200);
    api.send("adam", "PATCH", "/fields/contact/free-field", json!({"name": "Free"})).await.expect(200);
    let actions = |query: &'static str| {
        let api = &api;
        async move { api.get("adam", &format!("/history?{query}")).await.each("action") }
    };
    assert_eq!(actions("actor=user:manage-projects-all").await, ["create object"]);
    assert_eq!(actions("actor=user:adam").await, ["edit field", "edit object"]);
    assert_eq!(actions("object=list/a/b").await, ["edit object", "create object"]);
    assert_eq!(actions("record=field/contact/free-field&actor=user:adam").await, ["edit field"]);
    assert_eq!(actions("project=initech&limit=2").await, ["edit object", "create object"]);
    assert_eq!(actions("until=2020-01-01T00:00:00Z").await, Vec::<String>::new());
    assert_eq!(actions("since=2020-01-01T00:00:00%2B03:00&limit=1").await, ["edit field"]);
    let entry = &api.get("adam", "/history?object=list/a/b&limit=1").await.json()["items"][0];
    assert_eq!(entry["changes"][0]["before"], json!({"kind": "list", "id": "a/b", "projects": ["initech"]}));
    assert_eq!(entry["changes"][0]["after"]["name"], "A");
    assert!(entry["time"].as_str().unwrap().ends_with('Z') && entry["hash"].as_str().unwrap().len() == 64);

    // Page by page, the newest first, without a gap.
    let mut numbers = Vec::new();
    let mut path = "/history?limit=2".to_owned();
    loop {
        let page = api.get("adam", &path).await.expect(200).json();
        numbers
            .extend(page["items"].as_array().unwrap().iter().map(|entry| entry["number"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/history?limit=2&cursor={next}");
    }
    let newest = api.store.status().change;
    assert_eq!(numbers, (1..=newest).rev().collect::<Vec<_>>());
    for query in [
        "since=yesterday",
        "until=",
        "object=7",
        "record=nothing/7",
        "object=a/b&record=user/a",
        "cursor=AHg",
    ] {
        api.get("adam", &format!("/history?{query}")).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_force_at_the_next_request_and_one_that_is_refused_leaves_nothing() {
    let api = Api::furnished().await;
    let before = api.store.status().change;
    api.send("adam", "PATCH", "/users/adam", json!({"roles": []})).await.expect(409);
    api.send("manage-projects", "DELETE", "/projects/acme", json!(null)).await.expect(403);
    // Nothing comes of it, so nothing is logged.
    api.send("adam", "PUT", "/projects/acme/members/users/acme-user", json!(null)).await.expect(200);
    assert_eq!(api.store.status().change, before);
    api.get("manage-access", "/users/globex-user").await.expect(404);
    api.send("adam", "PUT", "/projects/acme/members/users/globex-user", json!(null)).await.expect(200);
    api.get("manage-access", "/users/globex-user").await.expect(200);
    assert_eq!(api.store.status().change, before + 1);
}
