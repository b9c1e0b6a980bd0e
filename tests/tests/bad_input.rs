//! A backend that is down, late, broken or lying: each has its answer, and none lets a hidden byte through.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use cordon_gateway::GatewayConfig;
use cordon_tests::{Answer, Backend, Cordon, DirectoryText, Gate, Part, Reply, Running};

/// Compresses a text with an encoder of `async-compression`.
macro_rules! code {
    ($encoder:ident, $text:expr) => {{
        use tokio::io::AsyncWriteExt;
        let mut encoder = async_compression::tokio::write::$encoder::new(Vec::new());
        encoder.write_all($text.as_bytes()).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }};
}

const RULES: &str = r#"
name = "bad-input"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id", "$.note"]

[[route]]
name = "calls"
path = "/calls"
section = "any"
records = [{ path = "$.items[*]", kind = "call" }]
total = ["$.total"]

[[route]]
name = "call"
path = "/calls/{id}"
section = "any"
records = [{ path = "$", kind = "call" }]
"#;

/// Stands in every record that the caller may not see, and beside every one that may be seen.
const SECRET: &str = "SeCrEt";

/// A record that the caller may see.
const OURS: &str = r#"{"id":1,"project":"acme","note":"ours","phone":"SeCrEt-1"}"#;

/// A record that the caller may not see.
const THEIRS: &str = r#"{"id":"SeCrEt-2","project":"zeta","note":"SeCrEt-3"}"#;

struct Scene {
    backend: Backend,
    cordon: Running,
}

impl Scene {
    async fn new() -> Scene {
        Scene::with(|_| {}).await
    }

    async fn with(set: impl FnOnce(&mut GatewayConfig)) -> Scene {
        let backend = Backend::start().await;
        let directory = DirectoryText::default()
            .project("acme", &[])
            .project("zeta", &[])
            .role("operator", &[], None)
            .user("olga", "operator", &["acme"]);
        let cordon = Cordon::start_with(RULES, directory.text(), backend.address(), set).await;
        Scene { backend, cordon }
    }

    /// What a caller in `acme` gets when the backend answers like this.
    async fn answer(&self, reply: Reply) -> Answer {
        self.answer_at("/calls", reply).await
    }

    async fn answer_at(&self, path: &str, reply: Reply) -> Answer {
        self.backend.answer(path, reply);
        let answer = self.cordon.client("olga").get(path).await;
        assert!(!answer.holds(SECRET), "a hidden byte reached the caller: {}", answer.text());
        answer
    }

