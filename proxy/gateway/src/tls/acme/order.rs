//! One order, from the account to the certificate.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Limited;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{
    Account, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rustls::ClientConfig;

use crate::config::AcmeConfig;
use crate::tls::acme::OrderError;
use crate::tls::acme::challenge::Challenges;
use crate::tls::acme::folder::Folder;

/// How long the server may look for its proofs, and then sign.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(4 * 60));
/// For one request.
const DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of one answer.
const ANSWER: usize = 1 << 20;

/// Orders a certificate: its key, itself, and those that lead to an authority, as PEM.
pub(super) async fn order(
    config: &AcmeConfig,
    tls: Arc<ClientConfig>,
    folder: &Folder,
    challenges: &Challenges,
) -> Result<String, OrderError> {
    let account = account(config, Http::new(&tls), folder).await?;
    let names: Vec<_> = config.names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    prove(&mut order, challenges).await?;
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => {}
        outcome => {
            let refused = refusals(&mut order).await;
            if refused.is_empty() {
                outcome?;
            }
            return Err(OrderError::Unproven(refused));
        }
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    Ok(format!("{key}{chain}"))
}

/// The account of last time, or a new one.
async fn account(config: &AcmeConfig, http: Http, folder: &Folder) -> Result<Account, OrderError> {
    let builder = Account::builder_with_http(Box::new(http));
    if let Some(credentials) = folder.credentials(&config.directory) {
        return Ok(builder.from_credentials(credentials).await?);
    }
    let contact: Vec<_> = config.contact.as_deref().into_iter().collect();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&wanted, config.directory.clone(), None).await?;
    folder.keep_account(&config.directory, credentials)?;
    Ok(account)
}

/// Shows what the server wants to see, and asks it to look.
async fn prove(order: &mut Order, challenges: &Challenges) -> Result<(), OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
        let mut challenge = challenge.ok_or_else(|| OrderError::NoChallenge(name.clone()))?;
        challenges.show(&name, challenge.key_authorization().digest().as_ref())?;
        challenge.set_ready().await?;
    }
    Ok(())
}

/// What the server says about the names that it did not find its proof at.
async fn refusals(order: &mut Order) -> String {
    let mut all = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let errors = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        all.extend(errors.map(|error| format!("{}: {error}", state.identifier())));
    }
    all.join("; ")
}

/// How the server is asked.
struct Http(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

impl Http {
    fn new(tls: &Arc<ClientConfig>) -> Http {
        let tls = ClientConfig::clone(tls);
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        Http(Client::builder(TokioExecutor::new()).build(connector))
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asked = self.0.request(request);
        Box::pin(async move {
            let response = tokio::time::timeout(DEADLINE, asked)
                .await
                .map_err(|_| Error::Other("no answer in time".into()))?
                .map_err(|error| Error::Other(error.into()))?;
            let (head, body) = response.into_parts();
            Ok(Response::from_parts(head, Limited::new(body, ANSWER)).into())
        })
    }
}
