//! The framing of HTTP/1 requests, read as strictly as RFC 9112 allows (H3).
//!
//! hyper reads what is lawful and much of what is not: a `Content-Length` beside a `Transfer-Encoding` is dropped, a
//! bare LF ends a line. We send requests on that we have framed ourselves, so nothing can be smuggled through us; but
//! whoever stands before us may have read the same bytes differently, and only a refusal is safe for both.

/// Longest line, of a head or of a chunk's size.
const LINE: usize = 64 << 10;

/// Follows the requests of a connection byte by byte.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    state: State,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    has_length: bool,
    has_coding: bool,
    is_old: bool,
    /// Bytes of the body, as soon as the head says so.
    length: u64,
    empty_lines: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Begin,
    RequestLine,
    Header,
    /// Bytes left of a body, or of a chunk's data.
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    /// HTTP/2, which is framed otherwise.
    Opaque,
}

/// Why bytes are refused, and how many before them are not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) lawful: usize,
    pub(crate) reason: &'static str,
}

impl Framing {
    /// Whether the connection speaks HTTP/2.
    pub(crate) fn is_opaque(&self) -> bool {
        self.state == State::Opaque
    }

    /// Looks at the next bytes of the connection.
    pub(crate) fn inspect(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            match &mut self.state {
                State::Opaque => return Ok(()),
                State::Body(left) | State::ChunkData(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    rest = &rest[taken..];
                    self.state = match self.state {
                        State::Body(0) => State::RequestLine,
                        State::ChunkData(0) => State::ChunkEnd,
                        state => state,
                    };
                }
                _ => {
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    let (part, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
                    rest = after;
                    self.part(part, end.is_some()).map_err(|reason| Refused { lawful: at, reason })?;
                }
            }
        }
        Ok(())
    }

    /// Takes a part of a line, the last one of it ending in LF.
    fn part(&mut self, part: &[u8], is_end: bool) -> Result<(), &'static str> {
        if !is_end || !self.line.is_empty() {
            if self.line.len() + part.len() > LINE {
                return Err("line too long");
            }
            self.line.extend_from_slice(part);
            if !is_end {
                return Ok(());
            }
            let line = std::mem::take(&mut self.line);
            let outcome = self.line(&line);
            self.line = line;
            self.line.clear();
            return outcome;
        }
        self.line(part)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = line.strip_suffix(b"\r\n").ok_or("line ends in a bare LF")?;
        if line.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err("control character");
        }
        self.state = match self.state {
            State::Begin | State::RequestLine => self.request_line(line)?,
            State::Header if line.is_empty() => self.end_of_head(),
            State::Header => {
                self.header(line)?;
                State::Header
            }
            State::ChunkSize => match chunk_size(line)? {
                0 => State::Trailer,
                size => State::ChunkData(size),
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err("chunk longer than its size"),
            State::Trailer if line.is_empty() => State::RequestLine,
            State::Trailer => {
                name_and_value(line)?;
                State::Trailer
            }
            // Not read by lines.
            State::Body(_) | State::ChunkData(_) | State::Opaque => return Err("state"),
        };
        Ok(())
    }

    fn request_line(&mut self, line: &[u8]) -> Result<State, &'static str> {
        if line.is_empty() {
            // A robust server ignores one (RFC 9112, section 2.2).
            self.empty_lines += 1;
            return if self.empty_lines > 1 { Err("empty lines before a request") } else { Ok(self.state) };
        }
        if self.state == State::Begin && line == b"PRI * HTTP/2.0" {
            return Ok(State::Opaque);
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (method, target, version) = (words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some(version), None) = (method, target, version, words.next())
        else {
            return Err("request line is not three words");
        };
        if method.is_empty() || !method.iter().all(is_token) || target.is_empty() || line.contains(&b'\t') {
            return Err("malformed request line");
        }
        if target.contains(&b'#') {
            // The reader behind us drops what follows; another might take it for a part of the path.
            return Err("request target with a fragment");
        }
        let is_old = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err("unknown version"),
        };
        *self = Framing { is_old, line: std::mem::take(&mut self.line), ..Framing::default() };
        Ok(State::Header)
    }

    fn header(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let (name, value) = name_and_value(line)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.has_length || self.has_coding {
                return Err("Content-Length beside another, or beside Transfer-Encoding");
            }
            self.has_length = true;
            self.length = decimal(value).ok_or("malformed Content-Length")?;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.has_length || self.has_coding || self.is_old {
                return Err("Transfer-Encoding beside another, beside Content-Length, or on HTTP/1.0");
            }
            self.has_coding = true;
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err("Transfer-Encoding other than chunked");
            }
        }
        Ok(())
    }

    fn end_of_head(&mut self) -> State {
        match (self.has_coding, self.length) {
            (true, _) => State::ChunkSize,
            (false, 0) => State::RequestLine,
            (false, length) => State::Body(length),
        }
    }
}

