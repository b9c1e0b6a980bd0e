//! `cordon demo`: a sample contact-centre API, Cordon before it, and what four callers see of the same URLs.

mod ask;
mod expected;
mod files;
mod table;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use cordon_example_backend::{Backend, TOKENS};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::loaded::{Purpose, load};
use crate::{Failure, serve};
use ask::Asker;
use expected::{CALLERS, Sample};
use files::Files;

/// Prints the table and serves until a signal, or, with `check`, asserts the table and ends.
///
/// # Errors
/// What could not be started, or every cell of the table that is not as it must be.
pub(crate) fn run(listen: SocketAddr, check: bool) -> Result<(), Failure> {
    serve::runtime()?.block_on(demo(listen, check))
}

async fn demo(listen: SocketAddr, check: bool) -> Result<(), Failure> {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let backend = Backend::start(free)
        .await
        .map_err(|error| Failure::failed(format!("error: the sample backend cannot listen: {error}")))?;
    let listener = listener(if check { free } else { listen }).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::failed(format!("error: no address to serve at: {error}")))?;
    let files = Files::write(address, backend.address)?;
    let loaded = load(&files.config(), Purpose::Serving).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let gateway = Arc::clone(&loaded.gateway);
    let serving = tokio::spawn(async move {
        gateway
            .serve(listener, None, async {
                // Dropped or sent: either way the demo is over.
                _ = stopped.await;
            })
            .await;
    });
    let sample =
        Sample::new().ok_or_else(|| Failure::failed("error: the sample data has no telling call"))?;
    let table = table::ask(&sample, &Asker::new(backend.address), &Asker::new(address)).await?;
    print(&table.to_string())?;
    let outcome = if check {
        table.verify().map_err(Failure::failed).and_then(|cells| {
            print(&format!("\n{cells} cells checked against the sample's data: all as they must be.\n"))
        })
    } else {
        print(&to_try(address, &sample, files.folder()))?;
        serve::stopped(serve::told_to_stop()).await;
        Ok(())
    };
    drop(stop);
    // It ends when its connections have; a panic in it has been printed.
    _ = serving.await;
    backend.stop().await;
    outcome
}

/// A socket where it is asked for, or on any free port if that one is taken.
async fn listener(listen: SocketAddr) -> Result<TcpListener, Failure> {
    match TcpListener::bind(listen).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((listen.ip(), 0))
            .await
            .map_err(|error| Failure::failed(format!("error: cannot listen on {}: {error}", listen.ip()))),
    }
}

fn to_try(address: SocketAddr, sample: &Sample, folder: &Path) -> String {
    let mut text = format!("\nServing at http://{address} until Ctrl-C. To try:\n\n");
    for caller in &CALLERS {
        let url = format!("http://{address}/api/calls/{}?api_token={}", sample.call, token(caller.login));
        text.push_str(&format!("  curl -s '{url}'    # {}, {}\n", caller.login, caller.who));
    }
    text.push_str(&format!(
        "  curl -s -H 'X-Project: acme' 'http://{address}/api/calls?per_page=50&api_token={}'    # of boris' projects, this one\n",
        token("boris")
    ));
    text.push_str(&format!(
        "  curl -si 'http://{address}/api/calls?sort=caller_number&api_token={}'    # not declared, so refused\n",
        token("olga")
    ));
    text.push_str(&format!(
        "\nThe files are in {}. Take a project from somebody in directory.toml, save, and ask again;\n\
         or see why: cordon see --config {} --as olga GET /api/calls/{}\n",
        folder.display(),
        folder.join("cordon.toml").display(),
        sample.call
    ));
    text
}

/// The demo token of a user. It is known to all the world.
fn token(login: &str) -> &'static str {
    TOKENS.iter().find(|(user, _)| *user == login).map_or("", |(_, token)| token)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))
}
