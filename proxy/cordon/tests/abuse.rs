//! Clients of HTTP/2 that abuse it, frame by frame, against the command: their connection ends or stands still, the
//! process does not grow, the backend hears next to nothing, and everybody else is served (H9).

mod serving;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serving::{NOTES, Serving, TOKEN, lay_out, status};
use tempfile::TempDir;

/// The code by which a client is told that it overdoes things (RFC 9113, section 7).
const ENHANCE_YOUR_CALM: u32 = 11;

/// More than is ever taken of an attack, what lies in the buffers of sockets included.
const TAKEN: usize = 20 << 20;

/// What the process may grow by, in KiB. It is many times what a connection may hold.
const GROWTH: usize = 48 << 10;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A served process before a backend that counts.
struct Stage {
    serving: Serving,
    asked: Arc<AtomicUsize>,
    _folder: TempDir,
}

/// How an attack ended.
#[derive(Debug)]
struct End {
    /// Bytes that were taken.
    sent: usize,
    closed: bool,
    /// The code of the last GOAWAY (RFC 9113, section 7).
    code: Option<u32>,
}

impl Stage {
    fn new() -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").expect("it listens");
        let backend = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let count = Arc::clone(&count);
                std::thread::spawn(move || {
                    let mut received = Vec::new();
                    let mut chunk = [0; 4096];
                    while let Ok(length) = stream.read(&mut chunk) {
                        received.extend_from_slice(&chunk[..length]);
                        while let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                            received.drain(..end + 4);
                            count.fetch_add(1, Ordering::Relaxed);
                            let head =
                                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21";
                            // The other side may be gone.
                            _ = write!(stream, "{head}\r\n\r\n{{\"data\":[{{\"id\":123}}]}}");
                        }
                        if length == 0 {
                            return;
                        }
                    }
                });
            }
        });
        let folder = TempDir::new().expect("a folder");
        let config = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://{backend}\"\n\
             [policy]\nrules = \"rules.toml\"\n[directory]\nfile = \"directory.toml\"\n"
        );
        fs::write(folder.path().join("cordon.toml"), config).expect("it can be written");
        lay_out(folder.path(), NOTES);
        let serving = Serving::start(folder.path());
        // What is made once is there before anything is measured.
        for _ in 0..20 {
            assert_eq!(serving.get("/notes", TOKEN), 200);
        }
        Stage { serving, asked, _folder: folder }
    }

    /// Sends `pieces` on a connection of HTTP/2 until it ends, stands still, or there are no more, while others ask. The
    /// process must not grow.
    fn attack(&self, pieces: impl Iterator<Item = Vec<u8>>) -> End {
        let before = self.serving.memory();
        let end = attack(self.serving.address, pieces, || {
            assert_eq!(status(self.serving.address, "/notes", TOKEN).expect("an answer"), 200);
        });
        let grown = self.serving.memory().saturating_sub(before);
        assert!(grown < GROWTH, "{grown} KiB more: {end:?}");
        assert_eq!(status(self.serving.address, "/notes", TOKEN).expect("an answer"), 200);
        end
    }
}

fn attack(address: SocketAddr, pieces: impl Iterator<Item = Vec<u8>>, meanwhile: impl Fn()) -> End {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_write_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    let mut reading = stream.try_clone().expect("a descriptor");
    // Answers are taken, so that the other side has no such reason to stand still.
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        // A reset is an end too.
        _ = reading.read_to_end(&mut received);
        received
    });
    let mut end = End { sent: 0, closed: false, code: None };
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("it takes the preface");
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).expect("it takes the settings");
    for (index, piece) in pieces.enumerate() {
        if let Err(error) = stream.write_all(&piece) {
            end.closed = error.kind() != std::io::ErrorKind::WouldBlock;
            break;
        }
        end.sent += piece.len();
        if index % 2000 == 1000 {
            meanwhile();
        }
    }
    meanwhile();
    _ = stream.shutdown(std::net::Shutdown::Both);
    let received = reader.join().expect("no panic");
    end.code = last_goaway(&received);
    end
}

fn last_goaway(mut received: &[u8]) -> Option<u32> {
    let mut code = None;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = received {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let payload = rest.get(..length)?;
        if *kind == GOAWAY {
            code = payload.get(4..8).and_then(|code| code.try_into().ok()).map(u32::from_be_bytes);
        }
        received = &rest[length..];
    }
    code
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A field that is not indexed (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        // Longer ones would need another form.
        assert!(text.len() < 127);
        field.push(u8::try_from(text.len()).expect("a short text"));
        field.extend_from_slice(text.as_bytes());
    }
    field
}

