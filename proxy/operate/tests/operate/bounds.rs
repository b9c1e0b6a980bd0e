//! H42: what callers send makes no series, and stands nowhere in what is told.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, TOKEN};

/// Requests on a connection that is kept; each of them differs from all others in everything that a caller chooses.
async fn flood(stage: &Stage, requests: usize) {
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let methods = ["GET", "HEAD", "POST", "DELETE", "BREW", "X-MARK"];
    for number in 0..requests {
        let method =
            if number % 50 == 49 { format!("M{number}") } else { methods[number % methods.len()].to_owned() };
        let path = match number % 4 {
            0 => format!("/api/calls?page=QUERYMARK{number}"),
            1 => format!("/api/calls/PATHMARK{number}"),
            2 => format!("/PATHMARK{number}/x"),
            _ => format!("/api/calls?QUERYMARK{number}=1"),
        };
        let who = if number % 3 == 0 { "anna".to_owned() } else { format!("LOGINMARK{number}") };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: host-HOSTMARK{number}\r\nContent-Length: 0\r\n\
             User-Agent: AGENTMARK{number}\r\nX-Request-Id: IDMARK{number}\r\n\
             Authorization: Bearer {TOKEN}{who}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let (head, length) = loop {
            let mut byte = [0; 1];
            if stream.read(&mut byte).await.unwrap() == 0 {
                break (String::new(), 0);
            }
            bytes.push(byte[0]);
            if bytes.ends_with(b"\r\n\r\n") {
                let head = String::from_utf8(bytes).unwrap().to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
                break (head, if method == "HEAD" { 0 } else { length });
            }
        };
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        if head.is_empty() || head.contains("connection: close") {
            stream = TcpStream::connect(stage.address).await.unwrap();
        }
    }
}

#[tokio::test]
async fn h42_thousands_of_callers_paths_and_hosts_make_no_series() {
    let stage = Stage::new().await;
    flood(&stage, 60).await;
    let before = stage.metrics().await;
    flood(&stage, 3000).await;
    let reply = stage.ask("/metrics").await;
    let after = stage.metrics().await;
    let series =
        |metrics: &crate::exposition::Exposition| metrics.samples.keys().cloned().collect::<Vec<_>>();
    assert_eq!(series(&before), series(&after));
    assert!(after.samples.len() < 500, "{}", after.samples.len());
    assert_eq!(after.value("cordon_stage_duration_seconds_count{stage=\"identify\"}"), 3060.0);
    assert!(!reply.body.contains("MARK"), "{}", reply.body);
}
