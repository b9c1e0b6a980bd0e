//! Reads OpenMetrics strictly: what Prometheus would refuse, or a linter complain about, fails here.

use std::collections::{BTreeMap, BTreeSet};

/// What stood there.
pub(crate) struct Exposition {
    /// Name and labels as they stand there.
    pub(crate) samples: BTreeMap<String, f64>,
    /// Names of gauges, also of those of which there is none at present.
    pub(crate) gauges: BTreeSet<String>,
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Exposition {
        assert!(text.ends_with("# EOF\n"), "it does not end");
        let mut types: BTreeMap<String, String> = BTreeMap::new();
        let mut helps = BTreeSet::new();
        let mut samples = BTreeMap::new();
        let mut family = String::new();
        for line in text.lines() {
            if line == "# EOF" {
                continue;
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(help.len() > 5, "{line}");
                assert!(helps.insert(name.to_owned()), "told twice: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "told twice: {line}");
                family = name.to_owned();
            } else {
                let end = line.rfind(' ').unwrap();
                let (series, value) = (&line[..end], line[end + 1..].parse::<f64>().unwrap());
                let name = series.split('{').next().unwrap();
                let suffixes: &[&str] = match types[&family].as_str() {
                    "counter" => &["_total"],
                    "gauge" => &[""],
                    "info" => &["_info"],
                    "histogram" => &["_sum", "_count", "_bucket"],
                    other => panic!("{other}"),
                };
                let belongs = suffixes.iter().any(|suffix| format!("{family}{suffix}") == name);
                assert!(belongs, "{series} is not of {family}");
                assert!(name.starts_with("cordon_") && is_name(name), "{name}");
                check_labels(series.strip_prefix(name).unwrap());
                assert!(value >= 0.0 || types[&family] == "gauge", "{line}");
                assert!(samples.insert(series.to_owned(), value).is_none(), "told twice: {line}");
            }
        }
        assert_eq!(types.keys().cloned().collect::<BTreeSet<_>>(), helps);
        let gauges = types.into_iter().filter(|(_, kind)| kind == "gauge").map(|(name, _)| name).collect();
        let exposition = Exposition { samples, gauges };
        exposition.check_histograms();
        exposition
    }

    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.samples))
    }

    /// Buckets grow, and the last is the count.
    fn check_histograms(&self) {
        let mut histograms: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (series, count) in self.samples.iter().filter(|(series, _)| series.contains("_bucket{")) {
            let (before, rest) = series.split_once("le=\"").unwrap();
            let (bound, after) = rest.split_once('"').unwrap();
            let bound = bound.replace("+Inf", "inf").parse().unwrap();
            let name = format!("{before}{}", after.trim_start_matches(',')).replace("_bucket{", "_count{");
            histograms.entry(name.replace(",}", "}")).or_default().push((bound, *count));
        }
        assert!(!histograms.is_empty());
        for (series, mut buckets) in histograms {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{series}: {buckets:?}");
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, self.value(&series))), "{series}");
        }
    }
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn check_labels(labels: &str) {
    let Some(inner) = labels.strip_prefix('{') else {
        return assert!(labels.is_empty(), "{labels}");
    };
    let inner = inner.strip_suffix('}').unwrap();
    for label in inner.split("\",").filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once("=\"").unwrap();
        assert!(is_name(name), "{labels}");
        assert!(!value.trim_end_matches('"').contains(['"', '\n']), "{labels}");
    }
}
