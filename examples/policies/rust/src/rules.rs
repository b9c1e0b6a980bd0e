//! The rules, a JSON text.

use cordon_policy_sdk::types::Problem;
use serde_json::Value;

/// What the policy knows after `configure`.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) path: String,
    pub(crate) section: String,
    pub(crate) query: Vec<String>,
    pub(crate) records: String,
    /// Where a call says whose it is, and what kind of object stands there.
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) keep: Vec<String>,
    /// What is masked, but for so many characters at its end.
    pub(crate) mask: Vec<(String, u32)>,
    pub(crate) fields: Fields,
    pub(crate) outside: Vec<String>,
    pub(crate) total: String,
}

/// Where a call shows fields of its contact.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) of: String,
    pub(crate) at: String,
    pub(crate) last: u32,
}

impl Rules {
    /// Reads the rules, or lists every mistake in them.
    pub(crate) fn read(rules: &str) -> Result<Rules, Vec<Problem>> {
        let document: Value = serde_json::from_str(rules)
            .map_err(|_| vec![problem("", "The rules are no JSON.".to_owned())])?;
        let mut reader = Reader { document: &document, problems: Vec::new() };
        let rules = Rules {
            name: reader.member("name", text),
            version: reader.member("version", text),
            path: reader.member("path", text),
            section: reader.member("section", text),
            query: reader.member("query", |value| all(value, text)),
            records: reader.member("records", text),
            projects: reader.member("projects", |value| {
                all(value, |key| Some((text(key.get("path")?)?, text(key.get("object")?)?)))
            }),
            keep: reader.member("keep", |value| all(value, text)),
            mask: reader.member("mask", |value| {
                all(value, |mask| Some((text(mask.get("path")?)?, count(mask.get("last")?)?)))
            }),
            fields: reader.fields(),
            outside: reader.member("outside", |value| all(value, text)),
            total: reader.member("total", text),
        };
        if reader.problems.is_empty() { Ok(rules) } else { Err(reader.problems) }
    }
}

struct Reader<'a> {
    document: &'a Value,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// A member, or nothing and a problem.
    fn member<T: Default>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> T {
        let found = self.document.get(name).and_then(read);
        if found.is_none() {
            self.problems
                .push(problem(&format!("/{name}"), format!("`{name}` is missing or not as it must be.")));
        }
        found.unwrap_or_default()
    }

    fn fields(&mut self) -> Fields {
        let read = |value: &Value| {
            Some((text(value.get("of")?)?, text(value.get("at")?)?, count(value.get("last")?)?))
        };
        let (of, at, last) = self.member("fields", read);
        Fields { of, at, last }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count < 1000)
}

fn all<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

fn problem(pointer: &str, message: String) -> Problem {
    Problem { pointer: pointer.to_owned(), message, at: None }
}
