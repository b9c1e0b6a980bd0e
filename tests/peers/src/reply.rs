//! Reads an HTTP/1.1 response as its bytes come, only so far as to know where it ends.

/// What is still to come of a response.
#[derive(Debug, Default)]
pub struct Reply {
    stage: Stage,
    head: Vec<u8>,
    status: u16,
}

#[derive(Debug, Default, PartialEq)]
enum Stage {
    #[default]
    Head,
    /// So many bytes of the body are missing.
    Sized(usize),
    /// The line that says how long the next chunk is; digits end at an extension.
    ChunkSize {
        size: usize,
        digits: bool,
    },
    Chunk(usize),
    /// The line's end after a chunk.
    ChunkEnd,
    /// Lines after the last chunk; an empty one ends the response.
    Trailer {
        empty: bool,
    },
    Done,
}

/// Why bytes are no response.
pub type Fault = String;

impl Reply {
    /// Takes bytes, and hands those of the body on. True as soon as the response is whole.
    ///
    /// # Errors
    /// If these bytes are no response with a length, or something comes behind its end.
    pub fn take(&mut self, mut bytes: &[u8], body: &mut impl FnMut(&[u8])) -> Result<bool, Fault> {
        while !bytes.is_empty() {
            match &mut self.stage {
                Stage::Head => {
                    let before = self.head.len();
                    self.head.extend_from_slice(bytes);
                    let from = before.saturating_sub(3);
                    let Some(end) = self.head[from..].windows(4).position(|four| four == b"\r\n\r\n") else {
                        return Ok(false);
                    };
                    let end = from + end + 4;
                    self.head.truncate(end);
                    self.stage = self.body()?;
                    bytes = &bytes[end - before..];
                }
                Stage::Sized(left) | Stage::Chunk(left) => {
                    let part = bytes.len().min(*left);
                    body(&bytes[..part]);
                    bytes = &bytes[part..];
                    *left -= part;
                    if *left == 0 {
                        let sized = matches!(self.stage, Stage::Sized(_));
                        self.stage = if sized { Stage::Done } else { Stage::ChunkEnd };
                    }
                }
                Stage::ChunkSize { size, digits } => {
                    let byte = bytes[0];
                    bytes = &bytes[1..];
                    if byte == b'\n' {
                        self.stage =
                            if *size == 0 { Stage::Trailer { empty: true } } else { Stage::Chunk(*size) };
                    } else if let Some(digit) = char::from(byte).to_digit(16).filter(|_| *digits) {
                        *size = *size * 16 + digit as usize;
                    } else {
                        *digits = false;
                    }
                }
                Stage::ChunkEnd => {
                    let byte = bytes[0];
                    bytes = &bytes[1..];
                    if byte == b'\n' {
                        self.stage = Stage::ChunkSize { size: 0, digits: true };
                    }
                }
                Stage::Trailer { empty } => {
                    let byte = bytes[0];
                    bytes = &bytes[1..];
                    if byte == b'\n' {
                        self.stage = if *empty { Stage::Done } else { Stage::Trailer { empty: true } };
                    } else if byte != b'\r' {
                        *empty = false;
                    }
                }
                Stage::Done => return Err("bytes come after the end of a response".to_owned()),
            }
        }
        Ok(self.stage == Stage::Done)
    }

    /// The status, once the head is there.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Ready for the next response on the same connection; what was allocated is kept.
    pub fn begin_anew(&mut self) {
        self.stage = Stage::Head;
        self.head.clear();
    }

    fn body(&mut self) -> Result<Stage, Fault> {
        let text = std::str::from_utf8(&self.head).map_err(|_| "a head is no text".to_owned())?;
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        self.status = status.ok_or_else(|| format!("no HTTP/1.1 response: {first}"))?;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                let length = value.trim().parse().map_err(|_| format!("no length: {value}"))?;
                return Ok(if length == 0 { Stage::Done } else { Stage::Sized(length) });
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Ok(Stage::ChunkSize { size: 0, digits: true });
            }
        }
        Err(format!("a response without a length: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_where_it_says_however_it_is_cut() {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"),
            ("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1f\r\nhello\r\n00C\r\n, all of you\r\n0\r\nT: 1\r\n\r\n",
                "hello, all of you",
            ),
        ] {
            for size in 1..=text.len() {
                let mut reply = Reply::default();
                for _ in 0..2 {
                    let mut body = Vec::new();
                    let mut pieces = text.as_bytes().chunks(size).peekable();
                    while let Some(piece) = pieces.next() {
                        let whole = reply.take(piece, &mut |bytes| body.extend_from_slice(bytes)).unwrap();
                        assert_eq!(whole, pieces.peek().is_none(), "{text:?} by {size}");
                    }
                    assert_eq!(String::from_utf8(body).unwrap(), expected);
                    assert_eq!(reply.status(), 200);
                    assert!(reply.take(b"x", &mut |_| {}).is_err());
                    reply.begin_anew();
                }
            }
        }
    }

    #[test]
    fn what_has_no_end_of_its_own_is_refused() {
        for text in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n", "\r\n\r\n"] {
            assert!(Reply::default().take(text.as_bytes(), &mut |_| {}).is_err(), "{text:?}");
        }
    }
}
