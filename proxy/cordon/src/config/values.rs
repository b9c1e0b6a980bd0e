//! Values with a form of their own: paths, files, addresses, durations, header names.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_gateway::MaskSecret;
use cordon_settings::{Problems, Table, Text};
use http::{HeaderName, Uri};
use ipnet::IpNet;

/// A path that may be left out.
pub(super) fn optional_path(
    table: &mut Table<'_, '_>,
    key: &'static str,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<PathBuf> {
    table.text(key, problems).map(|text| folder.join(text.value))
}

/// A file that was read.
pub(super) struct File {
    /// What is in it.
    pub(super) bytes: Vec<u8>,
    span: Range<usize>,
    key: &'static str,
}

/// A file that may be left out, and must be readable if it is named.
pub(super) fn file(
    table: &mut Table<'_, '_>,
    key: &'static str,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<File> {
    table.text(key, problems).and_then(|text| read(text, key, folder, problems))
}

/// A file that must be named, and readable.
pub(super) fn required_file(
    table: &mut Table<'_, '_>,
    key: &'static str,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> Option<File> {
    table.required(key, problems).and_then(|text| read(text, key, folder, problems))
}

fn read(text: Text, key: &'static str, folder: &Path, problems: &mut Problems<'_>) -> Option<File> {
    let path = folder.join(&text.value);
    match std::fs::read(&path) {
        Ok(bytes) => Some(File { bytes, span: text.span, key }),
        Err(error) => {
            problems
                .at(text.span, format!("`{key}` cannot be read: {error}"))
                .help(format!("it stands for {}", path.display()));
            None
        }
    }
}

impl File {
    /// The file's one line of text.
    pub(super) fn line(self, problems: &mut Problems<'_>) -> Option<String> {
        let line =
            String::from_utf8(self.bytes).ok().map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
        match line {
            Some(line) if !line.is_empty() && !line.contains(['\r', '\n']) => Some(line),
            _ => {
                let message = format!("the file of `{}` does not hold exactly one line of text", self.key);
                problems.at(self.span, message).help("write the value, and nothing else, into it");
                None
            }
        }
    }

    /// The file's 32 bytes, as they are or as 64 hexadecimal digits.
    pub(super) fn secret(self, problems: &mut Problems<'_>) -> Option<MaskSecret> {
        if let Ok(bytes) = self.bytes.as_slice().try_into() {
            return Some(MaskSecret(bytes));
        }
        if let Some(bytes) = hexadecimal(self.bytes.trim_ascii_end()) {
            return Some(MaskSecret(bytes));
        }
        let message = format!("the file of `{}` does not hold 32 bytes or 64 hexadecimal digits", self.key);
        problems.at(self.span, message).help("make it with `openssl rand -hex 32`");
        None
    }
}

/// Address and port.
pub(super) fn address(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<SocketAddr> {
    let text = table.required(key, problems)?;
    parsed_address(&text, key, problems)
}

/// Address and port, out of a text.
pub(super) fn parsed_address(text: &Text, key: &str, problems: &mut Problems<'_>) -> Option<SocketAddr> {
    let address = text.value.parse().ok();
    if address.is_none() {
        problems
            .at(text.span.clone(), format!("`{key}` is not an IP address and a port"))
            .help("write it as \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for all addresses of this machine");
    }
    address
}

/// The address of an HTTP server.
pub(super) fn url(text: &Text, key: &str, problems: &mut Problems<'_>) -> Option<Uri> {
    let url = text.value.parse::<Uri>().ok().filter(|url| {
        let scheme = matches!(url.scheme_str(), Some("http" | "https"));
        let plain = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        scheme && plain && url.query().is_none()
    });
    if url.is_none() {
        problems.hide_if_secret(&text.span);
        problems
            .at(text.span.clone(), format!("`{key}` is not the address of an HTTP server"))
            .help("write http:// or https://, a host and a port, such as \"http://127.0.0.1:9000\"");
    }
    url
}

/// A span of time such as `"30s"` or `"20ms"`.
pub(super) fn duration(
    table: &mut Table<'_, '_>,
    key: &'static str,
    usual: Duration,
    problems: &mut Problems<'_>,
) -> Duration {
    let Some(text) = table.text(key, problems) else {
        return usual;
    };
    parse_duration(&text.value).unwrap_or_else(|| {
        problems
            .at(text.span, format!("`{key}` is not a span of time"))
            .help("write a whole number above zero and ms, s, m or h, such as \"30s\"");
        usual
    })
}

/// A span of time that may be left out.
pub(super) fn optional_duration(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<Duration> {
    let is_there = table.take(key).is_some();
    let duration = duration(table, key, Duration::ZERO, problems);
    is_there.then_some(duration)
}

/// Addresses and networks.
pub(super) fn networks(texts: Vec<Text>, key: &str, problems: &mut Problems<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for text in texts {
        let network = text.value.parse::<IpNet>().or_else(|_| text.value.parse::<IpAddr>().map(IpNet::from));
        match network {
            Ok(network) => networks.push(network),
            Err(_) => {
                problems
                    .at(
                        text.span,
                        format!("`{key}` has one that is neither an IP address nor a network of them"),
                    )
                    .help("write \"10.0.0.7\" or \"10.0.0.0/24\"");
            }
        }
    }
    networks
}

/// The name of a header.
pub(super) fn header_name(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<HeaderName> {
    table.text(key, problems).and_then(|text| named(&text, key, problems))
}

/// The names of headers.
pub(super) fn header_names(
    table: &mut Table<'_, '_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Vec<HeaderName> {
    let texts = table.texts(key, problems);
    texts.iter().filter_map(|text| named(text, key, problems)).collect()
}

pub(super) fn named(text: &Text, key: &str, problems: &mut Problems<'_>) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(text.value.as_bytes()).ok();
    if name.is_none() {
        problems
            .at(text.span.clone(), format!("`{key}` is not a header name"))
            .help("use letters, digits, - and _");
    }
    name
}

fn hexadecimal(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok().filter(|number| *number > 0)?;
    match &text[digits.len()..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        "h" => Some(Duration::from_secs(number.checked_mul(60 * 60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_duration("1h"), Some(Duration::from_secs(3600)));
        for wrong in ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "5d", "99999999999999999999s"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
