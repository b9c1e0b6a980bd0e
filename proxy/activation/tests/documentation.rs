//! What CASES.md says is what happens.

use std::sync::Arc;

use cordon_activation::{CaseFile, CaseSet, Outcome, RunOptions, run};
use cordon_policy::{Engine, EngineOptions, Policy};

const PAGE: &str = include_str!("../CASES.md");

#[tokio::test]
async fn its_examples_pass() {
    let outcomes = outcomes(&cases()).await;
    let failing: String =
        outcomes.iter().filter(|outcome| !outcome.passes()).map(ToString::to_string).collect();
    assert!(failing.is_empty(), "{failing}");
    assert_eq!(outcomes.len(), 6);
}

#[tokio::test]
async fn its_failure_looks_like_that() {
    let mut cases = cases();
    let case = cases.iter_mut().find(|case| case.name == "calls.toml").expect("the page has the case");
    case.text = case.text.replace(r#"7, "phone": "****"}], "#, r#"7, "phone": "+4930901820"}], "#);
    let shown: String =
        outcomes(&cases).await.iter().filter(|outcome| !outcome.passes()).map(ToString::to_string).collect();
    let (_, told) = blocks().find(|(title, _)| *title == "text failure").expect("the page has it");
    assert_eq!(shown.trim_end(), told, "{shown}");
}

async fn outcomes(files: &[CaseFile]) -> Vec<Outcome> {
    let (_, rules) = blocks().find(|(title, _)| *title == "toml rules.toml").expect("the page has rules");
    let cases = CaseSet::read(files).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let engine = Engine::new(EngineOptions { sandboxes: 4, ..EngineOptions::default() }).expect("an engine");
    let policy =
        Policy::load(&engine, cordon_policy_component::COMPONENT, rules).expect("the rules are right");
    run(&Arc::new(policy), &cases, &RunOptions::default()).await
}

fn cases() -> Vec<CaseFile> {
    blocks()
        .filter_map(|(title, text)| {
            let name = title.strip_prefix("toml cases/")?.to_owned();
            Some(CaseFile { name, text: text.to_owned() })
        })
        .collect()
}

/// The titles and contents of the page's blocks.
fn blocks() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}
