//! Runs a target on the files given, without libFuzzer and on any toolchain: `replay json FILE …`.

use cordon_rewrite_fuzz::{csv, embedded, json, ndjson, path, sse, xml};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let target = words.next().unwrap_or_default();
    let run = match target.as_str() {
        "csv" => csv::run,
        "embedded" => embedded::run,
        "json" => json::run,
        "ndjson" => ndjson::run,
        "path" => path::run,
        "sse" => sse::run,
        "xml" => xml::run,
        other => return Err(std::io::Error::other(format!("there is no target {other:?}"))),
    };
    for file in words {
        run(&std::fs::read(file)?);
    }
    Ok(())
}
