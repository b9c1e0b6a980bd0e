//! What the gateway answers, read strictly: it has no excuse for a head that could be read in two ways.

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body ended as its framing says.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_problem(&self) -> bool {
        self.header("content-type") == Some("application/problem+json")
    }
}

/// The first answer in `heard`, and what follows. `None`: nothing was answered any more.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(heard: &[u8], is_head: bool) -> Result<Option<(Answer, &[u8])>, String> {
    let mut rest = heard;
    loop {
        if rest.is_empty() {
            return Ok(None);
        }
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").ok_or("a head without an end")?;
        let head = std::str::from_utf8(&rest[..end]).map_err(|_| "a head that is no text")?;
        rest = &rest[end + 4..];
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        // Who asks by HTTP/1.0 is told so by the same.
        let told = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
        let status = told.and_then(|told| told.get(..3)?.parse::<u16>().ok());
        let status = status.ok_or_else(|| format!("status line {line:?}"))?;
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(": ").ok_or_else(|| format!("header {line:?}"))?;
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let is_value = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            if name.is_empty() || !name.bytes().all(is_name) || !value.bytes().all(is_value) {
                return Err(format!("header {line:?}"));
            }
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new(), is_whole: true };
        match status {
            100 => continue,
            200..600 => {}
            _ => return Err(format!("status {status}")),
        }
        let all = |name: &str| answer.headers.iter().filter(|(other, _)| other == name).count();
        let framing = (all("content-length"), all("transfer-encoding"));
        match framing {
            _ if is_head || matches!(status, 204 | 304) => return Ok(Some((answer, rest))),
            (1, 0) => {
                let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
                let length = length.ok_or("a length that is no number")?;
                answer.is_whole = rest.len() >= length;
                let (body, behind) = rest.split_at(length.min(rest.len()));
                answer.body = body.to_vec();
                return Ok(Some((answer, behind)));
            }
            (0, 1) => return chunks(answer, rest).map(Some),
            _ => return Err(format!("framing {framing:?} of {status}")),
        }
    }
}

fn chunks(mut answer: Answer, mut rest: &[u8]) -> Result<(Answer, &[u8]), String> {
    answer.is_whole = false;
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return Ok((answer, b""));
        };
        let size = std::str::from_utf8(&rest[..end]).map_err(|_| "a chunk's size that is no text")?;
        let size = usize::from_str_radix(size, 16).map_err(|_| format!("chunk size {size:?}"))?;
        rest = &rest[end + 2..];
        if rest.len() < size + 2 {
            answer.body.extend_from_slice(&rest[..size.min(rest.len())]);
            return Ok((answer, b""));
        }
        answer.body.extend_from_slice(&rest[..size]);
        rest = rest[size..].strip_prefix(b"\r\n").ok_or("a chunk that does not end")?;
        if size == 0 {
            answer.is_whole = true;
            return Ok((answer, rest));
        }
    }
}
