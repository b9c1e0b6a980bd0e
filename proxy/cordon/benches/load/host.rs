//! A host of the backend, in a process of its own so that it can be killed.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

/// Set for the process that is a host, with its port.
pub(crate) const PORT: &str = "CORDON_LOAD_PORT";
/// Set for a host that takes its time, with how many requests it works on at once.
const PLACES: &str = "CORDON_LOAD_PLACES";
/// How long that takes.
const WORK: Duration = Duration::from_millis(10);

pub(crate) struct Host {
    pub(crate) port: u16,
    places: Option<usize>,
    process: Child,
}

impl Host {
    /// A host that answers at once, or works on so many requests at a time.
    pub(crate) async fn start(places: Option<usize>) -> Host {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = Host { port, places, process: spawn(port, places) };
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        host
    }

    /// By SIGKILL: nothing is said to anybody.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn come_back(&mut self) {
        self.process = spawn(self.port, self.places);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(port: u16, places: Option<usize>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PORT, port.to_string());
    if let Some(places) = places {
        command.env(PLACES, places.to_string());
    }
    command.spawn().unwrap()
}

/// What a host is.
pub(crate) fn run(port: u16) {
    let places = std::env::var(PLACES).ok().map(|places| Arc::new(Semaphore::new(places.parse().unwrap())));
    let body = body();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = Arc::new([head.into_bytes(), body.into_bytes()].concat());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], port).into()).unwrap();
        let listener = socket.listen(4096).unwrap();
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answer), places.clone()));
        }
    });
}

async fn serve(mut stream: TcpStream, answer: Arc<Vec<u8>>, places: Option<Arc<Semaphore>>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = vec![0; 4096];
    let mut filled = 0;
    while let Ok(more @ 1..) = stream.read(&mut buffer[filled..]).await {
        filled += more;
        if !buffer[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        filled = 0;
        if let Some(places) = &places {
            let _place = places.acquire().await;
            tokio::time::sleep(WORK).await;
        }
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// Ten calls, of which half are of another project.
fn body() -> String {
    let calls = (0..10).map(|id| {
        let project = ["acme", "zeta"][id % 2];
        format!(
            r#"{{"id":{id},"project":"{project}","note":"note {id} of {project}","secret":"+49 30 901820 {id}"}}"#
        )
    });
    format!(r#"{{"data":[{}]}}"#, calls.collect::<Vec<_>>().join(","))
}

/// What the caller may see of them.
pub(crate) fn seen() -> String {
    let calls =
        (0..10).step_by(2).map(|id| format!(r#"{{"id":{id},"project":"acme","note":"note {id} of acme"}}"#));
    format!(r#"{{"data":[{}]}}"#, calls.collect::<Vec<_>>().join(","))
}
