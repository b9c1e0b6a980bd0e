//! The admin API knows callers as the data plane does: by a signed token of the organisation's.

mod serving;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use serving::Serving;

const SECRET: &[u8] = b"a secret of thirty-two bytes, at least";

const DIRECTORY: &str = r#"
security = "enhanced"
[[project]]
id = "acme"
name = "Acme"
[[project]]
id = "zeta"
name = "Zeta"
[[role]]
name = "Lead"
rights = ["manage-access"]
sections = []
[[user]]
login = "adam"
roles = ["Admin"]
subjects = ["corp:adam"]
[[user]]
login = "lena"
roles = ["Lead"]
projects = ["acme"]
subjects = ["corp:lena"]
"#;

fn token(secret: &[u8], subject: &str, expires: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let expires = i64::try_from(now).expect("a time") + expires;
    let claims = json!({"iss": "https://login.test", "aud": "cordon", "sub": subject, "exp": expires});
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).expect("it is signed")
}

/// Status and body of a GET.
fn get(address: SocketAddr, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

#[test]
fn h41_a_signed_token_names_the_administrator() {
    let folder = tempfile::tempdir().expect("a folder");
    let admin = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let config = format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://127.0.0.1:9\"\n\
         [policy]\nrules = \"rules.toml\"\n[directory]\nfile = \"directory.toml\"\n\
         [admin]\nlisten = \"{admin}\"\n\
         [identity.jwt]\nsecret_file = \"secret\"\nissuer = \"https://login.test\"\naudience = \"cordon\"\n\
         prefix = \"corp:\"\n"
    );
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/demo/rules.toml");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    write("cordon.toml", config.as_bytes());
    write("rules.toml", &std::fs::read(rules).expect("it is there"));
    write("directory.toml", DIRECTORY.as_bytes());
    write("secret", SECRET);
    let _serving = Serving::start(folder.path());
    let ask = |path: &str, token: &str| get(admin, path, &format!("Authorization: Bearer {token}\r\n"));

    let (status, projects) = ask("/projects", &token(SECRET, "adam", 600));
    assert_eq!(status, 200, "{projects}");
    let projects: Value = serde_json::from_str(&projects).expect("JSON");
    assert_eq!(projects["items"].as_array().map(Vec::len), Some(2), "{projects}");
    assert_eq!(ask("/settings", &token(SECRET, "adam", 600)).0, 200);
    // Another's rights are their own.
    let (status, projects) = ask("/projects", &token(SECRET, "lena", 600));
    assert_eq!(status, 200);
    assert!(projects.contains("acme") && !projects.contains("zeta"), "{projects}");
    assert_eq!(ask("/settings", &token(SECRET, "lena", 600)).0, 403);

    let (_, refused) = ask("/projects", "made-up");
    for wrong in [
        token(b"another secret of thirty-two bytes or so", "adam", 600),
        token(SECRET, "adam", -600),
        token(SECRET, "nobody", 600),
        token(SECRET, "corp:adam", 600),
        format!("{}x", token(SECRET, "adam", 600)),
    ] {
        assert_eq!(ask("/projects", &wrong), (401, refused.clone()));
    }
    let both = format!("Authorization: Bearer {}\r\nX-Api-Key: made-up\r\n", token(SECRET, "adam", 600));
    assert_eq!(get(admin, "/projects", &both).0, 401, "every credential is judged");
}
