//! What WebSockets may be.

/// What WebSockets may be.
#[derive(Clone, Debug)]
pub struct WebSocketConfig {
    /// Origins of pages that may ask beside those of the host that is asked, such as `https://crm.example`, in lower
    /// case; `*` for any. It matters where a browser identifies its user by itself, as by cookies.
    pub origins: Vec<String>,
    /// The longest message of a client, in bytes.
    pub client_message: usize,
    /// The longest message of a backend, in bytes. It is held until it is edited.
    pub backend_message: usize,
}

impl Default for WebSocketConfig {
    fn default() -> WebSocketConfig {
        WebSocketConfig { origins: Vec::new(), client_message: 64 << 10, backend_message: 1 << 20 }
    }
}

impl WebSocketConfig {
    /// Whether pages of this origin may ask.
    pub(crate) fn allows(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|known| known == "*" || known.as_bytes().eq_ignore_ascii_case(origin))
    }
}
