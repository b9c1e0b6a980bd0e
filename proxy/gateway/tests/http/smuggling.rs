//! H3, H9: of each request in two tables of malformed ones, nothing reaches the backend, or exactly one well-formed
//! request. The backend here writes down every byte that it gets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::json;
use crate::client;
use crate::reading::one_request;
use crate::stage::{Stage, TOKEN, calls};

const HTTP_1: &str = include_str!("smuggling/http1.toml");
const HTTP_2: &str = include_str!("smuggling/http2.toml");
/// How long an answer, or the end of a connection, may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table<T> {
    class: Vec<Class<T>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Class<T> {
    about: String,
    #[serde(default)]
    head: String,
    nothing: Vec<T>,
    #[serde(default = "Vec::new")]
    one: Vec<T>,
}

/// A request over HTTP/2: either all fields that it has, or those behind the usual ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    fields: Option<Vec<[String; 2]>>,
    #[serde(default)]
    with: Vec<[String; 2]>,
    body: String,
}

/// A backend that keeps what it was sent and answers whatever looks like a request.
pub(crate) struct Recorder {
    address: SocketAddr,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    async fn start() -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<u8>>>::default();
        let all = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&all)));
            }
        });
        Recorder { address, received }
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

async fn answer(mut stream: TcpStream, all: Arc<Mutex<Vec<u8>>>) {
    let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        buffer.extend_from_slice(&chunk[..length]);
        all.lock().unwrap().extend_from_slice(&chunk[..length]);
        if let Ok(Some(rest)) = one_request(&buffer) {
            buffer = rest.to_vec();
            let body = calls(&[]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// A gateway before a recorder.
pub(crate) async fn scene() -> (Stage, Recorder) {
    let recorder = Recorder::start().await;
    let url = format!("http://{}", recorder.address).parse().unwrap();
    let stage = Stage::with("enhanced", |config| config.backend.url = url, |_| json("{}")).await;
    (stage, recorder)
}

/// One byte for each character.
fn bytes(text: &str) -> Vec<u8> {
    text.replace("{caller}", &format!("Authorization: Bearer {TOKEN}anna\r\n"))
        .chars()
        .map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?'))
        .collect()
}

/// All requests of the first table.
pub(crate) fn requests() -> Vec<Vec<u8>> {
    let table: Table<String> = toml::from_str(HTTP_1).unwrap();
    let of_class = |class: &Class<String>| -> Vec<Vec<u8>> {
        let cases = class.nothing.iter().chain(&class.one);
        cases.map(|case| bytes(&format!("{}{case}", class.head))).collect()
    };
    table.class.iter().flat_map(of_class).collect()
}

/// Sends a request and reads until the connection ends or an answer is complete.
async fn ask(address: SocketAddr, request: &[u8]) -> (Vec<u8>, bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut received = Vec::new();
    let read = async {
        let mut chunk = [0; 4096];
        loop {
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return true,
                Ok(length) => received.extend_from_slice(&chunk[..length]),
            }
            let whole = client::parse(&received, false).is_some_and(|reply| reply.complete);
            if whole && received.starts_with(b"HTTP/1.1 200") {
                return false;
            }
        }
    };
    let ended = tokio::time::timeout(PATIENCE, read).await;
    let ended = ended
        .unwrap_or_else(|_| panic!("neither answer nor end for {:?}", request.escape_ascii().to_string()));
    (received, ended)
}

#[tokio::test]
async fn h3_nothing_or_one_well_formed_request_reaches_the_backend() {
    let (stage, recorder) = scene().await;
    let table: Table<String> = toml::from_str(HTTP_1).unwrap();
    let follower =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}root\r\n\r\n");
    let (mut refused, mut passed, mut wrong) = (0, 0, Vec::new());
    for class in &table.class {
        for case in &class.nothing {
            let request = bytes(&format!("{}{case}{follower}", class.head));
            let (received, ended) = ask(stage.address, &request).await;
            let reached = recorder.take();
            let answer = String::from_utf8_lossy(&received);
            // No answer at all is a refusal too.
            let answers = answer.matches("HTTP/1.1 ").count();
            let is_refusal = ended && answers <= 1 && !answer.starts_with("HTTP/1.1 2");
            if !is_refusal || !reached.is_empty() {
                let reached = String::from_utf8_lossy(&reached).into_owned();
                wrong.push(format!(
                    "{}: {case:?}\n    answer {answer:?}\n    reached {reached:?}",
                    class.about
                ));
            }
            refused += 1;
        }
        for case in &class.one {
            let (received, _) = ask(stage.address, &bytes(&format!("{}{case}", class.head))).await;
            let reached = recorder.take();
            if !received.starts_with(b"HTTP/1.1 200") || !matches!(one_request(&reached), Ok(Some([]))) {
                let [received, reached] =
                    [received, reached].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                wrong.push(format!(
                    "{}: {case:?}\n    answer {received:?}\n    reached {reached:?}",
                    class.about
                ));
            }
            passed += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), refused + passed, wrong.join("\n"));
    println!("{refused} requests of which nothing, {passed} of which one reached the backend");
    assert!(refused >= 150, "{refused}");
}

#[tokio::test]
async fn h9_http2_heads_become_nothing_or_one_well_formed_request() {
    let (stage, recorder) = scene().await;
    let table: Table<Fields> = toml::from_str(HTTP_2).unwrap();
    let (mut refused, mut passed, mut wrong) = (0, 0, Vec::new());
    for class in &table.class {
        for (case, expected) in
            class.nothing.iter().map(|case| (case, 0)).chain(class.one.iter().map(|case| (case, 1)))
        {
            let status = ask_over_http2(stage.address, case).await;
            let reached = recorder.take();
            let is_as_it_should = match expected {
                0 => reached.is_empty() && status != Some(200),
                _ => matches!(one_request(&reached), Ok(Some([]))) && status == Some(200),
            };
            if !is_as_it_should {
                let reached = String::from_utf8_lossy(&reached).into_owned();
                wrong.push(format!(
                    "{}: {case:?}\n    status {status:?}\n    reached {reached:?}",
                    class.about
                ));
            }
            *(if expected == 0 { &mut refused } else { &mut passed }) += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), refused + passed, wrong.join("\n"));
    println!("{refused} requests of which nothing, {passed} of which one reached the backend");
}

/// Sends one request frame by frame. The status, if there is an answer.
async fn ask_over_http2(address: SocketAddr, case: &Fields) -> Option<u16> {
    let usual =
        [(":method", "POST"), (":scheme", "http"), (":path", "/api/search"), (":authority", "cordon")];
    let usual = usual.map(|(name, value)| [name.to_owned(), value.to_owned()]).to_vec();
    let mut block = Vec::new();
    for [name, value] in case.fields.as_ref().unwrap_or(&usual).iter().chain(&case.with) {
        field(&mut block, &bytes(name), &bytes(value));
    }
    field(&mut block, b"authorization", format!("Bearer {TOKEN}anna").as_bytes());
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(0x4, 0, 0, b""));
    sent.extend(frame(0x1, 0x4, 1, &block));
    sent.extend(frame(0x0, 0x1, 1, case.body.as_bytes()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&sent).await.unwrap();
    let read = async {
        let mut status = None;
        loop {
            let mut head = [0; 9];
            if stream.read_exact(&mut head).await.is_err() {
                return status;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            if stream.read_exact(&mut payload).await.is_err() {
                return status;
            }
            match (head[3], head[4]) {
                // HEADERS: the status stands first, as an index of the static table or as three digits.
                (0x1, flags) => {
                    status = Some(match payload.first() {
                        Some(0x88) => 200,
                        Some(0x89..=0x8e) => 299,
                        _ => 400,
                    });
                    if flags & 1 == 1 {
                        return status;
                    }
                }
                (0x0, flags) if flags & 1 == 1 => return status,
                // RST_STREAM and GOAWAY.
                (0x3 | 0x7, _) => return status.filter(|status| *status != 200),
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .unwrap_or_else(|_| panic!("neither answer nor end for {case:?}"))
}

/// A field, written out and kept in no table (RFC 7541, 6.2.2).
fn field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0);
    for text in [name, value] {
        // An integer with a prefix of seven bits (RFC 7541, 5.1).
        match u8::try_from(text.len()) {
            Ok(length @ ..127) => block.push(length),
            _ => {
                block.push(127);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    block.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                block.push(u8::try_from(rest).unwrap());
            }
        }
        block.extend_from_slice(text);
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}
