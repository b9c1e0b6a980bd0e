//! What is counted: the parts of an exchange whose cost is Cordon's own, and whole exchanges.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use bytes::Bytes;
use cordon_directory::{Snapshot, Store, UserId};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, MemoryBackend};
use cordon_policy::{
    CompiledFolder, Directory, Engine, EngineOptions, Exchange, Field, LoadOptions, Policy, Request,
    ResponsePlan, Rights, Scope, Sections,
};
use cordon_rewrite::{Editor, Options, Pieces, Plan};
use http::{HeaderValue, Response, header};
use tokio::runtime::Runtime;

use crate::line::Line;

const RULES: &str = include_str!("rules.toml");
const DIRECTORY: &str = include_str!("directory.toml");
/// What `directory.toml` has the digest of.
const TOKEN: &str = "token-anna";
/// Bytes at an answer's end that are looked at.
const TAIL: usize = 32;
/// Entries of the call log that is edited: 17 KB of them.
const ENTRIES: usize = 30;
const PROJECTS: [&str; 4] = ["acme", "globex", "initech", "umbrella"];

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The editor with its judge, over a call log.
    Editor,
    /// A caller by their token, and their scope.
    Scope,
    /// A decision and a plan that were made before.
    Plan,
    /// An exchange over connections in memory, a call log edited.
    Filtered,
    /// The same, its body passed.
    Passed,
}

/// Everything that the subjects need, made once.
pub(crate) struct Site {
    runtime: Runtime,
    snapshot: Arc<Snapshot>,
    policy: Arc<Policy>,
    directory: Arc<dyn Directory>,
    scope: Arc<Scope>,
    plan: Arc<Plan>,
    body: Bytes,
    line: RefCell<Line>,
}

impl Subject {
    pub(crate) const ALL: [Subject; 5] =
        [Subject::Editor, Subject::Scope, Subject::Plan, Subject::Filtered, Subject::Passed];
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Subject::Editor => "editor",
            Subject::Scope => "scope",
            Subject::Plan => "plan",
            Subject::Filtered => "filtered",
            Subject::Passed => "passed",
        })
    }
}

impl Site {
    /// Makes everything. What is compiled is kept beside the program, for the processes that count.
    pub(crate) fn open() -> Site {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let program = std::env::current_exe().unwrap();
        let compiled = CompiledFolder::open(&program.with_extension("compiled")).unwrap();
        // No answer is asked for again, so that all runs are alike; under valgrind time passes fast.
        let options = EngineOptions {
            sandboxes: 4,
            call_time: std::time::Duration::from_secs(60),
            configure_time: std::time::Duration::from_secs(600),
            check_every: 0,
            ..EngineOptions::default()
        };
        let engine = Engine::new(options).unwrap();
        let options = LoadOptions { compiled: Some(&compiled), digest: None };
        let policy = Policy::load_with(&engine, cordon_policy_component::COMPONENT, RULES, &options);
        let policy = Arc::new(policy.unwrap_or_else(|error| panic!("{error:?}")));
        let snapshot = Snapshot::parse(DIRECTORY).unwrap_or_else(|problems| panic!("{problems:?}"));
        let store = Arc::new(Store::fixed(snapshot));
        let directory: Arc<dyn Directory> = Arc::new(Fixed);
        let sections = Sections::These(vec!["calls".to_owned()]);
        let scope = Arc::new(Scope::new(vec!["acme".to_owned()], Rights::default(), sections, None));
        let body = call_log();
        let exchange = Exchange::new(Arc::clone(&policy), Arc::clone(&directory), Arc::clone(&scope), EDITED);
        let ResponsePlan::Edit(plan) = &exchange.plan().unwrap().response else {
            panic!("a plan that edits")
        };
        let plan = Arc::clone(plan);
        let line = runtime.block_on(async { Line::to(&gateway(&store, &policy, &body)) });
        let site = Site {
            runtime,
            snapshot: store.current(),
            policy,
            directory,
            scope,
            plan,
            body,
            line: RefCell::new(line),
        };
        // Caches are warm, buffers have grown.
        for subject in Subject::ALL {
            site.run(subject, 3);
        }
        site
    }

    /// Runs a subject so often.
    pub(crate) fn run(&self, subject: Subject, times: u64) {
        for _ in 0..times {
            match subject {
                Subject::Editor => self.edit(),
                Subject::Scope => self.identify(),
                Subject::Plan => self.look_up(),
                Subject::Filtered => self.exchange("/calls/log", "\"total\":8}"),
                Subject::Passed => self.exchange("/raw/log", "\"total\":30}"),
            }
        }
    }

