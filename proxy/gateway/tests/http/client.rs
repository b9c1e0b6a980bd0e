//! Clients: raw HTTP/1.1, and HTTP/2 by hyper.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, TOKEN};

/// An answer as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The body ended as its framing says.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The `code` of a problem document.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let document = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap();
        document["code"].as_str().unwrap().to_owned()
    }

    /// Without what differs between any two responses.
    pub(crate) fn timeless(mut self) -> Reply {
        self.headers.remove("date");
        self
    }
}

impl Stage {
    /// GET as a user.
    pub(crate) async fn get(&self, login: &str, path: &str) -> Reply {
        self.send(login, "GET", path, "", "").await
    }

    /// GET with these header lines and no credential but what is in them.
    pub(crate) async fn unnamed(&self, path: &str, headers: &str) -> Reply {
        if is_over_http2() {
            return self.send_over_http2("GET", path, headers, "").await;
        }
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n{headers}\r\n")).await
    }

    /// A request as a user, with further header lines, each ending in CRLF: over HTTP/1.1, or over HTTP/2 in the tests
    /// of `http2`.
    pub(crate) async fn send(
        &self,
        login: &str,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Reply {
        if is_over_http2() {
            let headers = format!("Authorization: Bearer {TOKEN}{login}\r\n{headers}");
            return self.send_over_http2(method, path, &headers, body).await;
        }
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\
             Authorization: Bearer {TOKEN}{login}\r\n{length}{headers}\r\n{body}"
        );
        self.raw(&request).await
    }

    async fn send_over_http2(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("http://cordon{path}"));
        for (name, value) in headers.lines().filter_map(|line| line.split_once(':')) {
            request = request.header(name, value.trim());
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let (head, body) = self.exchange_over_http2(request).await.unwrap();
        let (body, complete) = body;
        Reply { status: head.status.as_u16(), headers: head.headers, body, complete }
    }

    /// One request on an HTTP/2 connection of its own: the head, and the body with whether it ended as it should.
    pub(crate) async fn exchange_over_http2<B>(
        &self,
        request: Request<B>,
    ) -> Result<(http::response::Parts, (Vec<u8>, bool)), hyper::Error>
    where
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        let io = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
        let connection = tokio::spawn(connection);
        let (head, mut incoming) = sender.send_request(request).await?.into_parts();
        let mut body = Vec::new();
        let complete = loop {
            match incoming.frame().await {
                Some(Ok(frame)) => body.extend(frame.into_data().expect("trailers are dropped (H4)")),
                Some(Err(_)) => break false,
                None => break true,
            }
        };
        connection.abort();
        Ok((head, (body, complete)))
    }

    /// These bytes on a connection of their own; the first answer.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> Reply {
        assert!(!is_over_http2(), "these are bytes of HTTP/1.1");
        let received = exchange(self.address, bytes.as_ref()).await;
        let is_head = bytes.as_ref().starts_with(b"HEAD ");
        parse(&received, is_head)
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&received)))
    }

    /// GET over HTTP/2. The body is an error if the stream was reset.
    pub(crate) async fn h2(
        &self,
        login: &str,
        method: &str,
        path: &str,
    ) -> Result<(StatusCode, HeaderMap, Result<Bytes, hyper::Error>), hyper::Error> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("http://cordon{path}"))
            .header("authorization", format!("Bearer {TOKEN}{login}"))
            .body(Full::<Bytes>::default())
            .unwrap();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        connection.abort();
        Ok((head.status, head.headers, body))
    }
}

/// Whether this is one of the tests that are made once more over HTTP/2. A test's thread has its name.
pub(crate) fn is_over_http2() -> bool {
    std::thread::current().name().is_some_and(|test| test.starts_with("http2::"))
}

/// Sends bytes and reads until the other side closes.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    // A reset after the answer is an end too.
    let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("the connection stays open");
    received
}

/// Reads one response strictly. `None`: there is not even a head.
pub(crate) fn parse(received: &[u8], is_head: bool) -> Option<Reply> {
    let mut rest = received;
    let (head, status) = loop {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 4..];
        let status = head.split(' ').nth(1).unwrap().parse::<u16>().unwrap();
        if status >= 200 {
            break (head, status);
        }
    };
    let mut headers = HeaderMap::new();
    for line in head.split("\r\n").skip(1) {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.trim().as_bytes()).unwrap(),
        );
    }
    let bodiless = is_head || matches!(status, 204 | 304);
    let (body, complete) = if bodiless {
        (Vec::new(), rest.is_empty())
    } else if headers.contains_key("transfer-encoding") {
        dechunk(rest)
    } else {
        let length = headers.get("content-length").unwrap().to_str().unwrap().parse::<usize>().unwrap();
        (rest[..length.min(rest.len())].to_vec(), rest.len() >= length)
    };
    Some(Reply { status, headers, body, complete })
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return (body, false);
        };
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        if rest.len() < size + 2 {
            body.extend_from_slice(&rest[..size.min(rest.len())]);
            return (body, false);
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
        if size == 0 {
            return (body, true);
        }
    }
}
