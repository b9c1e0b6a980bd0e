//! Streams whose records go out as they come.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::fed;
use crate::client::{Reply, parse};
use crate::stage::{Stage, TOKEN};

/// A client that reads as something comes.
pub(crate) struct Reader {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Reader {
    pub(crate) async fn get(stage: &Stage, path: &str) -> Reader {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        Reader { stream, received: Vec::new() }
    }

    /// The answer so far, once it is as far as that.
    pub(crate) async fn until(&mut self, far: impl Fn(&Reply) -> bool) -> Reply {
        loop {
            if let Some(reply) = parse(&self.received, false).filter(|reply| far(reply)) {
                return reply;
            }
            assert!(self.more().await, "ended at {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    /// The answer as it is when the connection is closed.
    pub(crate) async fn end(mut self) -> Reply {
        while self.more().await {}
        parse(&self.received, false).unwrap()
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer);
        match tokio::time::timeout(Duration::from_secs(20), read).await.expect("nothing comes") {
            Ok(read) if read > 0 => {
                self.received.extend_from_slice(&buffer[..read]);
                true
            }
            _ => false,
        }
    }
}

pub(crate) fn event(id: u32, project: &str) -> String {
    format!("id: {id}\ndata: {{\"id\":{id},\"project\":\"{project}\",\"secret\":\"s\"}}\n\n")
}

pub(crate) fn shown(id: u32) -> String {
    format!("id: {id}\ndata: {{\"id\":{id}}}\n\n")
}

#[tokio::test]
async fn events_go_out_one_by_one_and_dropped_ones_leave_nothing() {
    let (backend, handler) = fed("text/event-stream");
    let stage = Stage::new(handler).await;
    let mut client = Reader::get(&stage, "/api/events").await;
    let head = client.until(|_| true).await;
    assert_eq!((head.status, head.body.len()), (200, 0), "the head does not wait for an event");
    let mut expected = String::new();
    for id in 1..20 {
        backend.send(event(id + 100, "zeta")).unwrap();
        backend.send(event(id, "acme")).unwrap();
        expected.push_str(&shown(id));
        let far = client.until(|reply| reply.body.len() >= expected.len()).await;
        assert_eq!((far.text(), far.complete), (expected.as_str(), false));
    }
    // An event in two parts goes out when it is whole.
    let (one, other) = (&event(50, "acme")[..20], &event(50, "acme")[20..]);
    backend.send(one.to_owned()).unwrap();
    backend.send(other.to_owned()).unwrap();
    expected.push_str(&shown(50));
    client.until(|reply| reply.text() == expected).await;
    drop(backend);
    let whole = client.end().await;
    assert_eq!((whole.text(), whole.complete), (expected.as_str(), true));
}

#[tokio::test]
async fn h10_an_error_among_events_breaks_the_stream_off() {
    let long = format!("data: {}\n\n", "x".repeat(1000));
    let twice = "data: {\"id\":1,\"project\":\"acme\",\"id\":2}\n\n";
    for wrong in [twice, &long] {
        let (backend, handler) = fed("text/event-stream");
        let stage = Stage::with("enhanced", |config| config.editor.record = 500, handler).await;
        let mut client = Reader::get(&stage, "/api/events").await;
        backend.send(event(1, "acme")).unwrap();
        client.until(|reply| reply.text() == shown(1)).await;
        backend.send(wrong.to_owned()).unwrap();
        let _ = backend.send(event(2, "acme"));
        let broken = client.end().await;
        assert_eq!((broken.text(), broken.complete), (shown(1).as_str(), false), "{wrong}");
        assert_eq!(stage.gateway.counters().broken_off, 1, "{wrong}");
    }
}

#[tokio::test]
async fn h12_events_that_stop_in_the_middle_are_no_end() {
    let (backend, handler) = fed("text/event-stream");
    let stage =
        Stage::with("enhanced", |config| config.deadlines.idle = Duration::from_millis(300), handler).await;
    let mut client = Reader::get(&stage, "/api/events").await;
    backend.send(event(1, "acme")).unwrap();
    client.until(|reply| reply.text() == shown(1)).await;
    // Nothing more comes: the wait between two events has a limit.
    let broken = client.end().await;
    assert_eq!((broken.text(), broken.complete), (shown(1).as_str(), false));
}

#[tokio::test]
async fn h11_events_may_go_on_beyond_the_limits_of_documents() {
    for security in ["enhanced", "simplified"] {
        let (backend, handler) = fed("text/event-stream");
        let short = |config: &mut cordon_gateway::GatewayConfig| {
            config.deadlines.whole = Duration::from_millis(200);
            config.limits.response_body = 500;
            config.limits.decoded_body = 500;
        };
        let stage = Stage::with(security, short, handler).await;
        let mut client = Reader::get(&stage, "/api/events").await;
        let mut length = 0;
        for id in 10..60 {
            backend.send(event(id, "acme")).unwrap();
            length += if security == "enhanced" { shown(id).len() } else { event(id, "acme").len() };
            client.until(|reply| reply.body.len() == length).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(backend);
        assert!(client.end().await.complete, "{security}");
    }
}

#[tokio::test]
async fn lines_go_out_when_the_backend_pauses() {
    let (backend, handler) = fed("application/x-ndjson");
    let stage = Stage::new(handler).await;
    let mut client = Reader::get(&stage, "/api/lines").await;
    let mut expected = String::new();
    for id in 1..10 {
        backend
            .send(format!("{{\"id\":{id},\"project\":\"zeta\"}}\n{{\"id\":{id},\"project\":\"acme\"}}\n"))
            .unwrap();
        expected.push_str(&format!("{{\"id\":{id},\"project\":\"acme\"}}\n"));
        // What ends a line may go out with the next one.
        let far = client.until(|reply| reply.text().trim_end() == expected.trim_end()).await;
        assert!(!far.complete);
    }
    drop(backend);
    let whole = client.end().await;
    assert_eq!((whole.text(), whole.complete), (expected.as_str(), true));
    // What is wrong in the first line is told by a status.
    let (backend, handler) = fed("application/x-ndjson");
    let stage = Stage::new(handler).await;
    let client = Reader::get(&stage, "/api/lines").await;
    backend.send("{\"id\":1,\"id\":2}\n".to_owned()).unwrap();
    assert_eq!(client.end().await.status, 502);
}
