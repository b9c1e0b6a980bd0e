//! Serves the sample backend by itself, faults included: `cargo run -p cordon-example-backend --example serve`, with an
//! address if 127.0.0.1:9000 is taken.

use std::error::Error;
use std::net::SocketAddr;

use cordon_example_backend::{Backend, BackendOptions, FAULTS, TOKENS};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:9000").parse()?;
    let running = Backend::start_with(address, BackendOptions { faults: true }).await?;
    let (_, token) = TOKENS[0];
    eprintln!("curl 'http://{}/api/calls?per_page=3&api_token={token}'", running.address);
    for (name, what) in FAULTS {
        eprintln!("/api/faults/{name}: {what}");
    }
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
