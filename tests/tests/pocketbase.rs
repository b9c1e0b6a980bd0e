//! A real PocketBase behind Cordon, with nothing but a rules file: what each caller gets of every list, record and
//! HEAD is compared, byte by byte, with what an independent oracle makes of PocketBase's own answer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use cordon_gateway::BackendCredential;
use cordon_tests::json::Node;
use cordon_tests::lens::{Field, Show, Viewer, map_elements, map_members, pick, show};
use cordon_tests::pocketbase::{
    PROJECTS, PocketBase, QUEUES, SCRIPTS, project_id, project_of_queue, project_of_script, queue_id,
    script_id,
};
use cordon_tests::{Answer, Client, Cordon, DirectoryText, external, token_of};

const RULES: &str = include_str!("rules/pocketbase.toml");
const COLLECTIONS: [&str; 5] = ["projects", "queues", "scripts", "contacts", "calls"];
const PER_PAGE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_gets_what_the_oracle_says_of_every_list_and_record() {
    let Some(program) = external::tool("pocketbase") else {
        return;
    };
    let pocketbase = PocketBase::start(&program).await;
    let records = pocketbase.load().await;
    assert!(records >= 500, "{records} records are too few to mean anything");
    let viewers = viewers();
    let credential = pocketbase.credential().parse().expect("a token is a header value");
    let cordon = Cordon::start_with(RULES, &directory(&viewers), pocketbase.address(), |config| {
        config.backend.credential =
            BackendCredential::Header { name: http::header::AUTHORIZATION, value: credential };
    })
    .await;
    let truth = Truth::of(&pocketbase).await;

    let mut checks = 0;
    let mut refused = Vec::new();
    for viewer in &viewers {
        let mut caller = Caller::new(cordon.address(), viewer);
        for collection in COLLECTIONS {
            if viewer.opens(collection) || collection == "projects" {
                caller.compare(collection, &truth).await;
            } else {
                refused.push(caller.is_refused(collection).await);
            }
        }
        caller.asks_what_is_not_offered().await;
        println!("{:>6}: {} checks, {} records seen", viewer.login, caller.checks, caller.seen);
        checks += caller.checks;
    }
    assert!(!refused.is_empty() && refused.iter().all(|answer| answer == &refused[0]));
    println!("{checks} checks of {records} records in PocketBase for {} callers", viewers.len());
}

fn viewers() -> Vec<Viewer> {
    let client = Some(vec!["calls".to_owned(), "queues".to_owned()]);
    vec![
        Viewer::new("olga", &["acme"]),
        Viewer::new("omar", &["acme", "brio"]),
        Viewer::new("nina", &[]),
        Viewer { sections: client, ..Viewer::new("klara", &["core"]) },
        Viewer { unmasked: true, ..Viewer::new("hanna", &["brio", "dune"]) },
        Viewer { lists_projects: true, ..Viewer::new("lena", &["dune"]) },
        Viewer { everything: true, ..Viewer::new("vera", &[]) },
        Viewer { everything: true, unmasked: true, lists_projects: true, ..Viewer::new("adam", &[]) },
    ]
}

/// The contact fields: `!` are hidden ones.
fn fields() -> Vec<Field> {
    vec![
        Field::new("name", &["*"]),
        Field::new("phone!", &["*"]),
        Field::new("email", &["acme", "brio", "core"]),
        Field::new("budget", &["acme"]),
        Field::new("birthday", &["acme", "brio"]),
        Field::new("contract!", &["brio"]),
        Field::new("tariff", &["core"]),
        Field::new("vip", &["core", "dune"]),
        Field::new("pin!", &["dune"]),
        Field::new("legacy_code", &[]),
        Field::new("loyalty", &["acme", "dune"]),
        Field::new("debt!", &["brio", "core"]),
        Field::new("channel", &["core"]),
        Field::new("shoe_size", &[]),
        // The rules say that free text goes, whatever the directory thinks of it (H38).
        Field::new("notes", &["acme"]),
    ]
}

