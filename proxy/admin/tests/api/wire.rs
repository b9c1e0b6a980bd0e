//! Over TCP: the listener, slow callers, and the end.

use std::net::SocketAddr;
use std::time::Duration;

use cordon_admin::{AdminConfig, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::harness::Api;

struct Listening {
    api: Api,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn listening(config: AdminConfig) -> Listening {
    let api = Api::with_options(Options { config: config.clone(), ..Options::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let router = api.router.clone();
    let task = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap() };
        cordon_admin::serve(listener, router, &config, stopped).await
    });
    Listening { api, address, stop: Some(stop), task }
}

impl Listening {
    /// Sends this text and reads until the connection ends.
    async fn exchange(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn head(&self, line: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: admin\r\nAuthorization: Bearer {}\r\n", self.api.token("adam"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_over_tcp() {
    let server = listening(AdminConfig::default()).await;
    let answer = server.exchange(&format!("{}Connection: close\r\n\r\n", server.head("GET /me"))).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"login\":\"adam\""), "{answer}");
    assert!(answer.contains("cache-control: no-store\r\n"), "{answer}");
    let body = "{\"id\":\"a/b\",\"name\":\"A\"}";
    let head = server.head("POST /projects");
    let answer = server
        .exchange(&format!(
            "{head}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ))
        .await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    assert!(answer.contains("location: /projects/a%2Fb\r\n"), "{answer}");
    let head = format!("{}Connection: close\r\n\r\n", server.head("HEAD /projects/a%2Fb"));
    let answer = server.exchange(&head).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_waited_for_only_so_long() {
    let config = AdminConfig { receive: Duration::from_millis(100), ..AdminConfig::default() };
    let server = listening(config).await;
    let head = server.head("POST /projects");
    let answer = server
        .exchange(&format!("{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_is_waited_for_only_so_long() {
    let config = AdminConfig { head: Duration::from_millis(100), ..AdminConfig::default() };
    let server = listening(config).await;
    let answer = server.exchange("GET /me HTTP/1.1\r\nHost:").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_what_is_under_way_and_takes_no_more() {
    let mut server = listening(AdminConfig::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = "{\"name\":\"Late\"}";
    let head = server.head("POST /projects");
    let head = format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..5]).await.unwrap();
    // The server has the head when another request that was sent later is answered.
    server.exchange(&format!("{}Connection: close\r\n\r\n", server.head("GET /me"))).await;
    server.stop.take().unwrap().send(()).unwrap();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    server.task.await.unwrap().unwrap();
}
