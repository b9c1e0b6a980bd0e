//! What compiled code is kept under, and what a file holds that may be trusted.

use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

use crate::engine::Engine;
use crate::manifest::{Manifest, Route};

/// Changes whenever what stands in a file, or what leads to it, changes.
const FORMAT: &str = concat!("cordon compiled 1 ", env!("CARGO_PKG_VERSION"));

/// The name of something compiled: SHA-256 over everything that it was made from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry([u8; 32]);

/// What stood in a file whose code of authentication was right. There is no other way to one.
pub(crate) struct Contents {
    bytes: Vec<u8>,
    begin: usize,
}

impl Entry {
    /// Where the compiled form of exactly these bytes is.
    pub(crate) fn code(engine: &Engine, component: &[u8]) -> Entry {
        Entry::of(engine, "code", &[component])
    }

    /// Where a component is that has read these rules.
    pub(crate) fn configured(engine: &Engine, component: &[u8], rules: &str) -> Entry {
        Entry::of(engine, "configured", &[component, rules.as_bytes()])
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(engine: &Engine, kind: &str, parts: &[&[u8]]) -> Entry {
        let mut bytes = Bytes(Sha256::new());
        bytes.text(FORMAT.as_bytes());
        bytes.text(kind.as_bytes());
        // The compiler's version and settings, and what the processor can do.
        engine.wasmtime().precompile_compatibility_hash().hash(&mut bytes);
        // What bounded the reading of the rules.
        let options = engine.options();
        [options.memory, options.stack, options.table_elements]
            .iter()
            .for_each(|bound| bytes.write_usize(*bound));
        parts.iter().for_each(|part| bytes.text(part));
        Entry(bytes.0.finalize().into())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Contents {
    /// The contents of a file that begins with a tag of so many bytes, if the tag is the contents' own.
    pub(super) fn verify(
        bytes: Vec<u8>,
        tag: usize,
        is_own: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> Option<Contents> {
        let (own, contents) = bytes.split_at_checked(tag)?;
        is_own(own, contents).then_some(Contents { bytes, begin: tag })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }

    /// Takes a manifest off the beginning.
    pub(crate) fn manifest(&mut self) -> Option<Manifest> {
        let mut route = |contents: &mut Contents| {
            Some(Route {
                name: contents.text()?,
                methods: contents.list(Contents::text)?,
                path: contents.text()?,
                decides_on: contents.list(Contents::text)?,
            })
        };
        Some(Manifest { name: self.text()?, version: self.text()?, routes: self.list(&mut route)? })
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Contents) -> Option<T>) -> Option<Vec<T>> {
        let length = self.number()?;
        (0..length).map(|_| item(self)).collect()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()?;
        let text = String::from_utf8(self.as_bytes().get(..length)?.to_vec()).ok()?;
        self.begin += length;
        Some(text)
    }

    fn number(&mut self) -> Option<usize> {
        let number = u64::from_le_bytes(*self.as_bytes().first_chunk()?);
        self.begin += size_of::<u64>();
        usize::try_from(number).ok()
    }
}

/// A manifest as [`Contents::manifest`] reads it: each text and each list after its length.
pub(crate) fn manifest_parts(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = |bytes: &mut Vec<u8>, number: usize| bytes.extend((number as u64).to_le_bytes());
    let text = |bytes: &mut Vec<u8>, text: &str| {
        number(bytes, text.len());
        bytes.extend(text.as_bytes());
    };
    let texts = |bytes: &mut Vec<u8>, texts: &[String]| {
        number(bytes, texts.len());
        texts.iter().for_each(|item| text(bytes, item));
    };
    let Manifest { name, version, routes } = manifest;
    text(&mut bytes, name);
    text(&mut bytes, version);
    number(&mut bytes, routes.len());
    for Route { name, methods, path, decides_on } in routes {
        text(&mut bytes, name);
        texts(&mut bytes, methods);
        text(&mut bytes, path);
        texts(&mut bytes, decides_on);
    }
    bytes
}

/// Feeds what is hashed to SHA-256.
struct Bytes(Sha256);

impl Bytes {
    /// The length stands before the contents, so that no byte can move from one part to another unnoticed.
    fn text(&mut self, text: &[u8]) {
        self.write_u64(text.len() as u64);
        self.write(text);
    }
}

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Nobody asks: the hash is taken from SHA-256 itself.
    fn finish(&self) -> u64 {
        0
    }
}
