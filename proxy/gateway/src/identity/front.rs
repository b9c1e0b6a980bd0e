//! What a gateway in front of us says of the caller (H41).

use std::net::IpAddr;

use crate::config::FrontSettings;
use crate::identity::presented::Presented;
use crate::rescue::Cause;

/// Whom the gateway in front names. `None`: the request is not from there, or names nobody.
pub(super) fn named<'a>(
    settings: &FrontSettings,
    presented: &Presented<'a>,
) -> Result<Option<&'a str>, Cause> {
    if !presented.address.is_some_and(|address| is_believed(settings, address)) {
        return Ok(None);
    }
    let mut values = presented.headers.get_all(&settings.header).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Cause::CredentialsDisagree);
    }
    let name = std::str::from_utf8(value.as_bytes()).map_err(|_| Cause::Credentials("unreadable header"))?;
    if name.trim().is_empty() {
        return Err(Cause::Credentials("empty"));
    }
    Ok(Some(name.trim()))
}

fn is_believed(settings: &FrontSettings, address: IpAddr) -> bool {
    // A socket for both families tells IPv4 addresses as IPv6 ones.
    let address = address.to_canonical();
    settings.addresses.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;
    use crate::config::Naming;

    #[test]
    fn h41_only_configured_addresses_are_believed() {
        let settings = FrontSettings {
            header: HeaderName::from_static("x-forwarded-user"),
            addresses: ["10.1.0.0/16", "192.0.2.7/32", "fd00::/8"].map(|text| text.parse().unwrap()).to_vec(),
            naming: Naming::default(),
        };
        let believed = |address: &str| is_believed(&settings, address.parse().unwrap());
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.7", "fd00::1"] {
            assert!(believed(address), "{address}");
        }
        for address in ["10.2.0.1", "127.0.0.1", "192.0.2.8", "::1", "fe80::1", "::10.1.2.3"] {
            assert!(!believed(address), "{address}");
        }
    }
}
