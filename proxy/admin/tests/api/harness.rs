//! An admin API over a new SQLite directory, and a way to ask it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use cordon_admin::Options;
use cordon_directory::model::Token;
use cordon_directory::{
    By, ConnectOptions, DatabaseUrl, Draft, Field, Founding, Group, Key, Object, Project, Record, RecordKind,
    Rights, Role, Sections, Security, Store, User,
};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) struct Api {
    pub(crate) store: Arc<Store>,
    pub(crate) router: Router,
    pub(crate) folder: TempDir,
    /// Tokens of `adam`, the administrator, and of those whom [`Api::with`] was told.
    tokens: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Api {
    /// With the administrator `adam` and nothing else, security simplified.
    pub(crate) async fn new() -> Api {
        Api::with_options(Options::default()).await
    }

    pub(crate) async fn with_options(options: Options) -> Api {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse("sqlite:cordon.db", folder.path()).unwrap();
        Api::over(&url, folder, &ConnectOptions::default(), options).await
    }

    /// The same in a database of the test's own.
    pub(crate) async fn over(
        url: &DatabaseUrl,
        folder: TempDir,
        connect: &ConnectOptions,
        options: Options,
    ) -> Api {
        let founding = Founding {
            security: Security::Simplified,
            login: "adam".into(),
            name: "Adam".into(),
            actor: "test".into(),
        };
        let (store, token) = Store::initialise(url, &founding, connect).await.unwrap();
        let store = Arc::new(store);
        let router = cordon_admin::router(Arc::clone(&store), options);
        Api { store, router, folder, tokens: vec![("adam".into(), token)] }
    }

    /// The directory of most tests: projects `acme`, `globex` and `initech`; somebody for each right in `acme`, named
    /// by it, and the same with `-all` who see everything too; and things in each project.
    pub(crate) async fn furnished() -> Api {
        let mut api = Api::new().await;
        let tokens = api
            .edit(|draft| {
                for (id, name) in [("acme", "Acme"), ("globex", "Globex"), ("initech", "Initech")] {
                    draft.create(Record::Project(Project::new(id, name)));
                    let mut group = Group::new(&format!("{id}-group"), &format!("{name} group"));
                    group.projects = [id].into_iter().collect();
                    draft.create(Record::Group(group));
                    let mut user = User::new(&format!("{id}-user"), &format!("{name} user"));
                    user.projects = [id].into_iter().collect();
                    draft.create(Record::User(user));
                    let mut field = Field::new(&format!("{id}-field"));
                    field.projects = [id].into_iter().collect();
                    draft.create(Record::Field(field));
                    let mut queue = Object::new("queue", &format!("{id}-queue"));
                    queue.projects = [id].into_iter().collect();
                    draft.create(Record::Object(queue));
                }
                let mut list = Object::new("list", "shared-list");
                list.projects = ["acme", "globex"].into_iter().collect();
                draft.create(Record::Object(list));
                draft.create(Record::Object(Object::new("list", "free-list")));
                let mut hidden = Field::new("passport");
                (hidden.hidden, hidden.projects) = (true, ["acme", "globex"].into_iter().collect());
                draft.create(Record::Field(hidden));
                draft.create(Record::Field(Field::new("free-field")));
                let mut system = Field::new("phone");
                system.system = true;
                draft.create(Record::Field(system));
                let mut tokens = Vec::new();
                for right in Rights::NAMES.into_iter().chain(["nothing"]) {
                    for everything in [false, true] {
                        let login = if everything { format!("{right}-all") } else { right.to_owned() };
                        let mut rights = Rights::default();
                        let _ = rights.grant(right);
                        rights.see_everything |= everything;
                        let role =
                            Role { name: login.as_str().into(), rights, sections: Sections::default() };
                        draft.create(Record::Role(role));
                        let mut user = User::new(&login, &login);
                        user.roles = vec![login.as_str().into()];
                        user.projects = ["acme"].into_iter().collect();
                        draft.create(Record::User(user));
                        let (text, token) = Token::issue(&login, None, draft.state().salt());
                        draft.create(Record::Token(token));
                        tokens.push((login, text));
                    }
                }
                tokens
            })
            .await;
        api.tokens.extend(tokens);
        api
    }

    /// Changes the directory beside the API.
    pub(crate) async fn edit<T>(&self, edit: impl FnOnce(&mut Draft) -> T + Send) -> T
    where
        T: serde::Serialize + serde::de::DeserializeOwned + Send,
    {
        let by = By { actor: "test".into(), action: "furnish", once: None };
        self.store.change(&by, |draft| Ok::<_, ()>(edit(draft))).await.unwrap().answer
    }

    /// Gives a role of these rights, in the project `acme`, to a new user of this login.
    pub(crate) async fn employ(&mut self, login: &str, rights: &[&str]) {
        let token = self
            .edit(|draft| {
                let mut held = Rights::default();
                rights.iter().for_each(|right| held.grant(right).unwrap());
                let name = format!("{login} role");
                let role = Role { name: name.as_str().into(), rights: held, sections: Sections::default() };
                draft.create(Record::Role(role));
                let mut user = User::new(login, login);
                (user.roles, user.projects) = (vec![name.as_str().into()], ["acme"].into_iter().collect());
                draft.create(Record::User(user));
                let (text, token) = Token::issue(login, None, draft.state().salt());
                draft.create(Record::Token(token));
                text
            })
            .await;
        self.tokens.push((login.to_owned(), token));
    }

    pub(crate) fn token(&self, login: &str) -> &str {
        let found = self.tokens.iter().find(|(own, _)| own == login);
        &found.unwrap_or_else(|| panic!("{login} has no token")).1
    }

    pub(crate) async fn get(&self, login: &str, path: &str) -> Answer {
        self.ask(login, "GET", path, &[], None).await
    }

    pub(crate) async fn delete(&self, login: &str, path: &str) -> Answer {
        self.ask(login, "DELETE", path, &[], None).await
    }

    pub(crate) async fn send(&self, login: &str, method: &str, path: &str, body: Value) -> Answer {
        self.ask(login, method, path, &[], Some(body.to_string())).await
    }

    /// As somebody (nobody if the login is empty), with further headers and perhaps a body of JSON.
    pub(crate) async fn ask(
        &self,
        login: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !login.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token(login)));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.request(request.body(Body::from(body.unwrap_or_default())).unwrap()).await
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub(crate) fn record(&self, key: &Key) -> Option<Record> {
        self.store.current().state().get(key)
    }

    pub(crate) fn user(&self, login: &str) -> User {
        match self.record(&Key::new(RecordKind::User, login)) {
            Some(Record::User(user)) => user,
            other => panic!("{login}: {other:?}"),
        }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Pointers (or parameters) and rules of the errors told.
    pub(crate) fn errors(&self) -> Vec<(String, String)> {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status, "{self:?}");
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        errors
            .iter()
            .map(|error| (text(&error["pointer"]) + &text(&error["parameter"]), text(&error["rule"])))
            .collect()
    }

    /// A member of each item of a list.
    pub(crate) fn each(&self, member: &str) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        let json = self.json();
        let items = json["items"].as_array().unwrap();
        items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}
