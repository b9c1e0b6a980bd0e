//! Whatever a client sends is refused, or becomes requests of one reading; and these, sent once more, become the same.

use crate::answers;
use crate::asked::{self, Asked};
use crate::reading::one_request;
use crate::world::{TOKEN, World};

/// The first byte of an input for HTTP/2; what follows is a block of fields (RFC 7541). Behind any other one follow a
/// connection's bytes.
pub const HTTP_2: u8 = b'2';
/// By what a connection shows that it speaks HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The body of every request over HTTP/2.
const BODY: &[u8] = b"{}";

/// Runs the target.
///
/// # Panics
/// The gateway did what it must not.
pub fn run(data: &[u8]) {
    let Some((&mode, bytes)) = data.split_first() else { return };
    World::enter(|world| {
        let (reached, asked) = if bytes.starts_with(PREFACE) {
            // Frames of any kind, of which several requests may be made.
            let (heard, reached) = world.say(bytes, 0);
            assert!(!contains(&heard, b"zeta"), "somebody else's record: {}", heard.escape_ascii());
            for request in reached.iter().flat_map(|bytes| whole(bytes)) {
                check_again(world, request);
            }
            return;
        } else if mode == HTTP_2 {
            let (heard, reached) = world.say(&over_http2(bytes), 0);
            assert!(!contains(&heard, b"zeta"), "somebody else's record: {}", heard.escape_ascii());
            (reached, None)
        } else {
            // Bytes come all at once, or some at a time.
            let pieces = usize::from(mode % 8) * 3;
            let (heard, reached) = world.say(bytes, pieces);
            let asked = asked::read(bytes);
            check_answers(&heard, &asked, bytes);
            (reached, Some(asked))
        };
        let requests = reached.iter().flat_map(|bytes| whole(bytes)).collect::<Vec<_>>();
        match asked {
            Some(asked) => check_meaning(&requests, &asked, bytes),
            None => {
                let is_ours = |request: &&[u8]| body_of(request).as_deref().is_none_or(|body| body == BODY);
                assert!(requests.len() <= 1, "one request became {}", requests.len());
                assert!(requests.iter().all(is_ours), "not its body: {}", requests[0].escape_ascii());
            }
        }
        for request in requests {
            check_again(world, request);
        }
    });
}

/// The requests that the backend got whole. The last one may have broken off, which it sees.
fn whole(received: &[u8]) -> Vec<&[u8]> {
    let (mut requests, mut rest) = (Vec::new(), received);
    while !rest.is_empty() {
        match one_request(rest) {
            Ok(Some(behind)) => {
                requests.push(&rest[..rest.len() - behind.len()]);
                rest = behind;
            }
            Ok(None) => break,
            Err(reason) => panic!("{reason}: {}", received.escape_ascii()),
        }
    }
    requests
}

/// Answers are well-formed, no more than requests and one refusal, and show nothing of others.
fn check_answers(heard: &[u8], asked: &[Asked], sent: &[u8]) {
    assert!(!contains(heard, b"zeta"), "somebody else's record: {}", heard.escape_ascii());
    let mut rest = heard;
    let mut of = asked.iter();
    let mut refusals = 0;
    loop {
        let request = of.next();
        refusals += usize::from(request.is_none());
        let is_head = request.is_some_and(|request| request.method == "HEAD");
        match answers::read(rest, is_head) {
            Ok(None) => return,
            Ok(Some((answer, behind))) => {
                assert!(refusals <= 1 && answer.is_whole, "{answer:?} to {}", sent.escape_ascii());
                rest = behind;
            }
            Err(reason) => panic!("{reason}: {} to {}", heard.escape_ascii(), sent.escape_ascii()),
        }
    }
}

/// What the backend got was asked for, in this order.
fn check_meaning(reached: &[&[u8]], asked: &[Asked], sent: &[u8]) {
    let mut asked = asked.iter();
    for request in reached {
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let body = body_of(request);
        let meant = asked.any(|one| {
            // What is edited is asked for by GET, also for HEAD.
            let same_method = one.method == method || (one.method == "HEAD" && method == "GET");
            let is_plain = one.target.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
            same_method && one.body == body && (!is_plain || one.target == target)
        });
        assert!(meant, "nobody asked {}\nby {}", request.escape_ascii(), sent.escape_ascii());
    }
}

/// What went out, read again, gives the same.
fn check_again(world: &World, request: &[u8]) {
    let end = request.windows(2).position(|window| window == b"\r\n").unwrap_or_default();
    let mut again = request[..end].to_vec();
    again.extend_from_slice(b"\r\nConnection: close");
    if !contains(&request.to_ascii_lowercase(), b"\r\nauthorization: ") {
        again.extend_from_slice(format!("\r\nAuthorization: Bearer {TOKEN}anna").as_bytes());
    }
    again.extend_from_slice(&request[end..]);
    let (_, reached) = world.say(&again, 0);
    let is_same = reached.len() == 1 && reached[0] == request;
    let shown = || reached.iter().map(|bytes| bytes.escape_ascii().to_string()).collect::<Vec<_>>();
    assert!(is_same, "{}\nread again gives {:#?}", request.escape_ascii(), shown());
}

fn body_of(request: &[u8]) -> Option<Vec<u8>> {
    asked::read(request).into_iter().next()?.body
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A connection with one request, whose head is `block`.
fn over_http2(block: &[u8]) -> Vec<u8> {
    let mut sent = PREFACE.to_vec();
    sent.extend(frame(0x4, 0, 0, b""));
    // END_HEADERS, and END_STREAM behind the body.
    sent.extend(frame(0x1, 0x4, 1, &block[..block.len().min(16_384)]));
    sent.extend(frame(0x0, 0x1, 1, BODY));
    sent
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}
