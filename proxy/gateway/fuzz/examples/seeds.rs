//! Writes the tables of the tests below `corpus/`, as inputs to begin with.

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    cordon_gateway_fuzz::seeds::write(&folder.join("../tests/http/smuggling"), &folder.join("corpus"))
}
