//! What another version of the rules would newly reveal and newly hide.

use std::sync::Arc;

use cordon_activation::{CaseFile, CaseSet, Revealing, RunOptions, reveal};
use cordon_policy::{Engine, EngineOptions, Policy};

const RULES: &str = r#"
name = "calls"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id"]
mask = [{ path = "$.phone", with = "keep-last", last = 2 }]

[[route]]
name = "calls"
path = "/api/calls"
section = "any"
query = ["page"]
records = [{ path = "$.data[*]", kind = "call" }]
"#;

const CASE: &str = r#"
shows = "Calls of other projects are not shown."

[directory]
project = [{ id = "a", name = "A" }, { id = "b", name = "B" }]
role = [{ name = "R", sections = "all" }]
user = [{ login = "olga", projects = ["a"], roles = ["R"] }, { login = "adam", roles = ["Admin"] }]

[request]
path = "/api/calls?page=1"

[[backend]]
headers = { X-Pages = "9" }
json = '{"data": [{"id": 1, "project": "a", "phone": "+4930", "cost": 1}, {"id": 2, "project": "b", "phone": "+4931", "cost": 2}]}'

[[answer]]
to = ["olga", "adam"]
status = 200
"#;

#[tokio::test]
async fn a_place_that_is_no_longer_hidden_is_revealed() {
    let revealing = revealing(&RULES.replace("keep = [\"$.id\"]", "keep = [\"$.id\", \"$.cost\"]")).await;
    assert_eq!(revealing.asked, 2);
    // Olga gets one call, Adam both.
    assert_eq!(places(&revealing), (vec!["calls $.data[*].cost 3".to_owned()], vec![]));
}

#[tokio::test]
async fn a_mask_that_tells_more_reveals() {
    let revealing = revealing(&RULES.replace("last = 2", "last = 3")).await;
    // Adam sees it as it is under both.
    assert_eq!(places(&revealing), (vec!["calls $.data[*].phone 1".to_owned()], vec![]));
}

#[tokio::test]
async fn what_goes_is_hidden() {
    let revealing = revealing(&RULES.replace("keep = [\"$.id\"]", "expect = [\"$.id\"]")).await;
    assert_eq!(places(&revealing), (vec![], vec!["calls $.data[*].id 3".to_owned()]));
}

#[tokio::test]
async fn headers_and_whole_answers_count() {
    let revealing =
        revealing(&RULES.replace("query = [\"page\"]", "query = [\"page\"]\nheaders = [\"x-pages\"]")).await;
    assert_eq!(places(&revealing), (vec!["calls (header x-pages) 2".to_owned()], vec![]));
    let revealing = self::revealing(&RULES.replace("query = [\"page\"]", "")).await;
    assert_eq!(places(&revealing), (vec![], vec!["calls (answer) 2".to_owned()]));
}

#[tokio::test]
async fn equal_policies_differ_in_nothing() {
    let revealing = revealing(RULES).await;
    assert_eq!(places(&revealing), (vec![], vec![]));
    assert_eq!(revealing.failures, Vec::<String>::new());
}

#[test]
fn cases_that_both_have_are_asked_once() {
    let changed = CASE.replace("page=1", "page=2");
    let [one, other] = [CASE, &changed].map(cases);
    assert_eq!(CaseSet::joined(&one, &one).cases().len(), 1);
    assert_eq!(CaseSet::joined(&one, &other).cases().len(), 2);
}

async fn revealing(rules: &str) -> Revealing {
    let engine = Engine::new(EngineOptions { sandboxes: 8, ..EngineOptions::default() }).expect("an engine");
    let policy = |rules: &str| {
        let loaded = Policy::load(&engine, cordon_policy_component::COMPONENT, rules);
        Arc::new(loaded.unwrap_or_else(|error| panic!("{error}\n{rules}")))
    };
    reveal([&policy(RULES), &policy(rules)], &cases(CASE), &RunOptions::default()).await
}

fn cases(text: &str) -> CaseSet {
    let file = CaseFile { name: "case.toml".to_owned(), text: text.to_owned() };
    CaseSet::read(&[file]).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

fn places(revealing: &Revealing) -> (Vec<String>, Vec<String>) {
    let shown = |places: &[cordon_activation::RevealedPlace]| {
        places.iter().map(|place| format!("{} {} {}", place.route, place.path, place.count)).collect()
    };
    (shown(&revealing.revealed), shown(&revealing.hidden))
}
