//! What a response head must be before its body is looked at (H8, H13, H19, H20).

use std::borrow::Cow;

use cordon_rewrite::{BodyPlan, Format};
use encoding_rs::{Encoding, UTF_8};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::rescue::Cause;

/// What a status means for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A representation follows.
    Content,
    /// A success without a body (H8).
    NoContent,
}

/// Reads a status. Redirections are not followed and not passed on, since a `Location` can tell of hidden records;
/// partial content was not asked for (H13); a 304 cannot be, since no condition was sent (H14).
///
/// Errors of the backend keep their status, but for 401 and 403 where the backend was shown a credential of ours:
/// then it refuses us, and not the caller.
pub(crate) fn status(status: StatusCode, credential_is_ours: bool) -> Result<Meaning, Cause> {
    match status.as_u16() {
        200..=203 => Ok(Meaning::Content),
        204 | 205 => Ok(Meaning::NoContent),
        404 | 410 => Err(Cause::Missing),
        401 | 403 | 407 if credential_is_ours => Err(Cause::OwnCredential),
        407 => Err(Cause::Response("unexpected status")),
        400..=599 => Err(Cause::Status(status)),
        206 => Err(Cause::Response("partial content that nobody asked for")),
        304 => Err(Cause::Response("not modified, though no condition was sent")),
        300..=399 => Err(Cause::Response("a redirection")),
        _ => Err(Cause::Response("unexpected status")),
    }
}

/// Checks that the body is in the format, and in the encoding, that the route declares (H20).
pub(crate) fn content_type(headers: &HeaderMap, plan: &BodyPlan) -> Result<(), Cause> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Cause::Response("no Content-Type, or more than one"));
    };
    let media = Media::parse(value).ok_or(Cause::Response("unreadable Content-Type"))?;
    if headers.contains_key(header::CONTENT_RANGE) {
        return Err(Cause::Response("a range that nobody asked for"));
    }
    if media.charset.is_some_and(|name| !is_encoding(&name, encoding(plan))) {
        return Err(Cause::Response("not in the route's encoding, which is UTF-8 unless it says another"));
    }
    let kind = &*media.kind;
    let fits = match plan.format {
        Format::Json => {
            matches!(kind, "application/json" | "text/json")
                || (kind.starts_with("application/") && kind.ends_with("+json"))
        }
        Format::Ndjson => {
            matches!(
                kind,
                "application/x-ndjson"
                    | "application/ndjson"
                    | "application/jsonl"
                    | "application/json-lines"
                    | "application/jsonlines"
                    | "application/x-jsonlines"
                    | "application/x-ldjson"
            )
        }
        Format::Csv if plan.csv.delimiter == b'\t' => {
            matches!(kind, "text/tab-separated-values" | "text/csv" | "application/csv")
        }
        Format::Csv => matches!(kind, "text/csv" | "application/csv"),
        Format::Xml => matches!(kind, "application/xml" | "text/xml") || kind.ends_with("+xml"),
        Format::Sse => kind == "text/event-stream",
    };
    if fits { Ok(()) } else { Err(Cause::Response("Content-Type is not of the route's format")) }
}

/// The encoding that a route declares. Only CSV can be in another than UTF-8.
fn encoding(plan: &BodyPlan) -> &'static Encoding {
    match plan.format {
        Format::Csv => Encoding::for_label(plan.csv.encoding.as_bytes()).unwrap_or(UTF_8),
        Format::Json | Format::Ndjson | Format::Xml | Format::Sse => UTF_8,
    }
}

/// Whether a character set is an encoding. ASCII is part of all that a route can declare.
fn is_encoding(charset: &str, encoding: &'static Encoding) -> bool {
    charset == "us-ascii" || Encoding::for_label(charset.as_bytes()) == Some(encoding)
}

/// The `Content-Type` of an edited body.
pub(crate) fn declared(plan: &BodyPlan) -> HeaderValue {
    HeaderValue::from_static(match plan.format {
        Format::Json => "application/json",
        Format::Ndjson => "application/x-ndjson",
        Format::Csv => {
            // Names of encodings are tokens.
            let kind = if plan.csv.delimiter == b'\t' { "text/tab-separated-values" } else { "text/csv" };
            let value = format!("{kind}; charset={}", encoding(plan).name().to_ascii_lowercase());
            return HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("text/csv"));
        }
        Format::Xml => "application/xml; charset=utf-8",
        Format::Sse => "text/event-stream",
    })
}

/// What the backend is asked for.
pub(crate) fn accepted(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/json",
        Format::Ndjson => "application/x-ndjson",
        Format::Csv => "text/csv",
        Format::Xml => "application/xml",
        Format::Sse => "text/event-stream",
    })
}

/// A media type, of which only the character set matters beside the type itself.
struct Media<'a> {
    kind: Cow<'a, str>,
    charset: Option<String>,
}

