//! A client over real sockets that says exactly what it got, whole or not.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What a client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, or as much of it as came.
    pub body: Vec<u8>,
    /// Whether the body came to its end as HTTP tells it; if not, the connection was cut (H10).
    pub whole: bool,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The answer without what may differ from one moment to the next: its `Date`.
    #[must_use]
    pub fn undated(mut self) -> Answer {
        self.headers.retain(|(name, _)| name != "date");
        self
    }

    /// The headers without those named.
    pub fn headers_but(&self, but: &[&str]) -> Vec<(String, String)> {
        self.headers.iter().filter(|(name, _)| !but.contains(&name.as_str())).cloned().collect()
    }

    /// The body as text, with what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of an `application/problem+json` body.
    pub fn problem(&self) -> Option<String> {
        if self.header("content-type") != Some("application/problem+json") {
            return None;
        }
        let document: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(document.get("code")?.as_str()?.to_owned())
    }

    /// Whether these bytes came, in a header or in the body.
    pub fn holds(&self, bytes: &str) -> bool {
        let found = |hay: &[u8]| hay.windows(bytes.len().max(1)).any(|window| window == bytes.as_bytes());
        found(&self.body) || self.headers.iter().any(|(_, value)| found(value.as_bytes()))
    }
}

/// A caller with one connection, which is opened again when it was closed.
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Somebody without credentials.
    pub fn new(address: SocketAddr) -> Client {
        Client { address, headers: Vec::new(), connection: None }
    }

    /// A caller with an API token.
    pub fn with_token(address: SocketAddr, token: &str) -> Client {
        Client::new(address).with_header("authorization", &format!("Bearer {token}"))
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Client {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// HEAD.
    pub async fn head(&mut self, path: &str) -> Answer {
        self.send(Method::HEAD, path, &[], Bytes::new()).await
    }

    /// POST of a JSON document.
    pub async fn post(&mut self, path: &str, body: &serde_json::Value) -> Answer {
        let body = Bytes::from(body.to_string());
        self.send(Method::POST, path, &[("content-type", "application/json")], body).await
    }

    /// Any request.
    ///
    /// # Panics
    /// If no response head comes.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("host", self.address.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).expect("a request of valid parts");
        let connection = self.connection().await;
        let response = connection.send_request(request).await.expect("a response head");
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        let whole = loop {
            match incoming.frame().await {
                None => break true,
                Some(Ok(frame)) => body.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
                Some(Err(_)) => break false,
            }
        };
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Answer { status: head.status.as_u16(), headers, body, whole }
    }

    async fn connection(&mut self) -> &mut SendRequest<Full<Bytes>> {
        if let Some(connection) = &mut self.connection
            && connection.ready().await.is_err()
        {
            self.connection = None;
        }
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address).await.expect("somebody listens");
            stream.set_nodelay(true).expect("a TCP socket");
            let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.expect("an HTTP connection");
            tokio::spawn(driver);
            self.connection = Some(sender);
        }
        self.connection.as_mut().expect("it was just made")
    }
}
