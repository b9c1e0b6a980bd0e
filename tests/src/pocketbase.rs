//! A real PocketBase with the data of a contact centre in four projects. It isolates nothing: whoever has the service
//! credential sees it all.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;

/// The projects, as the directory calls them; [`project_id`] is what PocketBase calls them.
pub const PROJECTS: [&str; 4] = ["acme", "brio", "core", "dune"];

/// How many contacts there are.
pub const CONTACTS: usize = 160;

/// How many calls there are.
pub const CALLS: usize = 420;

/// A running PocketBase. It is killed, and its data removed, when it is dropped.
pub struct PocketBase {
    address: SocketAddr,
    token: String,
    process: Child,
    _data: TempDir,
}

impl PocketBase {
    /// Starts the program with an empty database.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(program: &Path) -> PocketBase {
        let data = TempDir::new().expect("a folder for temporary files");
        let run = |arguments: &[&str]| {
            let mut command = Command::new(program);
            // It writes migrations beside its data: both inside the temporary folder.
            command.args(arguments).arg("--dir").arg(data.path().join("data"));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let upserted = run(&["superuser", "upsert", IDENTITY, PASSWORD]).status().expect("a program");
        assert!(upserted.success(), "PocketBase did not create its superuser");
        let address = free_address();
        let process = run(&["serve", "--http", &address.to_string()]).spawn().expect("a program");
        let mut started = PocketBase { address, token: String::new(), process, _data: data };
        started.wait().await;
        let credentials = json!({ "identity": IDENTITY, "password": PASSWORD });
        let mut client = Client::new(address);
        let answer = client.post("/api/collections/_superusers/auth-with-password", &credentials).await;
        let answer: Value = serde_json::from_slice(&answer.body).expect("PocketBase answers in JSON");
        started.token = answer["token"].as_str().expect("a token for the superuser").to_owned();
        started
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service credential: the value of `Authorization`, without `Bearer`.
    pub fn credential(&self) -> &str {
        &self.token
    }

    /// A client that sees everything.
    pub fn superuser(&self) -> Client {
        Client::new(self.address).with_header("authorization", &self.token)
    }

    /// Creates the collections and their records, and says how many records there are.
    ///
    /// # Panics
    /// If PocketBase refuses something.
    pub async fn load(&self) -> usize {
        let mut loader = Loader { client: self.superuser(), records: 0 };
        let projects = loader.collection("projects", json!([text("name"), text("description")])).await;
        let of_project = || relation("project", &projects, 1);
        let queues = loader.collection("queues", json!([text("name"), of_project()])).await;
        let scripts = loader.collection("scripts", json!([text("name"), text("text"), of_project()])).await;
        let contacts = loader.collection("contacts", contact_columns(&projects)).await;
        let calls = call_columns(&[&projects, &queues, &scripts, &contacts]);
        loader.collection("calls", calls).await;
        for (index, project) in PROJECTS.iter().enumerate() {
            let name = format!("Project {project} <{index}> & Sons");
            loader
                .record("projects", json!({ "id": project_id(project), "name": name, "description": "…" }))
                .await;
        }
        for index in 0..QUEUES {
            loader.record("queues", queue(index)).await;
        }
        for index in 0..SCRIPTS {
            loader.record("scripts", script(index)).await;
        }
        for index in 0..CONTACTS {
            loader.record("contacts", contact(index)).await;
        }
        for index in 0..CALLS {
            loader.record("calls", call(index)).await;
        }
        loader.records
    }

    async fn wait(&mut self) {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                panic!("PocketBase ended at its start: {status}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("PocketBase does not listen on {}", self.address);
    }
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// How many queues there are; the last is in no project.
pub const QUEUES: usize = 9;

/// How many scripts there are.
pub const SCRIPTS: usize = 4;

/// What PocketBase calls a project: ids have 15 characters.
pub fn project_id(project: &str) -> String {
    format!("prj{project:0>12}")
}

/// The id of a queue.
pub fn queue_id(index: usize) -> String {
    format!("que{index:0>12}")
}

/// The project of a queue.
pub fn project_of_queue(index: usize) -> Option<&'static str> {
    (index < QUEUES - 1).then(|| PROJECTS[index % PROJECTS.len()])
}

/// The id of a script.
pub fn script_id(index: usize) -> String {
    format!("scr{index:0>12}")
}

/// The project of a script.
pub fn project_of_script(index: usize) -> &'static str {
    PROJECTS[(index + 1) % PROJECTS.len()]
}

const IDENTITY: &str = "service@cordon.test";
const PASSWORD: &str = "only-for-tests-0";

struct Loader {
    client: Client,
    records: usize,
}

impl Loader {
    /// Creates a collection and says its id.
    async fn collection(&mut self, name: &str, fields: Value) -> String {
        let collection = json!({ "name": name, "type": "base", "fields": fields });
        let answer = self.client.post("/api/collections", &collection).await;
        assert_eq!(answer.status, 200, "collection {name}: {}", answer.text());
        let answer: Value = serde_json::from_slice(&answer.body).expect("PocketBase answers in JSON");
        answer["id"].as_str().expect("a collection has an id").to_owned()
    }

