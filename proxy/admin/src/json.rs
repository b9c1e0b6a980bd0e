//! Reading JSON without guessing: a member that stands twice in an object is refused, since readers differ on which
//! one counts (RFC 8259, section 4).

use std::collections::HashSet;
use std::fmt;

use http::StatusCode;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::problem::{Fault, Problem};

/// The value that this text is, or a problem that says where it is none. Nothing of the text is repeated.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Problem> {
    let problem = |error: &serde_json::Error| {
        let what = if error.is_data() { "a member stands twice in one object" } else { "it is not JSON" };
        let detail = format!("{what}, seen in line {}, column {}", error.line(), error.column());
        let help = "send one JSON value in UTF-8, nested at most 128 deep";
        let errors = vec![Fault::at("", "json", detail).help(help)];
        let detail = "The body cannot be read as JSON.";
        Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "not-json", detail) }
    };
    serde_json::from_slice::<Unambiguous>(text).map_err(|error| problem(&error))?;
    serde_json::from_slice(text).map_err(|error| problem(&error))
}

/// Applies a merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.shift_remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Any value in which no object has a member twice.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unambiguous, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Unambiguous;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Unambiguous, A::Error> {
        while sequence.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unambiguous, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            // A number of any size comes as a map of one member, whose value is no JSON.
            if name == "$serde_json::private::Number" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            map.next_value::<Unambiguous>()?;
            if !names.insert(name) {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_json_or_two_things_at_once_is_refused_with_its_place_and_no_word_of_it() {
        for (text, place) in [
            ("{\"secret\": }", "line 1, column 12"),
            ("{\"secret\":1,\n\"secret\":2}", "line 2, column"),
            ("[{\"a\":{\"secret\":1,\"secret\":1}}]", "column"),
            ("", "line 1, column 0"),
            ("\"secret", "line 1, column 7"),
            ("{} secret", "line 1, column 4"),
        ] {
            let problem = parse(text.as_bytes()).unwrap_err();
            let detail = &problem.errors[0].detail;
            assert!(detail.contains(place), "{text}: {detail}");
            assert!(!format!("{problem:?}").contains("secret"), "{text}: {problem:?}");
        }
        assert!(parse(&[b'"', 0xff, b'"']).is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
        assert_eq!(parse(b"{\"a\":[1.50,-0,1e999,{\"a\":null}]}").unwrap()["a"][0].to_string(), "1.50");
    }

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn merging_is_that_of_the_rfc() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut merged = target;
            merge(&mut merged, patch);
            assert_eq!(merged, result);
        }
    }
}
