//! The request target, given one meaning before anything else looks at it (H40).
//!
//! A path is matched and forwarded in its normal form: unreserved characters are not percent-encoded, everything
//! that need be is, with upper-case digits. What servers are known to read differently from each other is refused:
//! dot segments, empty segments, encoded slashes, backslashes, control characters, `;` parameters, double encoding,
//! and what is not UTF-8.

use http::{Method, Uri, Version};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::request::query::Query;
use crate::rescue::Cause;

/// What is encoded in a path segment: everything but `pchar` (RFC 3986), and `;`.
pub(crate) const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b';')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a request goes, in its normal form.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    uri: Uri,
    /// The normal form of the path, where it is not what the client sent.
    normal: Option<String>,
    pub(crate) query: Query,
}

impl Target {
    pub(crate) fn parse(method: &Method, uri: &Uri, version: Version) -> Result<Target, Cause> {
        if method == Method::CONNECT {
            return Err(Cause::Target("CONNECT is not offered."));
        }
        // HTTP/2 has scheme and authority in pseudo-headers; in HTTP/1 they make the absolute form, meant for
        // forward proxies.
        if version < Version::HTTP_2 && (uri.scheme().is_some() || uri.authority().is_some()) {
            return Err(Cause::Target("The request target must be a path."));
        }
        let path = uri.path();
        if !path.starts_with('/') {
            return Err(Cause::Target("The request target must be a path."));
        }
        let normal = if is_plain(path) { None } else { Some(normal_path(path)?) };
        let query = Query::parse(uri.query().unwrap_or_default())?;
        Ok(Target { uri: uri.clone(), normal, query })
    }

    /// The path in its normal form.
    pub(crate) fn path(&self) -> &str {
        self.normal.as_deref().unwrap_or_else(|| self.uri.path())
    }
}

/// Whether the path is in its normal form for sure: the common case, which costs no allocation.
fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    let plain = bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'~' | b'.'));
    plain && !bytes.windows(2).any(|pair| pair[0] == b'/' && matches!(pair[1], b'/' | b'.'))
}

fn normal_path(path: &str) -> Result<String, Cause> {
    let mut normal = String::with_capacity(path.len());
    let segments = path[1..].split('/').collect::<Vec<_>>();
    let last = segments.len() - 1;
    for (index, raw) in segments.into_iter().enumerate() {
        normal.push('/');
        if raw.is_empty() {
            if index != last {
                return Err(Cause::Target("The path has an empty segment."));
            }
            continue;
        }
        let text = decode(raw, &[])?;
        if text == "." || text == ".." {
            return Err(Cause::Target("The path has a dot segment."));
        }
        if text.contains(['/', '\\', ';']) {
            return Err(Cause::Target("The path has a slash, backslash or semicolon inside a segment."));
        }
        if is_encoded_twice(&text) {
            return Err(Cause::Target("The path is encoded twice."));
        }
        normal.extend(utf8_percent_encode(&text, SEGMENT));
    }
    Ok(normal)
}

/// Decodes a piece of a target once. Control characters are refused but for those `allowed`.
pub(crate) fn decode(raw: &str, allowed: &[char]) -> Result<String, Cause> {
    if !escapes_are_whole(raw.as_bytes()) {
        return Err(Cause::Target("A percent sign is not followed by two hexadecimal digits."));
    }
    let text = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| Cause::Target("The request target is not UTF-8."))?
        .into_owned();
    if text.chars().any(|c| c.is_control() && !allowed.contains(&c)) {
        return Err(Cause::Target("The request target has a control character."));
    }
    Ok(text)
}

/// Whether a decoded text would decode once more.
fn is_encoded_twice(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit())
}

fn escapes_are_whole(raw: &[u8]) -> bool {
    raw.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| raw.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> Option<String> {
        Target::parse(&Method::GET, &path.parse().ok()?, Version::HTTP_11)
            .ok()
            .map(|target| target.path().to_owned())
    }

    #[test]
    fn h40_paths_have_one_form() {
        for (sent, expected) in [
            ("/api/contacts", "/api/contacts"),
            ("/api/contacts/", "/api/contacts/"),
            ("/api/c%6Fntacts", "/api/contacts"),
            ("/%61pi/x%2dy", "/api/x-y"),
            ("/a/%d0%b8", "/a/%D0%B8"),
            ("/a/b%20c", "/a/b%20c"),
            ("/a/b:c@d", "/a/b:c@d"),
            ("/a/100%25", "/a/100%25"),
            ("/a/.hidden", "/a/.hidden"),
            ("/", "/"),
        ] {
            assert_eq!(normal(sent).as_deref(), Some(expected), "{sent}");
        }
    }

    #[test]
    fn h40_ambiguous_paths_are_refused() {
        for sent in [
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/.%2e/b",
            "/./a",
            "//a",
            "/a//b",
            "/a%2fb",
            "/a%5Cb",
            "/a%00",
            "/a%0d%0ab",
            "/a;x=1/b",
            "/a%3bx",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%ff",
            "/a%252fb",
            "/a%252e%252e/b",
        ] {
            assert_eq!(normal(sent), None, "{sent}");
        }
    }

    #[test]
    fn h40_other_target_forms_are_refused() {
        for sent in ["http://other/a", "*", "other:80"] {
            assert_eq!(normal(sent), None, "{sent}");
        }
    }
}
