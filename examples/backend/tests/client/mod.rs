//! Asks a backend over a socket.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::net::SocketAddr;

use bytes::Bytes;
use cordon_example_backend::{Backend, BackendOptions, Running, TOKENS};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// A token that the backend knows.
pub(crate) const TOKEN: &str = TOKENS[0].1;

/// A running backend and a client for it.
pub(crate) struct Api {
    pub(crate) running: Running,
    pub(crate) client: Client<HttpConnector, Full<Bytes>>,
}

/// A response.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Api {
    pub(crate) async fn start(options: BackendOptions) -> Api {
        let running = Backend::start_with(SocketAddr::from(([127, 0, 0, 1], 0)), options).await.unwrap();
        Api { running, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Got, String> {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.running.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let (head, body) =
            self.client.request(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Got { status: head.status, headers: head.headers, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, &[("x-api-key", TOKEN)], "").await.unwrap()
    }
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
