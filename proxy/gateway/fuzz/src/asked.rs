//! What a client's bytes ask for, read apart from the gateway: as RFC 9112 has it, and where it leaves a choice, so
//! that nothing which could be meant is overlooked.

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    /// `None`: it does not end.
    pub(crate) body: Option<Vec<u8>>,
}

/// The requests that stand one behind the other, up to where the bytes are none any more.
pub(crate) fn read(sent: &[u8]) -> Vec<Asked> {
    let mut asked = Vec::new();
    let mut rest = sent;
    while let Some((one, behind)) = one(rest) {
        let goes_on = one.body.is_some();
        asked.push(one);
        if !goes_on {
            break;
        }
        rest = behind;
    }
    asked
}

fn one(mut rest: &[u8]) -> Option<(Asked, &[u8])> {
    while let Some(behind) = rest.strip_prefix(b"\r\n") {
        rest = behind;
    }
    let end = rest.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (&rest[..end], &rest[end + 4..]);
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let line = std::str::from_utf8(lines.next()?).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut is_chunked) = (0, false);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
        match &name[..] {
            b"content-length" => length = std::str::from_utf8(value).ok()?.parse::<usize>().ok()?,
            b"transfer-encoding" => is_chunked = true,
            _ => {}
        }
    }
    let (body, behind) = match (is_chunked, body.get(..length)) {
        (true, _) => without_chunks(body),
        (false, Some(whole)) => (Some(whole.to_vec()), &body[length..]),
        (false, None) => (None, &b""[..]),
    };
    Some((Asked { method, target, body }, behind))
}

fn without_chunks(mut rest: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut body = Vec::new();
    let mut next = || {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let data = rest.get(end + 2..)?;
        if size > 0 {
            body.extend_from_slice(data.get(..size)?);
            rest = data[size..].strip_prefix(b"\r\n")?;
            return Some(false);
        }
        // Trailers.
        let whole = if data.starts_with(b"\r\n") {
            2
        } else {
            data.windows(4).position(|window| window == b"\r\n\r\n")? + 4
        };
        rest = &data[whole..];
        Some(true)
    };
    loop {
        match next() {
            Some(false) => {}
            Some(true) => return (Some(body), rest),
            None => return (None, b""),
        }
    }
}
