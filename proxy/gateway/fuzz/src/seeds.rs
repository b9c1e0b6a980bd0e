//! Inputs to begin with: the tables of malformed requests, and heads of lawful and of doubtful responses.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::request_heads::HTTP_2;
use crate::world::{CALLS, TOKEN};

#[derive(Deserialize)]
struct Table<T> {
    class: Vec<Class<T>>,
}

#[derive(Deserialize)]
struct Class<T> {
    #[serde(default)]
    head: String,
    nothing: Vec<T>,
    #[serde(default = "Vec::new")]
    one: Vec<T>,
}

#[derive(Deserialize)]
struct Fields {
    fields: Option<Vec<[String; 2]>>,
    #[serde(default)]
    with: Vec<[String; 2]>,
}

/// Heads of responses; what follows is a list of calls, whose length is `{length}`.
const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Page: 1\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n",
    "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/json\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n",
    "HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Range: bytes 0-1/2\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /api/calls/2\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-16\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: X-Page\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Page: 9\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n",
    "HTTP/1.1 200 OK\nContent-Type: application/json\nSet-Cookie: a=b\nContent-Length: {length}\n\n",
];

/// Writes them below `corpus`, a folder for each target.
///
/// # Errors
/// A table cannot be read, or a file not be written.
pub fn write(tables: &Path, corpus: &Path) -> io::Result<()> {
    let requests = corpus.join("request_heads");
    fs::create_dir_all(&requests)?;
    let table: Table<String> = table(&tables.join("http1.toml"))?;
    for (number, (head, case)) in cases(&table).enumerate() {
        let credential = format!("Authorization: Bearer {TOKEN}anna\r\n");
        let text = format!("{head}{case}").replace("{caller}", &credential);
        fs::write(requests.join(format!("1-{number:03}")), [b"0", &bytes(&text)[..]].concat())?;
    }
    let table: Table<Fields> = self::table(&tables.join("http2.toml"))?;
    for (number, (_, case)) in cases(&table).enumerate() {
        fs::write(requests.join(format!("2-{number:03}")), [&[HTTP_2][..], &block(case)].concat())?;
    }
    let responses = corpus.join("response_heads");
    fs::create_dir_all(&responses)?;
    let length = CALLS.len();
    for (number, head) in RESPONSES.iter().enumerate() {
        let head = head.replace("{length}", &length.to_string()).replace("{hex}", &format!("{length:x}"));
        for mode in [b"@", b"B", b"A", b"p"] {
            let name = format!("{number:02}-{}", char::from(mode[0]));
            fs::write(responses.join(name), [&mode[..], head.as_bytes()].concat())?;
        }
    }
    Ok(())
}

fn table<T: for<'a> Deserialize<'a>>(path: &Path) -> io::Result<Table<T>> {
    toml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
}

fn cases<T>(table: &Table<T>) -> impl Iterator<Item = (&str, &T)> {
    table
        .class
        .iter()
        .flat_map(|class| class.nothing.iter().chain(&class.one).map(|case| (class.head.as_str(), case)))
}

/// One byte for each character.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

/// Fields, written out and kept in no table (RFC 7541, 6.2.2).
fn block(case: &Fields) -> Vec<u8> {
    let usual =
        [(":method", "POST"), (":scheme", "http"), (":path", "/api/search"), (":authority", "cordon")];
    let usual = usual.map(|(name, value)| [name.to_owned(), value.to_owned()]).to_vec();
    let credential = ["authorization".to_owned(), format!("Bearer {TOKEN}anna")];
    let fields = case.fields.as_ref().unwrap_or(&usual).iter().chain(&case.with).chain([&credential]);
    let mut block = Vec::new();
    for field in fields {
        block.push(0);
        for text in field {
            let text = bytes(text);
            // An integer with a prefix of seven bits (RFC 7541, 5.1).
            let mut rest = text.len();
            if rest < 127 {
                block.push(u8::try_from(rest).unwrap_or_default());
            } else {
                block.push(127);
                rest -= 127;
                while rest >= 128 {
                    block.push(u8::try_from(rest % 128).unwrap_or_default() | 128);
                    rest /= 128;
                }
                block.push(u8::try_from(rest).unwrap_or_default());
            }
            block.extend(text);
        }
    }
    block
}
