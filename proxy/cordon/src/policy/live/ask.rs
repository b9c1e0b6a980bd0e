//! Asks the admin API of a running proxy.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::Proxy;
use crate::Failure;
use crate::loaded::read_config;
use crate::serve::runtime;

/// Checking a bundle runs its cases, which may take a while.
const PATIENCE: Duration = Duration::from_secs(180);
/// The most bytes of an answer.
const ANSWER: usize = 64 << 20;

/// An admin API, and whoever asks it.
pub(super) struct Admin {
    address: SocketAddr,
    authorization: HeaderValue,
}

impl Admin {
    pub(super) fn of(proxy: &Proxy) -> Result<Admin, Failure> {
        let config = read_config(&proxy.config)?;
        let Some(admin) = config.admin else {
            return Err(Failure::wrong(format!(
                "error: {} has no `[admin]`, by which a running proxy is asked\n  help: add one, and restart the proxy",
                proxy.config.display()
            )));
        };
        let token = match &proxy.token_file {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::wrong(format!("error: the token's file, {}, cannot be read: {error}", path.display()))
            })?,
            None => std::env::var("CORDON_TOKEN").map_err(|_| {
                Failure::wrong(
                    "error: who asks?\n  help: give the token of somebody with the role Admin in the environment's CORDON_TOKEN, or its file by --token-file",
                )
            })?,
        };
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
            .map_err(|_| Failure::wrong("error: the token holds characters that no token has"))?;
        authorization.set_sensitive(true);
        Ok(Admin { address: admin.listen, authorization })
    }

    /// The answer to a request.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let failed = |reason: String| {
            Failure::failed(format!("error: the admin API at {} cannot be asked: {reason}", self.address))
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(header::AUTHORIZATION, &self.authorization);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = Bytes::from(body.map(Value::to_string).unwrap_or_default());
        let request = request.body(Full::new(body)).map_err(|error| failed(error.to_string()))?;
        let (status, bytes) = runtime()?
            .block_on(async {
                let client = Client::builder(TokioExecutor::new()).build_http();
                let exchange = async {
                    let response = client.request(request).await.map_err(|error| source_of(&error))?;
                    let status = response.status();
                    let body = Limited::new(response.into_body(), ANSWER).collect().await;
                    Ok::<_, String>((status, body.map_err(|error| error.to_string())?.to_bytes()))
                };
                tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer in time".to_owned())?
            })
            .map_err(failed)?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let said = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let errors = answer.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let errors: String = errors
            .iter()
            .filter_map(|error| error.get("detail").and_then(Value::as_str))
            .map(|detail| format!("\n  - {detail}"))
            .collect();
        Err(Failure::wrong(format!("error: the proxy refuses ({status}): {}{errors}", said("detail"))))
    }
}

/// The last of an error's causes says most.
fn source_of(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
