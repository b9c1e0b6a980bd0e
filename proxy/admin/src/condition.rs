//! Validators: strong entity tags, and what a request makes depend on them (RFC 9110, sections 8.8.3 and 13).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::problem::{Fault, Problem};

/// The strong entity tag of what the caller sees of a record: a change that they may not see changes nothing (D22).
pub(crate) fn entity_tag(seen: &Value) -> HeaderValue {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(seen.to_string()));
    HeaderValue::from_str(&format!("\"{digest}\"")).expect("base64 is visible ASCII")
}

/// What a request makes depend on what is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    matches: Option<Tags>,
    none_matches: Option<Tags>,
}

/// A list of entity tags, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<Tag>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    /// With its quotes.
    text: Vec<u8>,
}

impl Conditions {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Conditions, Problem> {
        Ok(Conditions { matches: tags(headers, &IF_MATCH)?, none_matches: tags(headers, &IF_NONE_MATCH)? })
    }

    /// Judges them before a change. `there` is the tag of what is there, as far as the caller sees it.
    /// Whoever replaces the whole of something (`whole`) must say what they mean to replace.
    pub(crate) fn check(&self, there: Option<&HeaderValue>, whole: bool) -> Result<(), Problem> {
        match (&self.matches, there) {
            (Some(tags), there) if !there.is_some_and(|tag| tags.matches(tag)) => {
                let detail = "What you mean to change is not as you saw it. Read it again, and decide anew.";
                return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "changed-meanwhile", detail));
            }
            (None, Some(_)) if whole && self.none_matches.is_none() => {
                let detail = "Say by If-Match which version you mean to replace: the ETag of your last GET.";
                return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match-required", detail));
            }
            _ => {}
        }
        match (&self.none_matches, there) {
            (Some(tags), Some(tag)) if tags.matches(tag) => {
                let detail = "There is one already, and If-None-Match says that there is none.";
                Err(Problem::new(StatusCode::PRECONDITION_FAILED, "there-already", detail))
            }
            _ => Ok(()),
        }
    }

    /// Whether the caller of a GET has this already.
    pub(crate) fn is_known(&self, tag: &HeaderValue) -> bool {
        self.none_matches.as_ref().is_some_and(|tags| tags.matches_weakly(tag))
    }
}

impl Tags {
    fn matches(&self, tag: &HeaderValue) -> bool {
        match self {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|other| !other.is_weak && other.text == tag.as_bytes()),
        }
    }

    fn matches_weakly(&self, tag: &HeaderValue) -> bool {
        match self {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|other| other.text == tag.as_bytes()),
        }
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, Problem> {
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.as_bytes().trim_ascii();
        if rest == b"*" {
            return Ok(Some(Tags::Any));
        }
        while !rest.is_empty() {
            let (tag, left) = one(rest).ok_or_else(|| {
                let fault = Fault::of(name.as_str(), "header", "a list of entity tags is expected, or *");
                let errors = vec![fault.help("send the ETag of an answer as it was, with its quotes")];
                let detail = "A header is not what it has to be.";
                Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "header", detail) }
            })?;
            found.push(tag);
            rest = left;
        }
    }
    Ok(Some(Tags::These(found)))
}

/// The first tag of a list, and what comes after it and its comma.
fn one(text: &[u8]) -> Option<(Tag, &[u8])> {
    let (is_weak, rest) = match text.strip_prefix(b"W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let end = rest.strip_prefix(b"\"")?.iter().position(|byte| *byte == b'"')? + 2;
    let tag = Tag { is_weak, text: rest[..end].to_vec() };
    let left = rest[end..].trim_ascii();
    match left.strip_prefix(b",") {
        Some(left) => Some((tag, left.trim_ascii())),
        None => left.is_empty().then_some((tag, left)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conditions(name: &'static str, value: &str) -> Conditions {
        let value = HeaderValue::from_str(value).unwrap();
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        Conditions::read(&headers).unwrap()
    }

    fn status(outcome: Result<(), Problem>) -> u16 {
        outcome.map_or_else(|problem| problem.status.as_u16(), |()| 200)
    }

    #[test]
    fn conditions_are_judged_by_strong_comparison() {
        let tag = entity_tag(&json!({"name": "Acme"}));
        let text = tag.to_str().unwrap();
        for (name, value, there, expected) in [
            ("if-match", text.to_owned(), true, 200),
            ("if-match", format!("\"a,b\" , {text}"), true, 200),
            ("if-match", format!("W/{text}"), true, 412),
            ("if-match", "\"other\"".to_owned(), true, 412),
            ("if-match", "*".to_owned(), true, 200),
            ("if-match", "*".to_owned(), false, 412),
            ("if-match", text.to_owned(), false, 412),
            ("if-none-match", "*".to_owned(), true, 412),
            ("if-none-match", "*".to_owned(), false, 200),
            ("if-none-match", text.to_owned(), true, 412),
            ("if-none-match", "\"other\"".to_owned(), true, 200),
        ] {
            let conditions = conditions(name, &value);
            assert_eq!(status(conditions.check(there.then_some(&tag), true)), expected, "{name}: {value}");
        }
        assert_eq!(status(Conditions::default().check(Some(&tag), true)), 428);
        assert_eq!(status(Conditions::default().check(Some(&tag), false)), 200);
        assert_eq!(status(Conditions::default().check(None, true)), 200);
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for value in ["abc", "\"abc", "\"a\" \"b\"", "W/", "\"a\",b", "w/\"a\""] {
            let headers = HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_str(value).unwrap())]);
            assert!(Conditions::read(&headers).is_err(), "{value}");
        }
    }
}
