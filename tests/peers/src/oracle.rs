//! What the filtered answer must be, by a tree of the whole document: the simplest program that says it.

use serde_json::Value;

/// The project whose entries the caller may see.
pub const PROJECT: &str = "acme";
/// The fields of a contact that the caller may see.
pub const FIELDS: [&str; 3] = ["acme_loan_no", "acme_balance", "comment"];
/// A field that shows only that something is there.
pub const HIDDEN: &str = "passport";
/// What stands in place of a hidden field.
pub const MASK: &str = "********";

/// The call log as the caller may see it.
///
/// # Errors
/// If it is no call log.
pub fn filtered(body: &[u8]) -> Result<Value, String> {
    let mut document: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let entries = document["data"].as_array_mut().ok_or("no entries")?;
    entries.retain(|entry| entry["project_id"] == PROJECT);
    for entry in entries.iter_mut() {
        let fields = entry["contact"]["fields"].as_object_mut().ok_or("no fields")?;
        fields.retain(|name, _| FIELDS.contains(&name.as_str()) || name == HIDDEN);
        if let Some(hidden) = fields.get_mut(HIDDEN) {
            *hidden = MASK.into();
        }
    }
    let kept = entries.len();
    document["meta"]["total"] = kept.into();
    Ok(document)
}

/// Says how an answer differs from what it must be, if it does. Order of members and white space do not count.
///
/// # Errors
/// The difference, for people.
pub fn compare(answer: &[u8], expected: &Value) -> Result<(), String> {
    let answer: Value =
        serde_json::from_slice(answer).map_err(|error| format!("the answer is no JSON: {error}"))?;
    difference(&answer, expected, "$").map_or(Ok(()), Err)
}

fn difference(answer: &Value, expected: &Value, place: &str) -> Option<String> {
    match (answer, expected) {
        (Value::Object(have), Value::Object(want)) => {
            if let Some(name) = have.keys().find(|name| !want.contains_key(*name)) {
                return Some(format!("{place}.{name} is there"));
            }
            want.iter().find_map(|(name, want)| match have.get(name) {
                None => Some(format!("{place}.{name} is missing")),
                Some(have) => difference(have, want, &format!("{place}.{name}")),
            })
        }
        (Value::Array(have), Value::Array(want)) if have.len() == want.len() => {
            let mut both = have.iter().zip(want).enumerate();
            both.find_map(|(number, (have, want))| difference(have, want, &format!("{place}[{number}]")))
        }
        (Value::Array(have), Value::Array(want)) => {
            Some(format!("{place} has {} entries instead of {}", have.len(), want.len()))
        }
        _ if answer == expected => None,
        _ => Some(format!("{place} is {answer} instead of {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sizes::SIZES;

    #[test]
    fn of_the_generated_logs_a_quarter_is_kept_and_little_of_each() {
        for size in SIZES {
            let body = size.body();
            let expected = filtered(&body).unwrap();
            let kept = expected["data"].as_array().unwrap();
            let quarter = size.entries as usize / 4;
            assert!(!kept.is_empty() && kept.len() - quarter <= 1, "{}: {}", size.name, kept.len());
            assert_eq!(expected["meta"]["total"], kept.len());
            let text = expected.to_string();
            for hidden in ["globex", "initech", "umbrella", "urgent", "X0000"] {
                assert!(!text.contains(hidden), "{hidden} in {}", size.name);
            }
            for shown in
                ["acme_loan_no", "acme_balance", "1520.44", "\"passport\":\"********\"", "after 6pm", "vip"]
            {
                assert!(text.contains(shown), "{shown} in {}", size.name);
            }
            assert!(compare(&body, &expected).is_err());
            assert_eq!(compare(text.as_bytes(), &expected), Ok(()));
        }
    }

    #[test]
    fn differences_are_named_and_order_is_none() {
        let expected = serde_json::json!({"a": [1, {"b": 2, "c": null}], "d": 1520.44});
        for (answer, said) in [
            (r#"{"d": 1520.44, "a": [1, {"c": null, "b": 2}]}"#, Ok(())),
            (r#"{"d": 1520.44, "a": [1, {"c": null, "b": 3}]}"#, Err("$.a[1].b is 3 instead of 2")),
            (r#"{"d": 1520.44, "a": [1, {"b": 2}]}"#, Err("$.a[1].c is missing")),
            (r#"{"d": 1520.44, "a": [1, {"b": 2, "c": null, "x": 0}]}"#, Err("$.a[1].x is there")),
            (r#"{"d": 1520.44, "a": [1]}"#, Err("$.a has 1 entries instead of 2")),
        ] {
            assert_eq!(compare(answer.as_bytes(), &expected), said.map_err(str::to_owned), "{answer}");
        }
        assert!(compare(b"{", &expected).is_err());
    }
}