fn directory(viewers: &[Viewer]) -> String {
    let mut directory = DirectoryText::default();
    for project in PROJECTS {
        directory = directory.project(project, &[&project_id(project)]);
    }
    for viewer in viewers {
        let held = [
            (viewer.everything, "see-everything"),
            (viewer.lists_projects, "list-projects"),
            (viewer.unmasked, "see-masked-fields"),
        ];
        let rights: Vec<&str> = held.iter().filter(|(held, _)| *held).map(|(_, right)| *right).collect();
        let sections: Option<Vec<&str>> =
            viewer.sections.as_ref().map(|sections| sections.iter().map(String::as_str).collect());
        let projects: Vec<&str> = viewer.projects.iter().map(String::as_str).collect();
        let role = format!("role of {}", viewer.login);
        directory = directory.role(&role, &rights, sections.as_deref()).user(&viewer.login, &role, &projects);
    }
    for field in fields() {
        let projects: Vec<&str> = field.projects.iter().map(String::as_str).collect();
        let flags: Vec<&str> = [(field.system, "system"), (field.hidden, "hidden")]
            .iter()
            .filter(|flag| flag.0)
            .map(|flag| flag.1)
            .collect();
        directory = directory.field("contact", &field.key, &projects, &flags);
    }
    for index in 0..QUEUES {
        let projects: Vec<&str> = project_of_queue(index).into_iter().collect();
        directory = directory.object("queue", &queue_id(index), &projects);
    }
    for index in 0..SCRIPTS {
        directory = directory.object("script", &script_id(index), &[project_of_script(index)]);
    }
    directory.text().to_owned()
}

/// What PocketBase itself answers to whoever has its service credential.
struct Truth {
    /// By path: lists, page by page, and records.
    answers: BTreeMap<String, Node>,
}

impl Truth {
    async fn of(pocketbase: &PocketBase) -> Truth {
        let mut superuser = pocketbase.superuser();
        let mut answers = BTreeMap::new();
        for collection in COLLECTIONS {
            let mut paths = vec![list(collection)];
            let first = fetch(&mut superuser, &list(collection)).await;
            let total: usize = first.get("totalItems").and_then(Node::plain).unwrap().parse().unwrap();
            for page in 1..=total.div_ceil(PER_PAGE) + 1 {
                paths.push(format!("{}?page={page}&perPage={PER_PAGE}", list(collection)));
            }
            for path in paths {
                let answer = fetch(&mut superuser, &path).await;
                for record in answer.get("items").unwrap().elements() {
                    let path =
                        format!("{}/{}", list(collection), record.get("id").unwrap().as_str().unwrap());
                    answers.insert(path, record.clone());
                }
                answers.insert(path, answer);
            }
        }
        for (path, record) in &mut answers {
            if !path.contains('?') && !path.ends_with("/records") {
                *record = fetch(&mut superuser, path).await;
            }
        }
        Truth { answers }
    }

    fn of_collection(&self, collection: &str) -> impl Iterator<Item = (&String, &Node)> {
        let list = list(collection);
        self.answers.iter().filter(move |(path, _)| path.starts_with(&list))
    }
}

async fn fetch(superuser: &mut Client, path: &str) -> Node {
    let answer = superuser.get(path).await;
    assert_eq!(answer.status, 200, "PocketBase refuses {path}: {}", answer.text());
    Node::parse(&answer.body).unwrap()
}

fn list(collection: &str) -> String {
    format!("/api/collections/{collection}/records")
}

/// A caller who asks Cordon for everything and knows what the answers must be.
struct Caller<'a> {
    viewer: &'a Viewer,
    client: Client,
    checks: usize,
    seen: usize,
}