    async fn record(&mut self, collection: &str, record: Value) {
        let answer = self.client.post(&format!("/api/collections/{collection}/records"), &record).await;
        assert_eq!(answer.status, 200, "{collection}: {}", answer.text());
        self.records += 1;
    }
}

fn contact_columns(projects: &str) -> Value {
    json!([
        text("name"),
        text("phone"),
        text("email"),
        number("budget"),
        text("birthday"),
        text("contract"),
        text("tariff"),
        flag("vip"),
        text("pin"),
        text("legacy_code"),
        document("extra"),
        text("notes"),
        relation("projects", projects, 4),
    ])
}

fn call_columns(collections: &[&str; 4]) -> Value {
    let [projects, queues, scripts, contacts] = collections;
    json!([
        relation("project", projects, 1),
        relation("queue", queues, 1),
        relation("script", scripts, 1),
        relation("contact", contacts, 1),
        text("from"),
        text("to"),
        text("started"),
        number("duration"),
        number("rating"),
        document("card"),
        text("recording"),
    ])
}

fn queue(index: usize) -> Value {
    let project = project_of_queue(index).map_or(String::new(), project_id);
    json!({ "id": queue_id(index), "name": format!("Queue {index} / очередь"), "project": project })
}

fn script(index: usize) -> Value {
    let project = project_id(project_of_script(index));
    let text = format!("Hello, this is \"{}\".\nHow can I help?", project_of_script(index));
    json!({ "id": script_id(index), "name": format!("Script {index}"), "text": text, "project": project })
}

/// Most contacts are in one project, each fifth is in two, each eleventh in none.
fn contact(index: usize) -> Value {
    let first = PROJECTS[index % 4];
    let projects: Vec<String> = match index {
        _ if index % 11 == 10 => Vec::new(),
        _ if index % 5 == 4 => vec![project_id(first), project_id(PROJECTS[(index + 1 + index / 5 % 3) % 4])],
        _ => vec![project_id(first)],
    };
    let mut record = card(index);
    record["id"] = format!("con{index:0>12}").into();
    record["projects"] = projects.into();
    record["notes"] = format!("note-{index}: rang about +4930{index:07}").into();
    record
}

/// What a backend keeps of a contact: in its own record, and copied into calls.
fn card(index: usize) -> Value {
    json!({
        "name": format!("Contact {index} \u{1f4de} <Ünï>"),
        "phone": format!("+4930{index:07}"),
        "email": format!("contact{index}@example.test"),
        "budget": 1000.25 + f64::from(u32::try_from(index).unwrap_or(0)) * 7.5,
        "birthday": format!("19{:02}-0{}-11", index % 100, index % 9 + 1),
        "contract": format!("contract-{index:04}"),
        "tariff": format!("tariff-{}", index % 7),
        "vip": index.is_multiple_of(3),
        "pin": format!("pin-{:05}", index * 37 % 100_000),
        "legacy_code": format!("legacy-{index}"),
        "extra": [
            { "name": "loyalty", "value": format!("loyalty-{index}") },
            { "name": "debt", "value": index * 3 },
            { "name": "channel", "value": ["mail", format!("channel-{index}")] },
            { "name": "shoe_size", "value": 36 + index % 10 },
            { "name": "name", "value": format!("nick-{index}"), "by": format!("clerk-{index}") },
        ],
    })
}

/// A third of the calls name their project; of the others one half only their queue, one quarter only their script,
/// and some follow from nothing.
fn call(index: usize) -> Value {
    let named = if index.is_multiple_of(3) { project_id(PROJECTS[index / 3 % 4]) } else { String::new() };
    let queue =
        if index % 3 == 1 || index.is_multiple_of(7) { queue_id(index / 2 % QUEUES) } else { String::new() };
    let script =
        if index % 3 == 2 && !index.is_multiple_of(10) { script_id(index % SCRIPTS) } else { String::new() };
    let attached = if index % 13 == 12 { Value::Null } else { card(index % CONTACTS) };
    let contact = if attached.is_null() { String::new() } else { format!("con{:0>12}", index % CONTACTS) };
    json!({
        "id": format!("cal{index:0>12}"),
        "project": named, "queue": queue, "script": script, "contact": contact,
        "from": format!("+4930{:07}", index % CONTACTS), "to": format!("+4940{index:07}"),
        "started": format!("2026-03-{:02} 10:{:02}:00", index % 28 + 1, index % 60),
        "duration": index * 13 % 997, "rating": f64::from(u8::try_from(index % 50).unwrap_or(0)) / 10.0,
        "card": attached, "recording": format!("https://files.test/rec-{index}.ogg?sig=secret-{index}"),
    })
}

fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

fn number(name: &str) -> Value {
    json!({ "name": name, "type": "number" })
}

fn flag(name: &str) -> Value {
    json!({ "name": name, "type": "bool" })
}

fn document(name: &str) -> Value {
    json!({ "name": name, "type": "json" })
}

fn relation(name: &str, collection: &str, most: usize) -> Value {
    json!({ "name": name, "type": "relation", "collectionId": collection, "maxSelect": most })
}

/// An address where nobody listens just now.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound socket")
}
