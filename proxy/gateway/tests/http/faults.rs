//! Backends that break off, send garbage, lie about lengths or send more than they were asked for: what a caller gets is
//! what they may see, as far as it came, or a problem; and never anything of somebody else's answer (H10–H12).

use std::sync::Arc;
use std::time::Duration;

use cordon_gateway::{BackendState, GatewayConfig};
use tokio::task::JoinSet;

use crate::backend::{Script, Seen, Then, json, raw, reply};
use crate::client::Reply;
use crate::stage::{ANNAS_CALLS, Stage, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];
/// What anna must not see of the two.
const HIDDEN: [&str; 4] = ["s1", "s2", "n2", "zeta"];

/// The same answer with its length, and in chunks that cut through its records.
fn answers() -> [Vec<u8>; 2] {
    let body = calls(TWO);
    let mut chunked =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.as_bytes().chunks(23) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    [json(&body).bytes, chunked]
}

/// What is got is the whole, or a problem.
fn check(reply: &Reply, case: &str) {
    assert!(HIDDEN.iter().all(|hidden| !reply.text().contains(hidden)), "{case}: {reply:?}");
    match reply.status {
        200 if reply.complete => assert_eq!(reply.text(), ANNAS_CALLS, "{case}"),
        200 => assert!(ANNAS_CALLS.starts_with(reply.text()), "{case}: {reply:?}"),
        502 | 504 => {
            let known = ["backend-response", "backend-unreachable", "backend-late"];
            assert!(known.contains(&&*reply.code()), "{case}: {reply:?}");
        }
        _ => panic!("{case}: {reply:?}"),
    }
}

/// Asks a gateway that does not wait for long as often as `places` says, with a backend that sends what `script` makes
/// of the place. Many are under way at a time.
async fn each(
    places: usize,
    script: impl Fn(usize) -> Script + Send + Sync + 'static,
    check: impl Fn(usize, Reply) + Clone + Send + Sync + 'static,
) -> Arc<Stage> {
    let hasty = |config: &mut GatewayConfig| {
        config.deadlines.head = Duration::from_millis(100);
        config.deadlines.idle = Duration::from_millis(100);
        config.backend.host_limits.retries_per_second = 0;
        config.backend.host_limits.retry_percent = 0;
    };
    let handler = move |seen: &Seen| script(seen.target.split_once("page=").unwrap().1.parse().unwrap());
    let stage = Arc::new(Stage::with("enhanced", hasty, handler).await);
    let mut clients = JoinSet::new();
    for first in 0..32 {
        let (stage, check) = (Arc::clone(&stage), check.clone());
        clients.spawn(async move {
            for place in (first..places).step_by(32) {
                check(place, stage.get("anna", &format!("/api/calls?page={place}")).await);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    stage
}

/// Waits until nothing is under way at the backend, which may be read to its end beside the caller's answer.
async fn at_rest(stage: &Stage) -> BackendState {
    for _ in 0..2000 {
        let state = stage.gateway.backend_state();
        if (state.in_flight, state.waiting) == (0, 0) {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", stage.gateway.backend_state());
}

async fn at_each_byte(then: Then) {
    for whole in answers() {
        let length = whole.len();
        let then = then.clone();
        let script = move |cut| raw(&whole[..cut], then.clone());
        let stage = each(length, script, move |cut, reply| {
            check(&reply, &format!("cut at {cut}"));
            assert!(reply.status != 200, "{cut} of {length} bytes are not the whole: {reply:?}");
        });
        let state = at_rest(&*stage.await).await;
        assert_eq!(state.hosts[0].idle, 0, "no connection with a broken answer is kept");
    }
}

#[tokio::test]
async fn h12_an_answer_cut_at_any_byte_is_a_problem() {
    at_each_byte(Then::Close).await;
}

#[tokio::test]
async fn h11_an_answer_that_stalls_at_any_byte_is_a_problem() {
    at_each_byte(Then::Hang).await;
}

#[tokio::test]
async fn h12_an_answer_that_is_reset_at_any_byte_is_a_problem() {
    at_each_byte(Then::Reset).await;
}

#[tokio::test]
async fn h12_garbage_at_any_byte_shows_nothing_hidden() {
    for whole in answers() {
        for garbage in [b'\0', b'\n', b'"', b'}', b'0', b'X', 0xff] {
            let (length, whole) = (whole.len(), whole.clone());
            let script = move |place| {
                let mut bytes = whole.clone();
                bytes[place] = garbage;
                raw(&bytes, Then::Close)
            };
            each(length, script, move |place, reply| {
                let case = format!("{garbage:#x} at {place}: {reply:?}");
                assert!(HIDDEN.iter().all(|hidden| !reply.text().contains(hidden)), "{case}");
                // A character of what anna may see can be another one; nothing else can be told to be wrong.
                match reply.status {
                    200 => {
                        assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok(), "{case}");
                    }
                    status => assert!(status >= 400 && !reply.code().is_empty(), "{case}"),
                }
            })
            .await;
        }
    }
}

#[tokio::test]
async fn h11_an_answer_that_trickles_arrives() {
    for whole in answers() {
        let stage =
            Stage::new(move |_| raw("", Then::Trickle(whole.clone(), Duration::from_millis(1)))).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.text(), reply.complete), (200, ANNAS_CALLS, true));
    }
}

#[tokio::test]
async fn h12_what_is_sent_beyond_an_answer_is_never_the_answer_to_another_caller() {
    let others = json(calls(&[(9, "acme"), (8, "zeta")])).bytes;
    for framing in 0..2 {
        let mut bytes = answers()[framing].clone();
        bytes.extend_from_slice(&others);
        let stage = Stage::new(move |_| raw(&bytes, Then::Keep)).await;
        for _ in 0..50 {
            assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
            let zoes = stage.get("zoe", "/api/calls").await;
            assert!(zoes.text().contains("n2") && !zoes.text().contains("n8"), "{zoes:?}");
        }
        assert_eq!(stage.backend.seen().len(), 100);
        assert_eq!(stage.gateway.backend_state().hosts[0].connects, 100, "none is used again");
    }
}

#[tokio::test]
async fn a_short_answer_that_nobody_wants_costs_no_connection() {
    let unwanted = |_: &Seen| reply("404 No\r\nContent-Type: text/html", "<p>There is no call of zeta's</p>");
    let stage = Stage::new(unwanted).await;
    for _ in 0..20 {
        assert_eq!(stage.get("anna", "/api/calls/1").await.code(), "not-found");
        at_rest(&stage).await;
    }
    let state = stage.gateway.backend_state();
    assert_eq!((state.hosts[0].requests, state.hosts[0].connects), (20, 1), "{state:?}");
}

#[tokio::test]
async fn h12_a_connection_with_an_answer_that_was_given_up_is_not_used_again() {
    // Too long by its length: it is refused when its head is read, and what follows looks like another answer.
    let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 400\r\n\r\n".to_vec();
    let others = json(calls(&[(9, "acme"), (8, "zeta")])).bytes;
    bytes.extend_from_slice(&others);
    bytes.extend_from_slice(&[b' '; 1000]);
    let given_up = raw(&bytes, Then::Keep);
    let stage = Stage::new(move |seen| match seen.target.as_str() {
        "/api/calls?page=1" => given_up.clone(),
        _ => json(calls(TWO)),
    })
    .await;
    for _ in 0..50 {
        assert_eq!(stage.get("zoe", "/api/calls?page=1").await.code(), "backend-response");
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    }
}
