//! What someone may not see makes no difference to what they are told (D22).

use cordon_directory::model::Settings;
use cordon_directory::{Field, Group, Key, Object, Project, Record, RecordKind, User};
use serde_json::json;

use crate::harness::Api;

const RESTRICTED: [&str; 6] =
    ["nothing", "manage-access", "manage-projects", "manage-fields", "see-fields", "see-masked-fields"];

const PATHS: &[&str] = &[
    "/me",
    "/projects",
    "/projects?search=secret",
    "/projects/secret",
    "/projects/nowhere",
    "/projects/acme",
    "/projects/acme/members",
    "/projects/acme/objects",
    "/projects/acme/fields",
    "/projects/secret/members",
    "/projects/secret/objects",
    "/projects/secret/fields",
    "/users",
    "/users?search=secret",
    "/users?project=secret",
    "/users?group=secret-group",
    "/users?role=Admin",
    "/users/secret-user",
    "/users/acme-user",
    "/groups",
    "/groups?project=secret",
    "/groups/secret-group",
    "/groups/acme-group",
    "/fields",
    "/fields?shared=true",
    "/fields?shared=false",
    "/fields?unassigned=true",
    "/fields?project=secret",
    "/fields?search=secret",
    "/fields/contact/secret-field",
    "/fields/contact/acme-field",
    "/objects",
    "/objects?limit=1",
    "/objects?project=secret",
    "/objects?unassigned=true",
    "/objects?search=secret",
    "/objects/queue/secret-queue",
    "/objects/list/shared-list",
];