impl Media<'_> {
    fn parse(value: &HeaderValue) -> Option<Media<'_>> {
        let text = value.to_str().ok()?;
        let (kind, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let kind = kind.trim();
        let has_capitals = kind.bytes().any(|byte| byte.is_ascii_uppercase());
        let kind = if has_capitals { Cow::Owned(kind.to_ascii_lowercase()) } else { Cow::Borrowed(kind) };
        let is_token = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty()
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*'`|~%".contains(&byte))
        };
        let (class, name) = kind.split_once('/')?;
        if !is_token(class) || !is_token(name) {
            return None;
        }
        let mut charset = None;
        while !rest.trim().is_empty() {
            let (name, after) = match rest.find(['=', ';']) {
                Some(at) if rest.as_bytes()[at] == b'=' => (rest[..at].trim(), &rest[at + 1..]),
                Some(at) if rest[..at].trim().is_empty() => {
                    rest = &rest[at + 1..];
                    continue;
                }
                _ => return None,
            };
            let (value, after) = parameter_value(after)?;
            if name.eq_ignore_ascii_case("charset") && charset.replace(value.to_ascii_lowercase()).is_some() {
                return None;
            }
            rest = after;
        }
        Some(Media { kind, charset })
    }
}

/// A token or a quoted string, and what follows its semicolon.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return Some((value.trim().to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '"' => {
                let rest = quoted[at + 1..].trim_start();
                return if rest.is_empty() {
                    Some((value, ""))
                } else {
                    Some((value, rest.strip_prefix(';')?))
                };
            }
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(format: Format) -> BodyPlan {
        BodyPlan { format, ..BodyPlan::default() }
    }

    fn fits(value: &str, plan: &BodyPlan) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
        content_type(&headers, plan).is_ok()
    }

    fn is_json(value: &str) -> bool {
        fits(value, &plan(Format::Json))
    }

    #[test]
    fn h20_json_by_its_names() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; profile=\"a;b=\\\"c\\\"\"; charset=utf-8",
            "application/json; ; charset=utf-8;",
            "text/json",
            "application/vnd.api+json; ext=x",
            "application/problem+json",
        ] {
            assert!(is_json(value), "{value}");
        }
    }

    #[test]
    fn h20_whatever_else_is_not() {
        for value in [
            "text/plain",
            "text/html",
            "application/octet-stream",
            "application/jsonp",
            "json",
            "application/json, text/html",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=utf-16",
            "application/json; charset=\"utf-8",
            "application/json; charset",
            "text/x+json",
            "multipart/byteranges",
        ] {
            assert!(!is_json(value), "{value}");
        }
        assert!(content_type(&HeaderMap::new(), &plan(Format::Json)).is_err());
    }

    /// For each format: what it is called, and what is nearly so called.
    const NAMES: [(Format, &[&str], &[&str]); 4] = [
        (
            Format::Ndjson,
            &["application/x-ndjson", "application/jsonl; charset=utf-8", "application/json-lines"],
            &[
                "application/json",
                "text/plain",
                "application/json-seq",
                "application/x-ndjson; charset=latin1",
            ],
        ),
        (
            Format::Csv,
            &["text/csv", "TEXT/CSV; header=present; charset=UTF-8", "application/csv; charset=us-ascii"],
            &[
                "text/plain",
                "text/tab-separated-values",
                "text/csv; charset=windows-1252",
                "text/csv; charset=x",
            ],
        ),
        (
            Format::Xml,
            &["application/xml", "text/xml; charset=utf-8", "application/atom+xml"],
            &["text/html", "application/xhtml", "application/xml; charset=iso-8859-1", "application/json"],
        ),
        (
            Format::Sse,
            &["text/event-stream", "text/event-stream;charset=utf-8"],
            &[
                "text/plain",
                "text/event-streams",
                "application/x-ndjson",
                "text/event-stream; charset=utf-16",
            ],
        ),
    ];

    #[test]
    fn h20_each_format_by_its_names() {
        for (format, right, wrong) in NAMES {
            for value in right {
                assert!(fits(value, &plan(format)), "{value}");
            }
            for value in wrong {
                assert!(!fits(value, &plan(format)), "{value}");
            }
        }
    }

    #[test]
    fn what_is_said_of_an_edited_body_is_understood() {
        for format in [Format::Json, Format::Ndjson, Format::Csv, Format::Xml, Format::Sse] {
            let plan = plan(format);
            assert!(fits(declared(&plan).to_str().unwrap(), &plan), "{format:?}");
            assert!(fits(accepted(format).to_str().unwrap(), &plan), "{format:?}");
        }
    }

    #[test]
    fn csv_is_in_the_encoding_that_the_route_declares() {
        let mut plan = plan(Format::Csv);
        plan.csv.encoding = "latin1".to_owned();
        plan.csv.delimiter = b'\t';
        assert_eq!(declared(&plan), "text/tab-separated-values; charset=windows-1252");
        for value in ["text/csv", "text/csv; charset=ISO-8859-1", "text/tab-separated-values; charset=cp1252"]
        {
            assert!(fits(value, &plan), "{value}");
        }
        assert!(!fits("text/csv; charset=utf-8", &plan));
        assert!(!fits("text/csv; charset=windows-1251", &plan));
    }
}
