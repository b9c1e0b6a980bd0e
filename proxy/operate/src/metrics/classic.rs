//! The text format of Prometheus before OpenMetrics (version 0.0.4), for whoever reads nothing else.

use http::HeaderMap;
use http::header::ACCEPT;

/// The format's type.
pub(crate) const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether it is preferred to OpenMetrics by `Accept` (RFC 9110, section 12.5.1). Who does not care gets OpenMetrics.
pub(crate) fn is_preferred(headers: &HeaderMap) -> bool {
    let ranges: Vec<(String, f32)> = headers
        .get_all(ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(range)
        .collect();
    let weight = |kinds: [&str; 3]| {
        let of = |kind: &str| {
            ranges.iter().filter(|(range, _)| range == kind).map(|(_, weight)| *weight).max_by(f32::total_cmp)
        };
        // The most specific range counts.
        kinds.into_iter().find_map(of).unwrap_or(0.0)
    };
    weight(["text/plain", "text/*", "*/*"]) > weight(["application/openmetrics-text", "application/*", "*/*"])
}

/// A range of media types, and its weight.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
    (kind, weight.filter(|weight| weight.is_finite()).unwrap_or(1.0))
}

/// What was written as OpenMetrics. Counters are called as their samples are there, information is a gauge, and nothing
/// says where it ends.
pub(crate) fn rewritten(text: &str) -> String {
    let types: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let name = |family: &str| match types.iter().find(|(name, _)| *name == family) {
        Some((_, "counter")) => format!("{family}_total"),
        Some((_, "info")) => format!("{family}_info"),
        _ => family.to_owned(),
    };
    let mut classic = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some((family, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            classic.push_str(&format!("# HELP {} {help}\n", name(family)));
        } else if let Some((family, kind)) =
            line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let kind = if kind == "info" { "gauge" } else { kind };
            classic.push_str(&format!("# TYPE {} {kind}\n", name(family)));
        } else if !line.starts_with('#') {
            classic.push_str(line);
            classic.push('\n');
        }
    }
    classic
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn who_reads_openmetrics_or_does_not_care_gets_it() {
        for (accept, expected) in [
            (None, false),
            (Some("*/*"), false),
            (Some("text/plain"), true),
            (Some("text/plain;version=0.0.4;q=0.5, */*;q=0.1"), true),
            // As Prometheus asks, and with the two the other way round.
            (
                Some(
                    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
                ),
                false,
            ),
            (Some("application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.5"), true),
            (Some("TEXT/*"), true),
            (Some("text/plain;q=x, application/*"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(is_preferred(&headers), expected, "{accept:?}");
        }
    }

    #[test]
    fn names_and_types_are_those_of_the_older_format() {
        let text = "# HELP a Requests.\n# TYPE a counter\na_total{x=\"1\"} 2\n# HELP b What.\n# TYPE b info\n\
                    b_info{v=\"# EOF\"} 1\n# HELP c Now.\n# TYPE c gauge\nc 3\n# EOF\n";
        let classic = "# HELP a_total Requests.\n# TYPE a_total counter\na_total{x=\"1\"} 2\n\
                       # HELP b_info What.\n# TYPE b_info gauge\nb_info{v=\"# EOF\"} 1\n\
                       # HELP c Now.\n# TYPE c gauge\nc 3\n";
        assert_eq!(rewritten(text), classic);
    }
}
