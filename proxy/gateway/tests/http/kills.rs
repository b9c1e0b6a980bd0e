//! A host that is killed again and again while clients keep asking over connections that are kept alive.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cordon_gateway::GatewayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::backend::json;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

/// A host that can die with all of its connections, and come back where it was.
struct Mortal {
    address: SocketAddr,
    life: JoinHandle<()>,
}

impl Mortal {
    async fn born() -> Mortal {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Mortal { address, life: tokio::spawn(live(listener)) }
    }

    async fn die(&mut self) {
        self.life.abort();
        let _ = (&mut self.life).await;
    }

    fn come_back(&mut self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.life = tokio::spawn(live(socket.listen(1024).unwrap()));
    }
}

async fn live(listener: TcpListener) {
    // Its connections go with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                connections.spawn(answer(stream));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(mut stream: TcpStream) {
    let mut buffer = vec![0; 4096];
    let mut filled = 0;
    while let Ok(more @ 1..) = stream.read(&mut buffer[filled..]).await {
        filled += more;
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            // Some die while they work on it.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if stream.write_all(&json(calls(&[(1, "acme"), (2, "zeta")])).bytes).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h10_no_request_fails_that_could_have_been_served() {
    let (steady, mut mortal) = (Mortal::born().await, Mortal::born().await);
    let hosts =
        vec![steady.address.to_string().parse().unwrap(), mortal.address.to_string().parse().unwrap()];
    let told = |config: &mut GatewayConfig| {
        config.backend.hosts = hosts;
        // So that it is asked again while the test lasts.
        config.backend.checks.eject_time = Duration::from_millis(50);
        config.backend.checks.eject_longest = Duration::from_millis(50);
    };
    let stage = Stage::with("enhanced", told, |_| panic!("nobody is there")).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let clients = (0..16).map(|_| {
        let (is_over, served) = (Arc::clone(&is_over), Arc::clone(&served));
        tokio::spawn(ask_on(stage.address, is_over, served))
    });
    let clients = clients.collect::<Vec<_>>();
    for _ in 0..15 {
        reached(&served, served.load(Ordering::Relaxed) + 60).await;
        mortal.die().await;
        reached(&served, served.load(Ordering::Relaxed) + 60).await;
        mortal.come_back();
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let state = stage.gateway.backend_state();
    let mortal = state.hosts.iter().find(|host| host.address == mortal.address.to_string()).unwrap();
    assert!(mortal.requests > 100 && mortal.connects_failed > 0, "{state:?}");
    assert!(state.retries > 0, "some died while they were asked: {state:?}");
    assert_eq!((state.in_flight, state.waiting), (0, 0));
}

/// One request after another on one connection; each must be served.
async fn ask_on(address: SocketAddr, is_over: Arc<AtomicBool>, served: Arc<AtomicUsize>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    while !is_over.load(Ordering::Relaxed) {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        while !received.ends_with(ANNAS_CALLS.as_bytes()) {
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read_buf(&mut received)).await;
            let more = read.expect("it hangs").unwrap();
            let text = String::from_utf8_lossy(&received);
            assert!(more > 0 && text.starts_with("HTTP/1.1 200"), "{text}");
        }
        served.fetch_add(1, Ordering::Relaxed);
    }
}

async fn reached(served: &AtomicUsize, number: usize) {
    for _ in 0..2000 {
        if served.load(Ordering::Relaxed) >= number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing is served any more");
}
