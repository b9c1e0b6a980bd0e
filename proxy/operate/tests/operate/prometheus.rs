//! Prometheus itself reads what it is told, and its tool the alert rules.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;

use crate::stage::{Reply, Stage, raw};

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a program is there. Where everything must run, it must be.
fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{program} is missing");
    if !there {
        eprintln!("left out: {program} is missing; install Debian's package prometheus");
    }
    there
}

#[test]
fn alert_rules_speak_when_they_should() {
    if !has("promtool") {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/prometheus");
    for arguments in [&["check", "config", "prometheus.yml"][..], &["test", "rules", "alerts_test.yml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// The tool reads the older format, which says the same.
#[tokio::test]
async fn the_older_format_is_read_too() {
    let stage = Stage::new().await;
    stage.get("anna", "/api/calls").await;
    let request = "GET /metrics HTTP/1.1\r\nHost: cordon\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
    let reply = raw(stage.operators, request).await;
    assert!(reply.head.contains("text/plain; version=0.0.4"), "{reply:?}");
    assert!(reply.body.contains("\ncordon_records_kept_total{route=\"calls\"} 2\n"), "{reply:?}");
    let samples = reply.body.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(samples, stage.metrics().await.samples.len());
    if !has("promtool") {
        return;
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(reply.body.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn prometheus_reads_all_of_it() {
    if !has("prometheus") {
        return;
    }
    let stage = Stage::new().await;
    stage.get("anna", "/api/calls").await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("prometheus.yml");
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/prometheus/alerts.yml");
    let text = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [{}]\n\
         scrape_configs: [{{job_name: cordon, static_configs: [{{targets: [\"{}\"]}}]}}]\n",
        rules.display(),
        stage.operators
    );
    std::fs::write(&config, text).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let _prometheus = Running(
        Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let ask = async |path: &str| -> Option<Value> {
        // It answers once it has started.
        tokio::net::TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n");
        let Reply { body, .. } = raw(address, &request).await;
        serde_json::from_str(&body).ok()
    };
    let kept = async {
        loop {
            let answer = ask("/api/v1/query?query=cordon_records_kept_total").await;
            let found = answer.as_ref().and_then(|answer| answer["data"]["result"].as_array());
            if found.is_some_and(|found| !found.is_empty()) {
                return answer.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let kept = tokio::time::timeout(Duration::from_secs(60), kept).await.expect("it is read");
    let series = kept["data"]["result"].as_array().unwrap();
    let calls = series.iter().find(|series| series["metric"]["route"] == "calls").unwrap();
    assert_eq!(calls["value"][1], "2");
    let targets = ask("/api/v1/targets").await.unwrap();
    let target = &targets["data"]["activeTargets"][0];
    assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    // What is read is what stands there.
    let count = ask("/api/v1/query?query=count({__name__=~%22cordon_.*%22})").await.unwrap();
    let read: usize = count["data"]["result"][0]["value"][1].as_str().unwrap().parse().unwrap();
    assert_eq!(read, stage.metrics().await.samples.len());
    let rules = ask("/api/v1/rules").await.unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() >= 15);
    for rule in rules {
        assert!(matches!(rule["health"].as_str(), Some("ok" | "unknown")), "{rule}");
    }
}
