//! What a snapshot answers, on a directory small enough to see through.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use cordon_directory::{Rights, ScopeError, Sections, Security, Snapshot, Topic, UserId};

const DIRECTORY: &str = r#"
[[project]]
id = "default"
name = "Default"

[[project]]
id = "acme"
name = "Acme"
description = "Loans"
aliases = ["3"]

[[project]]
id = "globex"
name = "Globex"

[[role]]
name = "Operator"
sections = ["contacts", "calls"]

[[role]]
name = "Quality"
rights = ["see-masked-fields"]
sections = ["calls", "reports"]

[[group]]
id = "night"
projects = ["globex"]
aliases = ["12"]

[[user]]
login = "olga"
projects = ["acme"]
roles = ["Operator"]
tokens = ["sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]

[[user]]
login = "oscar"
projects = ["acme"]
roles = ["Operator"]
subjects = ["oscar@example.com"]

[[user]]
login = "nina"
name = "Nina Night"
aliases = ["77"]
projects = ["acme"]
groups = ["night"]
roles = ["Operator", "Quality"]

[[user]]
login = "dora"
projects = ["default", "acme"]
subjects = ["dora@example.com"]

[[user]]
login = "adam"
roles = ["Admin"]

[[field]]
name = "phone"
system = true

[[field]]
name = "Loan number"
key = "acme_loan_no"
projects = ["acme"]

[[field]]
name = "comment"
projects = ["globex", "acme"]

[[field]]
name = "card"
hidden = true
unique = true

[[field]]
kind = "deal"
name = "comment"
projects = ["acme"]

[[object]]
kind = "queue"
id = "7"
name = "Inbound"
project = "acme"

[[object]]
kind = "list"
id = "7"
projects = ["globex", "acme"]

[[object]]
kind = "phone"
id = "200"
"#;

fn snapshot() -> Snapshot {
    Snapshot::parse(DIRECTORY).unwrap()
}

fn user(snapshot: &Snapshot, login: &str) -> UserId {
    snapshot.user_by_login(login).unwrap()
}

#[test]
fn callers_are_told_by_token_subject_and_login() {
    let snapshot = snapshot();
    assert_eq!(snapshot.user_by_token("abc"), Some(user(&snapshot, "olga")));
    assert_eq!(snapshot.user_by_subject("oscar@example.com"), Some(user(&snapshot, "oscar")));
    assert_eq!(snapshot.user_by_token("abcd"), None);
    assert_eq!(snapshot.user_by_subject("abc"), None);
    assert_eq!(snapshot.user_by_login("77"), None, "an alias is the backend's word, not a login");
    let nina = user(&snapshot, "nina");
    assert_eq!((nina.user().name.as_str(), snapshot.can_call(nina.user())), ("Nina Night", false));
    assert_eq!(nina.user().projects, ["acme"]);
    assert_eq!(snapshot.projects_of("user", "nina").unwrap(), ["acme", "globex"]);
}

#[test]
fn scopes_add_up_and_equal_ones_are_one() {
    let snapshot = snapshot();
    let scope = |login| snapshot.scope(&user(&snapshot, login), None).unwrap();
    assert!(Arc::ptr_eq(&scope("olga"), &scope("oscar")));
    let nina = scope("nina");
    assert_eq!(nina.projects, ["acme", "globex"]);
    assert_eq!(nina.rights, Rights { see_masked_fields: true, ..Rights::default() });
    assert_eq!(nina.sections, Sections::These(vec!["calls".into(), "contacts".into(), "reports".into()]));
    assert_eq!(scope("dora").sections, Sections::These(Vec::new()));
    let adam = scope("adam");
    assert_eq!((adam.rights, &adam.sections, adam.projects.len()), (Rights::ALL, &Sections::All, 0));
}

#[test]
fn a_project_is_chosen_among_ones_own() {
    let snapshot = snapshot();
    let choose = |login, project| snapshot.scope(&user(&snapshot, login), Some(project));
    let chosen = choose("olga", "acme").unwrap();
    assert_eq!(chosen.chosen.as_deref(), Some("acme"));
    assert_eq!(chosen.projects, ["acme"]);
    assert!(Arc::ptr_eq(&chosen, &choose("oscar", "3").unwrap()), "an alias chooses the same project");
    assert_eq!(choose("olga", "globex"), Err(ScopeError::NoSuchProject));
    assert_eq!(choose("olga", "initech"), Err(ScopeError::NoSuchProject));
    assert_eq!(choose("olga", ""), Err(ScopeError::NoSuchProject));
    assert_eq!(choose("adam", "globex").unwrap().chosen.as_deref(), Some("globex"));
    assert_eq!(choose("adam", "initech"), Err(ScopeError::NoSuchProject));
}

#[test]
fn projects_follow_from_objects() {
    let snapshot = snapshot();
    let projects = |kind, id| snapshot.projects_of(kind, id).map(|projects| projects.join(" "));
    assert_eq!(projects("queue", "7").as_deref(), Some("acme"));
    assert_eq!(projects("list", "7").as_deref(), Some("acme globex"));
    assert_eq!(projects("phone", "200").as_deref(), Some(""));
    assert_eq!(projects("project", "3").as_deref(), Some("acme"));
    assert_eq!(projects("user", "77").as_deref(), Some("acme globex"));
    assert_eq!(projects("group", "12").as_deref(), Some("globex"));
    assert_eq!(projects("field", "acme_loan_no").as_deref(), Some("acme"));
    assert_eq!(projects("field", "phone").as_deref(), Some("acme default globex"));
    assert_eq!(projects("field", "comment"), None, "two kinds of record have it, in different projects");
    assert_eq!(projects("queue", "8"), None);
    assert_eq!(projects("script", "7"), None);
    assert_eq!(projects("campaign", "7"), None);
    assert!(snapshot.single_project("form") && !snapshot.single_project("list"));
    assert_eq!(snapshot.objects().count(), 3);
}

#[test]
fn fields_are_sorted_by_key() {
    let snapshot = snapshot();
    let keys: Vec<&str> = snapshot.fields("contact").iter().map(|field| &*field.key).collect();
    assert_eq!(keys, ["acme_loan_no", "card", "comment", "phone"]);
    assert!(snapshot.fields("contact")[1].hidden && snapshot.fields("contact")[1].unique);
    assert_eq!(snapshot.fields("deal").len(), 1);
    assert!(snapshot.fields("ticket").is_empty());
    let unassigned = snapshot.all_fields().filter(|field| field.is_unassigned());
    assert_eq!(unassigned.map(|field| &*field.key).collect::<Vec<_>>(), ["card"]);
    assert_eq!(snapshot.all_fields().filter(|field| field.is_shared()).count(), 1);
}

#[test]
fn advice_names_its_line() {
    let snapshot = snapshot();
    let advice: Vec<(Topic, &str)> = snapshot
        .advice()
        .iter()
        .map(|advice| (advice.topic, DIRECTORY.lines().nth(advice.line.unwrap() - 1).unwrap()))
        .collect();
    let expected = [
        (Topic::StillInDefault, "login = \"dora\""),
        (Topic::NoSection, "login = \"dora\""),
        (Topic::SharedField, "name = \"comment\""),
        (Topic::UnassignedField, "name = \"card\""),
    ];
    assert_eq!(advice, expected);
}

#[test]
fn revisions_differ_and_security_is_strict_by_default() {
    let snapshots = [snapshot(), snapshot()];
    assert_ne!(snapshots[0].revision(), snapshots[1].revision());
    assert_eq!(snapshots[0].security(), Security::Enhanced);
    assert_eq!(Snapshot::parse("security = \"simplified\"").unwrap().security(), Security::Simplified);
}
