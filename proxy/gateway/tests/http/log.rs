//! What the gateway logs on a test's thread, which is the only one that the test runs on.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

thread_local! {
    static CAPTURED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Sets up logging for the process, which must be done before anything is logged.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(|| Sink)
            .with_env_filter("cordon=trace,cordon_gateway=trace,cordon_policy=trace,cordon_directory=trace")
            .init();
    });
}

/// Begins to keep what is logged.
pub(crate) fn capture() {
    CAPTURED.with_borrow_mut(|captured| *captured = Some(Vec::new()));
}

/// What was logged since.
pub(crate) fn captured() -> String {
    let bytes = CAPTURED.with_borrow_mut(Option::take).unwrap();
    String::from_utf8(bytes).unwrap()
}

struct Sink;

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        CAPTURED.with_borrow_mut(|captured| {
            if let Some(captured) = captured {
                captured.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
