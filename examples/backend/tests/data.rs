//! The data are what they are said to be, on every machine.

use std::collections::HashSet;

use cordon_example_backend::{Attribution, Data, LISTS, PROJECTS, SEED, TOKENS};

#[test]
fn the_same_seed_gives_the_same_data() {
    assert_eq!(Data::generate(SEED), Data::generate(SEED));
    assert_ne!(Data::generate(SEED), Data::generate(SEED + 1));
    // What it was when this was written: a change of it changes the demo.
    let call = Data::generate(SEED).calls[&10_500].clone();
    assert_eq!((call.project, call.contact, call.started_at.as_str()), PINNED);
}

const PINNED: (&str, Option<u32>, &str) = ("globex", Some(1_298), "2026-03-08T15:17:50Z");

#[test]
fn there_is_enough_of_everything() {
    let data = Data::generate(SEED);
    assert_eq!((data.calls.len(), data.contacts.len()), (2_000, 480));
    for project in &PROJECTS {
        let calls = data.calls.values().filter(|call| call.project == project.code);
        let (named, followed): (Vec<_>, Vec<_>) =
            calls.partition(|call| matches!(call.attribution, Attribution::Project { .. }));
        assert!(
            named.len() > 100 && followed.len() > 100,
            "{}: {} {}",
            project.code,
            named.len(),
            followed.len()
        );
        let kinds: HashSet<_> =
            followed.iter().map(|call| std::mem::discriminant(&call.attribution)).collect();
        assert_eq!(kinds.len(), 3, "{}", project.code);
        let contacts = data.contacts.values().filter(|contact| contact.projects().contains(&project.code));
        assert!(contacts.count() > 80, "{}", project.code);
    }
    assert!(data.contacts.values().any(|contact| contact.lists.is_empty()));
    assert!(data.contacts.values().any(|contact| contact.projects().len() > 2));
    let foreign = data.contacts.values().filter(|contact| {
        contact.fields.contains_key("acme_loan_no") && !contact.projects().contains(&"acme")
    });
    assert!(foreign.count() > 20, "contacts hold values of projects that are not theirs");
}

#[test]
fn a_call_and_its_contact_share_a_project() {
    let data = Data::generate(SEED);
    for call in data.calls.values() {
        let Some(contact) = call.contact else { continue };
        assert!(data.contacts[&contact].projects().contains(&call.project), "call {}", call.id);
    }
}

#[test]
fn ids_and_tokens_are_unique() {
    let lists: HashSet<u32> = LISTS.iter().map(|list| list.id).collect();
    assert_eq!(lists.len(), LISTS.len());
    let distinct: HashSet<&str> = TOKENS.iter().map(|(_, token)| *token).collect();
    assert_eq!(distinct.len(), TOKENS.len());
}
