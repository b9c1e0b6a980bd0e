//! Callers, each on a connection that is kept alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::host::seen;
use crate::proxy::TOKEN;

/// More than anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of requests.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) served: u64,
    pub(crate) failed: u64,
    /// Refused with 503, and with nothing else.
    pub(crate) shed: u64,
    pub(crate) failures: Vec<String>,
    latencies: Vec<Duration>,
}

impl Tally {
    /// The latency that so many of a hundred did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Tally) {
        self.served += other.served;
        self.failed += other.failed;
        self.shed += other.shed;
        self.failures.extend(other.failures.into_iter().take(10));
        self.latencies.extend(other.latencies);
    }
}

/// Callers that go on until they are told to end.
pub(crate) struct Clients {
    tasks: JoinSet<Tally>,
    is_over: Arc<AtomicBool>,
    over: Arc<Notify>,
}

impl Clients {
    /// So many connections, each of which pauses between two requests. All of them are there, and have been served once,
    /// when this returns.
    pub(crate) async fn connect(port: u16, number: usize, pause: Duration) -> Clients {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::new(Notify::new());
        let begun = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for index in 0..number {
            let (is_over, over, begun) = (Arc::clone(&is_over), Arc::clone(&over), Arc::clone(&begun));
            // Not all at the same time.
            let first = pause.mul_f64(index as f64 / number as f64);
            tasks.spawn(async move { ask(port, (first, pause), &is_over, &over, &begun).await });
            if index % 100 == 99 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        while begun.load(Ordering::Relaxed) < number {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Clients { tasks, is_over, over }
    }

    /// Ends them, and tells what became of their requests.
    pub(crate) async fn end(mut self) -> Tally {
        self.is_over.store(true, Ordering::Relaxed);
        self.over.notify_waiters();
        let mut all = Tally::default();
        while let Some(tally) = self.tasks.join_next().await {
            all.add(tally.unwrap());
        }
        all
    }
}

async fn ask(
    port: u16,
    (first, pause): (Duration, Duration),
    is_over: &AtomicBool,
    over: &Notify,
    begun: &AtomicUsize,
) -> Tally {
    let mut tally = Tally::default();
    let mut buffer = Vec::new();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let expected = seen();
    let mut rest = first;
    let mut is_first = true;
    while !is_over.load(Ordering::Relaxed) {
        let since = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, exchange(&mut stream, &mut buffer)).await;
        let mut pause_now = if is_first { rest } else { pause };
        match answer {
            Ok(Ok((200, body))) if body == expected => {
                tally.served += 1;
                tally.latencies.push(since.elapsed());
            }
            Ok(Ok((503, _))) => {
                tally.shed += 1;
                // As a polite client does.
                pause_now = Duration::from_millis(100);
            }
            other => {
                tally.failed += 1;
                tally.failures.push(format!("{other:?} after {:?}", since.elapsed()));
                stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            }
        }
        if std::mem::take(&mut is_first) {
            begun.fetch_add(1, Ordering::Relaxed);
            rest = Duration::ZERO;
        }
        if !pause_now.is_zero() && !is_over.load(Ordering::Relaxed) {
            tokio::select! {
                () = tokio::time::sleep(pause_now) => {}
                () = over.notified() => {}
            }
        }
    }
    tally
}

/// One request and its answer, whose length is told.
async fn exchange(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<(u16, String)> {
    buffer.clear();
    let request = format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if buffer.len() - end - 4 >= length.trim().parse().unwrap() {
            return Ok((status, String::from_utf8_lossy(&buffer[end + 4..]).into_owned()));
        }
    }
}
