//! The dashboard and the alert rules under `examples/` ask for figures that there are.

use std::collections::BTreeSet;
use std::path::Path;

use cordon_operate::{Format, Place};

use crate::logs::{access, attached};
use crate::stage::{Stage, list};

#[tokio::test]
async fn dashboard_and_alert_rules_name_figures_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let config = access(Place::File(folder.path().join("access.log")), Format::Json);
    let stage = Stage::with(|_| {}, attached(config), list).await;
    stage.get("anna", "/api/calls").await;
    let metrics = stage.metrics().await;
    let samples = metrics.samples.keys().filter_map(|series| series.split('{').next());
    let known: BTreeSet<&str> = samples.chain(metrics.gauges.iter().map(String::as_str)).collect();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for (file, least) in [("grafana/cordon.json", 30), ("prometheus/alerts.yml", 10)] {
        let text = std::fs::read_to_string(examples.join(file)).unwrap();
        let named: BTreeSet<&str> = text
            .split(|character: char| !character.is_ascii_lowercase() && character != '_')
            .filter(|word| word.starts_with("cordon_"))
            .collect();
        assert!(named.len() >= least, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} asks for {unknown:?}, which there is not");
    }
    let dashboard = std::fs::read(examples.join("grafana/cordon.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_slice(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
}
