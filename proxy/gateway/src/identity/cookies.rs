//! Cookies (RFC 6265): which are there, and a `Cookie` header of those that may pass.
//!
//! Servers disagree about quoted semicolons, commas and white space in this header. What passes is written anew, from
//! values in which nothing of that kind can stand.

use http::header::{self, HeaderMap, HeaderValue};

/// Names and values of all cookies, in order, as they stand there. HTTP/2 may send each in a field of its own.
pub(crate) fn all(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .flat_map(|field| field.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let middle = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..middle].trim_ascii(), pair[middle + 1..].trim_ascii()))
        })
}

/// A value that every server reads alike (`cookie-octet`, RFC 6265, section 4.1.1).
pub(crate) fn value(raw: &[u8]) -> Option<&str> {
    let plain = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
    raw.iter().all(plain).then(|| std::str::from_utf8(raw).ok()).flatten()
}

/// Appends those cookies that have one of these names to a request's `Cookie` header. Values that servers may read
/// differently do not pass.
pub(crate) fn copy(sent: &HeaderMap, names: &[String], to: &mut HeaderMap) {
    if names.is_empty() || !sent.contains_key(header::COOKIE) {
        return;
    }
    let mut written = to.get(header::COOKIE).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    for (name, raw) in all(sent) {
        if names.iter().any(|known| known.as_bytes() == name)
            && let Some(value) = value(raw)
        {
            if !written.is_empty() {
                written.extend_from_slice(b"; ");
            }
            written.extend_from_slice(name);
            written.push(b'=');
            written.extend_from_slice(value.as_bytes());
        }
    }
    if !written.is_empty()
        && let Ok(mut value) = HeaderValue::from_bytes(&written)
    {
        value.set_sensitive(true);
        to.insert(header::COOKIE, value);
    }
}

/// Takes cookies of these names out of a head, however their names are capitalised.
pub(crate) fn remove(headers: &mut HeaderMap, names: &[String]) {
    if names.is_empty() || !headers.contains_key(header::COOKIE) {
        return;
    }
    let named = |name: &[u8]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
    let rest = all(headers).filter(|(name, _)| !named(name)).map(|(name, value)| [name, value].join(&b'='));
    let rest = rest.collect::<Vec<_>>().join(&b"; "[..]);
    headers.remove(header::COOKIE);
    if !rest.is_empty()
        && let Ok(value) = HeaderValue::from_bytes(&rest)
    {
        headers.insert(header::COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[&[u8]]) -> HeaderMap {
        let value = |field: &&[u8]| (header::COOKIE, HeaderValue::from_bytes(field).unwrap());
        fields.iter().map(value).collect()
    }

    fn copied(fields: &[&[u8]], names: &[&str]) -> Option<String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut to = HeaderMap::new();
        copy(&head(fields), &names, &mut to);
        to.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn h41_only_named_cookies_pass_and_only_in_one_form() {
        for (sent, expected) in [
            (&[&b"a=1; b=2; c=3"[..]][..], Some("b=2")),
            (&[b"a=1", b"b=2"], Some("b=2")),
            (&[b"b=2;b=3 ;  b = 4"], Some("b=2; b=3; b=4")),
            (&[b"b=eyJ=="], Some("b=eyJ==")),
            (&[b"B=2; bb=3; ; b; =b"], None),
            // One server sees one cookie `a` here, another sees `b` too.
            (&[b"a=\"1; b=2\""], None),
            (&[b"b=\"2\""], None),
            (&[b"b=2, c=3"], None),
            (&[b"b=\xe9"], None),
        ] {
            assert_eq!(copied(sent, &["b"]).as_deref(), expected, "{sent:?}");
        }
        assert_eq!(copied(&[b"a=1; b=2"], &[]), None);
    }

    #[test]
    fn h41_named_cookies_are_taken_out() {
        let names = ["session".to_owned()];
        for (sent, expected) in [
            (&[&b"a=1; session=2; b=\"x y\""[..]][..], Some("a=1; b=\"x y\"")),
            (&[b"SESSION=1", b"session=2"], None),
            (&[b" Session =1;a=\"1; session=2\";c=3"], Some("a=\"1; c=3")),
        ] {
            let mut headers = head(sent);
            remove(&mut headers, &names);
            let left = headers.get(header::COOKIE).map(|value| value.to_str().unwrap());
            assert_eq!(left, expected, "{sent:?}");
        }
    }
}