/// Two directories that differ only in what is in projects of others: every answer is the same, to the byte and to the
/// header.
#[tokio::test(flavor = "multi_thread")]
async fn d22_what_is_hidden_makes_no_difference() {
    let (plain, secret) = (Api::furnished().await, Api::furnished().await);
    secret
        .edit(|draft| {
            let in_it = || ["secret"].into_iter().collect();
            draft.create(Record::Project(Project::new("secret", "Secret")));
            let mut group = Group::new("secret-group", "Secret group");
            group.projects = in_it();
            draft.create(Record::Group(group));
            let mut user = User::new("secret-user", "Secret user");
            (user.projects, user.groups) = (in_it(), vec!["secret-group".into()]);
            user.roles = vec!["Admin".into()];
            draft.create(Record::User(user));
            let mut field = Field::new("secret-field");
            field.projects = in_it();
            draft.create(Record::Field(field));
            let mut queue = Object::new("queue", "secret-queue");
            queue.projects = in_it();
            draft.create(Record::Object(queue));
            draft.create(Record::Object(Object::new("queue", "secret-free-queue")));
            // What the callers see themselves is in the other project too.
            draft.join(&Key::object("list", "shared-list"), "secret");
            draft.join(&Key::field("contact", "acme-field"), "secret");
            draft.join(&Key::new(RecordKind::User, "acme-user"), "secret");
            draft.join(&Key::new(RecordKind::Group, "acme-group"), "secret");
        })
        .await;
    let mut asked = 0;
    for who in RESTRICTED {
        for path in PATHS {
            let (one, other) = (plain.get(who, path).await, secret.get(who, path).await);
            assert_eq!((one.status, &one.text), (other.status, &other.text), "{who}: {path}");
            assert_eq!(one.headers, other.headers, "{who}: {path}");
            assert!(!other.text.contains("secret") || path.contains("secret"), "{who}: {path}: {other:?}");
            asked += usize::from(one.status == 200);
        }
        for (method, path, body) in [
            ("PATCH", "/projects/secret", Some(json!({"name": "x"}))),
            ("DELETE", "/objects/queue/secret-queue", None),
            ("PATCH", "/objects/queue/secret-queue", Some(json!({"name": "x"}))),
            ("PATCH", "/objects/list/shared-list", Some(json!({"projects": ["acme", "secret"]}))),
            ("PATCH", "/objects/list/shared-list", Some(json!({"projects": ["acme", "secert"]}))),
            ("PATCH", "/objects/list/shared-list", Some(json!({"name": "same"}))),
            ("PATCH", "/fields/contact/acme-field", Some(json!({"unique": true}))),
            ("PUT", "/projects/secret/members/users/acme-user", None),
            ("PUT", "/projects/acme/members/users/secret-user", None),
            ("PUT", "/projects/acme/members/users/acme-user", None),
            ("PUT", "/projects/acme/objects/queue/secret-queue", None),
            ("DELETE", "/projects/secret/objects/list/shared-list", None),
        ] {
            let body = body.map(|body| body.to_string());
            let one = plain.ask(who, method, path, &[], body.clone()).await;
            let other = secret.ask(who, method, path, &[], body).await;
            assert_eq!((one.status, &one.text), (other.status, &other.text), "{who}: {method} {path}");
            assert_eq!(one.headers, other.headers, "{who}: {method} {path}");
        }
    }
    assert!(asked > 30, "only {asked} answers had something in them");
    // And nothing that was hidden was lost.
    match secret.record(&Key::object("list", "shared-list")) {
        Some(Record::Object(object)) => assert_eq!(object.projects, ["acme", "globex", "secret"]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_what_others_have_takes_it_out_of_the_callers_projects_only() {
    let api = Api::furnished().await;
    api.delete("manage-projects", "/objects/list/shared-list").await.expect(204);
    api.get("manage-projects", "/objects/list/shared-list").await.expect(404);
    match api.record(&Key::object("list", "shared-list")) {
        Some(Record::Object(object)) => assert_eq!(object.projects, ["globex"]),
        other => panic!("{other:?}"),
    }
    api.delete("manage-projects", "/objects/queue/acme-queue").await.expect(204);
    assert_eq!(api.record(&Key::object("queue", "acme-queue")), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_nothing_that_is_hidden() {
    let api = Api::furnished().await;
    for (who, method, path, body) in [
        ("manage-projects", "POST", "/projects", json!({"name": "Globex"})),
        ("manage-projects", "POST", "/projects", json!({"id": "initech", "name": "Another"})),
        ("manage-projects", "POST", "/objects", json!({"kind": "queue", "id": "7", "projects": ["globx"]})),
        ("manage-projects", "POST", "/objects", json!({"kind": "queue", "id": "globex-queue"})),
        ("manage-projects", "PUT", "/objects/queue/globex-queue", json!({"name": "mine"})),
        ("manage-fields", "POST", "/fields", json!({"key": "mine", "name": "initech-field"})),
    ] {
        let answer = api.send(who, method, path, body.clone()).await;
        assert!(matches!(answer.status, 409 | 422), "{answer:?}");
        for hidden in ["Globex", "globex", "initech", "Initech"] {
            assert!(!answer.text.contains(hidden), "{path} {body}: {answer:?}");
        }
    }
}

/// Who may know which projects there are is told that a name is taken; others only that they cannot use it.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_taken_only_for_those_who_may_know() {
    let mut api = Api::furnished().await;
    api.employ("lister", &["manage-projects", "list-projects"]).await;
    let taken = json!({"id": "another", "name": "Globex"});
    let answer = api.send("lister", "POST", "/projects", taken.clone()).await.expect(409);
    assert_eq!(answer.errors(), [("/name".into(), "taken".into())]);
    let object = json!({"kind": "queue", "id": "globex-queue"});
    for (who, path, body, pointer) in [
        ("manage-projects", "/projects", taken, "/name"),
        ("manage-projects", "/projects", json!({"id": "globex", "name": "Another"}), ""),
        ("manage-projects", "/objects", object.clone(), ""),
        ("lister", "/objects", object, ""),
        ("manage-fields", "/fields", json!({"key": "mine", "name": "globex-field"}), "/name"),
    ] {
        let answer = api.send(who, "POST", path, body).await.expect(422);
        assert_eq!(answer.errors(), [(pointer.into(), "unusable".into())], "{who} {path}");
        assert!(!answer.text.contains("taken") && !answer.text.contains("already"), "{answer:?}");
    }
    let put =
        api.send("manage-projects", "PUT", "/projects/globex", json!({"name": "Mine"})).await.expect(422);
    assert_eq!(put.errors(), [(String::new(), "unusable".into())]);
}

/// What is in hidden projects besides is told by no warning: of two things that look alike, one of which is in a hidden
/// project too, every answer is the same but for the name.
#[tokio::test(flavor = "multi_thread")]
async fn warnings_tell_nothing_of_hidden_projects() {
    let mut api = Api::furnished().await;
    api.employ("keeper", &["manage-projects", "manage-fields", "manage-access"]).await;
    api.edit(|draft| {
        draft.enhance();
        for (name, projects) in [("alone", vec!["acme"]), ("above", vec!["acme", "globex"])] {
            let projects = || projects.iter().copied().collect();
            draft.create(Record::Object(Object { projects: projects(), ..Object::new("list", name) }));
            draft.create(Record::Field(Field { projects: projects(), ..Field::new(name) }));
            draft.create(Record::User(User { projects: projects(), ..User::new(name, "Somebody") }));
        }
    })
    .await;
    // The caller has only Acme, which is the default project now.
    api.edit(|draft| {
        let settings = draft.state().settings().clone();
        let settings = Settings { default_project: Some("acme".into()), ..settings };
        draft.put(Record::Settings(settings));
        draft.leave(&Key::new(RecordKind::User, "keeper"), "default");
    })
    .await;
    for (method, path, body) in [
        ("PUT", "/projects/acme/members/users/NAME", None),
        ("GET", "/users/NAME", None),
        ("PATCH", "/objects/list/NAME", Some(json!({"projects": ["acme"]}))),
        ("PATCH", "/objects/list/NAME", Some(json!({"projects": []}))),
        ("PATCH", "/fields/contact/NAME", Some(json!({"projects": ["acme"]}))),
        ("PATCH", "/fields/contact/NAME", Some(json!({"projects": []}))),
        ("GET", "/fields/contact/NAME", None),
    ] {
        let mut told = Vec::new();
        for name in ["alone", "above"] {
            let body = body.as_ref().map(ToString::to_string);
            let answer = api.ask("keeper", method, &path.replace("NAME", name), &[], body).await;
            told.push((answer.status, answer.text.replace(name, "NAME")));
        }
        assert_eq!(told[0], told[1], "{method} {path}");
    }
}
