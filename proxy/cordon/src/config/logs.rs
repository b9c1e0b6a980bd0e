//! `[access_log]` and `[audit]`: what is logged beside the process's own log.

use std::path::Path;

use cordon_operate::{AccessLogConfig, AuditConfig, Format, Place, WhenFull};
use cordon_settings::{Problems, Table};

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
