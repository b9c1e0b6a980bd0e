//! Frames of HTTP/2 that ask for work and bring nothing (H9): settings, pings, priorities, window updates, resets, empty
//! data, and kinds that nobody knows. Each is cheap and lawful, and there may be any number of them.

use std::time::Duration;

use tokio::time::Instant;

/// How many there may be in a [`PERIOD`].
const MOST: u64 = 2000;
/// The least time in which there may be so many.
const PERIOD: Duration = Duration::from_secs(10);
/// How many more each request allows.
const FOR_A_REQUEST: u64 = 8;
/// How many bytes that we sent allow one more: a client acknowledges what it took.
const BYTES_FOR_ONE: u64 = 256;

const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// Counts such frames of a connection.
#[derive(Debug)]
pub(crate) struct Control {
    /// Where we are: in the head of a frame, or in its payload.
    head: [u8; HEAD],
    known: usize,
    payload: usize,
    count: u64,
    allowed: u64,
    /// Bytes sent in this period that have not allowed anything yet.
    sent: u64,
    since: Instant,
}

/// A client sends too many of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flood;

impl Control {
    pub(crate) fn new() -> Control {
        Control {
            head: [0; HEAD],
            known: 0,
            payload: 0,
            count: 0,
            allowed: MOST,
            sent: 0,
            since: Instant::now(),
        }
    }

    /// Notes that we have sent something.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// Looks at the next bytes of the connection, behind its preface.
    pub(crate) fn inspect(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        loop {
            let passed = self.payload.min(bytes.len());
            self.payload -= passed;
            bytes = &bytes[passed..];
            if bytes.is_empty() {
                return Ok(());
            }
            let taken = (HEAD - self.known).min(bytes.len());
            self.head[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
            self.known += taken;
            bytes = &bytes[taken..];
            if self.known == HEAD {
                self.known = 0;
                self.frame()?;
            }
        }
    }

    fn frame(&mut self) -> Result<(), Flood> {
        let [a, b, c, kind, ..] = self.head;
        self.payload = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        match kind {
            HEADERS => self.allowed += FOR_A_REQUEST,
            // There is a limit on the length of a head, and on how many may be for one.
            CONTINUATION => {}
            DATA if self.payload > 0 => {}
            _ => self.count += 1,
        }
        if self.count <= self.allowed + self.sent / BYTES_FOR_ONE {
            return Ok(());
        }
        if self.since.elapsed() < PERIOD {
            return Err(Flood);
        }
        (self.count, self.allowed, self.sent, self.since) = (0, MOST, 0, Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("a short payload");
        let mut frame = vec![0, 0, length, kind, 0, 0, 0, 0, 1];
        frame.extend_from_slice(payload);
        frame
    }

    /// How many of these frames are let through, however the bytes come.
    fn let_through(frame: &[u8], most: usize) -> usize {
        let bytes = frame.repeat(most);
        let mut outcomes = [1, 7, 4096].map(|pace| {
            let mut control = Control::new();
            let mut seen = 0;
            for chunk in bytes.chunks(pace) {
                if control.inspect(chunk).is_err() {
                    break;
                }
                seen += chunk.len();
            }
            seen / frame.len()
        });
        // A larger chunk is refused as a whole.
        let slack = 4096 / frame.len() + 1;
        assert!(outcomes[0].abs_diff(outcomes[2]) <= slack, "{outcomes:?}");
        outcomes.sort_unstable();
        outcomes[2]
    }

    #[test]
    fn h9_frames_that_bring_nothing_are_counted() {
        for kind in [2, 3, 4, 6, 8, 0x42] {
            assert_eq!(let_through(&frame(kind, &[0; 8]), 10_000), 2000, "{kind}");
        }
        assert_eq!(let_through(&frame(DATA, &[]), 10_000), 2000);
        for (kind, payload) in [(DATA, &[1_u8][..]), (HEADERS, &[]), (CONTINUATION, &[])] {
            assert_eq!(let_through(&frame(kind, payload), 10_000), 10_000, "{kind}");
        }
        // Two acknowledgements for each request are no flood.
        let used = [frame(HEADERS, &[0; 20]), frame(8, &[0; 4]), frame(8, &[0; 4])].concat();
        assert_eq!(let_through(&used, 10_000), 10_000);
    }

    #[test]
    fn h9_time_and_what_was_sent_allow_more() {
        let mut control = Control::new();
        let pings = frame(6, &[0; 8]).repeat(2000);
        for _ in 0..5 {
            assert_eq!(control.inspect(&pings), Ok(()));
            control.since = control.since.checked_sub(PERIOD).expect("there was time before");
        }
        assert_eq!(control.inspect(&pings), Ok(()));
        control.sent(2000 * 256);
        assert_eq!(control.inspect(&pings), Ok(()));
        assert_eq!(control.inspect(&pings), Err(Flood));
    }
}
