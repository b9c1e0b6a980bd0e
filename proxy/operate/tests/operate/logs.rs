//! The access log: what stands in it, what does not, and that a disk that is full holds up nobody (H42).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_gateway::{Gateway, GatewayConfig, RequestIds};
use cordon_operate::{AccessLogConfig, AuditConfig, Format, Logs, LogsConfig, Place, WhenFull};
use serde_json::Value;

use crate::stage::{Stage, TOKEN, list};

pub(crate) fn access(place: Place, format: Format) -> LogsConfig {
    LogsConfig { access: Some(AccessLogConfig { place, format }), ..LogsConfig::default() }
}

pub(crate) fn attached(config: LogsConfig) -> impl FnOnce(&Gateway) -> Arc<Logs> {
    |gateway| {
        let logs = Logs::start(config).unwrap();
        logs.attach(gateway);
        logs
    }
}

/// The lines of a file, once there are so many.
pub(crate) async fn lines(file: &Path, number: usize) -> Vec<Value> {
    let read = async {
        loop {
            let text = fs::read_to_string(file).unwrap();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            if lines.len() >= number {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("there are so many lines")
}

#[tokio::test]
async fn a_line_says_who_asked_for_what_and_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let config = access(Place::File(file.clone()), Format::Json);
    let stage = Stage::with(|_| {}, attached(config), list).await;
    let reply = stage.send("anna", "GET", "/api/calls?page=7", "X-Request-Id: 0af7-1f\r\n", "").await;
    stage.send("anna", "POST", "/api/search", "X-Request-Id: no id\r\n", "{\"q\":1}").await;
    stage.get("anna", "/api/calls/99").await;
    stage.get("nobody", "/api/calls").await;
    let lines = lines(&file, 4).await;
    let line = &lines[0];
    for (name, value) in [
        ("method", Value::from("GET")),
        ("route", "calls".into()),
        ("path", "/api/calls".into()),
        ("status", 200.into()),
        ("caller", "anna".into()),
        ("policy", stage.gateway.policy().digest().to_string().into()),
        ("kept", 2.into()),
        ("dropped", 1.into()),
        ("masked", 2.into()),
        ("unlisted", 3.into()),
        ("outcome", "complete".into()),
        ("bytes_out", reply.body.len().into()),
        ("request_id", "0af7-1f".into()),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    for stage in ["identify", "policy", "backend", "body"] {
        assert!(line["stages"][stage].is_u64(), "{line}");
    }
    assert_eq!((&lines[1]["bytes_in"], &lines[1]["request_id"]), (&7.into(), &Value::Null));
    assert_eq!(lines[2]["path"], "/api/calls/{id}");
    assert_eq!((&lines[2]["status"], &lines[2]["reason"]), (&404.into(), &"not-found".into()));
    assert_eq!((&lines[3]["caller"], &lines[3]["route"]), (&Value::Null, &Value::Null));
    assert_eq!(lines[3]["reason"], "credentials-not-accepted");
    assert_eq!(stage.metrics().await.value("cordon_log_lines_total{log=\"access\"}"), 4.0);
}

#[tokio::test]
async fn a_request_is_found_by_its_id_wherever_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for believed in [true, false] {
        let file = folder.path().join(format!("{believed}.log"));
        let config = access(Place::File(file.clone()), Format::Json);
        let addresses = if believed { vec!["127.0.0.0/8".parse().unwrap()] } else { Vec::new() };
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let theirs = Arc::clone(&seen);
        let backend = move |request: http::Request<bytes::Bytes>| {
            let ids = request.headers().get_all("x-request-id").iter();
            theirs.lock().unwrap().extend(ids.map(|id| id.to_str().unwrap().to_owned()));
            list(request)
        };
        let change = |config: &mut GatewayConfig| config.request_ids = Some(RequestIds { addresses });
        let stage = Stage::with(change, attached(config), backend).await;
        let mut told = Vec::new();
        for (login, path, line) in [
            ("anna", "/api/calls", "X-Request-Id: 0af7-1f\r\n"),
            ("anna", "/api/calls", "X-Request-Id: IDMARK\r\n"),
            ("anna", "/api/calls", "X-Request-Id: 1\r\nX-Request-Id: 2\r\n"),
            ("anna", "/api/calls/99", ""),
            ("nobody", "/api/calls", ""),
        ] {
            let reply = stage.send(login, "GET", path, line, "").await;
            let ids: Vec<&str> =
                reply.head.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
            assert_eq!(ids.len(), 1, "{reply:?}");
            if reply.status != 200 {
                let problem: Value = serde_json::from_str(&reply.body).unwrap();
                assert_eq!(problem["request_id"], ids[0], "{reply:?}");
            }
            told.push(ids[0].to_owned());
        }
        let logged: Vec<_> = lines(&file, 5)
            .await
            .iter()
            .map(|line| line["request_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(logged, told);
        assert_eq!(*seen.lock().unwrap(), told[..4]);
        assert_eq!(told[0] == "0af7-1f", believed);
        for id in &told[1..] {
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 5, "{told:?}");
    }
}

#[tokio::test]
async fn h42_nothing_that_is_hidden_or_secret_is_logged_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Json, Format::Text] {
        let file = folder.path().join(format!("{format:?}.log"));
        let audit = folder.path().join("audit.log");
        let config = LogsConfig {
            audit: Some(AuditConfig {
                place: Place::File(audit.clone()),
                sync: false,
                when_full: WhenFull::Refuse,
            }),
            ..access(Place::File(file.clone()), format)
        };
        let stage = Stage::with(|_| {}, attached(config), list).await;
        let marked = "X-Request-Id: IDMARK\r\nUser-Agent: AGENTMARK\r\nCookie: COOKIEMARK\r\n\
                      Referer: http://x/REFERERMARK\r\nX-Api-Key: KEYMARK\r\n";
        for login in ["anna", "root", "LOGINMARK"] {
            for path in
                ["/api/calls?page=QUERYMARK", "/api/calls/PATHMARK", "/PATHMARK", "/api/calls?QUERYMARK=1"]
            {
                stage.get(login, path).await;
                stage.send(login, "GET", path, marked, "").await;
                stage.send(login, "X-METHODMARK", path, "", "").await;
            }
            stage.send(login, "POST", "/api/search", "", "BODYMARK").await;
        }
        let told = stage.ask("/metrics").await.body;
        drop(stage);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let texts = [told, fs::read_to_string(&file).unwrap(), fs::read_to_string(&audit).unwrap()];
        for text in texts {
            assert!(text.lines().count() >= 2, "{text}");
            assert!(!text.contains("MARK") && !text.contains(TOKEN), "{text}");
        }
    }
}

#[tokio::test]
async fn a_full_disk_holds_up_nobody() {
    let config = access(Place::File("/dev/full".into()), Format::Json);
    let stage = Stage::with(|_| {}, attached(config), list).await;
    for _ in 0..300 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
    let lost = "cordon_log_lines_lost_total{log=\"access\"}";
    let wait = async {
        while stage.metrics().await.value(lost) < 300.0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("lost lines are counted");
    assert_eq!(stage.metrics().await.value("cordon_log_lines_total{log=\"access\"}"), 0.0);
}

/// A pipe that nobody reads: the writer waits for ever.
#[tokio::test]
async fn a_disk_that_hangs_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Open at both ends, so that opening does not wait.
    let _other = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let config = access(Place::File(pipe), Format::Json);
    let stage = Stage::with(|_| {}, attached(config), list).await;
    for _ in 0..500 {
        assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    }
}

#[tokio::test]
async fn a_log_that_was_moved_away_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (file, old) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
    let logs = Logs::start(access(Place::File(file.clone()), Format::Json)).unwrap();
    let theirs = Arc::clone(&logs);
    let attach = move |gateway: &Gateway| {
        theirs.attach(gateway);
        theirs
    };
    let stage = Stage::with(|_| {}, attach, list).await;
    stage.get("anna", "/api/calls").await;
    lines(&file, 1).await;
    fs::rename(&file, &old).unwrap();
    stage.get("anna", "/api/calls").await;
    lines(&old, 2).await;
    logs.reopen();
    stage.get("anna", "/api/calls").await;
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lines(&file, 1).await;
    assert_eq!(lines(&old, 2).await.len(), 2);
}

#[test]
fn a_place_that_cannot_be_had_is_told() {
    let error = Logs::start(access(Place::File("/nowhere/access.log".into()), Format::Json)).err().unwrap();
    assert!(error.to_string().contains("the access log cannot be opened at /nowhere/access.log"), "{error}");
}
