//! Reading a query strictly: each parameter once, and none that nobody knows.

use std::borrow::Cow;

use http::Uri;

use crate::paging::{MOST, USUAL};
use crate::problem::Fault;

/// The parameters of a query that have not been taken yet, and what was wrong with those that have.
pub(crate) struct Query {
    path: String,
    /// All of them, in order; those that were taken too.
    pairs: Vec<(String, String)>,
    taken: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Query {
    pub(crate) fn of(uri: &Uri) -> Query {
        let text = uri.query().unwrap_or_default();
        let mut faults = Vec::new();
        let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode_str(text).into();
        if std::str::from_utf8(&decoded).is_err() {
            faults.push(Fault::of("query", "text", "it is not UTF-8").help("percent-encode UTF-8"));
        }
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Query { path: uri.path().to_owned(), pairs, taken: Vec::new(), faults }
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The value of a parameter.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<String> {
        self.taken.push(name);
        let mut values = self.pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value);
        let value = values.next().cloned();
        if values.next().is_some() {
            self.fault(Fault::of(name, "twice", "it is given more than once").help("give it once"));
        }
        let value = value?;
        // Nothing has such a name, and not every database can look for one.
        if value.chars().any(char::is_control) {
            self.fault(Fault::of(name, "text", "it has a control character").help("take it out"));
            return None;
        }
        Some(value)
    }

    /// A parameter that is `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.fault(Fault::of(name, "type", "true or false is expected"));
                None
            }
        }
    }

    /// How many items a page is to have.
    pub(crate) fn limit(&mut self) -> usize {
        let Some(text) = self.take("limit") else { return USUAL };
        match text.parse() {
            Ok(limit) if (1..=MOST).contains(&limit) => limit,
            _ => {
                self.fault(Fault::of("limit", "type", format!("a number from 1 to {MOST} is expected")));
                USUAL
            }
        }
    }

    /// The path and query without one parameter.
    pub(crate) fn without(&self, name: &str) -> String {
        let mut rest = form_urlencoded::Serializer::new(String::new());
        rest.extend_pairs(self.pairs.iter().filter(|(other, _)| other != name));
        let rest = rest.finish();
        if rest.is_empty() { self.path.clone() } else { format!("{}?{rest}", self.path) }
    }

    /// All that is wrong.
    pub(crate) fn finish(mut self) -> Vec<Fault> {
        for (name, _) in &self.pairs {
            if !self.taken.contains(&name.as_str()) {
                let fault = Fault::of(name, "unknown-parameter", "this path takes no parameter of this name");
                self.faults.push(fault.help("the document at /openapi.json lists the parameters"));
            }
        }
        self.faults
    }
}
