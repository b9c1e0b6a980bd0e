//! Runs every example of `RULES.md`.

mod support;

use std::collections::BTreeSet;

use cordon_isolation::Isolation;
use cordon_policy_sdk::Harness;
use support::{blocks, filtered, page, page_caller, page_directory, page_rules};

#[test]
fn every_example_of_the_page_does_what_the_page_says() {
    let policy: Harness<Isolation> = Harness::configure(&page_rules(), page_directory()).unwrap();
    let mut sent: Option<(String, String)> = None;
    let mut seen = 0;
    let mut languages = BTreeSet::new();
    for (info, text) in blocks(&page()) {
        let (language, role) = info.split_once(' ').unwrap_or((&info, ""));
        if let Some(route) = role.strip_prefix("backend route=") {
            sent = Some((route.to_owned(), text));
        } else if let Some(caller) = role.strip_prefix("caller=") {
            let (route, body) = sent.as_ref().expect("what a caller sees follows what the backend sends");
            let got = filtered(&policy, &page_caller(caller), route, body);
            let got = got.unwrap_or_else(|| panic!("{caller} sees nothing of {route}"));
            if language == "json" {
                let got: serde_json::Value = serde_json::from_str(&got).unwrap();
                let wanted: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(got, wanted, "{caller} on {route}");
            } else {
                assert_eq!(got, text, "{caller} on {route}");
            }
            languages.insert(language.to_owned());
            seen += 1;
        } else {
            assert_eq!(info, "toml", "the page has a block that this test does not know");
        }
    }
    assert_eq!(Vec::from_iter(languages), ["csv", "json", "ndjson", "sse", "xml"]);
    assert!(seen >= 10, "only {seen} examples were found");
}
