//! The figures say what happened.

use crate::stage::{LIST, Stage, another_policy};

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let stage = Stage::new().await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(!reply.body.contains("PHONEMARK") && reply.body.contains("NOTEMARK"), "{reply:?}");
    stage.get("anna", "/api/calls/9").await;
    stage.get("anna", "/elsewhere").await;
    stage.get("nobody", "/api/calls").await;
    stage.send("anna", "POST", "/api/search", "", "{\"q\":1}").await;
    let metrics = stage.metrics().await;
    for (series, value) in [
        ("requests_total{route=\"calls\",status=\"2xx\"}", 1),
        ("requests_total{route=\"call\",status=\"4xx\"}", 1),
        ("requests_total{route=\"none\",status=\"4xx\"}", 2),
        ("requests_total{route=\"search\",status=\"2xx\"}", 1),
        ("request_body_bytes_total{route=\"search\"}", 7),
        ("response_body_bytes_total{route=\"calls\"}", reply.body.len()),
        ("records_kept_total{route=\"calls\"}", 2),
        ("records_dropped_total{route=\"calls\"}", 1),
        ("fields_masked_total{route=\"calls\"}", 2),
        ("fields_unlisted_total{route=\"calls\"}", 3),
        ("refusals_total{reason=\"no-such-route\",culprit=\"caller\"}", 1),
        ("refusals_total{reason=\"credentials-not-accepted\",culprit=\"caller\"}", 1),
        ("refusals_total{reason=\"not-found\",culprit=\"caller\"}", 1),
        ("refusals_total{reason=\"policy-failure\",culprit=\"policy\"}", 0),
        ("request_duration_seconds_count{route=\"calls\"}", 1),
        ("stage_duration_seconds_count{stage=\"identify\"}", 5),
        ("stage_duration_seconds_count{stage=\"policy\"}", 4),
        ("stage_duration_seconds_count{stage=\"backend\"}", 3),
        ("stage_duration_seconds_count{stage=\"body\"}", 3),
        ("stage_duration_seconds_count{stage=\"probe\"}", 0),
        ("connections_accepted_total", 5),
        ("requests_under_way", 0),
        ("responses_broken_off_total", 0),
        ("ready", 1),
        ("trial_under_way", 0),
    ] {
        assert_eq!(metrics.value(&format!("cordon_{series}")), value as f64, "{series}");
    }
    assert!(metrics.value("cordon_sandbox_calls_total{role=\"in-force\",call=\"plan\"}") >= 1.0);
    assert!(metrics.value("cordon_sandbox_seconds_total{role=\"in-force\",call=\"plan\"}") > 0.0);
    assert!(LIST.contains("PHONEMARK"));
}

#[tokio::test]
async fn what_is_kept_of_a_policys_answers_is_counted() {
    let stage = Stage::new().await;
    let series = "cordon_policy_cache_hits_total{role=\"in-force\",cache=\"plan\"}";
    stage.get("anna", "/api/calls").await;
    let before = stage.metrics().await.value(series);
    stage.get("anna", "/api/calls").await;
    assert!(stage.metrics().await.value(series) > before);
}

#[tokio::test]
async fn another_policy_is_told_and_counts_of_routes_go_on() {
    let stage = Stage::new().await;
    let told = |metrics: &crate::exposition::Exposition| {
        let series = metrics.samples.keys().find(|series| series.starts_with("cordon_policy_info")).cloned();
        series.unwrap()
    };
    stage.get("anna", "/api/calls").await;
    let one = told(&stage.metrics().await);
    assert!(
        one.contains("version=\"1\"") && one.contains(&stage.gateway.policy().digest().to_string()),
        "{one}"
    );
    stage.gateway.activate(another_policy()).unwrap();
    stage.get("anna", "/api/calls").await;
    let metrics = stage.metrics().await;
    assert!(told(&metrics).contains("version=\"2\""));
    assert_eq!(metrics.value("cordon_requests_total{route=\"calls\",status=\"2xx\"}"), 2.0);
}