    /// The answer is a refusal from before the head was sent, and nothing else.
    async fn refused(&self, reply: Reply, status: u16, code: &str) {
        let answer = self.answer(reply).await;
        assert_eq!((answer.status, answer.problem().as_deref()), (status, Some(code)), "{}", answer.text());
        assert!(answer.whole);
        // And the next request works.
        let next = self.answer(Reply::json(body(&[OURS, THEIRS]))).await;
        assert_eq!(next.text(), r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#);
    }

    /// The head had been sent: the body is cut, so that nobody takes it for the whole (H10).
    async fn aborted(&self, reply: Reply) {
        let answer = self.answer(reply).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(!answer.whole, "the body ended as if it were whole: {} bytes", answer.body.len());
        assert!(answer.body.starts_with(br#"{"items":[{"id":1"#), "nothing had been sent yet");
    }
}

fn body(records: &[&str]) -> String {
    format!(r#"{{"items":[{}],"total":{}}}"#, records.join(","), records.len())
}

/// The beginning of a body, more than is held back until the head is sent.
fn long_beginning() -> String {
    let many = 1 + (200 << 10) / r#"{"id":1,"note":"ours"},"#.len();
    format!(r#"{{"items":[{THEIRS},{}"#, vec![OURS; many].join(","))
}

fn in_pieces(pieces: &[&str]) -> Reply {
    Reply::parts(pieces.iter().map(|piece| Part::from(*piece)).collect())
}

#[tokio::test]
async fn backend_down() {
    let scene = Scene::new().await;
    let Scene { backend, cordon } = scene;
    drop(backend);
    let answer = cordon.client("olga").get("/calls").await;
    assert_eq!((answer.status, answer.problem().as_deref()), (502, Some("backend-unreachable")));
}

#[tokio::test]
async fn no_response_head_in_time() {
    let scene = Scene::with(|config| config.deadlines.head = Duration::from_millis(300)).await;
    scene.refused(Reply::json(body(&[OURS])).after(&Gate::closed()), 504, "backend-late").await;
}

#[tokio::test]
async fn a_body_that_stalls() {
    let scene = Scene::with(|config| config.deadlines.idle = Duration::from_millis(500)).await;
    let start = format!(r#"{{"items":[{OURS},{THEIRS}"#);
    let stalled = Reply::parts(vec![start.as_str().into(), Part::Wait(Gate::closed()), "]}".into()]);
    scene.refused(stalled, 504, "backend-late").await;
    let start = long_beginning();
    scene.aborted(Reply::parts(vec![start.as_str().into(), Part::Wait(Gate::closed()), "]}".into()])).await;
}

#[tokio::test]
async fn a_slow_body_arrives_whole() {
    let scene = Scene::new().await;
    let gate = Gate::closed();
    let parts = vec![r#"{"items":["#.into(), Part::Wait(gate.clone()), OURS.into(), "],\"total\":1}".into()];
    scene.backend.answer("/calls", Reply::parts(parts));
    let mut client = scene.cordon.client("olga");
    let answer = tokio::spawn(async move { client.get("/calls").await });
    while scene.backend.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, answer.whole), (200, true));
    assert_eq!(answer.text(), r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#);
}

#[tokio::test]
async fn a_body_cut_in_the_middle() {
    let scene = Scene::new().await;
    let start = format!(r#"{{"items":[{OURS},{THEIRS}"#);
    for length in [None, Some("100000")] {
        let cut = |start: &str| {
            let reply = Reply::parts(vec![start.into(), Part::Cut]);
            length.map_or(reply.clone(), |length| reply.header("content-length", length))
        };
        scene.refused(cut(&start), 502, "backend-response").await;
    }
    let start = long_beginning();
    scene.aborted(Reply::parts(vec![start.as_str().into(), Part::Cut])).await;
    let length = (start.len() + 1000).to_string();
    let cut = Reply::parts(vec![start.as_str().into(), Part::Cut]).header("content-length", &length);
    scene.aborted(cut).await;
}

#[tokio::test]
async fn a_cut_behind_the_last_byte_of_the_document() {
    let scene = Scene::new().await;
    let whole = body(&[OURS, THEIRS]);
    scene.refused(Reply::parts(vec![whole.as_str().into(), Part::Cut]), 502, "backend-response").await;
}

#[tokio::test]
async fn broken_json() {
    let scene = Scene::new().await;
    let broken = [
        format!(r#"{{"items":[{OURS},{THEIRS}]"#),
        format!(r#"{{"items":[{OURS},{THEIRS}],}}"#),
        format!(r#"{{"items":[{OURS} {THEIRS}],"total":2}}"#),
        format!("{}{}", body(&[OURS]), body(&[THEIRS])),
        format!(r#"{{"items":[{OURS},{{"project":"zeta","note":'SeCrEt'}}],"total":2}}"#),
        format!(r#"{{"items":[{OURS},{{"project":"zeta","note":NaN,"x":"SeCrEt"}}],"total":2}}"#),
        format!(r#"{{"items":[{OURS}],/* SeCrEt */"total":1}}"#),
        format!("{{\"items\":[{OURS},{{\"project\":\"zeta\",\"note\":\"SeCrEt\n\"}}],\"total\":2}}"),
        format!(r#"{{"items":[{OURS},{{"project":"zeta","note":"\ud800 SeCrEt"}}],"total":2}}"#),
        format!("call SeCrEt {}", body(&[OURS, THEIRS])),
        "<html>SeCrEt</html>".to_owned(),
        String::new(),
        " ".to_owned(),
    ];
    for text in broken {
        scene.refused(Reply::json(text.clone()), 502, "backend-response").await;
        // In pieces that end anywhere, the answer is the same.
        let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        scene.refused(in_pieces(&[&text[..middle], &text[middle..]]), 502, "backend-response").await;
    }
    let invalid =
        [br#"{"items":["#, OURS.as_bytes(), b",{\"project\":\"zeta\",\"note\":\"SeCrEt\xff\"}]}"].concat();
    scene.refused(Reply::json(invalid), 502, "backend-response").await;
    let utf16: Vec<u8> = body(&[OURS, THEIRS]).encode_utf16().flat_map(u16::to_le_bytes).collect();
    scene.refused(Reply::json([&b"\xff\xfe"[..], &utf16].concat()), 502, "backend-response").await;
    scene.aborted(Reply::json(long_beginning() + r#",{"project":"acme","note":}],"total":1}"#)).await;
}

#[tokio::test]
async fn a_byte_order_mark_is_dropped() {
    let scene = Scene::new().await;
    let marked = [&b"\xef\xbb\xbf"[..], body(&[OURS, THEIRS]).as_bytes()].concat();
    let answer = scene.answer(Reply::json(marked)).await;
    assert_eq!(answer.text(), r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#);
}

#[tokio::test]
async fn known_wrappers_are_kept_and_filtered_inside() {
    let scene = Scene::new().await;
    let filtered = r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#;
    for (before, after) in [("while(1);", ""), (")]}',\n", ""), ("callback(", ");")] {
        let answer = scene.answer(Reply::json(format!("{before}{}{after}", body(&[OURS, THEIRS])))).await;
        // Recognised or refused: never passed by (H25).
        match answer.status {
            200 => assert_eq!(answer.text(), format!("{before}{filtered}{after}")),
            status => assert_eq!((status, answer.problem().as_deref()), (502, Some("backend-response"))),
        }
    }
}

#[tokio::test]
async fn duplicate_keys() {
    let scene = Scene::new().await;
    let doubled = [
        r#"{"id":1,"project":"acme","note":"ours","project":"zeta","x":"SeCrEt"}"#,
        r#"{"id":1,"project":"zeta","note":"SeCrEt","project":"acme"}"#,
        r#"{"id":1,"project":"zeta","note":"SeCrEt","pro\u006aect":"acme"}"#,
        r#"{"id":1,"project":"acme","note":"ours","note":"SeCrEt"}"#,
    ];
    for record in doubled {
        scene.refused(Reply::json(body(&[OURS, record])), 502, "backend-response").await;
    }
    let twice = format!(r#"{{"items":[{OURS}],"items":[{THEIRS}],"total":1}}"#);
    scene.refused(Reply::json(twice), 502, "backend-response").await;
}

#[tokio::test]
async fn a_hundred_thousand_nested_arrays() {
    let scene = Scene::new().await;
    let deep = "[".repeat(100_000) + "\"SeCrEt\"" + &"]".repeat(100_000);
    scene.refused(Reply::json(deep.clone()), 502, "backend-response").await;
    let unlisted = format!(r#"{{"items":[{OURS}],"deep":{deep},"total":1}}"#);
    scene.refused(Reply::json(unlisted), 502, "backend-response").await;
    let in_a_record = body(&[OURS, &format!(r#"{{"project":"zeta","note":{deep}}}"#)]);
    scene.refused(Reply::json(in_a_record), 502, "backend-response").await;
    let objects = r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000);
    scene.refused(Reply::json(objects), 502, "backend-response").await;
}

#[tokio::test]
async fn a_coding_that_was_not_asked_for() {
    let scene = Scene::new().await;
    let plain = body(&[OURS, THEIRS]);
    let coded: [(&str, Vec<u8>); 4] = [
        ("gzip", code!(GzipEncoder, plain)),
        ("br", code!(BrotliEncoder, plain)),
        ("zstd", code!(ZstdEncoder, plain)),
        ("deflate", code!(ZlibEncoder, plain)),
    ];
    for (name, bytes) in &coded {
        let answer = scene.answer(Reply::json(bytes.clone()).header("content-encoding", name)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert_eq!(answer.text(), r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#, "{name}");
        assert_eq!(answer.header("content-encoding"), None);
        // Cut in its middle, it is no end.
        let half = bytes[..bytes.len() / 2].to_vec();
        let reply = Reply::json(half).header("content-encoding", name);
        scene.refused(reply, 502, "backend-response").await;
        // What is no such coding at all.
        let reply = Reply::json(plain.clone()).header("content-encoding", name);
        scene.refused(reply, 502, "backend-response").await;
    }
    let asked = scene.backend.seen();
    let accepted = asked[0].headers.iter().find(|(name, _)| name == "accept-encoding");
    assert_eq!(accepted.map(|(_, value)| value.as_str()), Some("identity"));
    for unknown in ["compress", "x-secret", "gzip, rot13", "identity, nothing"] {
        let reply = Reply::json(plain.clone()).header("content-encoding", unknown);
        scene.refused(reply, 502, "backend-response").await;
    }
    let behind = [coded[0].1.clone(), THEIRS.as_bytes().to_vec()].concat();
    scene.refused(Reply::json(behind).header("content-encoding", "gzip"), 502, "backend-response").await;
}

#[tokio::test]
async fn a_bomb() {
    let scene = Scene::with(|config| config.limits.decoded_body = 8 << 20).await;
    let bomb = format!(r#"{{"items":[{OURS}],"x":[{}1],"total":1}}"#, "0,".repeat(16 << 20));
    let bomb = code!(GzipEncoder, bomb);
    scene.refused(Reply::json(bomb).header("content-encoding", "gzip"), 502, "backend-response").await;
}

#[tokio::test]
async fn another_type_than_declared() {
    let scene = Scene::new().await;
    let plain = body(&[OURS, THEIRS]);
    for declared in
        ["text/html", "text/csv", "application/xml", "application/pdf", "image/png", "multipart/mixed", "x"]
    {
        let reply = Reply::json(plain.clone()).header("content-type", declared);
        scene.refused(reply, 502, "backend-response").await;
    }
    for declared in ["application/json; charset=utf-8", "application/JSON", "application/hal+json"] {
        let answer = scene.answer(Reply::json(plain.clone()).header("content-type", declared)).await;
        assert_eq!(answer.status, 200, "{declared}: {}", answer.text());
    }
    let utf16 = Reply::json(plain.clone()).header("content-type", "application/json; charset=utf-16");
    scene.refused(utf16, 502, "backend-response").await;
}

#[tokio::test]
async fn a_part_of_a_body_that_nobody_asked_for() {
    let scene = Scene::new().await;
    let partial = Reply::json(body(&[OURS, THEIRS])).status(206).header("content-range", "bytes 0-10/99");
    scene.refused(partial, 502, "backend-response").await;
}

#[tokio::test]
async fn records_without_a_project() {
    let scene = Scene::new().await;
    let homeless = [
        r#"{"id":"SeCrEt","note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":null,"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":"","note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":[],"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":{"id":"acme"},"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":["zeta"],"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":[["acme"]],"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":"unknown","note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":true,"note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","Project":"acme","note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":" acme","note":"SeCrEt"}"#,
        r#"{"id":"SeCrEt","project":"ACME","note":"SeCrEt"}"#,
        r#""SeCrEt""#,
        r#"["SeCrEt","acme"]"#,
        "null",
        r#"[{"project":"acme","note":"SeCrEt"}]"#,
    ];
    for record in homeless {
        let answer = scene.answer(Reply::json(body(&[record, OURS, record]))).await;
        assert_eq!(answer.text(), r#"{"items":[{"id":1,"note":"ours"}],"total":1}"#, "{record}");
        let answer = scene.answer_at("/calls/1", Reply::json(record)).await;
        assert_eq!((answer.status, answer.problem().as_deref()), (404, Some("not-found")), "{record}");
    }
}

#[tokio::test]
async fn a_record_of_two_mebibytes() {
    let scene = Scene::new().await;
    let fill = "SeCrEt".repeat(1000);
    let members: Vec<String> = (0..350).map(|index| format!(r#""m{index}":"{fill}""#)).collect();
    let huge = format!(r#"{{"id":1,{},"project":"acme"}}"#, members.join(","));
    assert!(huge.len() > 2 << 20);
    scene.refused(Reply::json(body(&[&huge])), 502, "backend-response").await;
    let answer = scene.answer_at("/calls/1", Reply::json(huge.clone())).await;
    // Only a record that is there can be too large: the caller is told that there is none.
    assert_eq!((answer.status, answer.problem().as_deref()), (404, Some("not-found")));
    scene.aborted(Reply::json(format!("{},{huge}],\"total\":1}}", long_beginning()))).await;
    let text = "SeCrEt".repeat(400_000);
    let huge = format!(r#"{{"id":1,"note":"{text}","project":"zeta"}}"#);
    scene.refused(Reply::json(body(&[&huge])), 502, "backend-response").await;
}

#[tokio::test]
async fn errors_of_the_backend_that_quote_rows() {
    let scene = Scene::new().await;
    for status in [400, 401, 403, 409, 422, 429, 500, 502, 503] {
        let answer = scene.answer(Reply::json(THEIRS).status(status)).await;
        assert!(answer.status >= 400, "{status} became {}", answer.status);
        assert!(answer.problem().is_some(), "{status}: {}", answer.text());
        let html = Reply::json(format!("<p>{THEIRS}</p>")).status(status).header("content-type", "text/html");
        assert!(scene.answer(html).await.problem().is_some());
    }
    for status in [301, 302, 307] {
        let answer = scene.answer(Reply::json("").status(status).header("location", "/calls/SeCrEt")).await;
        assert_eq!(answer.status, 502, "{status}: {}", answer.text());
    }
    let answer = scene.answer_at("/calls/1", Reply::json(THEIRS).status(404)).await;
    let hidden = scene.answer_at("/calls/1", Reply::json(THEIRS)).await;
    assert_eq!(answer.undated(), hidden.undated());
}

#[tokio::test]
async fn headers_that_tell_of_what_is_hidden() {
    let scene = Scene::new().await;
    let reply = Reply::json(body(&[OURS, THEIRS]))
        .header("x-total-count", "SeCrEt 2")
        .header("link", "</calls?after=SeCrEt>; rel=next")
        .header("etag", "\"SeCrEt\"")
        .header("set-cookie", "session=SeCrEt")
        .header("server", "SeCrEt/1")
        .header("content-location", "/calls/SeCrEt")
        .header("digest", "sha-256=SeCrEt")
        .header("x-debug", "SeCrEt")
        .header("warning", "SeCrEt");
    let answer = scene.answer(reply).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
}
