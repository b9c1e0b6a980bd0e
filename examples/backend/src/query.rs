//! The query of a request.

use percent_encoding::percent_decode_str;

/// Names and values, decoded, in the order of the request.
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(text: Option<&str>) -> Query {
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Query { pairs: pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(decoded).collect() }
    }

    /// The value of a parameter; the last one if it is repeated, as such software has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A number between bounds; the usual one if it is absent or nonsense.
    pub(crate) fn number(&self, name: &str, usual: usize, bounds: std::ops::RangeInclusive<usize>) -> usize {
        let number = self.get(name).and_then(|value| value.parse().ok()).unwrap_or(usual);
        number.clamp(*bounds.start(), *bounds.end())
    }
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    (decode(name), decode(value))
}
