//! The demo's directory and rules are about this backend: they name what it has, and leave nothing of it unsaid.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;

use std::collections::{BTreeMap, BTreeSet};

use client::Api;
use cordon_directory::{Projects, Sections, Snapshot, Topic};
use cordon_example_backend::{
    AUTODIALERS, BackendOptions, FIELDS, FORMS, LISTS, PROJECTS, QUEUES, SCRIPTS, TOKENS, USERS,
};
use cordon_isolation::Isolation;
use cordon_policy_sdk::types::{Action, Field, ResponsePlan, Rights, Scope, Sections as PolicySections};
use cordon_policy_sdk::{Directory, Policy};
use serde_json::Value;

const DIRECTORY: &str = include_str!("../../demo/directory.toml");
const RULES: &str = include_str!("../../demo/rules.toml");
const README: &str = include_str!("../../demo/README.md");

#[test]
fn the_directory_knows_the_objects_of_the_backend_and_no_others() {
    let snapshot = Snapshot::parse(DIRECTORY).unwrap();
    let described: BTreeSet<String> = snapshot
        .objects()
        .map(|object| {
            format!("{} {} {} {:?}", object.kind, object.id, object.name.as_deref().unwrap(), object.projects)
        })
        .collect();
    let kinds = [
        ("queue", QUEUES.as_slice()),
        ("script", &SCRIPTS),
        ("autodialer", &AUTODIALERS),
        ("list", &LISTS),
        ("form", &FORMS),
    ];
    let there: BTreeSet<String> = kinds
        .into_iter()
        .flat_map(|(kind, rows)| rows.iter().map(move |row| (kind, row)))
        .map(|(kind, row)| format!("{kind} {} {} {:?}", row.id, row.name, row.projects))
        .collect();
    assert_eq!(described, there);
}

#[test]
fn the_directory_knows_the_projects_people_and_fields_of_the_backend() {
    let snapshot = Snapshot::parse(DIRECTORY).unwrap();
    assert_eq!(snapshot.projects().len(), PROJECTS.len());
    for row in &PROJECTS {
        for name in [row.code, row.name, &row.id.to_string()] {
            assert_eq!(snapshot.projects_of("project", name).unwrap(), [row.code]);
        }
    }
    for row in &USERS {
        assert_eq!(snapshot.projects_of("user", &row.id.to_string()).unwrap(), row.projects, "{}", row.login);
        assert_eq!(snapshot.user_by_login(row.login).unwrap().user().name, row.name);
    }
    assert_eq!(snapshot.fields("contact").len(), FIELDS.len());
    for row in &FIELDS {
        let field = snapshot.fields("contact").iter().find(|field| *field.key == *row.key).unwrap();
        assert_eq!((field.name.as_str(), texts_of(&field.projects)), (row.label, strings(row.projects)));
        assert_eq!(field.system, ["name", "phone", "email"].contains(&row.key));
    }
}

#[test]
fn the_four_callers_are_who_they_are_said_to_be() {
    let snapshot = Snapshot::parse(DIRECTORY).unwrap();
    for (login, token) in &TOKENS[..4] {
        assert_eq!(snapshot.user_by_token(token), snapshot.user_by_login(login), "{login}");
        assert!(snapshot.user_by_token(token).is_some() && README.contains(token), "{login}");
    }
    assert_eq!(
        snapshot.user_by_token(TOKENS[4].1),
        None,
        "the gateway's own token is nobody's in the directory"
    );
    let scope = |login| snapshot.scope(&snapshot.user_by_login(login).unwrap(), None).unwrap();
    assert_eq!(scope("olga").projects, ["acme"]);
    assert_eq!(scope("boris").projects, ["acme", "globex"]);
    assert_eq!(scope("clara").projects, ["globex"]);
    assert_eq!(scope("clara").sections, Sections::These(strings(&["calls", "reports"])));
    assert!(!scope("clara").rights.see_masked_fields && scope("adam").rights.see_everything);
    let topics: Vec<Topic> = snapshot.advice().iter().map(|advice| advice.topic).collect();
    assert_eq!(topics, [Topic::SharedField, Topic::SharedField, Topic::UnassignedField]);
}

