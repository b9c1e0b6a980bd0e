//! A policy that does nothing, from a core module written by hand: every answer is the one whose bytes are zeros.

#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, reason = "each file uses its part")]

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the manifest lies in the module's memory.
const MANIFEST: usize = 1024;

/// What every policy exports.
pub const EXPORTS: [&str; 5] = ["configure", "authorize", "plan", "judge", "mask"];

/// A component of the contract: `further` stands in its core module, and may have a start function.
pub fn component(further: &str) -> Vec<u8> {
    component_with("", further)
}

/// The same, with imports, which stand first.
pub fn component_with(imports: &str, further: &str) -> Vec<u8> {
    let words = |count: usize| "i32 ".repeat(count);
    let functions: String = [("authorize", 1), ("plan", 11), ("judge", 14), ("mask", 14)]
        .map(|(name, words_taken)| {
            let parameters = words(words_taken);
            format!(r#"(func (export "{name}") (param {parameters}) (result i32) (i32.const 0))"#)
        })
        .concat();
    let module = format!(
        r#"(module
            {imports}
            (memory (export "memory") 16)
            (global $free (mut i32) (i32.const 8192))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.get $free)
                (global.set $free (i32.add (global.get $free) (local.get 3))))
            (func (export "configure") (param i32 i32) (result i32) (i32.const {MANIFEST}))
            {functions}
            {further}
            (data (i32.const {MANIFEST}) "{manifest}"))"#,
        manifest = manifest()
    );
    let mut module = wat::parse_str(module).unwrap();
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("policy")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    wit_component::ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
}

/// One route, `GET /`, as the canonical ABI lays it out: a result, a record of texts and lists, each a place and a
/// length.
fn manifest() -> String {
    let text = |at: usize| [MANIFEST + at, 1];
    let words: Vec<usize> = [
        [0].to_vec(),
        text(64).to_vec(),
        text(65).to_vec(),
        [MANIFEST + 32, 1].to_vec(),
        [0].to_vec(),
        text(66).to_vec(),
        [MANIFEST + 72, 1].to_vec(),
        text(67).to_vec(),
        [0, 0].to_vec(),
    ]
    .concat();
    let mut bytes: Vec<u8> =
        words.iter().flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes()).collect();
    assert_eq!(bytes.len(), 64);
    bytes.extend(b"n1r/    ");
    bytes.extend([MANIFEST + 80, 3].iter().flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes()));
    bytes.extend(b"GET");
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
