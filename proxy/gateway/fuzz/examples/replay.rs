//! Runs a target on the files given, without libFuzzer: `replay request_heads FILE …`.

use cordon_gateway_fuzz::{request_heads, response_heads};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let target = words.next().unwrap_or_default();
    let run = match target.as_str() {
        "request_heads" => request_heads::run,
        "response_heads" => response_heads::run,
        other => return Err(std::io::Error::other(format!("there is no target {other:?}"))),
    };
    for file in words {
        run(&std::fs::read(file)?);
    }
    Ok(())
}
