//! Machine code to bytes and back: the one place where bytes are believed to be code.

use wasmtime::component::Component;

use crate::compiled::Contents;
use crate::engine::Engine;

/// A component's compiled form as bytes.
pub(crate) fn code_of(component: &Component) -> wasmtime::Result<Vec<u8>> {
    component.serialize()
}

/// The component whose compiled form these bytes are.
#[expect(
    unsafe_code,
    reason = "wasmtime cannot tell machine code of its own making from any other: the caller vouches for it"
)]
pub(crate) fn revive(engine: &Engine, code: &Contents) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be what `Component::serialize` gave. `Contents` exist only where a file's code of
    // authentication was right, and the bytes are the very ones that were looked at, not read a second time. The key
    // is in a file that only the user of this process may read, in a folder that only that user may write; who can
    // forge a file can therefore already act as this process. All that this process ever writes there is what
    // `code_of` gave, under the hash of all that it was made from, wasmtime's own version and settings among it; that
    // the code is for this engine is besides checked by wasmtime itself.
    unsafe { Component::deserialize(engine.wasmtime(), code.as_bytes()) }
}