#[tokio::test]
async fn the_rules_name_what_the_backend_sends_and_leave_nothing_unsaid() {
    Isolation::configure(RULES).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let rules: Value = serde_json::to_value(toml::from_str::<toml::Table>(RULES).unwrap()).unwrap();
    let api = Api::start(BackendOptions::default()).await;
    let mut samples: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for route in list(&rules["route"]).iter().filter(|route| route.get("methods").is_none()) {
        let path = route["path"].as_str().unwrap();
        let got = api.get(&path.replace("{id}", &an_id(path).to_string())).await;
        assert_eq!(got.status.as_u16(), 200, "{path}");
        let body = got.json();
        said_of_body(route, &body);
        collect(&rules, list(&route["records"]), &body, &mut samples);
    }
    for (name, kind) in rules["kind"].as_object().unwrap() {
        let records = samples.get(name).unwrap_or_else(|| panic!("no route returns a {name}"));
        for path in paths_of(kind) {
            assert!(records.iter().any(|record| !select(record, &path).is_empty()), "no {name} has {path}");
        }
        for leaf in records.iter().flat_map(leaves) {
            assert!(is_said(kind, &leaf), "the rules say nothing of {leaf} of a {name}");
        }
    }
}

#[test]
fn every_route_can_be_planned_for_every_caller() {
    let snapshot = Snapshot::parse(DIRECTORY).unwrap();
    let policy = Isolation::configure(RULES).unwrap_or_else(|problems| panic!("{problems:#?}"));
    for (user, _) in snapshot.users() {
        let scope = policy_scope(&snapshot.scope(&user, None).unwrap());
        for route in &policy.manifest().routes {
            policy
                .plan(&Facts(&snapshot), &scope, &route.name)
                .unwrap_or_else(|error| panic!("{}: {error:?}", route.name));
        }
    }
}

#[test]
fn callers_see_the_fields_of_their_projects_and_hidden_ones_masked() {
    let snapshot = Snapshot::parse(DIRECTORY).unwrap();
    let policy = Isolation::configure(RULES).unwrap_or_else(|problems| panic!("{problems:#?}"));
    // What a contact's columns become, over all the profiles of the plan.
    let names = |login: &str| {
        let scope = policy_scope(&snapshot.scope(&snapshot.user_by_login(login).unwrap(), None).unwrap());
        let plan = policy.plan(&Facts(&snapshot), &scope, "contact").unwrap();
        let ResponsePlan::Edit(body) = plan.response else { panic!("the response is edited") };
        let (mut kept, mut masked) = (BTreeSet::new(), BTreeSet::new());
        for edit in body.sets[0].profiles.iter().flatten() {
            let name = edit.path.trim_start_matches("$.").to_owned();
            match edit.action {
                Action::Keep => _ = kept.insert(name),
                Action::Mask(_) => _ = masked.insert(name),
                _ => {}
            }
        }
        let fields = |names: BTreeSet<String>| -> Vec<String> {
            names.into_iter().filter(|name| FIELDS.iter().any(|field| field.key == name)).collect()
        };
        (fields(kept), fields(masked))
    };
    let olga = ["acme_loan_no", "acme_overdue", "comment", "email", "name", "phone"];
    assert_eq!(names("olga"), (strings(&olga), strings(&["passport"])));
    let boris = ["acme_loan_no", "acme_overdue", "comment", "email", "globex_policy", "name", "phone"];
    assert_eq!(names("boris"), (strings(&boris), strings(&["card", "passport"])));
    let mut all: Vec<String> = FIELDS.iter().map(|field| field.key.to_owned()).collect();
    all.sort();
    assert_eq!(names("adam"), (all, Vec::new()));
}

/// The directory as the policy asks it.
struct Facts<'snapshot>(&'snapshot Snapshot);

impl Directory for Facts<'_> {
    fn fields(&self, kind: &str) -> Vec<Field> {
        let fields = self.0.fields(kind).iter();
        fields
            .map(|field| Field {
                key: field.key.to_string(),
                projects: texts_of(&field.projects),
                system: field.system,
                hidden: field.hidden,
            })
            .collect()
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        self.0.projects_of(kind, id).map(|projects| texts_of(&projects))
    }

    fn single_project(&self, kind: &str) -> bool {
        self.0.single_project(kind)
    }
}

