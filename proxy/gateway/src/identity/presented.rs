//! Which credentials a request shows, and where (H41).

use std::net::IpAddr;

use http::HeaderName;
use http::header::{self, HeaderMap};
use smallvec::SmallVec;

use crate::config::{CredentialPlace, CredentialPlaces};
use crate::identity::cookies;
use crate::request::query::Query;
use crate::rescue::Cause;

/// Longer credentials are not looked at.
const LONGEST: usize = 16 << 10;

/// What a request and its connection show of the caller.
pub(crate) struct Presented<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a Query,
    /// Where the connection comes from.
    pub(crate) address: Option<IpAddr>,
    /// The client's own certificate (DER), after it was verified when the connection was made.
    pub(crate) certificate: Option<&'a [u8]>,
}

/// A secret and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Credential<'a> {
    pub(super) text: &'a str,
    pub(super) place: Place<'a>,
}

/// Those of one request, of which there is mostly one.
type Credentials<'a> = SmallVec<[Credential<'a>; 2]>;

/// Where a secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Bearer,
    Basic,
    Header(&'a HeaderName),
    Query(&'a str),
    Cookie(&'a str),
}

impl Place<'_> {
    /// Whether it is one of these.
    pub(super) fn is_among(self, places: &[CredentialPlace]) -> bool {
        let kind = match self {
            Place::Bearer => CredentialPlace::Authorization,
            Place::Header(_) => CredentialPlace::Header,
            Place::Query(_) => CredentialPlace::Query,
            Place::Cookie(_) => CredentialPlace::Cookie,
            Place::Basic => return false,
        };
        places.contains(&kind)
    }
}

/// All credentials of a request. Two different ones in the same place are refused: which of them the backend would
/// take is unknown.
pub(super) fn credentials<'a>(
    presented: &Presented<'a>,
    places: &'a CredentialPlaces,
    basic: bool,
) -> Result<Credentials<'a>, Cause> {
    let mut found = Credentials::new();
    for value in presented.headers.get_all(header::AUTHORIZATION) {
        let text = value.to_str().map_err(|_| Cause::Credentials("unreadable header"))?;
        let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
        let place = match scheme {
            scheme if scheme.eq_ignore_ascii_case("bearer") => Place::Bearer,
            scheme if basic && scheme.eq_ignore_ascii_case("basic") => Place::Basic,
            _ => return Err(Cause::Credentials("scheme that is not taken")),
        };
        add(&mut found, token.trim(), place)?;
    }
    for name in &places.headers {
        for value in presented.headers.get_all(name) {
            let text = value.to_str().map_err(|_| Cause::Credentials("unreadable header"))?;
            add(&mut found, text, Place::Header(name))?;
        }
    }
    for name in &places.query {
        for text in presented.query.values(name) {
            add(&mut found, text, Place::Query(name))?;
        }
    }
    if !places.cookies.is_empty() {
        for (name, value) in cookies::all(presented.headers) {
            if let Some(name) = places.cookies.iter().find(|known| known.as_bytes() == name) {
                let text = cookies::value(value).ok_or(Cause::Credentials("unreadable cookie"))?;
                add(&mut found, text, Place::Cookie(name))?;
            }
        }
    }
    Ok(found)
}

fn add<'a>(found: &mut Credentials<'a>, text: &'a str, place: Place<'a>) -> Result<(), Cause> {
    // Nobody's secret is empty, whatever the directory says: it would be everybody's.
    if text.trim().is_empty() {
        return Err(Cause::Credentials("empty"));
    }
    if text.len() > LONGEST {
        return Err(Cause::Credentials("too long"));
    }
    let same = |other: &&Credential<'_>| match (other.place, place) {
        (Place::Bearer | Place::Basic, Place::Bearer | Place::Basic) => true,
        (one, other) => one == other,
    };
    match found.iter().find(same) {
        Some(other) if other.text == text && other.place == place => Ok(()),
        Some(_) => Err(Cause::CredentialsDisagree),
        None => {
            found.push(Credential { text, place });
            Ok(())
        }
    }
}
