//! The cases of the demo, as a bundle of it would have them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cordon_activation::{CaseFile, CaseSet, RunOptions, run};
use cordon_policy::{Engine, EngineOptions, Policy};

#[tokio::test]
async fn everybody_gets_what_the_demos_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
    let rules = fs::read_to_string(folder.join("rules.toml")).expect("the demo has rules");
    let files: Vec<CaseFile> = fs::read_dir(folder.join("cases"))
        .expect("the demo has cases")
        .flatten()
        .map(|entry| CaseFile {
            name: entry.file_name().to_string_lossy().into_owned(),
            text: fs::read_to_string(entry.path()).expect("a case is readable"),
        })
        .collect();
    let cases = CaseSet::read(&files).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let engine = Engine::new(EngineOptions { sandboxes: 4, ..EngineOptions::default() }).expect("an engine");
    let policy =
        Policy::load(&engine, cordon_policy_component::COMPONENT, &rules).expect("the rules are right");
    let outcomes = run(&Arc::new(policy), &cases, &RunOptions::default()).await;
    let failing: String =
        outcomes.iter().filter(|outcome| !outcome.passes()).map(ToString::to_string).collect();
    assert!(failing.is_empty(), "{failing}");
    assert!(outcomes.len() > 20, "only {} answers", outcomes.len());
}
