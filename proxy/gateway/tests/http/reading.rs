//! Requests as the strictest of all readers takes them. The fuzz targets read by it too.

/// What is behind one request of which there is but one reading, as strictly as RFC 9112 lets a sender write it. `None`:
/// it is not complete.
pub(crate) fn one_request(bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that is no text")?;
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().split(' ').collect::<Vec<_>>();
    let [method, target, "HTTP/1.1"] = line[..] else { return Err(format!("request line {line:?}")) };
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) || !target.starts_with('/') || !is_plain(target)
    {
        return Err(format!("request line {line:?}"));
    }
    let (mut lengths, mut chunked, mut hosts) = (Vec::new(), 0, 0);
    for line in lines {
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("header {line:?}"))?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_value = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        if name.is_empty() || !name.bytes().all(is_name) || !value.bytes().all(is_value) {
            return Err(format!("header {line:?}"));
        }
        match name.to_ascii_lowercase().as_str() {
            "content-length" => lengths.push(value.parse::<usize>().map_err(|_| format!("{line:?}"))?),
            "transfer-encoding" if value == "chunked" => chunked += 1,
            "host" => hosts += 1,
            "transfer-encoding" | "connection" | "trailer" | "te" | "upgrade" => {
                return Err(format!("header {line:?}"));
            }
            _ => {}
        }
    }
    let rest = &bytes[end + 4..];
    match (&lengths[..], chunked, hosts) {
        ([], 0, 1) => Ok(Some(rest)),
        ([length], 0, 1) => Ok(rest.get(*length..)),
        ([], 1, 1) => without_chunks(rest),
        other => Err(format!("framing {other:?}")),
    }
}

fn without_chunks(mut rest: &[u8]) -> Result<Option<&[u8]>, String> {
    loop {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&rest[..end]).map_err(|_| "a chunk's size that is no text")?;
        let size = usize::from_str_radix(size, 16).map_err(|_| format!("chunk size {size:?}"))?;
        let Some(behind) = rest.get(end + 2 + size..) else { return Ok(None) };
        let Some(behind) = behind.strip_prefix(b"\r\n") else {
            return if behind.len() < 2 { Ok(None) } else { Err("a chunk that does not end".to_owned()) };
        };
        if size == 0 {
            return Ok(Some(behind));
        }
        rest = behind;
    }
}

#[test]
fn the_recorder_knows_one_request_from_two() {
    let one = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(one_request(one), Ok(Some(&b""[..])));
    assert_eq!(one_request(&one[..one.len() - 1]), Ok(None));
    assert_eq!(one_request(&[&one[..], b"GET"].concat()), Ok(Some(&b"GET"[..])));
    let chunked = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nX";
    assert_eq!(one_request(chunked), Ok(Some(&b"X"[..])));
    for two_readings in [
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    ] {
        assert!(one_request(two_readings.as_bytes()).is_err(), "{two_readings:?}");
    }
}
