//! The directory in memory: what is asked of it at each request, and what a change costs.

use std::hint::black_box;
use std::time::Instant;

use cordon_directory::{Draft, Group, Key, Project, Record, RecordKind, Security, Snapshot, State};
use serde_json::{Value, json};

use crate::directory::{Size, build};
use crate::{processor, resident};

pub(crate) const LINES: [(&str, &str); 15] = [
    ("records", ""),
    ("snapshot built", "ms"),
    ("processor time of that", "ms"),
    ("memory", "MiB"),
    ("scope, found before", "ns"),
    ("scope, after a change for others", "ns"),
    ("scope, first time", "ns"),
    ("project of an object", "ns"),
    ("versions of two look-ups", "ns"),
    ("user by token", "ns"),
    ("a user changed", "µs"),
    ("an object changed", "µs"),
    ("a field changed", "µs"),
    ("a group changed", "µs"),
    ("a project added", "µs"),
];

/// What is asked of a snapshot so often that its time can be told.
const ASKED: usize = 200_000;

const CHANGES: usize = 200;

pub(crate) fn measure(percent: usize) -> Value {
    let size = Size::of(percent);
    let Size { projects, users, fields, objects, groups } = size;
    let (before, idle) = (resident(), processor());
    let begin = Instant::now();
    let state = build(size, Security::Enhanced);
    let snapshot = Snapshot::new(state);
    let (built, busy) = (begin.elapsed().as_millis(), processor() - idle);
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
    let later = after_a_change(&snapshot);
    let after = each(1000, |index| {
        let user = later.user_by_login(&logins[index]).unwrap();
        black_box(later.scope(&user, None).unwrap());
    });
    let owner = each(ASKED, |index| {
        black_box(snapshot.projects_of("list", &ids[index % 1000]));
    });
    let versions = each(ASKED, |index| {
        black_box(snapshot.fields_version("contact"));
        black_box(snapshot.projects_version("list", &ids[index % 1000]));
    });
    let token = each(ASKED, |_| {
        black_box(
            snapshot.user_by_token("cordon_0000000000000000000000000000000000000000000000000000000000000000"),
        );
    });
    let mut changing = Changing { state: snapshot.state().clone(), times: Vec::new() };
    json!({
        "records": size.records(),
        "snapshot built": built,
        "processor time of that": busy,
        "memory": memory,
        "scope, first time": first,
        "scope, found before": scope,
        "scope, after a change for others": after,
        "versions of two look-ups": versions,
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
            draft.join(&Key::new(RecordKind::Group, format!("g{}", index % groups)), &format!("p{}", (index + 1) % projects));
        }),
        "a project added": changing.median(|draft, index| {
            draft.create(Record::Project(Project::new(&format!("new{index}"), &format!("New {index}"))));
        }),
    })
}

/// The next version, which has one group more, that nobody is in.
fn after_a_change(snapshot: &Snapshot) -> Snapshot {
    let mut draft = Draft::new(snapshot.state());
    draft.create(Record::Group(Group::new("nobody", "Nobody")));
    Snapshot::new(draft.finish().unwrap().0)
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