fn policy_scope(scope: &cordon_directory::Scope) -> Scope {
    let mut rights = Rights::empty();
    rights.set(Rights::SEE_EVERYTHING, scope.rights.see_everything);
    rights.set(Rights::LIST_PROJECTS, scope.rights.list_projects);
    rights.set(Rights::SEE_MASKED_FIELDS, scope.rights.see_masked_fields);
    rights.set(Rights::SEE_FIELDS, scope.rights.see_fields);
    let sections = match &scope.sections {
        Sections::All => PolicySections::All,
        Sections::These(names) => PolicySections::These(names.clone()),
    };
    let chosen = scope.chosen.as_deref().map(str::to_owned);
    Scope { projects: texts_of(&scope.projects), rights, sections, chosen }
}

fn texts_of(projects: &Projects) -> Vec<String> {
    projects.iter().map(|id| id.to_string()).collect()
}

/// The paths of a route outside its records are there, and everything that is there is said.
fn said_of_body(route: &Value, body: &Value) {
    for path in ["keep", "keep_all", "expect", "total"].into_iter().flat_map(|key| texts(&route[key])) {
        assert!(!select(body, &path).is_empty(), "{}: no {path}", route["path"]);
    }
    for leaf in leaves(body) {
        assert!(is_said(route, &leaf), "{}: the rules say nothing of {leaf}", route["path"]);
    }
}

/// Puts the records of a body, and those within them, to their kinds.
fn collect(rules: &Value, parts: &[Value], body: &Value, samples: &mut BTreeMap<String, Vec<Value>>) {
    for part in parts {
        let kind = part["kind"].as_str().unwrap();
        for record in select(body, part["path"].as_str().unwrap()) {
            if !record.is_null() {
                collect(rules, list(&rules["kind"][kind]["records"]), record, samples);
                samples.entry(kind.to_owned()).or_default().push(record.clone());
            }
        }
    }
}

/// The paths that a kind names, but for those of fields.
fn paths_of(kind: &Value) -> Vec<String> {
    let places =
        ["keep", "keep_all", "expect", "tile", "project"].into_iter().flat_map(|key| texts(&kind[key]));
    let within = ["mask", "records"].into_iter().flat_map(|key| texts(&kind[key]));
    places.chain(within).collect()
}

/// Whether rules say something of the values at a path.
fn is_said(rules: &Value, leaf: &str) -> bool {
    let exact = ["keep", "mask", "total"].into_iter().flat_map(|key| texts(&rules[key]));
    let whole = ["keep_all", "expect", "records"].into_iter().flat_map(|key| texts(&rules[key]));
    exact.into_iter().any(|path| path == leaf)
        || whole.into_iter().any(|path| {
            leaf.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
        || list(&rules["fields"]).iter().any(|fields| is_field(fields, leaf))
}

fn is_field(fields: &Value, leaf: &str) -> bool {
    let Some(rest) = leaf.strip_prefix(fields["at"].as_str().unwrap()) else {
        return false;
    };
    if fields["as"] == "entries" {
        let also = list(&fields["also"]).iter().filter_map(Value::as_str);
        let members = [fields["name"].as_str().unwrap(), fields["value"].as_str().unwrap()];
        return also.chain(members).any(|member| rest == format!("[*].{member}"));
    }
    FIELDS.iter().any(|field| rest == format!(".{}", field.key))
}

/// The texts in a list, or the paths of the tables in it.
fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(|item| item.as_str().or(item["path"].as_str())).map(str::to_owned).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The values at a path of names and `[*]`.
fn select<'value>(value: &'value Value, path: &str) -> Vec<&'value Value> {
    let mut found = vec![value];
    for step in path.trim_start_matches('$').replace("[*]", ".*").split('.').skip(1) {
        found = match step {
            "*" => found.into_iter().flat_map(list).collect(),
            name => found.into_iter().filter_map(|value| value.get(name)).collect(),
        };
    }
    found
}

/// The paths of all scalars.
fn leaves(value: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| walk(value, &format!("{path}.{name}"), found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[*]"), found)),
            Value::Null => {}
            _ => _ = found.insert(path.to_owned()),
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "$", &mut found);
    found
}

/// The id of a record that a route of one record has.
fn an_id(path: &str) -> u32 {
    match path.split('/').nth(2).unwrap() {
        "calls" => 10_001,
        "contacts" => 1_001,
        "queues" => QUEUES[0].id,
        "scripts" => SCRIPTS[0].id,
        "autodialers" => AUTODIALERS[0].id,
        "lists" => LISTS[0].id,
        "forms" => FORMS[0].id,
        "users" => USERS[0].id,
        _ => PROJECTS[0].id,
    }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
