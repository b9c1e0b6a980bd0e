//! Writes the bodies of the corpus's cases below `corpus/`, as inputs to begin with.

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    cordon_rewrite_fuzz::seeds::write(&folder.join("../tests/cases"), &folder.join("corpus"))
}
