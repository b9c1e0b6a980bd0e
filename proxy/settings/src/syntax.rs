//! Mistakes in a file that is no TOML.

use crate::Problems;

/// Notes that the text is no TOML at some place. What stands there was not read, so a statement that may hold a secret
/// is not shown.
pub fn note_syntax(text: &str, error: &toml::de::Error, problems: &mut Problems<'_>) {
    let span = error.span().unwrap_or(0..0);
    let begin = statement_start(text, span.start);
    let end = text[span.end..].find('\n').map_or(text.len(), |length| span.end + length);
    problems.hide_if_secret(&(begin..end));
    problems.at(span, format!("this is not TOML: {}", error.message()));
}

/// Where the statement begins in which a byte stands: the nearest line above that assigns something or is a header.
fn statement_start(text: &str, offset: usize) -> usize {
    let mut begin = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    loop {
        let line = text[begin..].lines().next().unwrap_or_default().trim_start();
        if begin == 0 || line.contains('=') || line.starts_with('[') {
            return begin;
        }
        begin = text[..begin - 1].rfind('\n').map_or(0, |newline| newline + 1);
    }
}
