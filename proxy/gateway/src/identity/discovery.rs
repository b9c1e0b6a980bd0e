//! What an issuer publishes about itself (OpenID Connect Discovery 1.0).

use http::Uri;
use serde::Deserialize;

/// Where the metadata is, by the issuer's name (section 4.1). `None`: the name is no address of that kind.
pub(super) fn address(issuer: &str) -> Option<Uri> {
    let url = server(issuer).filter(|url| url.query().is_none())?;
    let has_fragment = issuer.contains('#');
    let metadata = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    metadata.parse().ok().filter(|_| !has_fragment && url.authority().is_some())
}

/// Where the keys are. The metadata must be about this very issuer (section 4.3): otherwise one issuer could speak for
/// another. Keys of an issuer that is asked over TLS must come over TLS as well.
pub(super) fn keys(issuer: &str, metadata: &[u8]) -> Result<Uri, String> {
    let metadata: Metadata =
        serde_json::from_slice(metadata).map_err(|_| "the metadata is not what OpenID Connect asks for")?;
    if metadata.issuer != issuer {
        return Err("the metadata is about another issuer".to_owned());
    }
    let keys = server(&metadata.jwks_uri).ok_or("the `jwks_uri` of the metadata is no address")?;
    let is_tls = |url: &Uri| url.scheme_str() == Some("https");
    if server(issuer).is_some_and(|issuer| is_tls(&issuer)) && !is_tls(&keys) {
        return Err("the `jwks_uri` of the metadata is without TLS".to_owned());
    }
    Ok(keys)
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

fn server(text: &str) -> Option<Uri> {
    let plain = |url: &Uri| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    };
    text.parse::<Uri>().ok().filter(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_stands_below_the_issuer() {
        for (issuer, expected) in [
            ("https://login.test", Some("https://login.test/.well-known/openid-configuration")),
            ("https://login.test/", Some("https://login.test/.well-known/openid-configuration")),
            ("https://a.test:8443/b/c", Some("https://a.test:8443/b/c/.well-known/openid-configuration")),
            ("https://a.test/?b=c", None),
            ("https://a.test/#b", None),
            ("https://user:pass@a.test", None),
            ("ftp://a.test", None),
            ("a.test", None),
            ("", None),
        ] {
            assert_eq!(address(issuer).map(|url| url.to_string()).as_deref(), expected, "{issuer}");
        }
    }

    #[test]
    fn metadata_of_another_issuer_or_without_tls_counts_for_nothing() {
        let found = |issuer: &str, said: &str, uri: &str| {
            let metadata = format!(r#"{{"issuer":"{said}","jwks_uri":"{uri}","more":[1]}}"#);
            keys(issuer, metadata.as_bytes()).ok().map(|url| url.to_string())
        };
        let (one, set) = ("https://one.test", "https://one.test/keys");
        assert_eq!(found(one, one, set).as_deref(), Some(set));
        assert_eq!(found("http://one.test", "http://one.test", set).as_deref(), Some(set));
        assert_eq!(found(one, "https://one.test/", set), None);
        assert_eq!(found(one, "https://two.test", set), None);
        assert_eq!(found(one, one, "http://one.test/keys"), None);
        assert_eq!(found(one, one, "/keys"), None);
        assert_eq!(keys(one, b"{}").ok(), None);
        assert_eq!(keys(one, b"<html>").ok(), None);
    }
}