/// The head of a GET that is allowed.
fn head() -> Vec<u8> {
    // GET and http, by their places in the static table.
    let mut head = vec![0x82, 0x86];
    for (name, value) in [(":path", "/notes"), (":authority", "x"), ("x-api-key", TOKEN)] {
        head.extend(field(name, value));
    }
    head
}

/// The identifiers of a client's streams.
fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

fn cancel(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

#[allow(clippy::disallowed_methods, reason = "the test asks another process, on a thread of its own")]
#[test]
fn h9_rapid_resets_end_the_connection() {
    // CVE-2023-44487: each request is cancelled at once, so that the number of open ones stays low.
    let stage = Stage::new();
    for pause in [Duration::ZERO, Duration::from_millis(1)] {
        let asked = stage.asked.load(Ordering::Relaxed);
        let request = |stream| {
            std::thread::sleep(pause);
            [frame(HEADERS, END_STREAM | END_HEADERS, stream, &head()), cancel(stream)].concat()
        };
        let end = stage.attack(streams().take(50_000).map(request));
        assert!(end.closed && end.code == Some(ENHANCE_YOUR_CALM), "{end:?}");
        let asked = stage.asked.load(Ordering::Relaxed) - asked;
        assert!(asked < 200, "the backend was asked {asked} times");
    }
}

#[test]
fn h9_a_head_that_goes_on_for_ever_ends_the_connection() {
    // CVE-2024-27316: no CONTINUATION is the last.
    let stage = Stage::new();
    let asked = stage.asked.load(Ordering::Relaxed);
    let first = || std::iter::once(frame(HEADERS, END_STREAM, 1, &head()));
    let full = frame(CONTINUATION, 0, 1, &field("x-more", &"a".repeat(100)).repeat(100));
    for more in [full, frame(CONTINUATION, 0, 1, &[])] {
        let end = stage.attack(first().chain(std::iter::repeat_n(more, 100_000)));
        assert!(end.closed && end.sent < TAKEN, "{end:?}");
    }
    // The requests of others that were made meanwhile.
    assert!(stage.asked.load(Ordering::Relaxed) - asked < 20);
}

#[test]
fn h9_floods_of_frames_that_bring_nothing_end_the_connection() {
    let stage = Stage::new();
    for (kind, stream, payload) in [
        (SETTINGS, 0, &[0, 3, 0, 0, 0, 100][..]),
        (PING, 0, &[7; 8]),
        (PRIORITY, 1, &[0, 0, 0, 3, 7]),
        (WINDOW_UPDATE, 0, &[0, 0, 0, 1]),
        (0x42, 0, &[7; 8]),
    ] {
        let pieces = std::iter::repeat_n(frame(kind, 0, stream, payload).repeat(100), 10_000);
        let end = stage.attack(pieces);
        assert!(end.closed && end.sent < TAKEN, "frames of kind {kind}: {end:?}");
    }
    let first = std::iter::once(frame(HEADERS, END_HEADERS, 1, &head()));
    let empty = std::iter::repeat_n(frame(DATA, 0, 1, &[]).repeat(100), 10_000);
    let end = stage.attack(first.chain(empty));
    assert!(end.closed && end.sent < TAKEN, "empty data: {end:?}");
}

#[test]
fn h9_a_head_that_unpacks_to_much_more_reaches_nobody() {
    let stage = Stage::new();
    let asked = stage.asked.load(Ordering::Relaxed);
    // A field of 3,000 bytes is kept in the table (RFC 7541, section 6.2.1), and named 8,000 times: 24 MB. The length is 127
    // and 2,873 in the form of section 5.1.
    let mut bomb = head();
    bomb.extend([0x40, 1, b'x', 0x7f, 0xb9, 0x16]);
    bomb.extend([b'a'; 3000]);
    bomb.extend([0xbe; 8000]);
    // Fields without a name, which are nothing and yet cost something.
    let nameless = [head(), [0, 0, 0].repeat(4000)].concat();
    for block in [bomb, nameless] {
        let request = |stream| frame(HEADERS, END_STREAM | END_HEADERS, stream, &block);
        let end = stage.attack(streams().take(1000).map(request));
        assert!(end.closed, "{end:?}");
    }
    assert!(stage.asked.load(Ordering::Relaxed) - asked < 20, "only the requests of others");
}
