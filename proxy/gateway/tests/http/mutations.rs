//! H3, H12: heads that were changed at random, of requests and of responses. `CORDON_HEADS` is how many of each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::{Script, Then, raw};
use crate::client::{self, is_over_http2};
use crate::reading::one_request;
use crate::smuggling::{requests, scene};
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

/// What parsers disagree about, to be put anywhere.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "\0",
    "\x0b",
    "0",
    "1",
    "2",
    "f",
    "-",
    "+",
    "#",
    "?",
    "/",
    "//",
    "%",
    "\u{ff}",
    "chunked",
    "identity",
    "Content-Length: 2\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: other\r\n",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    " HTTP/1.1",
    " HTTP/1.0",
    "GET / HTTP/1.1\r\n",
    "0\r\n\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Type: application/json\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "Content-Range: bytes 0-1/2\r\n",
    "Trailer: X\r\n",
    "Upgrade: h2c\r\n",
];

/// A generator of numbers that gives the same ones each time (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }

    /// Up to four changes: a byte, a piece put in or in the place of another, a part taken out or doubled.
    fn change(&mut self, text: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let from = self.below(text.len() + 1);
            let to = (from + self.below(12)).min(text.len());
            let piece = PIECES[self.below(PIECES.len())].chars().map(|character| character as u32);
            let piece: Vec<u8> = piece.map(|character| u8::try_from(character).unwrap()).collect();
            match self.below(5) {
                0 if from < text.len() => text[from] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(text.splice(from..to, [])),
                2 => drop(text.splice(from..to, piece)),
                3 => {
                    let part = text[from..to].to_vec();
                    drop(text.splice(from..from, part));
                }
                _ => drop(text.splice(from..from, piece)),
            }
        }
    }
}

fn cases() -> usize {
    std::env::var("CORDON_HEADS").ok().and_then(|number| number.parse().ok()).unwrap_or(500)
}

#[tokio::test]
async fn h3_whatever_is_asked_the_backend_gets_whole_requests_of_one_reading() {
    assert!(!is_over_http2());
    let (stage, recorder) = scene().await;
    let seeds = requests();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut reached = 0;
    for _ in 0..cases() {
        let mut request = seeds[chance.below(seeds.len())].clone();
        chance.change(&mut request);
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        let mut answer = Vec::new();
        // Whoever does not answer for want of more gets the end.
        if stream.write_all(&request).await.is_ok() {
            let read = stream.read_to_end(&mut answer);
            let _ = tokio::time::timeout(Duration::from_millis(40), read).await;
        }
        drop(stream);
        let received = recorder.take();
        let mut rest = &received[..];
        while !rest.is_empty() {
            match one_request(rest) {
                Ok(Some(behind)) => {
                    reached += 1;
                    rest = behind;
                }
                // It broke off, which the backend sees.
                Ok(None) => break,
                Err(reason) => {
                    let [sent, got] = [&request[..], &received].map(|bytes| bytes.escape_ascii().to_string());
                    panic!("{reason}\n  sent {sent}\n  reached {got}");
                }
            }
        }
    }
    assert!(reached > 0, "none was lawful any more");
}

#[tokio::test]
async fn h12_whatever_heads_the_backend_sends_a_caller_gets_a_beginning_of_what_is_theirs() {
    let body = calls(&[(1, "acme"), (2, "zeta")]);
    let heads = [
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Page: 1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
            body.len()
        ),
        format!(
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n".to_owned(),
    ];
    let next = Arc::new(Mutex::new(Vec::<u8>::new()));
    let script = Arc::clone(&next);
    let stage =
        Stage::new(move |_| Script { bytes: script.lock().unwrap().clone(), ..raw("", Then::Close) }).await;
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut whole = 0;
    for _ in 0..cases() {
        let mut response = heads[chance.below(heads.len())].clone().into_bytes();
        chance.change(&mut response);
        response.extend_from_slice(body.as_bytes());
        response.extend_from_slice(b"\r\n0\r\n\r\n");
        next.lock().unwrap().clone_from(&response);
        let request = format!(
            "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n"
        );
        let received = client::exchange(stage.address, request.as_bytes()).await;
        let sent = || response.escape_ascii().to_string();
        let reply = client::parse(&received, false).unwrap_or_else(|| panic!("no answer to {}", sent()));
        let is_theirs = match reply.status {
            204 | 205 => reply.body.is_empty(),
            // A head that ends early leaves a number as the whole body, which nobody has judged.
            200..300 if reply.complete => {
                reply.body == ANNAS_CALLS.as_bytes() || reply.body.trim_ascii() == b"null"
            }
            200..300 => ANNAS_CALLS.as_bytes().starts_with(&reply.body),
            _ => reply.header("content-type") == Some("application/problem+json"),
        };
        let text = String::from_utf8_lossy(&received);
        let is_hidden = ["zeta", "\"s2\"", "\"n2\"", "\"s1\""].iter().all(|hidden| !text.contains(hidden));
        assert!(is_theirs && is_hidden, "{}\n  gave {text}", sent());
        whole += usize::from(reply.status == 200 && reply.complete);
    }
    assert!(whole > 0, "none was lawful any more");
}
