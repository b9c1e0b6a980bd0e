//! Small documents from elsewhere, such as key sets.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

/// For the whole of a fetch.
const DEADLINE: Duration = Duration::from_secs(10);

/// Fetches documents over `http` and `https`, trusting the public authorities.
#[derive(Clone)]
pub(crate) struct Fetcher(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Fetcher {
    pub(crate) fn new(connector: HttpsConnector<HttpConnector>) -> Fetcher {
        let executor = hyper_util::rt::TokioExecutor::new();
        Fetcher(Client::builder(executor).pool_max_idle_per_host(0).build(connector))
    }

    /// The document, of at most `limit` bytes. The error is for the log. Redirections are not followed.
    pub(crate) async fn get(&self, url: &Uri, limit: usize) -> Result<Bytes, String> {
        let request = Request::get(url.clone())
            .header(header::ACCEPT, "application/json")
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let fetch = async {
            let response = self.0.request(request).await.map_err(|error| error.to_string())?;
            if response.status() != StatusCode::OK {
                return Err(format!("status {}", response.status()));
            }
            let body = Limited::new(response.into_body(), limit).collect().await;
            body.map(http_body_util::Collected::to_bytes).map_err(|error| error.to_string())
        };
        tokio::time::timeout(DEADLINE, fetch).await.unwrap_or_else(|_| Err("too late".into()))
    }
}