    /// How often so many runs of it allocate.
    pub(crate) fn allocations(&self, subject: Subject, times: u64) -> u64 {
        allocation_counter::measure(|| self.run(subject, times)).count_total
    }

    fn begin(&self) -> Exchange {
        let (policy, directory) = (Arc::clone(&self.policy), Arc::clone(&self.directory));
        Exchange::new(policy, directory, Arc::clone(&self.scope), EDITED)
    }

    fn edit(&self) {
        let mut judge = self.begin().judge();
        let mut editor = Editor::new(Arc::clone(&self.plan), Options::default());
        let mut pieces = Pieces::new();
        editor.feed(self.body.clone(), &mut judge, &mut pieces).unwrap();
        editor.finish(&mut judge, &mut pieces).unwrap();
        assert!(pieces.take().ends_with(b"\"total\":8}}"));
    }

    fn identify(&self) {
        let user: UserId = self.snapshot.user_by_token(TOKEN).unwrap();
        let scope = self.snapshot.scope(&user, None).unwrap();
        assert_eq!(scope.projects.len(), 1);
    }

    fn look_up(&self) {
        let exchange = self.begin();
        let request = Request { method: "GET".to_owned(), query: Vec::new(), values: Vec::new() };
        exchange.authorize(&request).unwrap();
        exchange.plan().unwrap();
    }

    fn exchange(&self, path: &str, end: &str) {
        let mut line = self.line.borrow_mut();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: cordon\r\nUser-Agent: counting\r\nAccept: */*\r\n\
             Authorization: Bearer {TOKEN}\r\n\r\n"
        );
        let text = self.runtime.block_on(line.ask(&request));
        // Only there, for what looking costs is counted too.
        let (_, last) = text.split_at(text.len() - TAIL);
        assert!(last.contains(end), "{text}");
    }
}

/// The index in the manifest of the route that is edited.
const EDITED: usize = 0;

/// A gateway before a backend that answers everything with this body.
fn gateway(store: &Arc<Store>, policy: &Arc<Policy>, body: &Bytes) -> Arc<Gateway> {
    let body = body.clone();
    let backend = MemoryBackend::new(move |_| {
        let mut response = Response::new(body.clone());
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    });
    let config = GatewayConfig::new("http://backend.invalid".parse().unwrap(), MaskSecret([1; 32]));
    Gateway::in_memory(config, Arc::clone(store), Arc::clone(policy), backend).unwrap()
}

/// The fields of contacts, as `directory.toml` has them.
struct Fixed;

impl Directory for Fixed {
    fn revision(&self) -> u64 {
        1
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        let field = |key: &str, projects: &[&str]| Field {
            key: key.to_owned(),
            projects: projects.iter().map(|&project| project.to_owned()).collect(),
            system: projects.is_empty(),
            hidden: key == "passport",
        };
        vec![
            field("acme_balance", &["acme"]),
            field("acme_loan_no", &["acme"]),
            field("comment", &[]),
            field("globex_policy", &["globex"]),
            field("passport", &[]),
        ]
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        (kind == "project" && PROJECTS.contains(&id)).then(|| vec![id.to_owned()])
    }

    fn single_project(&self, _: &str) -> bool {
        false
    }
}

/// Calls of a contact centre, of which every fourth is of project acme.
fn call_log() -> Bytes {
    let mut entries = String::new();
    for number in 0..ENTRIES {
        let project = PROJECTS[number % PROJECTS.len()];
        let separator = if number == 0 { "" } else { "," };
        write!(
            entries,
            r#"{separator}{{"id":{},"project_id":"{project}","queue_id":{},"started_at":"2026-11-21T16:43:51Z","duration_s":{},"direction":"inbound","operator":{{"id":{},"name":"Agent {}"}},"contact":{{"id":{},"name":"Jane Doe {number}","phone":"+1555{number:07}","email":"jane{number}@example.com","fields":{{"acme_loan_no":"A-{number}","acme_balance":1520.44,"globex_policy":"G-{number}","globex_claim":"open since Monday; \"urgent\" call back","initech_badge":{number},"comment":"called twice, asked to call back after 6pm","passport":"X{number:08}"}}}},"recording_url":"https://rec.example.com/r/{number}.mp3","tags":["vip","retry"]}}"#,
            100_000 + number,
            number % 40 + 1,
            number * 37 % 900,
            number % 200,
            number % 50,
            500_000 + number,
        )
        .unwrap();
    }
    Bytes::from(format!(r#"{{"data":[{entries}],"meta":{{"page":1,"total":{ENTRIES}}}}}"#))
}
