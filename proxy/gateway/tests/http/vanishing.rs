//! H11, H12: clients that go away, or stop sending, at any byte of a request. Nothing of them stays, the backend gets
//! whole requests only, and others are served.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::backend::json;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client does after its last byte.
#[derive(Clone, Copy, Debug)]
enum End {
    /// It is gone, and does not say so.
    Reset,
    Close,
    /// It sends no more, and reads.
    HalfClose,
}

fn requests() -> [Vec<u8>; 2] {
    let head = format!("HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n");
    [
        format!("GET /api/calls {head}\r\n").into_bytes(),
        format!(
            "POST /api/search {head}Transfer-Encoding: chunked\r\n\r\n3\r\n{{\"a\r\n4\r\n\":1}}\r\n0\r\n\r\n"
        )
        .into_bytes(),
    ]
}

/// Sends a part of a request and ends; gives what came, if it waits for it.
async fn leave(address: std::net::SocketAddr, part: Vec<u8>, end: End) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&part).await.unwrap();
    let mut received = Vec::new();
    match end {
        End::Reset => socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
        End::Close => {}
        End::HalfClose => {
            stream.shutdown().await.unwrap();
            // A reset is an end too.
            let read = stream.read_to_end(&mut received);
            _ = tokio::time::timeout(PATIENCE, read).await.expect("the connection ends");
        }
    }
    received
}

#[tokio::test]
async fn h11_h12_clients_that_vanish_at_any_byte_leave_nothing() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for request in requests() {
        for end in [End::Reset, End::Close, End::HalfClose] {
            let mut leaving = JoinSet::new();
            for cut in 0..=request.len() {
                let (part, address) = (request[..cut].to_vec(), stage.address);
                leaving.spawn(async move { (cut, leave(address, part, end).await) });
            }
            while let Some(left) = leaving.join_next().await {
                let (cut, received) = left.unwrap();
                let received = String::from_utf8_lossy(&received);
                let hidden = ["s1", "s2", "n2", "zeta"];
                assert!(hidden.iter().all(|hidden| !received.contains(hidden)), "{end:?} {cut}: {received}");
                let is_whole = cut == request.len();
                assert!(is_whole || !received.starts_with("HTTP/1.1 2"), "{end:?} {cut}: {received}");
            }
        }
    }
    // Nobody is waited for any more, and who asks properly is served.
    let gone = async {
        while stage.gateway.requests_under_way() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("a request is still under way");
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    // A client that sends no more cannot be told from one that is gone: what it asked for may be given up.
    assert_eq!(stage.send("anna", "POST", "/api/search", "", r#"{"a":1}"#).await.status, 200);
    let seen = stage.backend.seen();
    assert!(seen.iter().any(|seen| seen.method == "POST"), "not even the last");
    for seen in seen {
        assert!(seen.method == "GET" || seen.body == br#"{"a":1}"#, "{seen:?}");
    }
}
