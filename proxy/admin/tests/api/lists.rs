//! Filters, searches and pages.

use cordon_directory::{Key, Object, Record, RecordKind, User};
use serde_json::json;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_thousands_put_together_are_the_whole_in_order() {
    let api = Api::furnished().await;
    api.edit(|draft| {
        for number in 0..3000 {
            let mut object = Object::new("phone", &format!("{number}/ü"));
            object.projects = ["acme"].into_iter().filter(|_| number % 3 == 0).collect();
            draft.create(Record::Object(object));
        }
    })
    .await;
    for (who, expected) in [("adam", 3000), ("manage-projects", 1000)] {
        for limit in [7, 499, 500] {
            let mut seen = Vec::new();
            let mut path = format!("/objects?type=phone&limit={limit}");
            loop {
                let page = api.get(who, &path).await.expect(200);
                let ids = page.each("id");
                assert!(ids.len() <= limit, "{page:?}");
                seen.extend(ids);
                let Some(next) = page.json()["next"].as_str().map(str::to_owned) else {
                    assert!(!page.headers.contains_key("link"));
                    break;
                };
                let link = page.header("link");
                let (target, relation) = link.split_once('>').unwrap();
                assert_eq!(relation, "; rel=\"next\"");
                path = target.trim_start_matches('<').to_owned();
                assert!(path.contains(&next) && path.contains("type=phone"), "{path}");
            }
            assert_eq!(seen.len(), expected, "{who} by {limit}");
            assert!(seen.is_sorted(), "{who} by {limit}");
        }
    }
    // What is added behind the cursor or before it disturbs nobody's pages.
    let page = api.get("adam", "/objects?type=phone").await;
    assert_eq!(page.each("id").len(), 50);
    let next = page.json()["next"].as_str().unwrap().to_owned();
    api.send("adam", "POST", "/objects", json!({"kind": "phone", "id": "0"})).await.expect(201);
    let second = api.get("adam", &format!("/objects?type=phone&cursor={next}")).await;
    assert!(second.each("id")[0] > page.each("id")[49]);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_group_project_role_and_name() {
    let api = Api::furnished().await;
    api.edit(|draft| {
        let mut olga = User::new("olga", "Ольга Петрова");
        olga.groups = vec!["globex-group".into()];
        draft.create(Record::User(olga));
    })
    .await;
    for (query, expected) in [
        ("group=globex-group", vec!["olga"]),
        ("project=globex", vec!["globex-user", "olga"]),
        ("project=globex&search=%D0%9E%D0%9B%D0%AC", vec!["olga"]),
        ("search=INITECH", vec!["initech-user"]),
        ("role=Admin", vec!["adam"]),
        ("group=nothing", vec![]),
        ("search=nobody%20at%20all", vec![]),
    ] {
        assert_eq!(api.get("adam", &format!("/users?{query}")).await.each("login"), expected, "{query}");
    }
    let members = api.get("adam", "/projects/globex/members").await;
    assert_eq!(members.each("id"), ["globex-group", "globex-user", "olga"]);
    let olga = &members.json()["items"][2];
    assert_eq!((&olga["direct"], &olga["by_groups"]), (&json!(false), &json!(["globex-group"])));
    assert_eq!(api.get("adam", "/projects/globex/members?kind=group").await.each("id"), ["globex-group"]);
    let refused = api.delete("adam", "/projects/globex/members/users/olga").await.expect(409);
    assert_eq!(refused.json()["code"], "by-group");
}

#[tokio::test(flavor = "multi_thread")]
async fn d21_fields_are_found_by_what_became_of_them() {
    let api = Api::furnished().await;
    for (who, query, expected) in [
        ("adam", "unassigned=true", vec!["free-field"]),
        ("adam", "shared=true", vec!["passport"]),
        ("adam", "hidden=true", vec!["passport"]),
        ("adam", "project=initech", vec!["initech-field", "phone"]),
        ("adam", "kind=deal", vec![]),
        ("adam", "search=PASS", vec!["passport"]),
        ("see-fields", "", vec!["acme-field", "passport", "phone"]),
        // Shared with nobody whom the caller sees.
        ("see-fields", "shared=true", vec![]),
        ("see-fields", "unassigned=true", vec![]),
    ] {
        assert_eq!(api.get(who, &format!("/fields?{query}")).await.each("key"), expected, "{who}: {query}");
    }
    assert_eq!(api.get("see-fields", "/projects/acme/fields").await.each("key").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_found_by_kind_project_and_what_became_of_them() {
    let api = Api::furnished().await;
    api.send("adam", "PATCH", "/objects/queue/initech-queue", json!({"gone": true})).await.expect(200);
    for (query, expected) in [
        ("type=list", vec!["free-list", "shared-list"]),
        ("project=globex", vec!["shared-list", "globex-queue"]),
        ("unassigned=true", vec!["free-list"]),
        ("gone=true", vec!["initech-queue"]),
        ("search=FREE", vec!["free-list"]),
        ("type=nothing", vec![]),
    ] {
        assert_eq!(api.get("adam", &format!("/objects?{query}")).await.each("id"), expected, "{query}");
    }
    assert_eq!(api.get("adam", "/projects/globex/objects?type=queue").await.each("id"), ["globex-queue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_query_is_told_at_once() {
    let api = Api::furnished().await;
    let path = "/objects?limit=501&cursor=!&gone=maybe&typ=queue&project=a&project=b&search=%00";
    let wrong = api.get("adam", path).await.expect(400);
    let mut errors = wrong.errors();
    errors.sort();
    let expected = [
        ("cursor", "cursor"),
        ("gone", "type"),
        ("limit", "type"),
        ("project", "twice"),
        ("search", "text"),
        ("typ", "unknown-parameter"),
    ];
    assert_eq!(errors, expected.map(|(name, rule)| (name.to_owned(), rule.to_owned())));
    for limit in ["0", "-1", "", "1e2", "99999999999999999999"] {
        api.get("adam", &format!("/users?limit={limit}")).await.expect(400);
    }
    api.get("adam", "/users?search=%ff").await.expect(400);
    api.get("adam", "/users/adam?verbose=1").await.expect(400);
    assert!(api.record(&Key::new(RecordKind::User, "adam")).is_some());
}