impl<'a> Caller<'a> {
    fn new(cordon: SocketAddr, viewer: &'a Viewer) -> Caller<'a> {
        let client = Client::with_token(cordon, &token_of(&viewer.login));
        Caller { viewer, client, checks: 0, seen: 0 }
    }

    async fn compare(&mut self, collection: &str, truth: &Truth) {
        let missing = self.get_and_head(&format!("{}/nonexistent0000", list(collection))).await;
        assert_eq!(missing.status, 404, "{}: {}", self.viewer.login, missing.text());
        for (path, backend) in truth.of_collection(collection) {
            let answer = self.get_and_head(path).await;
            let what = format!("{} asks {path}\nbackend: {}\n", self.viewer.login, backend.compact());
            let expected = match backend.get("items") {
                Some(_) => Some(filter_list(collection, self.viewer, backend)),
                None => filter_record(collection, self.viewer, backend),
            };
            match expected {
                Some(expected) => {
                    assert_eq!(answer.status, 200, "{what}{}", answer.text());
                    assert_eq!(answer.text(), expected.compact(), "{what}");
                    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
                    self.seen += usize::from(backend.get("items").is_none());
                }
                // Forbidden and unknown are the same in status, headers and body (H36).
                None => assert_eq!(answer, missing, "{what}"),
            }
            self.checks += 1;
        }
    }

    /// GET, after HEAD has said the same but for body and length (H7).
    async fn get_and_head(&mut self, path: &str) -> Answer {
        let head = self.client.head(path).await.undated();
        let answer = self.client.get(path).await.undated();
        assert!(answer.whole, "{} asks {path}: cut", self.viewer.login);
        let framing = ["content-length", "transfer-encoding"];
        assert_eq!(head.status, answer.status, "HEAD {path} for {}", self.viewer.login);
        assert_eq!(
            head.headers_but(&framing),
            answer.headers_but(&framing),
            "HEAD {path} for {}",
            self.viewer.login
        );
        assert!(head.body.is_empty());
        let backend_says =
            head.header("content-length").filter(|length| Some(*length) != answer.header("content-length"));
        assert_eq!(backend_says, None, "HEAD {path} tells the backend's length");
        self.checks += 1;
        answer
    }

    /// A closed section is refused without a word on what is in it (D12).
    async fn is_refused(&mut self, collection: &str) -> Answer {
        let answer = self.get_and_head(&list(collection)).await;
        assert!((400..500).contains(&answer.status), "{collection}: {}", answer.text());
        let single = self.get_and_head(&format!("{}/con000000000001", list(collection))).await;
        assert_eq!(answer, single);
        answer
    }

    /// Sorting, searching and expanding reach hidden fields, and writing is not declared (H35, D22).
    async fn asks_what_is_not_offered(&mut self) {
        for query in
            ["filter=phone~'49'", "sort=-budget", "expand=contact", "fields=pin", "search=x", "skipTotal=1"]
        {
            let answer = self.client.get(&format!("{}?{query}", list("calls"))).await;
            assert!((400..500).contains(&answer.status), "{query}: {}", answer.text());
            self.checks += 1;
        }
        for method in [http::Method::POST, http::Method::PATCH, http::Method::DELETE, http::Method::OPTIONS] {
            let path = format!("{}/cal000000000000", list("calls"));
            let answer = self.client.send(method.clone(), &path, &[], bytes::Bytes::new()).await;
            assert!((400..500).contains(&answer.status), "{method}: {}", answer.text());
            self.checks += 1;
        }
        for path in
            ["/api/collections/users/records", "/api/collections", "/api/settings", "/api/health", "/_/"]
        {
            let answer = self.client.get(path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            self.checks += 1;
        }
    }
}

fn filter_list(collection: &str, viewer: &Viewer, backend: &Node) -> Node {
    let records =
        map_elements(backend.get("items").unwrap(), |record| filter_record(collection, viewer, record));
    let total = Node::number(records.elements().len());
    map_members(backend, |member| match member.name.as_str() {
        "items" => Some(records.clone()),
        "totalItems" => Some(total.clone()),
        "page" | "perPage" => Some(member.value.clone()),
        _ => None,
    })
}

fn filter_record(collection: &str, viewer: &Viewer, record: &Node) -> Option<Node> {
    let projects = projects_of(collection, record);
    let through = viewer.through(&projects);
    if !viewer.sees(&projects) {
        let tile = collection == "projects" && viewer.lists_projects;
        return tile.then(|| pick(record, &["id", "name"]));
    }
    Some(match collection {
        "projects" => pick(record, &["id", "name", "description", "collectionName"]),
        "queues" => pick(record, &["id", "name", "project"]),
        "scripts" => pick(record, &["id", "name", "text"]),
        "contacts" => filter_contact(viewer, &through, record, &["id"]),
        _ => filter_call(viewer, &through, record),
    })
}

fn filter_call(viewer: &Viewer, through: &[String], call: &Node) -> Node {
    map_members(call, |member| match member.name.as_str() {
        "id" | "queue" | "script" | "contact" | "started" | "duration" | "rating" => {
            Some(member.value.clone())
        }
        "from" if viewer.unmasked => Some(member.value.clone()),
        "from" => Some(keep_last(&member.value, 4)),
        "to" => Some(Node::string("withheld")),
        "card" if member.value.members().is_empty() => None,
        "card" => Some(filter_contact(viewer, through, &member.value, &[])),
        _ => None,
    })
}

/// A contact, be it a record or the copy in a call: system columns, field columns, and fields as entries.
fn filter_contact(viewer: &Viewer, through: &[String], contact: &Node, system: &[&str]) -> Node {
    map_members(contact, |member| match member.name.as_str() {
        "extra" => Some(map_elements(&member.value, |entry| {
            let name = entry.get("name")?.as_str()?;
            let value = shown(viewer, through, &name, entry.get("value")?)?;
            Some(map_members(entry, |member| match member.name.as_str() {
                "name" => Some(member.value.clone()),
                "value" => Some(value.clone()),
                _ => None,
            }))
        })),
        "notes" => None,
        name if system.contains(&name) => Some(member.value.clone()),
        name => shown(viewer, through, name, &member.value),
    })
}

/// A field's value as the viewer gets it. Who sees everything sees every field that the directory knows.
fn shown(viewer: &Viewer, through: &[String], key: &str, value: &Node) -> Option<Node> {
    let fields = fields();
    let known = fields.iter().find(|field| field.key == key)?;
    let shown = match show(&fields, viewer, through, key) {
        Show::Gone if viewer.everything && known.hidden && !viewer.unmasked => Show::Masked,
        Show::Gone if viewer.everything => Show::Plain,
        shown => shown,
    };
    match shown {
        Show::Plain => Some(value.clone()),
        Show::Masked => Some(keep_last(value, 2)),
        Show::Gone => None,
    }
}

fn keep_last(value: &Node, last: usize) -> Node {
    let text = value.plain().unwrap_or_default();
    let kept: String = match text.chars().count() {
        count if count > last => text.chars().skip(count - last).collect(),
        _ => String::new(),
    };
    Node::string(&format!("****{kept}"))
}

/// The projects of a record (D23): its own, or else those of its queue, or else those of its script.
fn projects_of(collection: &str, record: &Node) -> Vec<String> {
    let text = |name: &str| record.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
    let known = |id: &str| {
        PROJECTS.iter().find(|project| project_id(project) == id).map(|project| (*project).to_owned())
    };
    let queue = |id: &str| (0..QUEUES).find(|index| queue_id(*index) == id).and_then(project_of_queue);
    let script = |id: &str| (0..SCRIPTS).find(|index| script_id(*index) == id).map(project_of_script);
    match collection {
        "projects" => text("id").and_then(|id| known(&id)).into_iter().collect(),
        "contacts" => {
            let ids = record.get("projects").map_or(&[][..], Node::elements);
            ids.iter().filter_map(|id| known(&id.as_str()?)).collect()
        }
        _ => match (text("project"), text("queue"), text("script")) {
            (Some(id), _, _) => known(&id).into_iter().collect(),
            (None, Some(id), _) => queue(&id).map(str::to_owned).into_iter().collect(),
            (None, None, Some(id)) => script(&id).map(str::to_owned).into_iter().collect(),
            (None, None, None) => Vec::new(),
        },
    }
}
