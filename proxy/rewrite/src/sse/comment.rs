//! Comments, which clients pass over, and which keep a connection alive.

/// What backends write to keep a connection alive, and what says no more than that.
const HARMLESS: [&str; 14] = [
    "",
    "alive",
    "connected",
    "done",
    "end",
    "hb",
    "heartbeat",
    "keep alive",
    "keep-alive",
    "keepalive",
    "ok",
    "ping",
    "ready",
    "start",
];

/// Whether a comment tells nothing. Any other text goes, since nobody can say what it holds: what is left is the
/// bare `:`, which keeps the connection alive as well.
pub(super) fn is_harmless(text: &str) -> bool {
    let text = text.trim_matches(' ');
    HARMLESS.iter().any(|harmless| harmless.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_tell_nothing_pass() {
        for text in ["", " ", "ping", "PING ", "keep-alive", "Heartbeat"] {
            assert!(is_harmless(text), "{text}");
        }
        for text in ["ping 17", "acme", "0301234567", "\u{a0}ping", "ping\0"] {
            assert!(!is_harmless(text), "{text}");
        }
    }
}
