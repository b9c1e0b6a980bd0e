//! The audit log: nothing is shown by a special right that is not written before.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use cordon_operate::{AuditConfig, LogsConfig, Place, WhenFull};
use http::{Request, Response};
use serde_json::{Value, json};

use crate::logs::{attached, lines};
use crate::stage::{self, Stage, list};

fn audit(file: &Path, when_full: WhenFull) -> LogsConfig {
    let audit = AuditConfig { place: Place::File(file.to_owned()), sync: false, when_full };
    LogsConfig { audit: Some(audit), ..LogsConfig::default() }
}

/// A list that is longer than what is held until the head is sent.
fn long(_: Request<Bytes>) -> Response<Bytes> {
    let record = |id: u32| {
        let project = if id.is_multiple_of(2) { "acme" } else { "zeta" };
        json!({"id": id, "project": project, "note": "NOTEMARK ".repeat(20), "phone": "+1555PHONEMARK"})
    };
    stage::json(json!({"data": (0..1000).map(record).collect::<Vec<_>>(), "total": 1000}).to_string())
}

#[tokio::test]
async fn d10_d13_what_special_rights_reveal_is_written_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.log");
    let stage = Stage::with(|_| {}, attached(audit(&file, WhenFull::Refuse)), list).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    assert_eq!(stage.get("root", "/api/calls/99").await.status, 404);
    let reply = stage.get("root", "/api/calls").await;
    assert!(reply.body.contains("ZETAMARK") && reply.body.contains("PHONEMARK"), "{reply:?}");
    let lines = lines(&file, 1).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    for (name, value) in [
        ("part", json!("whole")),
        ("caller", json!("root")),
        ("method", json!("GET")),
        ("route", json!("calls")),
        ("path", json!("/api/calls")),
        ("policy", json!(stage.gateway.policy().digest().to_string())),
        (
            "rights",
            json!([
                {"right": "see-everything", "records": 3, "fields": 0},
                {"right": "see-masked-fields", "records": 0, "fields": 3},
            ]),
        ),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert!(line["revision"].is_u64(), "{line}");
    let metrics = stage.metrics().await;
    assert_eq!(metrics.value("cordon_audit_revealed_total{kind=\"records\"}"), 3.0);
    assert_eq!(metrics.value("cordon_audit_revealed_total{kind=\"fields\"}"), 3.0);
}

#[tokio::test]
async fn a_long_answer_has_a_line_before_it_and_one_after() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.log");
    let stage = Stage::with(|_| {}, attached(audit(&file, WhenFull::Refuse)), long).await;
    let reply = stage.get("root", "/api/calls").await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.len() > 100_000);
    stage.get("anna", "/api/calls").await;
    let lines = lines(&file, 2).await;
    let parts: Vec<&Value> = lines.iter().map(|line| &line["part"]).collect();
    assert_eq!(parts, ["begun", "ended"]);
    assert_eq!(lines[0]["exchange"], lines[1]["exchange"]);
    assert_eq!(
        lines[1]["rights"],
        json!([
            {"right": "see-everything", "records": 1000, "fields": 0},
            {"right": "see-masked-fields", "records": 0, "fields": 1000},
        ])
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_not_shown() {
    for backend in [list as fn(Request<Bytes>) -> Response<Bytes>, long] {
        let config = audit(Path::new("/dev/full"), WhenFull::Refuse);
        let stage = Stage::with(|_| {}, attached(config), backend).await;
        let reply = stage.get("root", "/api/calls").await;
        assert_eq!(reply.status, 503, "{reply:?}");
        assert!(reply.body.contains("audit-not-written") && !reply.body.contains("MARK"), "{reply:?}");
        // Who has no special right has nothing to do with it.
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
        let metrics = stage.metrics().await;
        assert_eq!(metrics.value("cordon_audit_refused_total"), 1.0);
        let refusals = "cordon_refusals_total{reason=\"audit-not-written\",culprit=\"gateway\"}";
        assert_eq!(metrics.value(refusals), 1.0);
        assert_eq!(metrics.value("cordon_log_lines_lost_total{log=\"audit\"}"), 1.0);
    }
}

#[tokio::test]
async fn an_operator_may_prefer_to_serve() {
    let config = audit(Path::new("/dev/full"), WhenFull::Serve);
    let stage = Stage::with(|_| {}, attached(config), list).await;
    assert_eq!(stage.get("root", "/api/calls").await.status, 200);
    let metrics = stage.metrics().await;
    assert_eq!(metrics.value("cordon_log_lines_lost_total{log=\"audit\"}"), 1.0);
    assert_eq!(metrics.value("cordon_audit_refused_total"), 0.0);
}

#[tokio::test]
async fn lines_are_appended_to_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.log");
    fs::write(&file, "{\"before\":true}\n").unwrap();
    for number in 2..4 {
        let config = LogsConfig {
            audit: Some(AuditConfig {
                place: Place::File(file.clone()),
                sync: true,
                when_full: WhenFull::Refuse,
            }),
            ..LogsConfig::default()
        };
        let stage = Stage::with(|_| {}, attached(config), list).await;
        assert_eq!(stage.get("root", "/api/calls").await.status, 200);
        assert_eq!(lines(&file, number).await.len(), number);
    }
    assert_eq!(lines(&file, 3).await[0]["before"], true);
}
