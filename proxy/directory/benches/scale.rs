//! What a large directory costs: `cargo bench -p cordon-directory --bench scale [-- --json]`.
//!
//! 10,000 projects, 100,000 users, 10,000 fields and 1,000,000 objects, at 1, 10 and 100 % of that. Each size runs in a
//! process of its own, whose memory is then its own. The times are medians; what matters is that the columns of one
//! line do not grow from left to right.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use cordon_directory::model::{ProjectLists, Salt};
use cordon_directory::{
    Draft, Field, Group, Key, Object, Project, Record, RecordKind, Rights, Role, Sections, Security,
    Snapshot, State, User,
};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROJECTS: usize = 10_000;
const USERS: usize = 100_000;
const FIELDS: usize = 10_000;
const OBJECTS: usize = 1_000_000;
const GROUPS: usize = 1_000;

const SIZES: [usize; 3] = [1, 10, 100];

/// What is asked of a snapshot so often that its time can be told.
const ASKED: usize = 200_000;

const CHANGES: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(percent) = arguments.iter().find_map(|argument| argument.strip_prefix("--percent=")) {
        println!("{}", measure(percent.parse().unwrap()));
        return;
    }
    let measured: Vec<Value> = SIZES.iter().map(|percent| child(*percent)).collect();
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", json!({ "sizes": SIZES, "measured": measured }));
        return;
    }
    println!("| | 1 % | 10 % | 100 % |\n|---|--:|--:|--:|");
    for (name, unit) in [
        ("records", ""),
        ("snapshot built", "ms"),
        ("memory", "MiB"),
        ("scope, found before", "ns"),
        ("scope, first time", "ns"),
        ("project of an object", "ns"),
        ("user by token", "ns"),
        ("a user changed", "µs"),
        ("an object changed", "µs"),
        ("a field changed", "µs"),
        ("a group changed", "µs"),
        ("a project added", "µs"),
    ] {
        let cells: Vec<String> = measured.iter().map(|size| format!("{} {unit}", size[name])).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn child(percent: usize) -> Value {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).arg(format!("--percent={percent}")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn measure(percent: usize) -> Value {
    let of = |all: usize| (all * percent / 100).max(10);
    let (projects, users, fields, objects) = (of(PROJECTS), of(USERS), of(FIELDS), of(OBJECTS));
    let before = resident();
    let begin = Instant::now();
    let state = build(projects, users, fields, objects);
    let snapshot = Snapshot::new(state);
    let built = begin.elapsed().as_millis();
    let logins: Vec<String> = (0..1000).map(|number| format!("user{}", number * 7919 % users)).collect();
    let ids: Vec<String> = (0..1000).map(|number| format!("{}", number * 104_729 % objects)).collect();
    let first = each(1000, |index| {
        let user = snapshot.user_by_login(&logins[index]).unwrap();
        black_box(snapshot.scope(&user, None).unwrap());
    });
    let memory = (resident() - before) >> 20;
    let scope = each(ASKED, |index| {
        let user = snapshot.user_by_login(&logins[index % 1000]).unwrap();
        black_box(snapshot.scope(&user, None).unwrap());
    });
    let owner = each(ASKED, |index| {
        black_box(snapshot.projects_of("list", &ids[index % 1000]));
    });
    let token = each(ASKED, |_| {
        black_box(
            snapshot.user_by_token("cordon_0000000000000000000000000000000000000000000000000000000000000000"),
        );
    });
    let mut changing = Changing { state: snapshot.state().clone(), times: Vec::new() };
    json!({
        "records": projects + users + fields + objects + GROUPS,
        "snapshot built": built,
        "memory": memory,
        "scope, first time": first,
        "scope, found before": scope,
        "project of an object": owner,
        "user by token": token,
        "a user changed": changing.median(|draft, index| {
            let project = format!("p{}", (index + 1) % projects);
            draft.join(&Key::new(RecordKind::User, format!("user{index}")), &project);
        }),
        "an object changed": changing.median(|draft, index| {
            draft.join(&Key::object("list", format!("{index}")), &format!("p{}", index % projects));
        }),
        "a field changed": changing.median(|draft, index| {
            let key = Key::field("contact", format!("field{}", index % fields));
            draft.join(&key, &format!("p{}", (index + 1) % projects));
        }),
        "a group changed": changing.median(|draft, index| {
            draft.join(&Key::new(RecordKind::Group, format!("g{}", index % GROUPS)), &format!("p{}", (index + 1) % projects));
        }),
        "a project added": changing.median(|draft, index| {
            draft.create(Record::Project(Project::new(&format!("new{index}"), &format!("New {index}"))));
        }),
    })
}

struct Changing {
    state: State,
    times: Vec<u128>,
}

impl Changing {
    /// Microseconds that a change takes from a draft to a snapshot with it, and that snapshot's first scope.
    fn median(&mut self, change: impl Fn(&mut Draft, usize)) -> u128 {
        self.times.clear();
        for index in 0..CHANGES {
            let begin = Instant::now();
            let mut draft = Draft::new(&self.state);
            change(&mut draft, index);
            let (state, _) = draft.finish().unwrap();
            let snapshot = Snapshot::new(state);
            let user = snapshot.user_by_login("user1").unwrap();
            black_box(snapshot.scope(&user, None).unwrap());
            self.state = snapshot.state().clone();
            self.times.push(begin.elapsed().as_micros());
        }
        self.times.sort_unstable();
        self.times[CHANGES / 2]
    }
}

/// Nanoseconds that one of `count` takes on the average.
fn each(count: usize, mut ask: impl FnMut(usize)) -> u128 {
    let begin = Instant::now();
    (0..count).for_each(&mut ask);
    begin.elapsed().as_nanos() / count as u128
}

fn build(projects: usize, users: usize, fields: usize, objects: usize) -> State {
    let mut state = State::new(Security::Enhanced, Salt::random());
    let mut lists = ProjectLists::default();
    let mut put = |record: Record| state.apply(&record.key(), Some(record));
    for number in 0..projects {
        let aliases = vec![Arc::from(number.to_string())];
        put(Record::Project(Project {
            aliases,
            ..Project::new(&format!("p{number}"), &format!("Project {number}"))
        }));
    }
    let operator = Role {
        name: "Operator".into(),
        rights: Rights::default(),
        sections: Sections::these(vec!["calls".to_owned(), "contacts".to_owned()]),
    };
    put(Record::Role(operator));
    for number in 0..GROUPS {
        let group = Group::new(&format!("g{number}"), &format!("Group {number}"));
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        put(Record::Group(Group { projects: list, ..group }));
    }
    for number in 0..users {
        let login = format!("user{number}");
        let list = lists.intern([
            format!("p{}", number % projects).as_str(),
            format!("p{}", number / 7 % projects).as_str(),
        ]);
        put(Record::User(User {
            groups: vec![format!("g{}", number % GROUPS).into()],
            roles: vec!["Operator".into()],
            subjects: vec![format!("{login}@example.com").into()],
            projects: list,
            ..User::new(&login, &format!("User {number}"))
        }));
    }
    for number in 0..fields {
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        put(Record::Field(Field { projects: list, ..Field::new(&format!("field{number}")) }));
    }
    let kind = lists.id("list");
    for number in 0..objects {
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        let object = Object::new("list", &number.to_string());
        let name = Some(format!("List {number}").into());
        put(Record::Object(Object { kind: Arc::clone(&kind), name, projects: list, ..object }));
    }
    state
}

/// Bytes of memory that the process has.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
