//! What a request is called, by all that it passes.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use crate::config::RequestIds;

/// The header that tells it.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id.
const LONGEST: usize = 64;

/// What the client calls the request. Anything else than an id could be a value that no log may have (H42).
pub(crate) fn told(headers: &HeaderMap) -> Option<Box<str>> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let is_id = !value.is_empty()
        && value.len() <= LONGEST
        && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_id.then(|| value.into())
}

/// The id of a request from this address: that of the gateway before us, or a random one. Nothing of the request is in it.
pub(crate) fn given(settings: &RequestIds, headers: &HeaderMap, address: Option<IpAddr>) -> Box<str> {
    let is_believed = address.is_some_and(|address| {
        // A socket for both families tells IPv4 addresses as IPv6 ones.
        let address = address.to_canonical();
        settings.addresses.iter().any(|network| network.contains(&address))
    });
    told(headers).filter(|_| is_believed).unwrap_or_else(random)
}

fn random() -> Box<str> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (REQUEST_ID, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn h42_only_ids_are_ids() {
        assert_eq!(told(&headers(&["0af7-1F"])).as_deref(), Some("0af7-1F"));
        let long = HeaderValue::from_str(&"a".repeat(LONGEST + 1)).expect("letters");
        let mut longer = HeaderMap::new();
        longer.insert(REQUEST_ID, long);
        for none in [headers(&[]), headers(&[""]), headers(&["anna"]), headers(&["1", "1"]), longer] {
            assert_eq!(told(&none), None);
        }
    }

    #[test]
    fn h41_only_configured_addresses_are_believed() {
        let settings = RequestIds { addresses: vec!["10.1.0.0/16".parse().expect("a network")] };
        let given = |address: Option<&str>| {
            let address = address.map(|address| address.parse().expect("an address"));
            given(&settings, &headers(&["abc"]), address)
        };
        assert_eq!(&*given(Some("::ffff:10.1.2.3")), "abc");
        for address in [None, Some("10.2.0.1"), Some("::1")] {
            let id = given(address);
            assert_eq!((id.len(), &*id == "abc"), (32, false));
            assert_ne!(id, given(address));
        }
    }
}
