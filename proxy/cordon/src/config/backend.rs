//! `[backend]`: where the backend is, how long it may take, and which credential it sees.

use std::path::Path;

use cordon_gateway::{BackendConfig, BackendCredential, ClientTlsConfig, Deadlines};
use cordon_settings::{Problems, Table, wrong_type};
use http::{HeaderName, HeaderValue};

use super::{hosts, tls, values};

/// What `[backend]` says.
pub(super) struct Backend {
    pub(super) config: BackendConfig,
    pub(super) deadlines: Deadlines,
    /// Request headers that reach the backend beside the usual ones.
    pub(super) request_headers: Vec<HeaderName>,
    /// Cookies that reach the backend.
    pub(super) request_cookies: Vec<String>,
}

pub(super) fn read(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> Option<Backend> {
    let place = hosts::place(table, problems);
    let host_limits = hosts::limits(table, problems);
    let checks = hosts::checks(table, problems);
    let tls = ClientTlsConfig {
        authorities: values::optional_path(table, "authorities", folder, problems),
        certificate: tls::certificate(table, folder, "give both, or neither", problems),
        minimum_version: tls::minimum_version(table, problems).unwrap_or_default(),
    };
    let usual = Deadlines::default();
    let deadlines = Deadlines {
        connect: values::duration(table, "connect_timeout", usual.connect, problems),
        head: values::duration(table, "head_timeout", usual.head, problems),
        idle: values::duration(table, "idle_timeout", usual.idle, problems),
        whole: values::duration(table, "whole_timeout", usual.whole, problems),
        ..usual
    };
    let request_headers = request_headers(table, problems);
    let request_cookies = super::identity::cookie_names(table, "request_cookies", problems);
    let credential = credential(table, folder, problems);
    let (url, hosts) = place?;
    let config = BackendConfig { hosts, host_limits, checks, tls, credential, ..BackendConfig::new(url) };
    Some(Backend { config, deadlines, request_headers, request_cookies })
}

/// Sessions of other people may be in the header of cookies.
fn request_headers(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Vec<HeaderName> {
    let texts = table.texts("request_headers", problems);
    for text in texts.iter().filter(|text| text.value.eq_ignore_ascii_case("cookie")) {
        problems
            .at(text.span.clone(), "`request_headers` names the header of all cookies")
            .help("name those that may pass in `request_cookies`");
    }
    texts.iter().filter_map(|text| values::named(text, "request_headers", problems)).collect()
}

fn credential(table: &mut Table<'_, '_>, folder: &Path, problems: &mut Problems<'_>) -> BackendCredential {
    let Some(value) = table.take("credential") else {
        return BackendCredential::None;
    };
    // Somebody may have written the secret itself where the name of its file belongs.
    problems.hide(&value.span());
    if let Some(word) = value.get_ref().as_str() {
        match word {
            "none" => return BackendCredential::None,
            "caller" => return BackendCredential::PassThrough,
            _ => {}
        }
    }
    if value.get_ref().as_table().is_none() {
        wrong_type(
            problems,
            value,
            "credential",
            "\"none\", \"caller\" or { header = \"…\", value_file = \"…\" }",
        );
        return BackendCredential::None;
    }
    let Some(mut inner) = table.table("credential", problems) else {
        return BackendCredential::None;
    };
    let header = values::header_name(&mut inner, "header", problems);
    let query = inner.text("query", problems).map(|text| text.value);
    let line = values::file(&mut inner, "value_file", folder, problems).and_then(|file| file.line(problems));
    inner.finish(problems);
    match (header, query, line) {
        (Some(name), None, Some(line)) => match HeaderValue::from_str(&line) {
            Ok(mut value) => {
                value.set_sensitive(true);
                return BackendCredential::Header { name, value };
            }
            Err(_) => {
                problems
                    .at(value.span(), "the file of `value_file` does not hold the value of a header")
                    .help("write visible ASCII characters into it");
            }
        },
        (None, Some(name), Some(value)) => return BackendCredential::Query { name, value },
        _ => {
            problems
                .at(value.span(), "`credential` needs one of `header` and `query`, and a `value_file`")
                .help(
                    "name the place in which the backend expects its credential, and the file that holds it",
                );
        }
    }
    BackendCredential::None
}
