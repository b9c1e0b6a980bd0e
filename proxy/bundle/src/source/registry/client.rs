//! The client, how long it may take, and what its errors mean.

use std::net::IpAddr;
use std::time::Duration;

use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::{OciDistributionError, OciErrorCode};
use oci_client::{Client, Reference};

use super::{Access, RegistryError};

/// Without a byte for so long, the registry is gone.
const SILENCE: Duration = Duration::from_secs(20);

pub(super) fn new(reference: &Reference, access: &Access) -> Result<Client, RegistryError> {
    let plain = access.plain_http || (access.authority.is_none() && is_loopback(reference.registry()));
    let authority = access
        .authority
        .as_ref()
        .map(|text| Certificate { encoding: CertificateEncoding::Pem, data: text.clone().into_bytes() });
    let config = ClientConfig {
        protocol: if plain { ClientProtocol::Http } else { ClientProtocol::Https },
        extra_root_certificates: authority.into_iter().collect(),
        // An index would let the platform decide which policy is in force.
        platform_resolver: None,
        read_timeout: Some(SILENCE),
        connect_timeout: Some(SILENCE),
        user_agent: concat!("cordon/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    // Not `Client::new`, which takes another configuration when this one cannot be used.
    Client::try_from(config).map_err(|_| RegistryError::Authority)
}

/// Whether a registry's host, with its port, is on the loopback interface.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => registry,
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A media type as the header that it is sent as.
pub(super) fn content_type(media_type: &'static str) -> http::HeaderValue {
    http::HeaderValue::from_static(media_type)
}

/// Waits for an answer for so long.
pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, OciDistributionError>>,
) -> Result<T, RegistryError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(meaning(error)),
        Err(_) => Err(RegistryError::Unreachable { reason: format!("no answer within {limit:?}") }),
    }
}

/// Addresses are left out: those of uploads and downloads may hold what gives access.
fn meaning(error: OciDistributionError) -> RegistryError {
    // What a registry says goes into logs: a part of it is enough.
    let answer = |reason: String| RegistryError::Answer { reason: reason.chars().take(200).collect() };
    match error {
        OciDistributionError::RequestError(error) => {
            let error = error.without_url();
            let mut reason = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                reason = format!("{reason}: {cause}");
                source = cause.source();
            }
            RegistryError::Unreachable { reason }
        }
        OciDistributionError::IoError(error) => RegistryError::Unreachable { reason: error.to_string() },
        OciDistributionError::AuthenticationFailure(_) | OciDistributionError::UnauthorizedError { .. } => {
            RegistryError::Unauthorized
        }
        OciDistributionError::ImageManifestNotFoundError(_) => RegistryError::Missing,
        OciDistributionError::RegistryError { envelope, .. } => {
            let has =
                |codes: &[OciErrorCode]| envelope.errors.iter().any(|error| codes.contains(&error.code));
            if has(&[OciErrorCode::ManifestUnknown, OciErrorCode::NameUnknown, OciErrorCode::NotFound]) {
                RegistryError::Missing
            } else if has(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                RegistryError::Unauthorized
            } else {
                let codes: Vec<String> =
                    envelope.errors.iter().map(|error| format!("{:?}", error.code)).collect();
                answer(codes.join(", "))
            }
        }
        OciDistributionError::ServerError { code: 404, .. } => RegistryError::Missing,
        OciDistributionError::ServerError { code: 401 | 403, .. } => RegistryError::Unauthorized,
        OciDistributionError::ServerError { code, .. } => answer(format!("status {code}")),
        OciDistributionError::DigestError(error) => answer(error.to_string()),
        OciDistributionError::SpecViolationError(reason) => answer(reason),
        error => answer(variant(&error)),
    }
}

/// What kind of error it is, without what it carries.
fn variant(error: &OciDistributionError) -> String {
    let text = format!("{error:?}");
    text.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_interface_is_it() {
        for loopback in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000", "[::1]"]
        {
            assert!(is_loopback(loopback), "{loopback}");
        }
        for other in
            ["registry.example", "localhost.example:5000", "10.0.0.1:5000", "127.0.0.1.example", "[::2]"]
        {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
