//! `[access_log]`, `[audit]` and `[traces]`: what is logged beside the process's own log.

use std::path::Path;

use cordon_gateway::Sampling;
use cordon_operate::{AccessLogConfig, AuditConfig, Format, Place, TracesConfig, WhenFull};
use cordon_settings::{Problems, Table};

use crate::config::values;

/// Reads the table `[access_log]`.
pub(super) fn access(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<AccessLogConfig> {
    let place = table.required("to", problems).map(|text| match text.value.as_str() {
        "stdout" => Place::Stdout,
        "stderr" => Place::Stderr,
        file => Place::File(folder.join(file)),
    });
    let format = word(table, "format", [("json", Format::Json), ("text", Format::Text)], problems);
    Some(AccessLogConfig { place: place?, format: format? })
}

/// Reads the table `[audit]`.
pub(super) fn audit(
    table: &mut Table<'_, '_>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<AuditConfig> {
    let file = table.required("file", problems).map(|text| folder.join(text.value));
    let sync = table.flag("sync", problems);
    let words = [("refuse", WhenFull::Refuse), ("serve", WhenFull::Serve)];
    let when_full = word(table, "when_full", words, problems);
    Some(AuditConfig { place: Place::File(file?), sync, when_full: when_full? })
}

/// Exchanges of a thousand that are recorded unless something else is said.
const PER_THOUSAND: usize = 10;

/// Reads the table `[traces]`.
pub(super) fn traces(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Option<TracesConfig> {
    let endpoint = table.required("endpoint", problems);
    let endpoint = endpoint.and_then(|text| values::url(&text, "endpoint", problems));
    let service = table.text("service", problems).map_or("cordon".to_owned(), |text| text.value);
    let parts = u16::try_from(table.count("per_thousand", PER_THOUSAND, problems)).unwrap_or(u16::MAX);
    if parts > 1000 {
        problems.at(table.span(), "`per_thousand` is more than 1000").help("1000 records every exchange");
    }
    let callers_decide = table.flag("callers_decide", problems);
    let sampling = Sampling { share: f64::from(parts) / 1000.0, callers_decide };
    Some(TracesConfig { endpoint: endpoint?, service, sampling })
}

/// One of two words, the first if none is said.
fn word<T>(
    table: &mut Table<'_, '_>,
    key: &'static str,
    words: [(&'static str, T); 2],
    problems: &mut Problems<'_>,
) -> Option<T> {
    let [(usual, first), (other, second)] = words;
    let Some(text) = table.text(key, problems) else {
        return Some(first);
    };
    if text.value == usual {
        Some(first)
    } else if text.value == other {
        Some(second)
    } else {
        problems
            .at(text.span, format!("`{key}` is neither \"{usual}\" nor \"{other}\""))
            .help(format!("leave it out for \"{usual}\""));
        None
    }
}
