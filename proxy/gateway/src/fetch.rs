//! Small documents from elsewhere: key sets, metadata, and what issuers say of tokens.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// For the whole of a fetch of a published document.
const DEADLINE: Duration = Duration::from_secs(10);
/// Connections that are kept to one host for the next question.
const IDLE: usize = 8;

/// Fetches documents over `http` and `https`. Redirections are not followed, and errors are for the log: they hold
/// nothing of what was sent or received.
#[derive(Clone)]
pub(crate) struct Fetcher(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Fetcher {
    pub(crate) fn new(connector: HttpsConnector<HttpConnector>) -> Fetcher {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            .pool_max_idle_per_host(IDLE)
            .build(connector);
        Fetcher(client)
    }

    /// A published document of at most `limit` bytes.
    pub(crate) async fn get(&self, url: &Uri, limit: usize) -> Result<Bytes, String> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = url.clone();
        let fetched = tokio::time::timeout(DEADLINE, self.fetch(request, limit)).await;
        match fetched.unwrap_or_else(|_| Err("too late".into()))? {
            (StatusCode::OK, document) => Ok(document),
            (status, _) => Err(format!("status {status}")),
        }
    }

    /// The answer, of at most `limit` bytes, to a form that is sent with this `Authorization`. How long that may take
    /// is for the caller to say.
    pub(crate) async fn post(
        &self,
        url: &Uri,
        authorization: &HeaderValue,
        form: String,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), String> {
        let mut request = Request::new(Full::from(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.clone();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        self.fetch(request, limit).await
    }

    async fn fetch(
        &self,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), String> {
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.0.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), limit).collect().await;
        let body = body.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    }
}
