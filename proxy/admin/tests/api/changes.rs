//! Lost updates, repetitions, and what is told of both.

use serde_json::json;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_the_same_thing_the_second_is_told() {
    let api = Api::furnished().await;
    let path = "/objects/list/shared-list";
    let first = api.get("adam", path).await.expect(200);
    let second = api.get("manage-projects-all", path).await.expect(200);
    let body = |name: &str| json!({"name": name, "projects": ["acme"]}).to_string();
    let tag = first.header("etag").to_owned();
    let first = api.ask("adam", "PUT", path, &[("if-match", &tag)], Some(body("one"))).await.expect(200);
    let tag = second.header("etag").to_owned();
    let answer = api.ask("manage-projects-all", "PUT", path, &[("if-match", &tag)], Some(body("two"))).await;
    assert_eq!(answer.expect(412).json()["code"], "changed-meanwhile");
    for method in ["PATCH", "DELETE"] {
        let body = (method == "PATCH").then(|| body("two"));
        api.ask("adam", method, path, &[("if-match", &tag)], body).await.expect(412);
    }
    let now = api.get("adam", path).await.expect(200);
    assert_eq!((now.json()["name"].as_str(), now.header("etag")), (Some("one"), first.header("etag")));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_with_the_same_tag_one_wins() {
    let api = Api::furnished().await;
    let path = "/projects/acme";
    let tag = api.get("adam", path).await.header("etag").to_owned();
    let writers = (0..16).map(|number| {
        let (api, tag) = (&api, &tag);
        async move {
            let body = json!({"name": "Acme", "description": number.to_string()}).to_string();
            api.ask("adam", "PUT", path, &[("if-match", tag)], Some(body)).await.status
        }
    });
    let mut statuses = futures_util::future::join_all(writers).await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[15]), (200, 412, 412), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_needs_a_tag_and_creating_can_say_that_there_is_none() {
    let api = Api::furnished().await;
    let body = || Some(json!({"name": "Acme"}).to_string());
    api.ask("adam", "PUT", "/projects/acme", &[], body()).await.expect(428);
    api.ask("adam", "PUT", "/projects/acme", &[("if-none-match", "*")], body()).await.expect(412);
    api.ask("adam", "PUT", "/projects/acme", &[("if-match", "*")], body()).await.expect(200);
    api.ask("adam", "PUT", "/projects/acme", &[("if-match", "acme")], body()).await.expect(400);
    let body = || Some(json!({"name": "New"}).to_string());
    api.ask("adam", "PUT", "/projects/new", &[("if-match", "*")], body()).await.expect(412);
    let made = api.ask("adam", "PUT", "/projects/new", &[("if-none-match", "*")], body()).await.expect(201);
    assert_eq!(made.header("location"), "/projects/new");
    let tag = made.header("etag").to_owned();
    assert_eq!(api.get("adam", "/projects/new").await.header("etag"), tag);
    let same = api.ask("adam", "GET", "/projects/new", &[("if-none-match", &tag)], None).await.expect(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", tag.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_with_a_key_is_made_once() {
    let api = Api::furnished().await;
    let key = [("idempotency-key", "b9f1")];
    let body = |name: &str| Some(json!({"name": name}).to_string());
    let first = api.ask("adam", "POST", "/projects", &key, body("Umbrella")).await.expect(201);
    let again = api.ask("adam", "POST", "/projects", &key, body("Umbrella")).await.expect(201);
    assert_eq!((&first.text, first.header("etag")), (&again.text, again.header("etag")));
    // Another body, another path, and nothing of either is done.
    let other = api.ask("adam", "POST", "/projects", &key, body("Other")).await.expect(422);
    assert_eq!(other.json()["code"], "key-reused");
    api.ask("adam", "POST", "/groups", &key, Some(json!({"id": "g", "name": "G"}).to_string()))
        .await
        .expect(422);
    api.get("adam", "/projects/other").await.expect(404);
    // Another caller's key is another key.
    api.ask("manage-projects-all", "POST", "/projects", &key, body("Other")).await.expect(201);
    // What was refused may be tried again with the same key.
    let key = [("idempotency-key", "b9f2")];
    api.ask("adam", "POST", "/projects", &key, body("")).await.expect(422);
    api.ask("adam", "POST", "/projects", &key, body("Right")).await.expect(201);
    for key in ["", "ключ", &"k".repeat(201)] {
        let refused = api.ask("adam", "POST", "/projects", &[("idempotency-key", key)], body("X")).await;
        assert_eq!(refused.expect(400).errors(), [("idempotency-key".into(), "header".into())], "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_once_and_kept_nowhere() {
    let api = Api::furnished().await;
    let key = [("idempotency-key", "token-1")];
    let body = || Some(json!({"label": "laptop"}).to_string());
    let path = "/users/acme-user/tokens";
    let issued = api.ask("adam", "POST", path, &key, body()).await.expect(201).json();
    let (id, text) = (issued["id"].as_str().unwrap(), issued["token"].as_str().unwrap());
    let again = api.ask("adam", "POST", path, &key, body()).await.expect(409);
    assert!(again.text.contains(id) && !again.text.contains(text), "{again:?}");
    let list = api.get("adam", path).await;
    assert_eq!((list.each("id"), list.each("label")), (vec![id.to_owned()], vec!["laptop".to_owned()]));
    let history = api.get("adam", "/history").await;
    assert!(!list.text.contains(text) && !history.text.contains(text) && history.text.contains(id));
    let hash = api.store.current().state().tokens().find(|token| &*token.user == "acme-user").unwrap().hash;
    assert!(!list.text.contains(&hash.to_string()) && !history.text.contains(&hash.to_string()));
    for entry in std::fs::read_dir(api.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()));
    }
    let ask = |text: String| {
        let request = http::Request::get("/me").header("authorization", format!("Bearer {text}"));
        api.request(request.body(axum::body::Body::empty()).unwrap())
    };
    assert_eq!(ask(text.to_owned()).await.expect(200).json()["login"], "acme-user");
    api.delete("adam", &format!("/users/adam/tokens/{id}")).await.expect(404);
    api.delete("adam", &format!("{path}/{id}")).await.expect(204);
    ask(text.to_owned()).await.expect(401);
    api.delete("adam", &format!("{path}/{id}")).await.expect(404);
}

/// A switch that is repeated by its key is not made twice, whatever happened in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_switch_with_a_key_is_made_once() {
    let api = Api::furnished().await;
    let ask = |path: &'static str, key: &'static str| {
        let api = &api;
        async move { api.ask("adam", "POST", path, &[("idempotency-key", key)], None).await }
    };
    let first = ask("/settings/enhance", "switch-1").await.expect(200);
    ask("/settings/simplify", "switch-2").await.expect(200);
    let again = ask("/settings/enhance", "switch-1").await.expect(200);
    assert_eq!(first.text, again.text);
    assert_eq!(api.get("adam", "/settings").await.json()["security"], "simplified");
    assert_eq!(ask("/settings/simplify", "switch-1").await.expect(422).json()["code"], "key-reused");
    ask("/settings/enhance", "").await.expect(400);
}
