//! The load: connections that are kept, requests one after the other on each, in one thread.
//!
//! There are two ways to ask. *Saturating*, each connection asks again as soon as it has its answer: that is the peak.
//! *Paced*, requests are due at a fixed rate, whether answers have come or not; a latency counts from when the request
//! was due, and not from when a connection was free to send it. So answers that come late make those behind them late
//! too, as they do for users (coordinated omission).

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::Fallible;
use crate::reply::Reply;

/// Kept connections to one address.
pub struct Crowd {
    poll: Poll,
    connections: Vec<Connection>,
    /// Those without a request under way; who has waited longest is next.
    free: VecDeque<usize>,
    /// What is asked, in turn.
    requests: Vec<Vec<u8>>,
    next_request: usize,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    reply: Reply,
    /// When the request under way was due.
    due: Option<Instant>,
}

/// What came of asking.
#[derive(Debug)]
pub struct Outcome {
    /// Answers, all of them with status 200.
    pub responses: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Nanoseconds from when each request was due to its last byte, in ascending order.
    pub latencies: Vec<u64>,
}

const TIMER: Token = Token(usize::MAX);
/// How long after the end of the pace answers are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

impl Crowd {
    /// Connects so many times. `requests` are whole requests as they are sent, asked in turn.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn connect(address: SocketAddr, connections: usize, requests: Vec<Vec<u8>>) -> Fallible<Crowd> {
        let poll = Poll::new()?;
        let mut opened = Vec::with_capacity(connections);
        for number in 0..connections {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
            opened.push(Connection { stream, reply: Reply::default(), due: None });
        }
        let free = (0..connections).collect();
        Ok(Crowd { poll, connections: opened, free, requests, next_request: 0, buffer: vec![0; 256 << 10] })
    }

    /// Keeps so many requests under way for so long, and waits for the last answers. Connections take turns.
    ///
    /// # Errors
    /// If an answer is missing, no response, or has another status than 200.
    pub fn saturate(&mut self, at_once: usize, duration: Duration) -> Fallible<Outcome> {
        let mut events = Events::with_capacity(1024);
        let start = Instant::now();
        let mut latencies = Vec::new();
        let mut under_way = at_once.min(self.connections.len());
        for _ in 0..under_way {
            self.ask(Instant::now())?;
        }
        while under_way > 0 {
            self.wait(&mut events, start + duration + PATIENCE)?;
            for event in &events {
                let Some(due) = self.read(event.token().0)? else { continue };
                let now = Instant::now();
                latencies.push(nanoseconds(now - due));
                if now - start < duration {
                    self.ask(now)?;
                } else {
                    under_way -= 1;
                }
            }
        }
        Ok(Outcome::new(start.elapsed(), latencies))
    }

    /// Asks so many times a second for so long.
    ///
    /// # Errors
    /// As [`Crowd::saturate`]; also if answers stay so far behind that not even waiting helps.
    pub fn pace(&mut self, duration: Duration, rate: f64) -> Fallible<Outcome> {
        let interval = Duration::from_secs_f64(1.0 / rate);
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
        self.poll.registry().register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)?;
        let every =
            Timespec { tv_sec: interval.as_secs().try_into()?, tv_nsec: interval.subsec_nanos().into() };
        let start = Instant::now();
        timerfd_settime(
            &timer,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: every, it_value: every },
        )?;
        let total = (duration.as_secs_f64() * rate).max(1.0);
        let mut due = VecDeque::new();
        let (mut asked, mut answered) = (0.0, 0.0);
        let mut events = Events::with_capacity(1024);
        let mut latencies = Vec::new();
        while answered < total {
            self.wait(&mut events, start + duration + PATIENCE)?;
            for event in &events {
                if event.token() == TIMER {
                    // How often it was due does not matter: the clock says which requests are.
                    let _ = rustix::io::read(&timer, &mut [0; 8]);
                } else if let Some(due) = self.read(event.token().0)? {
                    latencies.push(nanoseconds(due.elapsed()));
                    answered += 1.0;
                }
            }
            let now = Instant::now();
            while asked < total {
                let next = start + interval.mul_f64(asked + 1.0);
                if next > now {
                    break;
                }
                due.push_back(next);
                asked += 1.0;
            }
            while !self.free.is_empty()
                && let Some(when) = due.pop_front()
            {
                self.ask(when)?;
            }
        }
        self.poll.registry().deregister(&mut SourceFd(&timer.as_raw_fd()))?;
        Ok(Outcome::new(start.elapsed(), latencies))
    }

    fn wait(&mut self, events: &mut Events, until: Instant) -> Fallible<()> {
        let Some(left) = until.checked_duration_since(Instant::now()) else {
            return Err("answers are missing long after they were due".into());
        };
        match self.poll.poll(events, Some(left)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            other => Ok(other?),
        }
    }

    fn ask(&mut self, due: Instant) -> Fallible<()> {
        let number = self.free.pop_front().ok_or("no connection is free")?;
        let connection = &mut self.connections[number];
        let request = &self.requests[self.next_request];
        self.next_request = (self.next_request + 1) % self.requests.len();
        connection.reply.begin_anew();
        connection.due = Some(due);
        let sent = connection.stream.write(request)?;
        if sent < request.len() {
            return Err("a request does not fit into a socket's buffer".into());
        }
        Ok(())
    }

    /// Reads what is there. When the answer is whole, tells when its request was due.
    fn read(&mut self, number: usize) -> Fallible<Option<Instant>> {
        let connection = &mut self.connections[number];
        loop {
            let count = match connection.stream.read(&mut self.buffer) {
                Ok(0) => return Err("a connection was closed while it was used".into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            if connection.reply.take(&self.buffer[..count], &mut |_| {})? {
                let status = connection.reply.status();
                if status != 200 {
                    return Err(format!("an answer has status {status}").into());
                }
                self.free.push_back(number);
                return Ok(connection.due.take());
            }
            // Less than fits was all that there is; the next event tells of more.
            if count < self.buffer.len() {
                return Ok(None);
            }
        }
    }
}

impl Outcome {
    fn new(elapsed: Duration, mut latencies: Vec<u64>) -> Outcome {
        latencies.sort_unstable();
        Outcome { responses: latencies.len() as u64, elapsed, latencies }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let responses = self.responses as f64;
        responses / self.elapsed.as_secs_f64()
    }

    /// The latency in microseconds that so large a part of the answers does not exceed. None of so few answers that it
    /// would be the slowest of all.
    pub fn latency(&self, part: f64) -> Option<f64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among far less than 2^52"
        )]
        let place = (self.latencies.len() as f64 * part).ceil() as usize;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let latency = |nanoseconds: &u64| *nanoseconds as f64 / 1000.0;
        (place < self.latencies.len()).then(|| self.latencies.get(place.saturating_sub(1)).map(latency))?
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// One connection, for answers that are looked at.
pub struct Line {
    stream: std::net::TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// If that fails.
    pub fn open(address: SocketAddr) -> Fallible<Line> {
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Line { stream, buffer: vec![0; 64 << 10] })
    }

    /// Asks, and hands the body over piece by piece. Tells the status.
    ///
    /// # Errors
    /// If there is no answer in time, it is no response, or breaks off.
    pub fn ask(&mut self, request: &[u8], body: &mut impl FnMut(&[u8])) -> Fallible<u16> {
        self.stream.write_all(request)?;
        let mut reply = Reply::default();
        loop {
            let count = self.stream.read(&mut self.buffer)?;
            if count == 0 {
                return Err("the answer breaks off".into());
            }
            if reply.take(&self.buffer[..count], body)? {
                return Ok(reply.status());
            }
        }
    }
}

/// Asks once, on a connection of its own, and reads the whole body.
///
/// # Errors
/// As [`Line::ask`].
pub fn fetch(address: SocketAddr, request: &[u8]) -> Fallible<(u16, Vec<u8>)> {
    let mut body = Vec::new();
    let status = Line::open(address)?.ask(request, &mut |bytes| body.extend_from_slice(bytes))?;
    Ok((status, body))
}

/// A GET request as it is sent, with the credential of a caller.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_where_there_are_enough() {
        let outcome =
            Outcome::new(Duration::from_secs(2), (1..=100).rev().map(|micros| micros * 1000).collect());
        assert_eq!(outcome.latency(0.5), Some(50.0));
        assert_eq!(outcome.latency(0.99), Some(99.0));
        assert_eq!(outcome.latency(0.999), None);
        assert!((outcome.rate() - 50.0).abs() < 1e-9);
        assert_eq!(Outcome::new(Duration::from_secs(1), Vec::new()).latency(0.5), None);
    }
}
