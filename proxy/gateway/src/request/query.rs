//! The query, parsed once and forwarded from what was parsed, so that nobody behind us reads it differently.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::request::target::decode;
use crate::rescue::Cause;

/// What is encoded in names and values: everything but unreserved characters (RFC 3986).
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Names by which frameworks let a query replace the method (H40).
const METHOD_OVERRIDES: &[&str] =
    &["_method", "x-http-method-override", "x-http-method", "x-method-override"];

/// The parameters of a query, decoded, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    /// Reads a query as HTML forms write it. A `+` is a space; a name without `=` has an empty value.
    pub(crate) fn parse(raw: &str) -> Result<Query, Cause> {
        let mut parameters = Vec::new();
        for piece in raw.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode_component(name)?;
            if METHOD_OVERRIDES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                return Err(Cause::Target("The method cannot be changed by a query parameter."));
            }
            parameters.push((name, decode_component(value)?));
        }
        Ok(Query { parameters })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Names present, sorted, without duplicates.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.parameters.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Values of a parameter, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Takes a parameter out, every occurrence of it.
    pub(crate) fn remove(&mut self, name: &str) {
        self.parameters.retain(|(known, _)| known != name);
    }

    /// Gives a parameter this one value, in the place of its first occurrence or at the end.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let first = self.parameters.iter().position(|(known, _)| known == name);
        self.remove(name);
        let place = first.unwrap_or(self.parameters.len()).min(self.parameters.len());
        self.parameters.insert(place, (name.to_owned(), value.to_owned()));
    }

    /// Appends the normal form, with a leading `?` where there is something.
    pub(crate) fn write(&self, target: &mut String) {
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, COMPONENT));
            target.push('=');
            target.extend(utf8_percent_encode(value, COMPONENT));
        }
    }
}

/// Line breaks and tabs are text in a query.
fn decode_component(raw: &str) -> Result<String, Cause> {
    const BREAKS: &[char] = &['\n', '\r', '\t'];
    if raw.contains('+') { decode(&raw.replace('+', " "), BREAKS) } else { decode(raw, BREAKS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(raw: &str) -> Option<String> {
        let mut text = String::new();
        Query::parse(raw).ok()?.write(&mut text);
        Some(text)
    }

    #[test]
    fn h40_queries_have_one_form() {
        for (sent, expected) in [
            ("", ""),
            ("a=1&b=2", "?a=1&b=2"),
            ("b=2&a=1&b=3", "?b=2&a=1&b=3"),
            ("flag", "?flag="),
            ("q=a+b%20c", "?q=a%20b%20c"),
            ("a=1;b=2", "?a=1%3Bb%3D2"),
            ("filter[x]=%d0%b8", "?filter%5Bx%5D=%D0%B8"),
            ("&&a=1&", "?a=1"),
        ] {
            assert_eq!(normal(sent).as_deref(), Some(expected), "{sent}");
        }
    }

    #[test]
    fn h40_ambiguous_queries_are_refused() {
        for sent in ["a=%", "a=%f", "a=%ff", "a=%00", "%00=1", "_method=DELETE", "_METHOD=x", "%5fmethod=PUT"]
        {
            assert_eq!(normal(sent), None, "{sent}");
        }
    }

    #[test]
    fn a_set_parameter_has_one_value() {
        let mut query = Query::parse("a=1&b=2&a=3").unwrap();
        query.set("a", "9");
        query.set("c", "4");
        let mut text = String::new();
        query.write(&mut text);
        assert_eq!(text, "?a=9&b=2&c=4");
        assert_eq!(query.names(), ["a", "b", "c"]);
    }
}
