//! `[websocket]`: what WebSockets may be.

use cordon_gateway::WebSocketConfig;
use cordon_settings::{Problems, Table};
use http::Uri;

pub(super) fn read(table: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> WebSocketConfig {
    let usual = WebSocketConfig::default();
    let mut origins = Vec::new();
    for origin in table.texts("origins", problems) {
        if !is_origin(&origin.value) {
            let message = format!("`{}` is no origin", origin.value);
            problems
                .at(origin.span, message)
                .help("write `https://host`, with a port if it is not the usual one");
            continue;
        }
        origins.push(origin.value.to_ascii_lowercase());
    }
    WebSocketConfig {
        origins,
        client_message: table.count("client_message_bytes", usual.client_message, problems),
        backend_message: table.count("backend_message_bytes", usual.backend_message, problems),
    }
}

/// Scheme and host as browsers write them, without a path, or `*`.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return text == "*";
    };
    let authority = text.parse::<Uri>().ok().and_then(|uri| uri.into_parts().authority);
    !scheme.is_empty() && authority.is_some_and(|authority| authority.as_str() == host)
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_scheme_and_host() {
        for right in ["*", "https://crm.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in
            ["", "crm.example", "https://", "https://crm.example/", "https://crm.example/x", "null", "**"]
        {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
