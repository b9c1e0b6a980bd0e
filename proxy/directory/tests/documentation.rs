//! The examples of DIRECTORY.md are what they say they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use cordon_directory::{Security, Snapshot, Topic};

const PAGE: &str = include_str!("../DIRECTORY.md");

/// The code blocks of a language, put together.
fn blocks(language: &str) -> String {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn the_examples_together_are_a_directory() {
    let snapshot = Snapshot::parse(&blocks("toml")).unwrap();
    assert_eq!(snapshot.security(), Security::Enhanced);
    let olga =
        snapshot.user_by_token("olga-demo-token").expect("the hash on the page is that of a known text");
    assert_eq!(snapshot.user_by_subject("olga@example.com"), Some(olga));
    assert_eq!(snapshot.state().projects_of_user("olga").unwrap(), ["acme", "globex"]);
    assert_eq!(snapshot.projects_of("user", "101").unwrap(), ["acme", "globex"]);
    assert_eq!(snapshot.projects_of("project", "ACME GmbH").unwrap(), ["acme"]);
    assert_eq!(snapshot.projects_of("queue", "7").unwrap(), ["acme"]);
    assert!(snapshot.single_project("campaign"));
    let topics: Vec<Topic> = snapshot.advice().iter().map(|advice| advice.topic).collect();
    assert_eq!(topics, [Topic::SharedField, Topic::UnassignedField]);
}

#[test]
fn the_short_form_says_the_same() {
    let long = blocks("toml");
    let without_objects = long.split("[[object]]").next().unwrap();
    let short = Snapshot::parse(&(blocks("toml-short") + without_objects)).unwrap();
    let long = Snapshot::parse(&long).unwrap();
    let objects = |snapshot: &Snapshot| {
        let mut objects: Vec<String> = snapshot.objects().map(|object| format!("{object:?}")).collect();
        objects.sort();
        objects
    };
    assert_eq!(objects(&long), objects(&short));
}

#[test]
fn every_kind_and_right_stands_on_the_page() {
    let named = |name: &str| assert!(PAGE.contains(&format!("`{name}`")), "{name} is not on the page");
    cordon_directory::Rights::NAMES.iter().for_each(|name| named(name));
    for kind in
        ["queue", "schedule", "sip-provider", "script", "autodialer", "list", "notification-template", "form"]
    {
        named(kind);
    }
}

#[test]
fn every_column_of_a_sheet_stands_on_the_page() {
    use cordon_directory::exchange::{Format, Secrets, Sheet, export};
    let snapshot = Snapshot::parse(&blocks("toml")).unwrap();
    for sheet in [Sheet::Users, Sheet::Fields, Sheet::Objects] {
        let text = export(snapshot.state(), Format::Csv(sheet), Secrets::Without);
        let columns = text.lines().next().unwrap().replace(',', ", ");
        assert!(PAGE.replace("\n  ", " ").contains(&format!("`{columns}`")), "{columns}");
    }
}
