//! Whatever a backend sends, a caller gets a problem, or what they would get of the same body said plainly, or a
//! beginning of that; and nothing of it is left for the one who asks next.

use crate::answers::{self, Answer};
use crate::world::{CALLS, Said, TOKEN, World};

/// Headers that an answer may have, beside those of the route.
const LAWFUL: &[&str] = &[
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cordon-policy",
    "date",
    "retry-after",
    "transfer-encoding",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-page",
];
/// What the caller who asks next sees of [`CALLS`].
const ZOES_CALLS: &[u8] = br#"{"data":[{"id":2,"project":"zeta","note":"n2"}],"total":1}"#;

/// What a backend's bytes say.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    /// Nothing that has a body.
    Nothing,
    /// A body that ends as its framing says.
    Whole(Vec<u8>),
    /// One that does not.
    Broken,
}

/// Runs the target. The first byte says how: HEAD or GET, whether the backend closes, whether a list of calls stands
/// behind the bytes, and how many of them come at a time.
///
/// # Panics
/// The gateway did what it must not.
pub fn run(data: &[u8]) {
    let Some((&mode, head)) = data.split_first() else { return };
    let is_head = mode & 1 == 1;
    let mut bytes = head.to_vec();
    if mode & 4 == 0 {
        bytes.extend_from_slice(CALLS.as_bytes());
        bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    }
    let pieces = usize::from(mode >> 4) * 5;
    World::enter(|world| {
        world.will_say(Some(Said { bytes: bytes.clone(), pieces, closes: mode & 2 == 0 }));
        let answer = ask(world, "anna", is_head);
        world.will_say(None);
        let next = ask(world, "zoe", false);
        assert!(next.status == 200 && next.body == ZOES_CALLS, "{next:?} after {}", bytes.escape_ascii());
        check(world, &answer, &bytes, is_head);
    });
}

fn check(world: &World, answer: &Answer, bytes: &[u8], is_head: bool) {
    let shown = || format!("{answer:?}\nof {}", bytes.escape_ascii());
    for (name, value) in &answer.headers {
        let is_lawful = LAWFUL.contains(&name.as_str());
        let is_told = name != "x-page" || contains(bytes, value.as_bytes());
        assert!(is_lawful && is_told, "header {name:?} in {}", shown());
    }
    match answer.status {
        204 | 205 => assert!(answer.body.is_empty(), "{}", shown()),
        200..300 => {
            // What it is a part of: the backend is asked by GET, also for HEAD.
            let Meant::Whole(body) = meant(bytes) else {
                // More than is held back at once is not in an input.
                assert!(!answer.is_whole, "a part for the whole: {}", shown());
                return;
            };
            world.will_say(Some(Said::plainly(&body)));
            let plain = ask(world, "anna", is_head);
            world.will_say(None);
            assert_eq!(plain.status, 200, "{plain:?} but {}", shown());
            if answer.is_whole {
                assert_eq!(answer.body, plain.body, "{}", shown());
                assert_eq!(answer.header("content-length"), plain.header("content-length"), "{}", shown());
            } else {
                assert!(plain.body.starts_with(&answer.body), "{plain:?} but {}", shown());
            }
        }
        _ => assert!(answer.is_problem() && !contains(&answer.body, b"zeta"), "{}", shown()),
    }
}

/// Asks for the calls.
fn ask(world: &World, login: &str, is_head: bool) -> Answer {
    let method = if is_head { "HEAD" } else { "GET" };
    let request = format!(
        "{method} /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}{login}\r\n\r\n"
    );
    let (heard, _) = world.say(request.as_bytes(), 0);
    match answers::read(&heard, is_head) {
        Ok(Some((answer, b""))) => answer,
        other => panic!("{other:?} of {}", heard.escape_ascii()),
    }
}

/// Reads a response by RFC 9112, apart from the gateway.
fn meant(bytes: &[u8]) -> Meant {
    let mut rest = bytes;
    loop {
        let Some((head, behind)) = head(rest) else { return Meant::Nothing };
        rest = behind;
        let mut lines =
            head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let status = lines.next().unwrap_or_default();
        if status.get(9) == Some(&b'1') {
            continue;
        }
        let (mut lengths, mut codings) = (Vec::new(), Vec::new());
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                lengths.push(value);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                codings.push(value.to_ascii_lowercase());
            }
        }
        lengths.dedup();
        return match (&codings[..], &lengths[..]) {
            ([], []) => Meant::Whole(rest.to_vec()),
            ([], [length]) => {
                let length = std::str::from_utf8(length).ok().and_then(|length| length.parse::<usize>().ok());
                let body = length.and_then(|length| rest.get(..length));
                body.map_or(Meant::Broken, |body| Meant::Whole(body.to_vec()))
            }
            // It overrides a length (RFC 9112, 6.3).
            ([coding], _) if coding == b"chunked" => chunks(rest),
            _ => Meant::Broken,
        };
    }
}

/// A head without its end, which may be written by line feeds alone, and what follows.
fn head(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    while let Some(behind) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
        rest = behind;
    }
    let ends = [&b"\r\n\r\n"[..], b"\n\n", b"\n\r\n"];
    let found = ends.iter().filter_map(|end| {
        let at = rest.windows(end.len()).position(|window| window == *end)?;
        Some((at, at + end.len()))
    });
    // The one that ends first.
    let (at, behind) = found.min_by_key(|(_, behind)| *behind)?;
    Some((&rest[..at], &rest[behind..]))
}

fn chunks(mut rest: &[u8]) -> Meant {
    let mut body = Vec::new();
    let mut next = || {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = rest[..end].split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        let data = &rest[end + 2..];
        if size == 0 {
            let ends = data.starts_with(b"\r\n") || contains(data, b"\r\n\r\n");
            return ends.then_some(true);
        }
        body.extend_from_slice(data.get(..size)?);
        rest = data[size..].strip_prefix(b"\r\n")?;
        Some(false)
    };
    loop {
        match next() {
            Some(false) => {}
            Some(true) => return Meant::Whole(body),
            None => return Meant::Broken,
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
