//! Asks over a socket, as any client would.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::Failure;

/// A client of one server.
pub(super) struct Asker {
    client: Client<HttpConnector, Empty<Bytes>>,
    server: SocketAddr,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// The body, `null` if it is no JSON.
    pub(super) body: Value,
}

impl Asker {
    pub(super) fn new(server: SocketAddr) -> Asker {
        Asker { client: Client::builder(TokioExecutor::new()).build_http(), server }
    }

    /// GETs a path with a token.
    pub(super) async fn get(&self, path: &str, token: &str) -> Result<Reply, Failure> {
        let failed =
            |reason: String| Failure::failed(format!("error: GET {path} at {}: {reason}", self.server));
        let request = Request::get(format!("http://{}{path}", self.server))
            .header("X-Api-Key", token)
            .body(Empty::new())
            .map_err(|error| failed(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        let body =
            response.into_body().collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
        Ok(Reply { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}