fn name_and_value(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("folded header");
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or("header without a colon")?;
    let name = &line[..colon];
    if name.is_empty() || !name.iter().all(is_token) {
        return Err("malformed header name");
    }
    Ok((name, line[colon + 1..].trim_ascii()))
}

/// A chunk's size. Extensions are refused: nobody needs them, and parsers disagree about where they end.
fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    if line.is_empty() || line.len() > 15 || !line.iter().all(u8::is_ascii_hexdigit) {
        return Err("malformed chunk size");
    }
    let text = std::str::from_utf8(line).map_err(|_| "malformed chunk size")?;
    u64::from_str_radix(text, 16).map_err(|_| "malformed chunk size")
}

fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome must not depend on how the bytes arrive.
    fn inspect(bytes: &[u8]) -> Result<(), &'static str> {
        let at_once = Framing::default().inspect(bytes).map_err(|refused| refused.reason);
        for pace in [1, 2, 7] {
            let mut framing = Framing::default();
            let piecewise = bytes.chunks(pace).try_for_each(|chunk| framing.inspect(chunk));
            assert_eq!(piecewise.map_err(|refused| refused.reason), at_once, "by {pace}");
        }
        at_once
    }

    #[test]
    fn h3_lawful_requests_follow_each_other() {
        let bytes = b"\r\nGET / HTTP/1.1\r\nHost: a\r\nX:\tb \r\n\r\n\
            POST /x HTTP/1.1\r\nContent-Length: 5\r\n\r\n\r\n\0 G\
            POST /x HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\n\n\r\0\r\n0a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n\
            GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(inspect(bytes), Ok(()));
        assert_eq!(inspect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04"), Ok(()));
    }

    #[test]
    fn h3_what_has_two_readings_is_refused() {
        let heads: &[&[u8]] = &[
            b"\r\n\r\nGET / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\n",
            b"GET / HTTP/1.1\r\nA: b\n",
            b"GET / HTTP/1.1\r\nA: b\rc: d\r\n",
            b"GET / HTTP/1.1\r\nA: b\0\r\n",
            b"GET / HTTP/1.1\r\n A: b\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n",
            b"GET / HTTP/1.1\r\n: b\r\n",
            b"GET / HTTP/1.1\r\nA\r\n",
            b"GET / HTTP/1.1\r\nContent-Length : 1\r\n",
            b"GET  / HTTP/1.1\r\n",
            b"GET /  HTTP/1.1\r\n",
            b"GET / a HTTP/1.1\r\n",
            b"GET\t/ HTTP/1.1\r\n",
            b" GET / HTTP/1.1\r\n",
            b"GET / HTTP/1.1 \r\n",
            b"GET / HTTP/1.2\r\n",
            b"GET / HTTP/2.0\r\n",
            b"GET / http/1.1\r\n",
            b"GET /\r\n",
            b"G(T / HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: +1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 0x1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1 1\r\n",
            b"GET / HTTP/1.1\r\nContent-Length:\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked;x=1\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n",
            b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
        ];
        for head in heads {
            assert!(inspect(head).is_err(), "{:?}", String::from_utf8_lossy(head));
        }
        let sizes: &[&str] = &[
            "\r\n",
            "g\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x1\r\n",
            " 1\r\n",
            "1 \r\n",
            "1;a=b\r\n",
            "1\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1\r\na0\r\n\r\n",
            "ffffffffffffffff\r\n",
            "0\r\n A: b\r\n",
            "0\r\nA : b\r\n",
            "0\n\n",
        ];
        for size in sizes {
            let bytes = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{size}");
            assert!(inspect(bytes.as_bytes()).is_err(), "{size:?}");
        }
    }
}
