//! What a request costs as the directory grows: `cargo bench -p cordon-tests --bench growth`.
//!
//! Whole exchanges over connections in memory, from the bytes of a request to those of its answer, with directories of 1, 10
//! and 100 % of 10,000 projects, 100,000 users, 10,000 fields and 1,000,000 objects. 200 callers take turns, each with a page
//! of 100 calls of which 50 are theirs. The sizes take turns too, round by round, so that what disturbs the machine
//! disturbs all of them; the processor's time counts, and the median of the rounds. What matters are the ratios.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

#[path = "../../proxy/directory/benches/scale/directory.rs"]
#[expect(dead_code, reason = "the directory's own benchmark counts its records")]
mod directory;
#[path = "instructions/line.rs"]
mod line;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_directory::model::Token;
use cordon_directory::{Record, Security, Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, MemoryBackend};
use cordon_policy::{Engine, EngineOptions, Policy};
use http::{HeaderValue, Request, Response, header};
use rustix::time::{ClockId, clock_gettime};

use directory::{Size, build};
use line::Line;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: &str = r#"
name = "growth"
version = "1"
format = "json"

[kind.call]
project = [{ path = "$.list", object = "list" }]
keep = ["$.id", "$.list", "$.note"]

[[kind.call.fields]]
of = "contact"
at = "$.fields"
as = "members"

[[route]]
name = "calls"
path = "/calls/{page}"
section = "calls"
records = [{ path = "$.items[*]", kind = "call" }]
total = ["$.total"]
"#;

/// More than a call has otherwise: in a build that is not optimised, handing 10,000 fields over takes a while.
const PLANNING: Duration = Duration::from_secs(1);

const CALLERS: usize = 200;
const ROUNDS: usize = 9;
const REQUESTS: usize = 800;

/// A gateway before a directory of one size, with a connection to it.
struct Side {
    percent: usize,
    gateway: Arc<Gateway>,
    line: Line,
    requests: Vec<String>,
    rounds: Vec<Duration>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(EngineOptions { call_time: PLANNING, ..EngineOptions::default() }).unwrap();
        let mut sides = Vec::new();
        for percent in [1, 10, 100] {
            sides.push(Side::new(&engine, percent).await);
        }
        for _ in 0..ROUNDS {
            for side in &mut sides {
                side.round().await;
            }
        }
        let medians: Vec<f64> = sides.iter_mut().map(Side::median).collect();
        println!("| directory | processor time of an exchange | ratio |\n|---|--:|--:|");
        for (side, median) in sides.iter().zip(&medians) {
            println!("| {} % | {median:.1} µs | {:.2} |", side.percent, median / medians[0]);
        }
    });
}

impl Side {
    async fn new(engine: &Arc<Engine>, percent: usize) -> Side {
        let size = Size::of(percent);
        let mut state = build(size, Security::Enhanced);
        let mut requests = Vec::new();
        let mut pages = Vec::new();
        for number in 0..CALLERS {
            let caller = number * 7919 % size.users;
            let (text, token) = Token::issue(&format!("user{caller}"), None, state.salt());
            let record = Record::Token(token);
            state.apply(&record.key(), Some(record));
            requests.push(format!(
                "GET /calls/{number} HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {text}\r\n\r\n"
            ));
            pages.push(page(caller, size));
        }
        let store = Arc::new(Store::fixed(Snapshot::new(state)));
        let policy = Policy::load(engine, cordon_policy_component::COMPONENT, RULES);
        let policy = Arc::new(policy.unwrap_or_else(|error| panic!("{error:?}")));
        let backend = MemoryBackend::new(move |request: Request<Bytes>| {
            let number: usize = request.uri().path().rsplit('/').next().unwrap().parse().unwrap();
            let mut response = Response::new(pages[number].clone());
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response
        });
        let config = GatewayConfig::new("http://backend.invalid".parse().unwrap(), MaskSecret([1; 32]));
        let gateway = Gateway::in_memory(config, store, policy, backend).unwrap();
        let line = Line::to(&gateway);
        let mut side = Side { percent, gateway, line, requests, rounds: Vec::new() };
        for number in 0..2 * CALLERS {
            let answer = side.ask(number % CALLERS).await;
            assert_eq!(answer.matches("\"note\"").count(), 50, "{answer}");
            assert!(answer.contains("\"total\":50"), "{answer}");
        }
        side
    }

    async fn round(&mut self) {
        // A connection ends after so many requests.
        self.line = Line::to(&self.gateway);
        let began = processor();
        for number in 0..REQUESTS {
            self.ask(number % CALLERS).await;
        }
        self.rounds.push(processor() - began);
    }

    async fn ask(&mut self, caller: usize) -> &str {
        self.line.ask(&self.requests[caller]).await
    }

    /// Microseconds of an exchange.
    fn median(&mut self) -> f64 {
        self.rounds.sort_unstable();
        self.rounds[ROUNDS / 2].as_secs_f64() * 1e6 / REQUESTS as f64
    }
}

/// A page of calls, of which every second one is of a list in the caller's project.
fn page(caller: usize, size: Size) -> Bytes {
    let project = caller % size.projects;
    // By membership, by another one, and by a group, as the directory is made.
    let own = [project, caller / 7 % size.projects, caller % size.groups % size.projects];
    let foreign =
        |from: usize| (from..).map(|other| other % size.projects).find(|other| !own.contains(other)).unwrap();
    let mut items = String::new();
    for number in 0..100 {
        let list = match number % 2 {
            0 => project + number / 2 * size.projects,
            _ => foreign(project + 5 + number) + number / 2 * size.projects,
        };
        let separator = if number == 0 { "" } else { "," };
        write!(
            items,
            r#"{separator}{{"id":{number},"list":{list},"note":"called back, wants an offer","fields":{{"field{project}":"x","field{}":"y"}}}}"#,
            (project + 1) % size.fields
        )
        .unwrap();
    }
    Bytes::from(format!(r#"{{"items":[{items}],"total":100}}"#))
}

/// What this thread and all others of the process have used.
fn processor() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}
